/**
 * Rebuilds coarser rollups from finer ones, a partition at a time: into a staging table of its
 * own, then in one step over the old partition. Running it again gives the same rows, a reader sees
 * the old partition or the new one, and one whose finer rows have expired is never emptied.
 *
 *     otel_red_1s ─▶ otel_red_1m ─▶ otel_red_1h ─▶ otel_red_1d
 *
 * Hours and days are counted when they are over, so that readers may take them as far as they
 * reach and finer rows for the rest.
 */
import { Problem } from '../core/problem.ts';
import type { Sql } from './client.ts';
import { redDay, redHour, redMinute, redSecond } from './schema/ours.ts';
import { quoteText } from './sql.ts';
import { replacePartition, withStaging } from './staging.ts';
import { type Place, storedIn } from './stored.ts';

export type RebuildOptions = Place & {
  /** Unix seconds; intervals that end later are not over and are left out. Default: all are. */
  readonly until?: number;
  readonly signal?: AbortSignal;
};

type RebuildResult = {
  /** The day, or the first one of the month. */
  readonly day: string;
  /** Rows of the partition afterwards. */
  readonly rows: number;
  /** False when the finer rows hold less than what is there: they have begun to expire. */
  readonly replaced: boolean;
};

type Grain = {
  readonly from: string;
  readonly to: string;
  /** Start of the interval that a row of `from` lies in. */
  readonly start: string;
  readonly seconds: number;
  /** The partition of `to` that a time lies in, as its table says. */
  readonly partition: string;
};

const byDay = "toDate(Time, 'UTC')";

const minuteGrain: Grain = {
  from: redSecond.name,
  to: redMinute.name,
  start: 'toStartOfMinute(Time)',
  seconds: 60,
  partition: byDay,
};

const hourGrain: Grain = {
  from: redMinute.name,
  to: redHour.name,
  start: "toStartOfHour(Time, 'UTC')",
  seconds: 3600,
  partition: byDay,
};

const dayGrain: Grain = {
  from: redHour.name,
  to: redDay.name,
  start: "toStartOfDay(Time, 'UTC')",
  seconds: 86_400,
  partition: "toStartOfMonth(Time, 'UTC')",
};

type Rebuild = (sql: Sql, day: string, options?: RebuildOptions) => Promise<RebuildResult>;

/** Rebuilds `otel_red_1m` for one day (`2026-07-31`, in UTC). */
export const rebuildMinuteRollup: Rebuild = (sql, day, options = {}) =>
  rebuild(sql, minuteGrain, day, options);

/** Rebuilds `otel_red_1h` for one day, hours that are over. */
export const rebuildHourRollup: Rebuild = (sql, day, options = {}) =>
  rebuild(sql, hourGrain, day, options);

/** Rebuilds `otel_red_1d` for the month of a day, days that are over. */
export const rebuildDayRollup: Rebuild = (sql, day, options = {}) =>
  rebuild(sql, dayGrain, `${day.slice(0, 7)}-01`, options);

/**
 * Days that have minutes and no hours, oldest first: those of before hours were counted, and those
 * that ended while no gateway ran.
 */
export async function daysWithoutHours(
  sql: Sql,
  options: Omit<RebuildOptions, 'until'> = {},
): Promise<readonly string[]> {
  const stored = storedIn(options);
  // By partition, which is a day (20260731): no column is read.
  const partitions = (table: string): string =>
    `SELECT DISTINCT _partition_id AS id FROM ${stored(table)}`;
  const rows = await sql.rows<{ id: string }>(
    `${partitions(redMinute.name)} WHERE id NOT IN (${partitions(redHour.name)}) ORDER BY id`,
    options.signal,
  );
  return rows.map(({ id }) => `${id.slice(0, 4)}-${id.slice(4, 6)}-${id.slice(6)}`);
}

async function rebuild(
  sql: Sql,
  grain: Grain,
  day: string,
  options: RebuildOptions,
): Promise<RebuildResult> {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) {
    throw new Problem('OBS-1003', `${day} is not a day such as 2026-07-31`);
  }
  const { signal } = options;
  const stored = storedIn(options);
  const [fine, coarse] = [stored(grain.from), stored(grain.to)];
  const inPartition = `${grain.partition} = ${quoteText(day)}`;
  return await withStaging(sql, { ...options, table: grain.to }, async (staging) => {
    await sql.run(insertion(staging, fine, grain, inPartition, options.until), signal);
    const replaced = await coversAll(sql, staging, coarse, inPartition);
    if (replaced) {
      await replacePartition(sql, { table: coarse, staging, partition: day, inPartition, signal });
    }
    const rows = await countRows(sql, coarse, inPartition);
    return { day, rows, replaced };
  });
}

const keys = (time: string): string =>
  `${time}, ServiceName, SpanName, SpanKind, StatusCode, Tenant, Instrumentation`;

/** Everything in a row adds up, so the result is exact. */
function insertion(
  staging: string,
  fine: string,
  { start, seconds }: Grain,
  inPartition: string,
  until: number | undefined,
): string {
  const isOver =
    until === undefined ? '' : ` AND ${start} <= toDateTime(${Math.floor(until) - seconds}, 'UTC')`;
  return `INSERT INTO ${staging} (${keys('Time')},
      Count, DurationSum, DurationMin, DurationMax, \`Buckets.Index\`, \`Buckets.Count\`)
    SELECT ${keys('begun')},
      sum(Count), sum(DurationSum), min(DurationMin), max(DurationMax),
      sumMap(\`Buckets.Index\`, \`Buckets.Count\`).1 AS indexes,
      sumMap(\`Buckets.Index\`, \`Buckets.Count\`).2 AS counts
    FROM ${fine}
    WHERE ${inPartition}${isOver}
    GROUP BY ${keys(`${start} AS begun`)}
    SETTINGS async_insert = 0, max_partitions_per_insert_block = 1`;
}

/** Whether no interval would lose spans; an empty staging table covers only an empty partition. */
async function coversAll(
  sql: Sql,
  staging: string,
  coarse: string,
  inPartition: string,
): Promise<boolean> {
  const [row] = await sql.rows<{ rows: string; short: string }>(
    `SELECT toString((SELECT count() FROM ${staging})) AS rows, toString(count()) AS short
      FROM (SELECT Time, sum(Count) AS spans FROM ${coarse}
        WHERE ${inPartition} GROUP BY Time) AS old
      LEFT JOIN (SELECT Time, sum(Count) AS spans FROM ${staging} GROUP BY Time) AS new
        ON old.Time = new.Time
      WHERE new.spans < old.spans SETTINGS join_use_nulls = 0`,
  );
  return row?.rows !== '0' && row?.short === '0';
}

async function countRows(sql: Sql, table: string, inPartition: string): Promise<number> {
  const [row] = await sql.rows<{ rows: string }>(
    `SELECT toString(count()) AS rows FROM ${table} WHERE ${inPartition}`,
  );
  return Number(row?.rows ?? 0);
}
