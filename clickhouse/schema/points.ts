/** Points of metrics by minute and hour: what long ranges are drawn from. */
import type { TableDef } from './types.ts';

const zstd = 'ZSTD(1)';

// biome-ignore format: a table reads as a table, one column a line
const columns = [
  { name: 'Time', type: 'DateTime', codec: 'Delta(4), ZSTD(1)', source: 'TimeUnix, cut to the grain', comment: 'Start of the interval', origin: 'ours' },
  { name: 'Table', type: 'LowCardinality(String)', codec: zstd, source: 'the raw table', comment: 'otel_metrics_gauge, otel_metrics_sum or otel_metrics_histogram', origin: 'ours' },
  { name: 'Tenant', type: 'LowCardinality(String)', codec: zstd, source: 'Tenant', comment: 'Empty without tenants', origin: 'ours' },
  { name: 'MetricName', type: 'LowCardinality(String)', codec: zstd, source: 'MetricName', comment: 'Metric', origin: 'ours' },
  { name: 'ServiceName', type: 'LowCardinality(String)', codec: zstd, source: 'ServiceName', comment: 'Service', origin: 'ours' },
  { name: 'Series', type: 'UInt64', codec: zstd, source: 'as in otel_series_15m', comment: 'Which series; its labels are in otel_series_15m', origin: 'ours' },
  { name: 'AggregationTemporality', type: 'Int32', codec: zstd, source: 'AggregationTemporality', comment: '1 delta, 2 cumulative; 0 for gauges', origin: 'ours' },
  { name: 'Rows', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'stored rows', comment: 'Points, also those without a recorded value', origin: 'ours' },
  { name: 'Count', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'Flags', comment: 'Points with a recorded value; all that follows is of these', origin: 'ours' },
  { name: 'Min', type: 'Float64', codec: zstd, source: 'min of Value; of Min where both were sent', comment: 'Least value; 0 where Ranged is 0', origin: 'ours' },
  { name: 'Max', type: 'Float64', codec: zstd, source: 'max of Value; of Max where both were sent', comment: 'Greatest value; 0 where Ranged is 0', origin: 'ours' },
  { name: 'Sum', type: 'Float64', codec: zstd, source: 'sum of Value, or of Sum', comment: 'Sum of the points; of cumulative histograms the last one', origin: 'ours' },
  { name: 'Last', type: 'Float64', codec: zstd, source: 'Value of the newest point', comment: 'Last value; of histograms the last Sum', origin: 'ours' },
  { name: 'LastSeen', type: 'DateTime64(9)', codec: 'Delta(8), ZSTD(1)', source: 'max of TimeUnix', comment: 'Time of the newest point; 1970 when none has a value', origin: 'ours' },
  { name: 'Values', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'Count of histograms', comment: 'How many values the buckets hold', origin: 'ours' },
  { name: 'ExplicitBounds', type: 'Array(Float64)', codec: zstd, source: 'ExplicitBounds', comment: 'Upper bounds; points with other bounds are another row', origin: 'ours' },
  { name: 'BucketCounts', type: 'Array(UInt64)', codec: zstd, source: 'BucketCounts', comment: 'Delta: added up; cumulative: the last ones. Merge them further in the same way', origin: 'ours' },
  { name: 'Ranged', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'HasMin and HasMax', comment: 'Points that Min and Max are of', origin: 'ours' },
  { name: 'First', type: 'Float64', codec: zstd, source: 'Value of the oldest point', comment: 'First value of a sum; of histograms the first Count', origin: 'ours' },
  { name: 'FirstSeen', type: 'DateTime64(9)', codec: 'Delta(8), ZSTD(1)', source: 'min of TimeUnix', comment: 'Time of the oldest point; 1970 when none has a value', origin: 'ours' },
  { name: 'FirstStart', type: 'DateTime64(9)', codec: 'Delta(8), ZSTD(1)', source: 'StartTimeUnix of the oldest point', comment: 'Since when it counted; later than the point before: it began again', origin: 'ours' },
  { name: 'Grown', type: 'Float64', codec: zstd, source: 'steps between the points', comment: 'Growth of a sum, or of the Count of histograms, from First on; delta: the sum. Join rows that follow each other as points', origin: 'ours' },
  { name: 'Elapsed', type: 'Float64', codec: zstd, source: 'times of the steps', comment: 'Seconds in which it grew so', origin: 'ours' },
] as const;

/** Points by minute, rebuilt from stored ones (`clickhouse/points.ts`). */
export const metricMinutes: TableDef<(typeof columns)[number]['name']> = {
  name: 'otel_metrics_1m',
  comment: 'Gauges, sums and histograms by series and minute',
  columns,
  engine: 'MergeTree',
  partitionBy: "toStartOfHour(Time, 'UTC')",
  orderBy: '(MetricName, ServiceName, Series, Time)',
  ttlFrom: 'Time',
  retention: 'rollups',
  indexes: [],
  inDoubt: 'idempotent',
};

/** The same by hour, of hours that are over. */
export const metricHours: TableDef<(typeof columns)[number]['name']> = {
  ...metricMinutes,
  name: 'otel_metrics_1h',
  comment: 'Gauges, sums and histograms by series and hour',
  partitionBy: "toDate(Time, 'UTC')",
  retention: 'hours',
};
