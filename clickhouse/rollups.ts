/**
 * Rebuilds coarser rollups from finer ones, a day at a time: into a staging table of its own,
 * then in one step over the old partition. Running it again gives the same rows, a reader sees
 * the old day or the new day, and a day whose seconds have expired is never emptied.
 */
import { randomBytes } from 'node:crypto';
import { Problem } from '../core/problem.ts';
import type { Sql } from './client.ts';
import { defaultDatabase } from './ddl.ts';
import { redMinute, redSecond } from './schema/ours.ts';
import { nameOf, quoteText } from './sql.ts';

export type RebuildOptions = {
  readonly database?: string;
  readonly signal?: AbortSignal;
};

export type RebuildResult = {
  readonly day: string;
  /** Rows of the day in `otel_red_1m` afterwards. */
  readonly rows: number;
  /** False when the seconds hold less than the minutes do: they have begun to expire. */
  readonly replaced: boolean;
};

const stagingPrefix = `${redMinute.name}_staging_`;

/** A staging table older than this belongs to a run that was killed. */
const stagingAgeSecondsMax = 3600;

/** Rebuilds `otel_red_1m` for one day (`2026-07-31`, in UTC). */
export async function rebuildMinuteRollup(
  sql: Sql,
  day: string,
  options: RebuildOptions = {},
): Promise<RebuildResult> {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) {
    throw new Problem('OBS-1003', `${day} is not a day such as 2026-07-31`);
  }
  const { signal } = options;
  const database = nameOf(options.database ?? defaultDatabase);
  const [seconds, minutes] = [`${database}.${redSecond.name}`, `${database}.${redMinute.name}`];
  const partition = quoteText(day);
  await dropAbandoned(sql, options.database ?? defaultDatabase);
  const staging = `${database}.${stagingPrefix}${randomBytes(16).toString('hex')}`;
  try {
    await sql.run(`CREATE TABLE ${staging} AS ${minutes}`, signal);
    await sql.run(minuteInsert(staging, seconds, partition), signal);
    const replaced = await coversAll(sql, staging, minutes, partition);
    if (replaced) {
      await sql.run(
        `ALTER TABLE ${minutes} REPLACE PARTITION ${partition} FROM ${staging}`,
        signal,
      );
    }
    const rows = await countRows(sql, minutes, partition);
    return { day, rows, replaced };
  } finally {
    await sql.run(`DROP TABLE IF EXISTS ${staging} SYNC`);
  }
}

/** Minutes from seconds: everything in a row adds up, so the result is exact. */
function minuteInsert(staging: string, seconds: string, partition: string): string {
  return `INSERT INTO ${staging} (Time, ServiceName, SpanName, SpanKind, StatusCode, Tenant,
      Count, DurationSum, DurationMin, DurationMax, \`Buckets.Index\`, \`Buckets.Count\`)
    SELECT minute, ServiceName, SpanName, SpanKind, StatusCode, Tenant,
      sum(Count), sum(DurationSum), min(DurationMin), max(DurationMax),
      sumMap(\`Buckets.Index\`, \`Buckets.Count\`).1 AS indexes,
      sumMap(\`Buckets.Index\`, \`Buckets.Count\`).2 AS counts
    FROM ${seconds}
    WHERE toDate(Time, 'UTC') = ${partition}
    GROUP BY toStartOfMinute(Time) AS minute, ServiceName, SpanName, SpanKind, StatusCode, Tenant
    SETTINGS async_insert = 0, max_partitions_per_insert_block = 1`;
}

/** Whether no minute would lose spans; an empty staging table covers only an empty day. */
async function coversAll(
  sql: Sql,
  staging: string,
  minutes: string,
  partition: string,
): Promise<boolean> {
  const [row] = await sql.rows<{ rows: string; short: string }>(
    `SELECT toString((SELECT count() FROM ${staging})) AS rows, toString(count()) AS short
      FROM (SELECT Time, sum(Count) AS spans FROM ${minutes}
        WHERE toDate(Time, 'UTC') = ${partition} GROUP BY Time) AS old
      LEFT JOIN (SELECT Time, sum(Count) AS spans FROM ${staging} GROUP BY Time) AS new
        ON old.Time = new.Time
      WHERE new.spans < old.spans SETTINGS join_use_nulls = 0`,
  );
  return row?.rows !== '0' && row?.short === '0';
}

async function countRows(sql: Sql, table: string, partition: string): Promise<number> {
  const [row] = await sql.rows<{ rows: string }>(
    `SELECT toString(count()) AS rows FROM ${table} WHERE toDate(Time, 'UTC') = ${partition}`,
  );
  return Number(row?.rows ?? 0);
}

/** A killed run cannot clean up after itself; the next one does. */
async function dropAbandoned(sql: Sql, database: string): Promise<void> {
  const rows = await sql.rows<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = ${quoteText(database)}
      AND startsWith(name, ${quoteText(stagingPrefix)})
      AND metadata_modification_time < now() - ${stagingAgeSecondsMax}`,
  );
  for (const { name } of rows) {
    await sql.run(`DROP TABLE IF EXISTS ${nameOf(database)}.${nameOf(name)} SYNC`);
  }
}
