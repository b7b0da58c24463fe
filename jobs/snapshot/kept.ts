/**
 * Tables that later runs add to: rows of all runs in a ReplacingMergeTree, and a view of the
 * table's name that shows the last version of each and none that is deleted. What is added was
 * verified, and comes in one step.
 *
 *     orders ─ view ─▶ orders__rows_RUN FINAL ◀─ ATTACH PARTITION ─ orders__loading_RUN
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { nameOf } from '../../clickhouse/sql.ts';
import { type Cursor, deletedName, versionName } from './modes.ts';
import type { TablePlan } from './plan.ts';
import { keyColumns, type Layout } from './target.ts';

const msPerDay = 86_400_000;

/** @param version of every row that does not say another */
export function keptLayout(plan: TablePlan, name: string, version: bigint): Layout {
  return {
    name,
    engine: `ReplacingMergeTree(${versionName}, ${deletedName})`,
    orderBy: keyColumns(plan),
    extra: [`${versionName} UInt64 DEFAULT ${version}`, `${deletedName} UInt8 DEFAULT 0`],
  };
}

export function listSql(names: readonly string[]): string {
  return names.map(nameOf).join(', ');
}

export function namesOf(plan: TablePlan): readonly string[] {
  return plan.columns.map(({ name }) => name);
}

/** The query of the view; FINAL leaves out what is deleted. */
export function viewSql(plan: TablePlan, rows: string): string {
  return `SELECT ${listSql(namesOf(plan))} FROM ${rows} FINAL`;
}

/** What readers will see once `added` has come to `rows`. */
export function sumSql(plan: TablePlan, rows: string, added: string): string {
  const [names, keys] = [listSql(namesOf(plan)), listSql(keyColumns(plan))];
  return (
    `${viewSql(plan, rows)} WHERE (${keys}) NOT IN (SELECT ${keys} FROM ${added}) ` +
    `UNION ALL SELECT ${names} FROM ${added} WHERE ${deletedName} = 0`
  );
}

/**
 * Above all versions in `rows`, and a time in milliseconds of Unix time unless clocks went back:
 * which rows were of the future when they were read, the mark depends on.
 */
export async function nextVersion(
  server: ClickHouse,
  rows: string | undefined,
  startedMs: number,
): Promise<bigint> {
  const now = BigInt(startedMs);
  if (rows === undefined) return now;
  const [last] = await server.rows<{ v: string }>(`SELECT max(${versionName}) AS v FROM ${rows}`);
  const next = BigInt(last?.v ?? 0) + 1n;
  return next > now ? next : now;
}

export type Mark = {
  /** The greatest cursor that was read when it was not of the future. */
  readonly mark: string;
  /** The mark less the overlap. */
  readonly since: string;
};

/**
 * The high-water mark lies in the rows themselves, so that it moves in the very step in which they
 * come in. A cursor of the future does not count: whoever wrote it says nothing of the rows
 * before it. It is read again in every run until its time has come.
 */
export async function readMark(
  server: ClickHouse,
  cursor: Cursor,
  tables: readonly string[],
): Promise<Mark | undefined> {
  const name = nameOf(cursor.column.name);
  const read = `fromUnixTimestamp64Milli(toInt64(${versionName}), 'UTC')`;
  const condition = {
    integer: '1',
    time: `${name} <= ${read}`,
    date: `${name} <= toDate32(${read})`,
  }[cursor.kind];
  const all = tables.map((table) => `SELECT ${name}, ${versionName} FROM ${table}`);
  const [row] = await server.rows<{ [Key in keyof Mark]: string | null }>(
    `SELECT ${textOf(cursor, 'highest')} AS mark, ` +
      `${textOf(cursor, lessOverlap(cursor))} AS since ` +
      `FROM (SELECT maxOrNullIf(${name}, ${condition}) AS highest ` +
      `FROM (${all.join(' UNION ALL ')}))`,
  );
  const { mark = null, since = null } = row ?? {};
  return mark === null || since === null ? undefined : { mark, since };
}

function lessOverlap({ kind, overlap }: Cursor): string {
  if (kind === 'integer') return `toInt128(highest) - ${overlap}`;
  if (kind === 'date') return `highest - toIntervalDay(${Math.ceil(overlap / msPerDay)})`;
  return `highest - toIntervalMillisecond(${overlap})`;
}

function textOf({ kind }: Cursor, value: string): string {
  return kind === 'time' ? `toString(${value}, 'UTC')` : `toString(${value})`;
}

/** Rows from there on, in the source's SQL; those without a cursor always. */
export function sinceSql(
  { column, kind }: Cursor,
  since: string,
  quote: (name: string) => string,
): string {
  const name = quote(column.source.name);
  const bound = kind === 'integer' ? since : `'${since}'`;
  const nulls = column.source.isNullable ? ` OR ${name} IS NULL` : '';
  return `${name} >= ${bound}${nulls}`;
}
