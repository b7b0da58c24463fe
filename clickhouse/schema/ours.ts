import type { TableDef } from './types.ts';

const zstd = 'ZSTD(1)';

/**
 * A latency bucket is `floor(log2(nanoseconds) * 8)`: bounds grow by 2^(1/8), so a percentile read
 * from a bucket's geometric middle is within 4.4 % of the true one. Duration 0 is bucket 0.
 */
export const latencyBucketsPerDoubling = 8;

// biome-ignore format: a table reads as a table, one column a line
const redColumns = [
  { name: 'Time', type: 'DateTime', codec: 'Delta(4), ZSTD(1)', source: 'start of the span, cut to the grain', comment: 'Start of the interval', origin: 'ours' },
  { name: 'ServiceName', type: 'LowCardinality(String)', codec: zstd, source: "Resource.attributes['service.name']", comment: 'Service', origin: 'ours' },
  { name: 'SpanName', type: 'LowCardinality(String)', codec: zstd, source: 'Span.name', comment: 'Operation', origin: 'ours' },
  { name: 'SpanKind', type: 'LowCardinality(String)', codec: zstd, source: 'Span.kind', comment: 'As in otel_traces', origin: 'ours' },
  { name: 'StatusCode', type: 'LowCardinality(String)', codec: zstd, source: 'Status.code', comment: 'As in otel_traces', origin: 'ours' },
  { name: 'Count', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'counted before sampling', comment: 'Spans', origin: 'ours' },
  { name: 'DurationSum', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'sum of Duration', comment: 'Nanoseconds', origin: 'ours' },
  { name: 'DurationMin', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'min of Duration', comment: 'Nanoseconds', origin: 'ours' },
  { name: 'DurationMax', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'max of Duration', comment: 'Nanoseconds', origin: 'ours' },
  { name: 'Buckets.Index', type: 'Array(UInt16)', codec: zstd, source: 'floor(log2(Duration) * 8)', comment: 'Latency buckets that have spans, ascending', origin: 'ours' },
  { name: 'Buckets.Count', type: 'Array(UInt64)', codec: zstd, source: 'spans in the bucket', comment: 'Spans of each bucket', origin: 'ours' },
  { name: 'Tenant', type: 'LowCardinality(String)', codec: zstd, source: 'record header', comment: 'Empty without tenants', origin: 'ours' },
  { name: 'Instrumentation', type: 'LowCardinality(String)', codec: zstd, source: "Resource.attributes['telemetry.distro.name'], ['telemetry.sdk.name']", comment: 'ebpf: seen from outside the program, so perhaps a second time. Else empty', origin: 'ours' },
] as const;

// biome-ignore format: a table reads as a table, one column a line
const seal = { name: 'Seal', type: 'UInt64', codec: zstd, source: 'seal id, low half', comment: 'Which seal brought the row; settles inserts in doubt', origin: 'ours' } as const;

type Red = (typeof redColumns)[number]['name'];

/** Rate, errors and duration by second, counted in the gateway before any sampling. */
export const redSecond: TableDef<Red | typeof seal.name> = {
  name: 'otel_red_1s',
  comment: 'Rate, errors and duration of spans by second',
  columns: [...redColumns, seal],
  engine: 'MergeTree',
  partitionBy: "toDate(Time, 'UTC')",
  orderBy: '(ServiceName, SpanName, SpanKind, Time)',
  ttlFrom: 'Time',
  retention: 'traces',
  indexes: [],
  inDoubt: 'seal',
};

/** The same by minute, rebuilt from the seconds a day at a time (`REPLACE PARTITION`). */
export const redMinute: TableDef<Red> = {
  name: 'otel_red_1m',
  comment: 'Rate, errors and duration of spans by minute',
  columns: redColumns,
  engine: 'MergeTree',
  partitionBy: "toDate(Time, 'UTC')",
  orderBy: '(ServiceName, SpanName, SpanKind, Time)',
  ttlFrom: 'Time',
  retention: 'rollups',
  indexes: [],
  inDoubt: 'idempotent',
};

/** The same by hour, rebuilt from the minutes of hours that are over. */
export const redHour: TableDef<Red> = {
  ...redMinute,
  name: 'otel_red_1h',
  comment: 'Rate, errors and duration of spans by hour',
  retention: 'hours',
};

/** The same by day (UTC), rebuilt from the hours of days that are over, a month at a time. */
export const redDay: TableDef<Red> = {
  ...redMinute,
  name: 'otel_red_1d',
  comment: 'Rate, errors and duration of spans by day',
  partitionBy: "toStartOfMonth(Time, 'UTC')",
  retention: 'history',
};

