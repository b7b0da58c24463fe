/**
 * `otel_metrics_1m` and `otel_metrics_1h`: least, greatest, sum, count and last of the points of
 * each series, and the buckets of histograms, made of stored points. Buckets of delta histograms
 * add up; of cumulative ones the last say all. Points with other bounds are another row.
 */
import type { HourRollup, RawPart } from './hour-rollup.ts';
import { inSlice, rebuildSettings, type Slice, unitOf } from './hours.ts';
import { gauge, histogram, sum } from './schema/metrics.ts';
import { metricHours, metricMinutes } from './schema/points.ts';
import { seriesOf } from './series.ts';
import { nameOf, quoteText } from './sql.ts';

const common = {
  raw: [gauge, sum, histogram].map(({ name }) => ({ table: name, time: 'TimeUnix', part: name })),
  partColumn: '`Table`',
  counted: 'sum(Rows)',
};

export const pointMinutes: HourRollup = {
  ...common,
  table: metricMinutes,
  grainSeconds: 60,
  fill: (target, database, raw, slice) => [fillPoints(target, database, raw, slice, 60)],
};

/** Hours are counted when they are over: none is counted again while it grows. */
export const pointHours: HourRollup = {
  ...common,
  table: metricHours,
  grainSeconds: 3600,
  partitionSeconds: 86_400,
  overSeconds: 900,
  fill: (target, database, raw, slice) => [fillPoints(target, database, raw, slice, 3600)],
};

const isValue = 'bitAnd(Flags, 1) = 0';

type Aggregates = {
  readonly temporality: string;
  readonly bounds: string;
  readonly min: string;
  readonly max: string;
  readonly sum: string;
  readonly last: string;
  readonly values: string;
  readonly buckets: string;
};

/** The newest; of points of the same time the greatest. */
const newest = (column: string): string => `argMaxIf(${column}, (TimeUnix, ${column}), ${isValue})`;

const ofNumbers = (temporality: string): Aggregates => ({
  temporality,
  bounds: 'emptyArrayFloat64()',
  min: `minIf(Value, ${isValue})`,
  max: `maxIf(Value, ${isValue})`,
  sum: `sumIf(Value, ${isValue})`,
  last: newest('Value'),
  values: 'toUInt64(0)',
  buckets: 'emptyArrayUInt64()',
});

const isDelta = 'AggregationTemporality = 1';

const aggregates: Readonly<Record<string, Aggregates>> = {
  [gauge.name]: ofNumbers('toInt32(0)'),
  [sum.name]: ofNumbers('AggregationTemporality'),
  [histogram.name]: {
    temporality: 'AggregationTemporality',
    bounds: 'ExplicitBounds',
    min: `minIf(Min, HasMin AND ${isValue})`,
    max: `maxIf(Max, HasMax AND ${isValue})`,
    sum: `if(${isDelta}, sumIf(Sum, ${isValue}), ${newest('Sum')})`,
    last: newest('Sum'),
    values: `if(${isDelta}, sumIf(Count, ${isValue}), ${newest('Count')})`,
    buckets: `if(${isDelta}, sumForEachIf(BucketCounts, ${isValue}), ${newest('BucketCounts')})`,
  },
};

function fillPoints(
  target: string,
  database: string,
  raw: RawPart,
  slice: Slice,
  grainSeconds: number,
): string {
  const of = aggregates[raw.table] ?? ofNumbers('toInt32(0)');
  return `INSERT INTO ${target} (Time, \`Table\`, Tenant, MetricName, ServiceName, Series,
      AggregationTemporality, Rows, Count, Min, Max, Sum, Last, LastSeen, \`Values\`,
      ExplicitBounds, BucketCounts)
    SELECT ${unitOf(raw.time, grainSeconds)} AS unit, ${quoteText(raw.table)}, Tenant, MetricName,
      ServiceName, ${seriesOf(raw.table)} AS id, ${of.temporality} AS temporality, count(),
      countIf(${isValue}), ${of.min}, ${of.max}, ${of.sum}, ${of.last}, max(TimeUnix),
      ${of.values}, ${of.bounds} AS bounds, ${of.buckets}
    FROM ${nameOf(database)}.${nameOf(raw.table)} WHERE ${inSlice(raw.time, slice)}
    GROUP BY unit, Tenant, MetricName, ServiceName, id, temporality, bounds ${rebuildSettings}`;
}
