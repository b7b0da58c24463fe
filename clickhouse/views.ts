/**
 * Materialized views for those who let the stock Collector insert: they fill the tables that
 * obsctl's gateway fills itself. Never both, or every span is counted twice; `migrate` says so.
 */
import { latencyBucketsPerDoubling, redMinute, redSecond } from './schema/ours.ts';
import { traceRanges, traces } from './schema/traces.ts';
import type { TableDef } from './schema/types.ts';
import { nameOf } from './sql.ts';

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
  ].join(',\n    '),
  groupBy: 'Time, ServiceName, SpanName, SpanKind, StatusCode, Tenant',
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

/** The statement that makes `view`; harmless when the view exists. */
export function createView(view: ViewDef, database: string): string {
  const inDatabase = (name: string) => `${nameOf(database)}.${nameOf(name)}`;
  return [
    `CREATE MATERIALIZED VIEW IF NOT EXISTS ${inDatabase(view.name)}`,
    `TO ${inDatabase(view.target.name)}`,
    `AS SELECT\n    ${view.select}`,
    `FROM ${inDatabase(traces.name)}`,
    `GROUP BY ${view.groupBy}`,
  ].join('\n');
}
