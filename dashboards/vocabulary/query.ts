/**
 * A query of the Grafana ClickHouse data source: always SQL in editor mode `sql`, with the format
 * number that tells the plugin what kind of frame to make.
 */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { plugin } from '../data-source.ts';

export type QueryFormat = 'timeseries' | 'table' | 'logs' | 'traces';

/** The data source type; its uid is the dashboard variable `datasource`. */
export const datasource = {
  type: plugin.id,
  uid: `\${datasource}`,
} as const;

const formatNumbers: Readonly<Record<QueryFormat, number>> = {
  timeseries: 0,
  table: 1,
  logs: 2,
  traces: 3,
};

/** What a query has that is run by a server, where no variable tells the data source. */
export type ServerQuery = {
  readonly datasourceUid: string;
  readonly intervalMs: number;
  readonly maxDataPoints: number;
};

type ClickHouseQuery = Dataquery & {
  readonly refId: string;
  readonly datasource: { readonly type: string; readonly uid: string };
  readonly intervalMs?: number;
  readonly maxDataPoints?: number;
  readonly editorType: 'sql';
  readonly queryType: QueryFormat;
  readonly format: number;
  readonly pluginVersion: string;
  readonly rawSql: string;
  readonly hide?: boolean;
};

/** Builds one target. JSON drops the SDK's marker method, so the rendered target is plain data. */
export class ClickHouseQueryBuilder implements Builder<Dataquery> {
  readonly #query: ClickHouseQuery;

  /** A hidden query is asked by nobody but our page, which knows what it is for. */
  constructor(
    refId: string,
    format: QueryFormat,
    rawSql: string,
    { server, hidden = false }: { readonly server?: ServerQuery; readonly hidden?: boolean } = {},
  ) {
    this.#query = {
      refId,
      datasource: { ...datasource, ...(server && { uid: server.datasourceUid }) },
      editorType: 'sql',
      queryType: format,
      format: formatNumbers[format],
      // Without it the plugin may migrate the query.
      pluginVersion: plugin.version,
      rawSql,
      ...(server && { intervalMs: server.intervalMs, maxDataPoints: server.maxDataPoints }),
      ...(hidden && { hide: true }),
      _implementsDataqueryVariant: () => {},
    };
  }

  build(): Dataquery {
    return this.#query;
  }
}
