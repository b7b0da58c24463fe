/**
 * Materialized views for those who let the stock Collector insert: they fill the tables that
 * obsctl's gateway fills itself. Never both, or every span is counted twice; `migrate` says so.
 */
import { type ClusterName, fullName, onCluster, storedName } from './cluster.ts';
import { instrumentations, isEbpf } from './instrumentation.ts';
import { latencyBucketsPerDoubling, redMinute, redSecond } from './schema/ours.ts';
import { traceRanges, traces } from './schema/traces.ts';
import type { TableDef } from './schema/types.ts';

export type ViewDef = {
  readonly name: string;
  readonly target: TableDef;
  /** The query without its FROM. */
  readonly select: string;
  readonly groupBy: string;
};

/** The views read spans before anybody could have dropped some: rates are exact. */
const red = (target: TableDef, time: string): ViewDef => ({
  name: `${target.name}_mv`,
  target,
  select: [
    `${time} AS Time, ServiceName, SpanName, SpanKind, StatusCode, count() AS Count`,
    'sum(Duration) AS DurationSum, min(Duration) AS DurationMin, max(Duration) AS DurationMax',
    `${bucketSums}.1 AS \`Buckets.Index\`, ${bucketSums}.2 AS \`Buckets.Count\`, Tenant`,
    `if(${isEbpf}, '${instrumentations[1]}', '') AS Instrumentation`,
  ].join(',\n    '),
  groupBy: 'Time, ServiceName, SpanName, SpanKind, StatusCode, Tenant, Instrumentation',
});

/** Duration 0 is bucket 0, like duration 1. */
const bucketSums =
  `sumMap([toUInt16(floor(log2(greatest(Duration, 1)) * ${latencyBucketsPerDoubling}))],` +
  ' [toUInt64(1)])';

export const collectorViews: readonly ViewDef[] = [
  {
    name: `${traceRanges.name}_mv`,
    target: traceRanges,
    select: 'TraceId, min(toDateTime(Timestamp)) AS Start, max(toDateTime(Timestamp)) AS End',
    groupBy: 'TraceId',
  },
  red(redSecond, 'toDateTime(Timestamp)'),
  red(redMinute, 'toStartOfMinute(toDateTime(Timestamp))'),
];

/**
 * The statement that makes `view`; harmless when the view exists. On a cluster it stands on what a
 * node stores, so that each row is counted once, by the node that it was sent to.
 */
export function createView(view: ViewDef, database: string, cluster?: ClusterName): string {
  const inDatabase = (table: string) => fullName(database, storedName(table, cluster));
  return [
    `CREATE MATERIALIZED VIEW IF NOT EXISTS ${fullName(database, view.name)}${onCluster(cluster)}`,
    `TO ${inDatabase(view.target.name)}`,
    `AS SELECT\n    ${view.select}`,
    `FROM ${inDatabase(traces.name)}`,
    `GROUP BY ${view.groupBy}`,
  ].join('\n');
}
