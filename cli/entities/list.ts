/** `obsctl entities list` and `events`: what the tables of entities say. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { systemClock } from '../../core/clock.ts';
import { nearestWord } from '../../core/nearest.ts';
import { Problem } from '../../core/problem.ts';
import { parseDurationMs } from '../../core/units.ts';
import { columnsOf, listEntities, listEvents, type Row } from '../../jobs/metadata/ask.ts';
import { type EntityTable, entityTableNames } from '../../jobs/metadata/entity.ts';
import type { CliContext } from '../context.ts';
import { aligned } from '../output/aligned.ts';

type AskOptions = {
  readonly clickhouse?: string;
  readonly cluster?: string;
  readonly namespace?: string;
  readonly limit: string;
  readonly json?: boolean;
};

export type ListOptions = AskOptions & { readonly at?: string };

export type EventsOptions = AskOptions & { readonly since: string; readonly type?: string };

const limitMax = 1_000_000;
const cellCharsMax = 60;

export async function list(type: string, options: ListOptions, context: CliContext): Promise<void> {
  const table = tableOf(type);
  const atMs = options.at === undefined ? systemClock.nowMs() : momentOf(options.at);
  const { cluster, namespace } = options;
  await ask(options, context, async (server) => {
    const filter = { database: server.database, cluster, namespace, limit: limitOf(options) };
    const rows = await listEntities(server, table, { ...filter, atMs });
    return { rows, columns: columnsOf(table) };
  });
}

export async function events(
  name: string | undefined,
  options: EventsOptions,
  context: CliContext,
): Promise<void> {
  const sinceMs = parseDurationMs(options.since);
  if (sinceMs === undefined) {
    throw new Problem('OBS-1003', `--since ${options.since}: expected a duration such as 1h`);
  }
  const { cluster, namespace, type } = options;
  await ask(options, context, async (server) => {
    const filter = { database: server.database, cluster, namespace, limit: limitOf(options) };
    const from = { sinceMs: systemClock.nowMs() - sinceMs, name, type };
    const rows = await listEvents(server, { ...filter, ...from });
    return { rows, columns: ['Time', 'Description'] };
  });
}

type Answer = { readonly rows: readonly Row[]; readonly columns: readonly string[] };

async function ask(
  options: AskOptions,
  context: CliContext,
  question: (server: ClickHouse) => Promise<Answer>,
): Promise<void> {
  const { connectClickHouse, defaultUrl } = await import('../../clickhouse/client.ts');
  const url = options.clickhouse ?? context.env['CLICKHOUSE_URL'] ?? defaultUrl;
  const server = connectClickHouse({ url, env: context.env });
  try {
    const { rows, columns } = await question(server);
    if (options.json === true) for (const row of rows) context.stdout(`${JSON.stringify(row)}\n`);
    else if (rows.length === 0) context.stderr('nothing\n');
    else {
      // The last column stands free at the end of its line.
      const last = columns.length - 1;
      const cells = rows.map((row) =>
        columns.map((column, at) => shortened(cellOf(row[column]), at === last)),
      );
      context.stdout(aligned([columns.map((column) => column.toLowerCase()), ...cells]));
    }
  } finally {
    await server.close();
  }
}

function tableOf(type: string): EntityTable {
  const found = entityTableNames.find((name) => name === type.replaceAll('-', '_'));
  if (found !== undefined) return found;
  const nearest = nearestWord(type, entityTableNames);
  const types = entityTableNames.join(', ');
  throw new Problem('OBS-1003', `there is no type “${type}” of entities`, {
    next: nearest === undefined ? `The types are ${types}.` : `Did you mean “${nearest}”?`,
  });
}

function momentOf(text: string): number {
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw new Problem('OBS-1003', `--at ${text}: expected a time such as 2026-11-20T12:00:00Z`);
}

function limitOf({ limit }: AskOptions): number {
  const count = Number(limit);
  if (Number.isInteger(count) && count > 0 && count <= limitMax) return count;
  throw new Problem('OBS-1003', `--limit ${limit}: expected a number from 1 to ${limitMax}`);
}

function cellOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value !== 'object' || value === null) return String(value ?? '');
  const pairs = Object.entries(value).map(([key, one]) => `${key}=${String(one)}`);
  return pairs.join(', ');
}

function shortened(text: string, isLast: boolean): string {
  return isLast || text.length <= cellCharsMax ? text : `${text.slice(0, cellCharsMax)}…`;
}
