/**
 * Rollups made of stored rows, an hour a partition. Rows are only ever added to the raw tables, so
 * a unit (a minute, say) is up to date when it has counted as many rows as are stored, and is
 * counted again when there are more: late rows, repeats, restarts and rows that somebody else
 * inserted need no memory of what was done. A rollup may be made of a finer one: then the raw rows
 * that the finer one has counted are what is stored.
 *
 *     raw rows a unit ─┐
 *                      ├─ more? ─▶ count the unit again ─┐
 *     counted before ──┘    └─no─▶ take it over ─────────┴─▶ staging ─▶ REPLACE PARTITION
 *
 * A unit with fewer stored rows than were counted has begun to expire and is taken over, unless it
 * is younger than that. Two runs at once give the same rows; if one of them looked earlier, the
 * next run finds what is missing.
 */
import type { Sql } from './client.ts';
import {
  hourSeconds,
  inSlice,
  partitionOf,
  rebuildSettings,
  type Slice,
  unitOf,
  within,
} from './hours.ts';
import type { TableDef } from './schema/types.ts';
import { quoteText } from './sql.ts';
import { replacePartition, withStaging } from './staging.ts';
import { type Place, type Stored, storedIn } from './stored.ts';

/** A raw table that is counted. */
export type RawPart = {
  readonly table: string;
  /** Its column of time. */
  readonly time: string;
  /** What `partColumn` says of rows made of it. */
  readonly part: string;
  /**
   * Seconds of its rows that are counted in one query; absent: a quarter of an hour. A table that
   * is sorted by hour and then by something else reads the hour for any part of it.
   */
  readonly sliceSeconds?: number;
};

export type HourRollup = {
  /** Partitioned by hour of `Time` in UTC, or by day. */
  readonly table: TableDef;
  /** Length of a unit; divides the partition. */
  readonly grainSeconds: number;
  /** Length of a partition, an hour or a day; absent: an hour. */
  readonly partitionSeconds?: typeof hourSeconds | typeof daySeconds;
  /** Units are counted when they have been over for so long; absent: also while they grow. */
  readonly overSeconds?: number;
  /** Units are over when so many seconds are over together; absent: each on its own. */
  readonly overTogetherSeconds?: number;
  /** The rollup that this one is made of; its `Rows` are then what is stored. Counted before. */
  readonly finer?: HourRollup;
  readonly raw: readonly RawPart[];
  /** Which raw table a row was made of; absent when there is one. */
  readonly partColumn?: string;
  /** Raw rows that a row of the table stands for; their sum is what was counted. */
  readonly counted: string;
  /** Statements, run in turn, that insert the units of a slice into `target`. */
  readonly fill: (target: string, stored: Stored, raw: RawPart, slice: Slice) => string[];
  /** Run on what was counted before it is visible; harmless when repeated. */
  readonly also?: (staging: string, stored: Stored, slice: Slice) => string;
};

export type HourOptions = Place & {
  /** Unix seconds; units of the hour that begin earlier are taken over as they are. */
  readonly from?: number;
  /** Unix seconds, the present: what tells whether a unit is over. Absent: all are. */
  readonly until?: number;
  readonly signal?: AbortSignal;
};

export type HourResult = {
  /** Start of the partition. */
  readonly start: number;
  /** Units that were counted again. */
  readonly units: number;
};

const daySeconds = 86_400;

/** Seconds of raw rows that are counted in one query. */
const sliceSecondsMax = 900;

/** Raw rows are kept for a day at least: fewer of them than were counted is then a mistake. */
const neverExpiredSeconds = 43_200;

type Unit = { readonly part: string; readonly at: number };

