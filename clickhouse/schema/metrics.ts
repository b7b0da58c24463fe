import type { TableDef } from './types.ts';

const zstd = 'ZSTD(1)';
/** Values that repeat from row to row, as rows are sorted by series: half of what ZSTD leaves. */
const repeated = 'LZ4';
const attributes = 'Map(LowCardinality(String), String)';

// biome-ignore format: a table reads as a table, one column a line
const commonColumns = [
  { name: 'ResourceAttributes', type: attributes, codec: repeated, source: 'Resource.attributes', comment: 'Values as text; arrays and maps as JSON', origin: 'collector' },
  { name: 'ResourceSchemaUrl', type: 'LowCardinality(String)', codec: zstd, source: 'ResourceMetrics.schema_url', comment: 'Schema of the resource', origin: 'collector' },
  { name: 'ScopeName', type: 'LowCardinality(String)', codec: zstd, source: 'InstrumentationScope.name', comment: 'Meter', origin: 'collector' },
  { name: 'ScopeVersion', type: 'LowCardinality(String)', codec: zstd, source: 'InstrumentationScope.version', comment: 'Its version', origin: 'collector' },
  { name: 'ScopeAttributes', type: attributes, codec: repeated, source: 'InstrumentationScope.attributes', comment: 'Attributes of the scope', origin: 'collector' },
  { name: 'ScopeDroppedAttrCount', type: 'UInt32', codec: zstd, source: 'InstrumentationScope.dropped_attributes_count', comment: 'Scope attributes the sender left out', origin: 'collector' },
  { name: 'ScopeSchemaUrl', type: 'LowCardinality(String)', codec: zstd, source: 'ScopeMetrics.schema_url', comment: 'Schema of the scope', origin: 'collector' },
  { name: 'ServiceName', type: 'LowCardinality(String)', codec: zstd, source: "Resource.attributes['service.name']", comment: 'Empty when the resource has none', origin: 'collector' },
  { name: 'MetricName', type: 'LowCardinality(String)', codec: zstd, source: 'Metric.name', comment: 'Metric', origin: 'collector' },
  { name: 'MetricDescription', type: 'LowCardinality(String)', codec: zstd, source: 'Metric.description', comment: 'What it measures', origin: 'collector' },
  { name: 'MetricUnit', type: 'LowCardinality(String)', codec: zstd, source: 'Metric.unit', comment: 'UCUM unit', origin: 'collector' },
  { name: 'Attributes', type: attributes, codec: repeated, source: 'DataPoint.attributes', comment: 'Values as text; arrays and maps as JSON', origin: 'collector' },
  { name: 'StartTimeUnix', type: 'DateTime64(9)', codec: 'Delta(8), ZSTD(1)', source: 'DataPoint.start_time_unix_nano', comment: 'Start of the interval; 1970 when not sent', origin: 'collector' },
  { name: 'TimeUnix', type: 'DateTime64(9)', codec: 'Delta(8), ZSTD(1)', source: 'DataPoint.time_unix_nano', comment: 'Time of the point; receive time when zero', origin: 'collector' },
  { name: 'Flags', type: 'UInt32', codec: zstd, source: 'DataPoint.flags', comment: 'Bit 0: no recorded value', origin: 'collector' },
] as const;

// biome-ignore format: a table reads as a table, one column a line
const ourColumns = [
  { name: 'Tenant', type: 'LowCardinality(String)', codec: zstd, source: 'record header', comment: 'Empty without tenants', origin: 'ours' },
  { name: 'Seal', type: 'UInt64', codec: zstd, source: 'seal id, low half', comment: 'Which seal brought the row; settles inserts in doubt', origin: 'ours' },
] as const;

// biome-ignore format: a table reads as a table, one column a line
const exemplarColumns = [
  { name: 'Exemplars.FilteredAttributes', type: `Array(${attributes})`, codec: zstd, source: 'Exemplar.filtered_attributes', comment: 'Attributes the aggregation dropped', origin: 'collector' },
  { name: 'Exemplars.TimeUnix', type: 'Array(DateTime64(9))', codec: zstd, source: 'Exemplar.time_unix_nano', comment: 'Time of each exemplar', origin: 'collector' },
  { name: 'Exemplars.Value', type: 'Array(Float64)', codec: zstd, source: 'Exemplar.value', comment: 'Value; integers as the nearest double', origin: 'collector' },
  { name: 'Exemplars.SpanId', type: 'Array(String)', codec: zstd, source: 'Exemplar.span_id', comment: 'Span of each exemplar', origin: 'collector' },
  { name: 'Exemplars.TraceId', type: 'Array(String)', codec: zstd, source: 'Exemplar.trace_id', comment: 'Trace of each exemplar', origin: 'collector' },
] as const;

