/** Hours as partitions of rollups: names, conditions, and what a rebuild may cost. */
import type { Sql } from './client.ts';
import { defaultDatabase } from './ddl.ts';
import type { TableDef } from './schema/types.ts';
import { quoteText } from './sql.ts';
import { type Place, storedName } from './stored.ts';

/** Unix seconds, the end excluded. */
export type Slice = { readonly from: number; readonly to: number };

export const hourSeconds = 3600;

/** What one query of a rebuild may take of the server; grouping goes to disk beyond. */
const memoryBytesMax = 1_000_000_000;
const groupBytesMax = 200_000_000;
const threadsMax = 2;
const secondsMax = 120;

export const rebuildSettings =
  'SETTINGS async_insert = 0, max_partitions_per_insert_block = 1,' +
  ` max_memory_usage = ${memoryBytesMax}, max_bytes_before_external_group_by = ${groupBytesMax},` +
  ` max_bytes_ratio_before_external_group_by = 0, max_threads = ${threadsMax},` +
  ` max_execution_time = ${secondsMax}`;

/** How long ago an hour was last replaced, by whomever; a large number when it never was. */
export async function secondsSinceReplaced(
  sql: Sql,
  table: TableDef,
  hour: number,
  options: Place & { readonly signal?: AbortSignal } = {},
): Promise<number> {
  const [row] = await sql.rows<{ seconds: string }>(
    `SELECT toString(dateDiff('second', max(modification_time), now())) AS seconds
      FROM system.parts WHERE active
        AND database = ${quoteText(options.database ?? defaultDatabase)}
        AND table = ${quoteText(storedName(table.name, options.isSharded))}
        AND partition = ${quoteText(partitionOf(hour))}`,
    options.signal,
  );
  return Number(row?.seconds ?? 0);
}

/** A moment as the server reads it in any time zone. */
export function time(seconds: number): string {
  return `toDateTime(${seconds}, 'UTC')`;
}

/** Conditions on rows of a rollup. */
export function inHour(start: number): string {
  return within({ from: start, to: start + hourSeconds });
}

export function within({ from, to }: Slice): string {
  return `Time >= ${time(from)} AND Time < ${time(to)}`;
}

/** An hour as the server writes its partition. */
export function partitionOf(start: number): string {
  return new Date(start * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

/** A condition on a DateTime64 column that the primary key and the partition can use. */
export function inSlice(column: string, { from, to }: Slice): string {
  const moment = (seconds: number): string => `toDateTime64(${seconds}, 9, 'UTC')`;
  return `${column} >= ${moment(from)} AND ${column} < ${moment(to)}`;
}

/** The start of the unit that a DateTime64 column lies in. */
export function unitOf(column: string, grainSeconds: number): string {
  const seconds = `toUnixTimestamp(toDateTime(${column}, 'UTC'))`;
  return `toDateTime(intDiv(${seconds}, ${grainSeconds}) * ${grainSeconds}, 'UTC')`;
}
