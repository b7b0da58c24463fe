/**
 * Who calls whom, rebuilt from stored spans into `otel_service_edges_1m`. A call is a client or
 * producer span; the service that answered is the server or consumer span whose parent it is.
 * Both ends may have come through different gateways, so rows are joined and not memories.
 *
 *     Client, Producer  (TraceId, SpanId)       ─┐
 *                                                ├─ GROUP BY ─▶ calls ─▶ minutes
 *     Server, Consumer  (TraceId, ParentSpanId) ─┘
 *
 * A call that nobody answered ends at a database, a queue or a host, by its attributes; without
 * those it is no edge. One hour is one partition and is replaced in one step (`staging.ts`), so
 * running again gives the same rows and a row cannot be there twice. Spans stored twice count once.
 *
 * Cost: spans are read by partition and by time in the primary key, a slice of an hour at a time,
 * and of the attributes only the named keys of calls. Grouping goes to disk beyond
 * `groupBytesMax`; a slice that needs more than `memoryBytesMax` fails and the hour stays as it is.
 */
import type { Sql } from './client.ts';
import { fullName } from './cluster.ts';
import { defaultDatabase } from './ddl.ts';
import { callSlice } from './edge-calls.ts';
import { hourSeconds, inHour, partitionOf, rebuildSettings, time } from './hours.ts';
import { serviceEdges } from './schema/edges.ts';
import { redSecond } from './schema/ours.ts';
import { traces } from './schema/traces.ts';
import { replacePartition, withStaging } from './staging.ts';
import { type Place, storedIn } from './stored.ts';

/** Minutes whose calls are joined in one query. */
const sliceMinutes = 15;

const minuteSeconds = 60;

type EdgesOptions = Place & {
  /** Unix seconds; slices that begin later are left out, because there are no spans yet. */
  readonly until?: number;
  readonly signal?: AbortSignal;
};

type EdgesResult = {
  /** Unix seconds of the hour's start. */
  readonly hour: number;
  /** Rows of the hour afterwards. */
  readonly rows: number;
  /** False when the spans give less than the rows already there: they have begun to expire. */
  readonly replaced: boolean;
};

/** Which part of an hour is joined again. */
export type HourPart = {
  /** Start of the hour, Unix seconds. */
  readonly hour: number;
  /** Minutes before this one (0 to 59) are taken over as they are; 0 for the whole hour. */
  readonly fromMinute: number;
};

/** Rebuilds the edges of one hour, whole or from a minute on. */
export async function rebuildEdges(
  sql: Sql,
  { hour, fromMinute }: HourPart,
  options: EdgesOptions = {},
): Promise<EdgesResult> {
  const { signal } = options;
  const stored = storedIn(options);
  const [edges, spans] = [stored(serviceEdges.name), stored(traces.name)];
  const start = hour - (hour % hourSeconds);
  const from = start + fromMinute * minuteSeconds;
  return await withStaging(sql, { ...options, table: serviceEdges.name }, async (staging) => {
    if (from > start) {
      const kept = `SELECT * FROM ${edges} WHERE Time >= ${time(start)} AND Time < ${time(from)}`;
      await sql.run(`INSERT INTO ${staging} ${kept} ${rebuildSettings}`, signal);
    }
    const end = start + hourSeconds;
    const until = Math.min(end, options.until ?? end);
    for (let at = from; at < until; at += sliceMinutes * minuteSeconds) {
      const slice = { from: at, to: Math.min(at + sliceMinutes * minuteSeconds, end) };
      const isWitnessAsked = await hasEbpf(sql, options, slice);
      await sql.run(edgesInsert(staging, callSlice(spans, { ...slice, isWitnessAsked })), signal);
    }
    const replaced = await coversAll(sql, staging, edges, start);
    const partition = partitionOf(start);
    const place = { table: edges, staging, partition, inPartition: inHour(start), signal };
    if (replaced) await replacePartition(sql, place);
    return { hour: start, rows: await countRows(sql, edges, start), replaced };
  });
}

/**
 * Whether an eBPF agent told of spans of the slice. Of every shard, as rates lie elsewhere than the
 * spans; a shard that is away is asked again a minute later.
 */
async function hasEbpf(
  sql: Sql,
  { database = defaultDatabase, signal }: EdgesOptions,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<boolean> {
  const rows = await sql.rows<{ one: number }>(
    `SELECT 1 AS one FROM ${fullName(database, redSecond.name)}
      WHERE Time >= ${time(from)} AND Time < ${time(to)} AND Instrumentation = 'ebpf'
      LIMIT 1 SETTINGS skip_unavailable_shards = 1`,
    signal,
  );
  return rows.length > 0;
}

/** Everything in a row adds up, so slices and minutes may be summed further. */
function edgesInsert(staging: string, calls: string): string {
  const buckets = 'sumMap([bucket], [weight])';
  return `INSERT INTO ${staging} (Time, Caller, Callee, CalleeKind, Address, Tenant,
      Instrumentation, Spans, Count, Errors, DurationSum, DurationMin, DurationMax,
      \`Buckets.Index\`, \`Buckets.Count\`)
    SELECT minute, caller, callee.2 AS name, callee.1 AS kind, address, Tenant,
      instrumentation, count(), sum(weight), sumIf(weight, failed), sum(weight * duration),
      min(duration), max(duration), ${buckets}.1, ${buckets}.2
    FROM (${calls})
    GROUP BY minute, caller, name, kind, address, Tenant, instrumentation
    ${rebuildSettings}`;
}

/** Whether no minute would lose calls; an empty staging table covers only an empty hour. */
async function coversAll(
  sql: Sql,
  staging: string,
  edges: string,
  start: number,
): Promise<boolean> {
  const [row] = await sql.rows<{ rows: string; short: string }>(
    `SELECT toString((SELECT count() FROM ${staging})) AS rows, toString(count()) AS short
      FROM (SELECT Time, sum(Spans) AS calls FROM ${edges}
        WHERE ${inHour(start)} GROUP BY Time) AS old
      LEFT JOIN (SELECT Time, sum(Spans) AS calls FROM ${staging} GROUP BY Time) AS new
        ON old.Time = new.Time
      WHERE new.calls < old.calls SETTINGS join_use_nulls = 0`,
  );
  return row?.rows !== '0' && row?.short === '0';
}

async function countRows(sql: Sql, edges: string, start: number): Promise<number> {
  const [row] = await sql.rows<{ rows: string }>(
    `SELECT toString(count()) AS rows FROM ${edges} WHERE ${inHour(start)}`,
  );
  return Number(row?.rows ?? 0);
}
