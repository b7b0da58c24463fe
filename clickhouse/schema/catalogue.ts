/** What there is: attribute keys and their values, and the series of metrics, by quarter hour. */
import type { TableDef } from './types.ts';

const zstd = 'ZSTD(1)';
const attributes = 'Map(LowCardinality(String), String)';

/** Length of a unit of the catalogues in seconds. */
export const catalogueSeconds = 900;

/** What bounds the catalogue of attributes, each a unit, table, tenant and kind. */
export const attributeLimits = {
  /** Keys; of more, those that fewest rows have are left out. */
  keys: 1000,
  /** Values of a key that are kept; a key with more has none. */
  values: 100,
  /** Bytes of a value; a key with a longer one has none. */
  valueBytes: 256,
  /** From so many values on, a key with more than one value to two rows is an id and has none. */
  idValues: 20,
  /** Values of a key of {@link namingKeys}. */
  names: 5000,
} as const;

/** Keys whose values are always kept: what telemetry comes from. */
export const namingKeys = [
  'service.name',
  'service.namespace',
  'deployment.environment.name',
  'host.name',
  'k8s.cluster.name',
  'k8s.namespace.name',
  'k8s.node.name',
] as const;

/** The key under which the name of the scope stands among the attributes of the scope. */
export const scopeNameKey = 'otel.scope.name';

// biome-ignore format: a table reads as a table, one column a line
const common = [
  { name: 'Time', type: 'DateTime', codec: 'Delta(4), ZSTD(1)', source: 'time of the row, cut to the quarter hour', comment: 'Start of the quarter hour', origin: 'ours' },
  { name: 'Table', type: 'LowCardinality(String)', codec: zstd, source: 'the raw table', comment: 'Where the rows are: otel_traces, otel_logs, …', origin: 'ours' },
  { name: 'Tenant', type: 'LowCardinality(String)', codec: zstd, source: 'Tenant', comment: 'Empty without tenants', origin: 'ours' },
] as const;

// biome-ignore format: a table reads as a table, one column a line
const attributeColumns = [
  ...common,
  { name: 'Kind', type: 'LowCardinality(String)', codec: zstd, source: 'which attributes', comment: 'resource, scope or attribute; empty in the row that counts all rows', origin: 'ours' },
  { name: 'Key', type: 'LowCardinality(String)', codec: zstd, source: 'key of the attribute', comment: 'The name of the scope is otel.scope.name', origin: 'ours' },
  { name: 'Value', type: 'String', codec: zstd, source: 'value of the attribute', comment: 'Empty in the row of the key as a whole', origin: 'ours' },
  { name: 'Rows', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'stored rows', comment: 'Rows with the key, or the value', origin: 'ours' },
  { name: 'Values', type: 'UInt8', codec: zstd, source: 'distinct values', comment: 'Values of the key; 101: too many, too long or ids, and not kept. 0 in the row of a value', origin: 'ours' },
  { name: 'LastSeen', type: 'DateTime64(9)', codec: zstd, source: 'max of the time', comment: 'Time of the newest such row', origin: 'ours' },
] as const;

const shape = {
  engine: 'MergeTree',
  partitionBy: "toStartOfHour(Time, 'UTC')",
  ttlFrom: 'Time',
  retention: 'metrics',
  indexes: [],
  inDoubt: 'idempotent',
} as const;

/** Attribute keys and values of each raw table (`clickhouse/attributes.ts`). */
export const attributeCatalogue: TableDef<(typeof attributeColumns)[number]['name']> = {
  ...shape,
  name: 'otel_attributes_15m',
  comment: 'Attribute keys and values by table and quarter hour',
  columns: attributeColumns,
  orderBy: '(`Table`, Kind, Key, Value, Time)',
};

// biome-ignore format: a table reads as a table, one column a line
const seriesColumns = [
  ...common,
  { name: 'MetricName', type: 'LowCardinality(String)', codec: zstd, source: 'MetricName', comment: 'Metric', origin: 'ours' },
  { name: 'MetricUnit', type: 'LowCardinality(String)', codec: zstd, source: 'MetricUnit', comment: 'UCUM unit', origin: 'ours' },
  { name: 'MetricDescription', type: 'LowCardinality(String)', codec: zstd, source: 'max of MetricDescription', comment: 'What it measures', origin: 'ours' },
  { name: 'AggregationTemporality', type: 'Int32', codec: zstd, source: 'AggregationTemporality', comment: '1 delta, 2 cumulative; 0 for gauges and summaries', origin: 'ours' },
  { name: 'IsMonotonic', type: 'Bool', codec: zstd, source: 'IsMonotonic', comment: 'Whether a sum never goes down', origin: 'ours' },
  { name: 'ServiceName', type: 'LowCardinality(String)', codec: zstd, source: 'ServiceName', comment: 'Service', origin: 'ours' },
  { name: 'ResourceAttributes', type: attributes, codec: zstd, source: 'ResourceAttributes', comment: 'As in the points', origin: 'ours' },
  { name: 'ScopeName', type: 'LowCardinality(String)', codec: zstd, source: 'ScopeName', comment: 'Meter', origin: 'ours' },
  { name: 'Attributes', type: attributes, codec: zstd, source: 'Attributes', comment: 'As in the points', origin: 'ours' },
  { name: 'Series', type: 'UInt64', codec: zstd, source: 'hash of table, tenant, metric, unit, kind, service, resource, scope and attributes', comment: 'The same in every unit and rollup', origin: 'ours' },
  { name: 'Rows', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'stored rows', comment: 'Points', origin: 'ours' },
  { name: 'FirstSeen', type: 'DateTime64(9)', codec: zstd, source: 'min of TimeUnix', comment: 'First point of the quarter hour', origin: 'ours' },
  { name: 'LastSeen', type: 'DateTime64(9)', codec: zstd, source: 'max of TimeUnix', comment: 'Last point of the quarter hour', origin: 'ours' },
] as const;

/** The series of metrics, each with its labels (`clickhouse/series.ts`). */
export const seriesCatalogue: TableDef<(typeof seriesColumns)[number]['name']> = {
  ...shape,
  // As long as the rows that name a series by its hash (`otel_metrics_1h`).
  retention: 'hours',
  name: 'otel_series_15m',
  comment: 'Series of metrics by quarter hour',
  columns: seriesColumns,
  orderBy: '(MetricName, ServiceName, Series, Time)',
};