/** Counts units of the partition of a moment (Unix seconds) again that have more rows. */
export async function rebuildHour(
  sql: Sql,
  rollup: HourRollup,
  at: number,
  options: HourOptions = {},
): Promise<HourResult> {
  const { signal } = options;
  const stored = storedIn(options);
  const seconds = rollup.partitionSeconds ?? hourSeconds;
  const start = at - (at % seconds);
  const whole = { from: start, to: start + seconds };
  const from = Math.max(start, options.from ?? start);
  const span = { from, to: Math.min(whole.to, endOfOver(rollup, options.until)) };
  const stale = await staleUnits(sql, rollup, stored, span, signal);
  if (stale.length === 0) return { start, units: 0 };
  const table = stored(rollup.table.name);
  await withStaging(sql, { ...options, table: rollup.table.name }, async (staging) => {
    for (const { raw, slice } of slicesOf(rollup, stale)) {
      for (const insert of rollup.fill(staging, stored, raw, slice)) {
        await sql.run(insert, signal);
      }
      if (rollup.also) await sql.run(rollup.also(staging, stored, slice), signal);
    }
    await sql.run(takeOver(rollup, table, staging, { whole, stale }), signal);
    const inPartition = within(whole);
    const partition = seconds === hourSeconds ? partitionOf(start) : dayOf(start);
    await replacePartition(sql, { table, staging, partition, inPartition, signal });
  });
  return { start, units: stale.length };
}

/**
 * Partitions (Unix seconds) with units that have more rows than were counted. Days are compared as
 * a whole; only those that differ are looked at unit by unit.
 *
 * From the newest that was counted on they come in order of time, then the older ones, the newest
 * first: readers take what lies between the first and the last row for counted, and a run that
 * ends early leaves no hole there.
 */
export async function staleHours(
  sql: Sql,
  rollup: HourRollup,
  options: Omit<HourOptions, 'from'> = {},
): Promise<readonly number[]> {
  const { signal } = options;
  const stored = storedIn(options);
  const starts = new Set<number>();
  const seconds = rollup.partitionSeconds ?? hourSeconds;
  const days = await staleDays(sql, rollup, stored, signal);
  for (const day of days) {
    const to = Math.min(day + daySeconds, endOfOver(rollup, options.until));
    const span = { from: day, to };
    const units = await staleUnits(sql, rollup, stored, span, signal);
    for (const { at } of units) starts.add(at - (at % seconds));
  }
  if (starts.size === 0) return [];
  const newest = await newestCounted(sql, rollup, stored, signal);
  const edge = newest - (newest % seconds);
  const sorted = [...starts].sort((left, right) => left - right);
  const since = newest === 0 ? [] : sorted.filter((start) => start >= edge);
  return [...since, ...sorted.filter((start) => !since.includes(start)).reverse()];
}

/** Unix seconds of the newest row, which the server has at hand; 0 when there is none. */
async function newestCounted(
  sql: Sql,
  { table }: HourRollup,
  stored: Stored,
  signal: AbortSignal | undefined,
): Promise<number> {
  const [row] = await sql.rows<{ newest: string }>(
    `SELECT toString(toUnixTimestamp(max(Time))) AS newest
      FROM ${stored(table.name)}`,
    signal,
  );
  return Number(row?.newest ?? 0);
}

/** The end of the last unit that is over; far away where units are counted while they grow. */
function endOfOver(rollup: HourRollup, until?: number): number {
  const { overSeconds, overTogetherSeconds: together = rollup.grainSeconds } = rollup;
  if (overSeconds === undefined || until === undefined) return Number.MAX_SAFE_INTEGER;
  return Math.floor((until - overSeconds) / together) * together;
}

/** A day as the server writes its partition. */
function dayOf(start: number): string {
  return partitionOf(start).slice(0, 10);
}