// biome-ignore format: a table reads as a table, one column a line
const receiptColumns = [
  { name: 'Time', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)', source: 'clock when acknowledged', comment: 'When ClickHouse took the unit', origin: 'ours' },
  { name: 'Gateway', type: 'LowCardinality(String)', codec: zstd, source: 'gateway id', comment: 'Which gateway', origin: 'ours' },
  { name: 'Lane', type: 'LowCardinality(String)', codec: zstd, source: 'lane id', comment: '32 hex digits', origin: 'ours' },
  { name: 'SealId', type: 'String', codec: zstd, source: 'seal id', comment: '32 hex digits', origin: 'ours' },
  { name: 'Seal', type: 'UInt64', codec: zstd, source: 'seal id, low half', comment: 'As in the rows', origin: 'ours' },
  { name: 'Table', type: 'LowCardinality(String)', codec: zstd, source: 'unit', comment: 'Table of the unit', origin: 'ours' },
  { name: 'Partition', type: 'LowCardinality(String)', codec: zstd, source: 'unit', comment: 'Partition of the unit', origin: 'ours' },
  { name: 'Rows', type: 'UInt64', codec: zstd, source: 'unit', comment: 'Rows of the unit', origin: 'ours' },
  { name: 'Bytes', type: 'UInt64', codec: zstd, source: 'unit', comment: 'Bytes of its Native block', origin: 'ours' },
  { name: 'FirstPosition', type: 'UInt64', codec: zstd, source: 'seal', comment: 'First log position the seal covers', origin: 'ours' },
  { name: 'LastPosition', type: 'UInt64', codec: zstd, source: 'seal', comment: 'Position after the last record the seal covers', origin: 'ours' },
  { name: 'FirstEvent', type: 'DateTime64(9)', codec: zstd, source: 'unit', comment: 'Earliest time in the unit', origin: 'ours' },
  { name: 'LastEvent', type: 'DateTime64(9)', codec: zstd, source: 'unit', comment: 'Latest time in the unit', origin: 'ours' },
  { name: 'Received', type: 'UInt64', codec: zstd, source: 'counted request by request', comment: 'Items of its signal in the requests that the seal covers; 0 for tables that hold no items, and not known', origin: 'ours' },
  { name: 'LeftOut', type: 'UInt64', codec: zstd, source: 'counted request by request', comment: 'Of these, the ones without a row because sampling left them out', origin: 'ours' },
  { name: 'ReceivedByTenant', type: 'Map(LowCardinality(String), UInt64)', codec: zstd, source: 'counted request by request', comment: 'Received, of each tenant; empty without tenants', origin: 'ours' },
  { name: 'LeftOutByTenant', type: 'Map(LowCardinality(String), UInt64)', codec: zstd, source: 'counted request by request', comment: 'LeftOut, of each tenant', origin: 'ours' },
] as const;

/** One row a unit that ClickHouse acknowledged: the proof of what was stored. */
export const receipts: TableDef<(typeof receiptColumns)[number]['name']> = {
  name: 'obsctl_receipts',
  comment: 'One row a unit of a seal that ClickHouse acknowledged',
  columns: receiptColumns,
  engine: 'MergeTree',
  partitionBy: "toDate(Time, 'UTC')",
  orderBy: '(`Table`, Time)',
  ttlFrom: 'toDateTime(Time)',
  retention: 'receipts',
  indexes: [],
  inDoubt: 'seal',
};

// biome-ignore format: a table reads as a table, one column a line
const migrationColumns = [
  { name: 'Version', type: 'UInt64', source: 'migrate', comment: 'Schema version', origin: 'ours' },
  { name: 'AppliedAt', type: 'DateTime64(3)', source: 'migrate', comment: 'When', origin: 'ours' },
  { name: 'Obsctl', type: 'String', source: 'package version', comment: 'By which obsctl', origin: 'ours' },
  { name: 'Statement', type: 'String', codec: zstd, source: 'migrate', comment: 'What was run', origin: 'ours' },
] as const;

/** Which statements `obsctl migrate` ran. */
export const migrations: TableDef<(typeof migrationColumns)[number]['name']> = {
  name: 'obsctl_migrations',
  comment: 'Statements that obsctl migrate ran',
  columns: migrationColumns,
  engine: 'MergeTree',
  partitionBy: "toYear(AppliedAt, 'UTC')",
  orderBy: '(Version, AppliedAt)',
  ttlFrom: 'toDateTime(AppliedAt)',
  retention: 'history',
  indexes: [],
  inDoubt: 'idempotent',
};