// biome-ignore format: a table reads as a table, one column a line
const temporality = { name: 'AggregationTemporality', type: 'Int32', codec: zstd, source: 'aggregation_temporality', comment: '1 delta, 2 cumulative', origin: 'collector' } as const;

// biome-ignore format: a table reads as a table, one column a line
const valueColumn = { name: 'Value', type: 'Float64', codec: zstd, source: 'NumberDataPoint.value', comment: 'Integers as the nearest double; see ValueInt', origin: 'collector' } as const;

// biome-ignore format: a table reads as a table, one column a line
const exactColumns = [
  { name: 'ValueInt', type: 'Int64', codec: 'T64, ZSTD(1)', source: 'NumberDataPoint.as_int', comment: 'The exact integer when ValueType is Int, else 0', origin: 'ours' },
  { name: 'ValueType', type: "Enum8('None' = 0, 'Double' = 1, 'Int' = 2)", codec: zstd, source: 'NumberDataPoint value case', comment: 'Which kind of number was sent', origin: 'ours' },
] as const;

type Common = (typeof commonColumns)[number]['name'] | (typeof ourColumns)[number]['name'];
type Exemplars = (typeof exemplarColumns)[number]['name'];
type Number = typeof valueColumn.name | (typeof exactColumns)[number]['name'];

const shape = {
  engine: 'MergeTree',
  partitionBy: "toDate(TimeUnix, 'UTC')",
  orderBy: '(ServiceName, MetricName, toStartOfHour(TimeUnix), cityHash64(Attributes), TimeUnix)',
  ttlFrom: 'toDateTime(TimeUnix)',
  retention: 'metrics',
  indexes: [
    {
      name: 'idx_attr_value',
      expression: 'mapValues(Attributes)',
      type: 'bloom_filter(0.01)',
      granularity: 1,
    },
  ],
  inDoubt: 'seal',
} as const;

/** Gauge points. */
export const gauge: TableDef<Common | Exemplars | Number> = {
  ...shape,
  name: 'otel_metrics_gauge',
  comment: 'Gauge data points',
  columns: [...commonColumns, valueColumn, ...exemplarColumns, ...exactColumns, ...ourColumns],
};

// biome-ignore format: a table reads as a table, one column a line
const monotonic = { name: 'IsMonotonic', type: 'Bool', codec: zstd, source: 'Sum.is_monotonic', comment: 'Whether the sum never goes down', origin: 'collector' } as const;

/** Sum points. */
export const sum: TableDef<
  Common | Exemplars | Number | typeof temporality.name | typeof monotonic.name
> = {
  ...shape,
  name: 'otel_metrics_sum',
  comment: 'Sum data points',
  columns: [
    ...commonColumns,
    valueColumn,
    ...exemplarColumns,
    temporality,
    monotonic,
    ...exactColumns,
    ...ourColumns,
  ],
};

// biome-ignore format: a table reads as a table, one column a line
const countColumns = [
  { name: 'Count', type: 'UInt64', codec: 'Delta(8), ZSTD(1)', source: 'count', comment: 'How many values', origin: 'collector' },
  { name: 'Sum', type: 'Float64', codec: zstd, source: 'sum', comment: 'Their sum; 0 when not sent', origin: 'collector' },
] as const;

// biome-ignore format: a table reads as a table, one column a line
const rangeColumns = [
  { name: 'Min', type: 'Float64', codec: zstd, source: 'min', comment: 'Least value; 0 when not sent', origin: 'collector' },
  { name: 'Max', type: 'Float64', codec: zstd, source: 'max', comment: 'Greatest value; 0 when not sent', origin: 'collector' },
] as const;

// biome-ignore format: a table reads as a table, one column a line
const presenceColumns = [
  { name: 'HasSum', type: 'Bool', codec: zstd, source: 'presence of sum', comment: 'Whether Sum was sent', origin: 'ours' },
  { name: 'HasMin', type: 'Bool', codec: zstd, source: 'presence of min', comment: 'Whether Min was sent', origin: 'ours' },
  { name: 'HasMax', type: 'Bool', codec: zstd, source: 'presence of max', comment: 'Whether Max was sent', origin: 'ours' },
] as const;

