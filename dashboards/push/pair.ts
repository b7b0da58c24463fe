/**
 * Whether a Grafana and a ClickHouse belong together: the data source that dashboards ask reads the
 * tables that this ClickHouse has, and the dashboards are there.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { migrations } from '../../clickhouse/schema/ours.ts';
import { dataSourceBase, plugin } from '../data-source.ts';
import type { DashboardJson } from '../vocabulary/board.ts';
import type { Grafana } from './api.ts';
import { ownUids } from './boards.ts';
import { type ChosenDataSource, chooseDataSource } from './data-source.ts';

export type PairFinding = {
  readonly check: 'data_source' | 'same_tables' | 'dashboards';
  /** Whether somebody has to do something. */
  readonly trouble: boolean;
  readonly text: string;
};

export type PairOptions = {
  /** The ClickHouse that telemetry is written to, its sessions in the database of that. */
  readonly server: ClickHouse;
  readonly dashboards: readonly DashboardJson[];
  readonly signal: AbortSignal;
};

/** What only one ClickHouse answers: the log of its migrations, which is whole on every node. */
type Identity = { readonly database: string; readonly table: string; readonly last: string };

/**
 * What the plugin's backend answers, as `grafana-plugin-sdk-go` writes it (`backend/json.go`,
 * `data/frame_json.go`): a frame has its columns one by one.
 */
type QueryAnswer = {
  readonly message?: string;
  readonly results?: Readonly<
    Record<
      string,
      {
        readonly error?: string;
        readonly frames?: readonly {
          readonly schema: { readonly fields: readonly { readonly name: string }[] };
          readonly data: { readonly values: readonly (readonly unknown[])[] };
        }[];
      }
    >
  >;
};

/** Of the tables of the session's database. */
const identityQuery = `SELECT currentDatabase() AS database,
  (SELECT toString(any(uuid)) FROM system.tables
    WHERE database = currentDatabase() AND name = '${migrations.name}') AS table,
  (SELECT concat(toString(count()), ' ', toString(max(AppliedAt)))
    FROM ${migrations.name}) AS last`;

export async function checkPair(
  grafana: Grafana,
  options: PairOptions,
): Promise<readonly PairFinding[]> {
  const { chosen, fitting = [] } = await chooseDataSource(grafana, {});
  // Where the token sees none, ours is the one that pushed dashboards ask.
  const asked = chosen ?? fitting[0] ?? { uid: dataSourceBase.uid };
  const source = await checkSource(grafana, asked, options);
  return [source, await checkBoards(grafana, options.dashboards)];
}

async function checkSource(
  grafana: Grafana,
  asked: ChosenDataSource,
  { server, signal }: PairOptions,
): Promise<PairFinding> {
  const name = asked.name === undefined ? asked.uid : `${asked.name} (${asked.uid})`;
  const answer = await grafana.ask<QueryAnswer>('ask a data source', '/ds/query', {
    from: 'now-5m',
    to: 'now',
    queries: [
      {
        refId: 'A',
        datasource: { type: plugin.id, uid: asked.uid },
        editorType: 'sql',
        queryType: 'table',
        // A table, in the plugin's numbers.
        format: 1,
        rawSql: identityQuery,
      },
    ],
  });
  const theirs = identityOf(answer);
  if (typeof theirs === 'string') {
    const text = `the data source ${name} does not answer: ${theirs}`;
    return { check: 'data_source', trouble: true, text };
  }
  const [ours] = await server.rows<Identity>(identityQuery, signal);
  const isSame = ours?.table === theirs.table && ours.last === theirs.last;
  const text = isSame
    ? `the data source ${name} reads the database ${theirs.database} of this ClickHouse`
    : `the data source ${name} reads the database ${theirs.database} of another ClickHouse than ` +
      server.address;
  return { check: 'same_tables', trouble: !isSame, text };
}

/** Or why there is none, in the words of Grafana or ClickHouse. */
function identityOf({ results, message }: QueryAnswer): Identity | string {
  const result = results?.['A'];
  const [frame] = result?.frames ?? [];
  if (frame === undefined) return result?.error ?? message ?? 'no rows';
  const value = (name: string): string => {
    const index = frame.schema.fields.findIndex((field) => field.name === name);
    return String(frame.data.values[index]?.[0] ?? '');
  };
  return { database: value('database'), table: value('table'), last: value('last') };
}

async function checkBoards(
  grafana: Grafana,
  dashboards: readonly DashboardJson[],
): Promise<PairFinding> {
  const there = await ownUids(grafana);
  const missing = dashboards.filter(({ uid }) => !there.has(uid));
  const found = dashboards.length - missing.length;
  const titles = missing.map(({ title }) => title).join(', ');
  const rest = missing.length === 0 ? '' : `; not there: ${titles}`;
  const text = `${found} of ${dashboards.length} dashboards are there${rest}`;
  return { check: 'dashboards', trouble: missing.length > 0, text };
}