async function staleUnits(
  sql: Sql,
  rollup: HourRollup,
  stored: Stored,
  span: Slice,
  signal: AbortSignal | undefined,
): Promise<readonly Unit[]> {
  if (span.to <= span.from) return [];
  const unit = (column: string): string =>
    `toUnixTimestamp(${unitOf(column, rollup.grainSeconds)}) AS at`;
  const counts = rollup.finer
    ? [
        `SELECT ${partOf(rollup.finer)} AS part, ${unit('Time')}, toInt64(sum(Rows)) AS rows
      FROM ${stored(rollup.finer.table.name)} WHERE ${within(span)} GROUP BY part, at`,
      ]
    : rollup.raw.map(
        ({ table, time: column, part }) =>
          `SELECT ${quoteText(part)} AS part, ${unit(column)}, toInt64(count()) AS rows
      FROM ${stored(table)} WHERE ${inSlice(column, span)} GROUP BY at`,
      );
  const rows = await sql.rows<{ part: string; unit: string }>(
    `SELECT part, toString(at) AS unit FROM (
      ${counts.join('\n      UNION ALL ')}
      UNION ALL SELECT ${partOf(rollup)} AS part, toUnixTimestamp(Time) AS at,
        -toInt64(${rollup.counted}) AS rows
      FROM ${stored(rollup.table.name)}
      WHERE ${within(span)} GROUP BY part, at)
    GROUP BY part, at HAVING sum(rows) > 0
      OR (sum(rows) < 0 AND at >= toUnixTimestamp(now()) - ${neverExpiredSeconds})
    ORDER BY part, at`,
    signal,
  );
  return rows.map(({ part, unit }) => ({ part, at: Number(unit) }));
}

/** Raw tables have a partition a day, named 20260731: no column of theirs is read. */
async function staleDays(
  sql: Sql,
  rollup: HourRollup,
  stored: Stored,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  const counts = rollup.raw.map(
    ({ table, part }) => `SELECT ${quoteText(part)} AS part, _partition_id AS day,
        toInt64(count()) AS rows FROM ${stored(table)} GROUP BY day`,
  );
  const rows = await sql.rows<{ day: string }>(
    `WITH stored AS (${counts.join('\n UNION ALL ')})
    SELECT DISTINCT day FROM (
      SELECT * FROM stored
      UNION ALL SELECT ${partOf(rollup)} AS part, toString(toYYYYMMDD(Time, 'UTC')) AS day,
        -toInt64(${rollup.counted}) AS rows
      FROM ${stored(rollup.table.name)}
      WHERE Time >= (SELECT parseDateTimeOrNull(min(day), '%Y%m%d', 'UTC') FROM stored
        WHERE match(day, '^[0-9]{8}$'))
      GROUP BY part, day)
    GROUP BY part, day HAVING sum(rows) > 0 AND match(day, '^[0-9]{8}$')`,
    signal,
  );
  return rows.map(({ day }) => {
    const [year, month, date] = [day.slice(0, 4), day.slice(4, 6), day.slice(6)];
    return Date.parse(`${year}-${month}-${date}T00:00:00Z`) / 1000;
  });
}

function partOf({ partColumn, raw }: HourRollup): string {
  return partColumn === undefined ? quoteText(raw[0]?.part ?? '') : `toString(${partColumn})`;
}

/** Units that follow each other are counted in one query, up to {@link sliceSecondsMax}. */
function slicesOf(
  { raw, grainSeconds }: HourRollup,
  stale: readonly Unit[],
): { readonly raw: RawPart; readonly slice: Slice }[] {
  const slices: { raw: RawPart; slice: { from: number; to: number } }[] = [];
  for (const { part, at } of stale) {
    const from = raw.find((one) => one.part === part);
    if (from === undefined) continue;
    const { sliceSeconds = sliceSecondsMax } = from;
    const last = slices.at(-1);
    const follows = last?.raw === from && last.slice.to === at;
    if (last && follows && at + grainSeconds - last.slice.from <= sliceSeconds) {
      last.slice.to = at + grainSeconds;
    } else {
      slices.push({ raw: from, slice: { from: at, to: at + grainSeconds } });
    }
  }
  return slices;
}

/** What is not counted again stays as it is. */
function takeOver(
  rollup: HourRollup,
  table: string,
  staging: string,
  { whole, stale }: { readonly whole: Slice; readonly stale: readonly Unit[] },
): string {
  const units = stale.map(({ part, at }) => `(${quoteText(part)}, ${at})`).join(', ');
  return `INSERT INTO ${staging} SELECT * FROM ${table}
    WHERE ${within(whole)}
      AND (${partOf(rollup)}, toUnixTimestamp(Time)) NOT IN (${units}) ${rebuildSettings}`;
}