type Histogram =
  | (typeof countColumns)[number]['name']
  | (typeof rangeColumns)[number]['name']
  | (typeof presenceColumns)[number]['name']
  | typeof temporality.name;

// biome-ignore format: a table reads as a table, one column a line
const explicitColumns = [
  { name: 'BucketCounts', type: 'Array(UInt64)', codec: zstd, source: 'HistogramDataPoint.bucket_counts', comment: 'One more than the bounds', origin: 'collector' },
  { name: 'ExplicitBounds', type: 'Array(Float64)', codec: zstd, source: 'HistogramDataPoint.explicit_bounds', comment: 'Upper bounds, ascending', origin: 'collector' },
] as const;

// biome-ignore format: a table reads as a table, one column a line
const floatCounts = { name: 'FloatCounts', type: 'Array(Float64)', codec: zstd, source: 'float histogram of remote write', comment: 'Counts that are no integers, as sent: Count, ZeroCount where there is one, positive and negative buckets; else empty', origin: 'ours' } as const;

/** Histogram points with explicit bounds. */
export const histogram: TableDef<
  | Common
  | Exemplars
  | Histogram
  | (typeof explicitColumns)[number]['name']
  | typeof floatCounts.name
> = {
  ...shape,
  name: 'otel_metrics_histogram',
  comment: 'Histogram data points with explicit bounds',
  columns: [
    ...commonColumns,
    ...countColumns,
    ...explicitColumns,
    ...exemplarColumns,
    ...rangeColumns,
    temporality,
    ...presenceColumns,
    floatCounts,
    ...ourColumns,
  ],
};

// biome-ignore format: a table reads as a table, one column a line
const exponentialColumns = [
  { name: 'Scale', type: 'Int32', codec: zstd, source: 'scale', comment: 'Resolution: the base is 2^(2^-scale)', origin: 'collector' },
  { name: 'ZeroCount', type: 'UInt64', codec: zstd, source: 'zero_count', comment: 'Values within the zero threshold', origin: 'collector' },
  { name: 'PositiveOffset', type: 'Int32', codec: zstd, source: 'positive.offset', comment: 'Index of the first positive bucket', origin: 'collector' },
  { name: 'PositiveBucketCounts', type: 'Array(UInt64)', codec: zstd, source: 'positive.bucket_counts', comment: 'Counts of the positive buckets', origin: 'collector' },
  { name: 'NegativeOffset', type: 'Int32', codec: zstd, source: 'negative.offset', comment: 'Index of the first negative bucket', origin: 'collector' },
  { name: 'NegativeBucketCounts', type: 'Array(UInt64)', codec: zstd, source: 'negative.bucket_counts', comment: 'Counts of the negative buckets', origin: 'collector' },
] as const;

// biome-ignore format: a table reads as a table, one column a line
const zeroThreshold = { name: 'ZeroThreshold', type: 'Float64', codec: zstd, source: 'zero_threshold', comment: 'Width of the zero bucket', origin: 'ours' } as const;

/** Exponential histogram points. */
export const exponentialHistogram: TableDef<
  | Common
  | Exemplars
  | Histogram
  | (typeof exponentialColumns)[number]['name']
  | typeof zeroThreshold.name
  | typeof floatCounts.name
> = {
  ...shape,
  name: 'otel_metrics_exponential_histogram',
  comment: 'Exponential histogram data points',
  columns: [
    ...commonColumns,
    ...countColumns,
    ...exponentialColumns,
    ...exemplarColumns,
    ...rangeColumns,
    temporality,
    ...presenceColumns,
    zeroThreshold,
    floatCounts,
    ...ourColumns,
  ],
};

// biome-ignore format: a table reads as a table, one column a line
const quantileColumns = [
  { name: 'ValueAtQuantiles.Quantile', type: 'Array(Float64)', codec: zstd, source: 'ValueAtQuantile.quantile', comment: '0 to 1', origin: 'collector' },
  { name: 'ValueAtQuantiles.Value', type: 'Array(Float64)', codec: zstd, source: 'ValueAtQuantile.value', comment: 'Value at that quantile', origin: 'collector' },
] as const;

/** Summary points. */
export const summary: TableDef<
  Common | (typeof countColumns)[number]['name'] | (typeof quantileColumns)[number]['name']
> = {
  ...shape,
  name: 'otel_metrics_summary',
  comment: 'Summary data points',
  columns: [...commonColumns, ...countColumns, ...quantileColumns, ...ourColumns],
};
