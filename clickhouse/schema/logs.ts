import type { TableDef } from './types.ts';

const zstd = 'ZSTD(1)';
/** Values that repeat from row to row: as small as with ZSTD, for less CPU. */
const repeated = 'LZ4';
const attributes = 'Map(LowCardinality(String), String)';

// biome-ignore format: a table reads as a table, one column a line
const logColumns = [
  { name: 'Timestamp', type: 'DateTime64(9)', codec: 'Delta(8), ZSTD(1)', source: 'LogRecord.time_unix_nano', comment: 'Observed time when zero, receive time when both are', origin: 'collector' },
  { name: 'TraceId', type: 'String', codec: zstd, source: 'LogRecord.trace_id', comment: '32 lower-case hex digits or empty', origin: 'collector' },
  { name: 'SpanId', type: 'String', codec: zstd, source: 'LogRecord.span_id', comment: '16 lower-case hex digits or empty', origin: 'collector' },
  { name: 'TraceFlags', type: 'UInt8', codec: zstd, source: 'LogRecord.flags & 0xff', comment: 'W3C trace flags', origin: 'collector' },
  { name: 'SeverityText', type: 'LowCardinality(String)', codec: zstd, source: 'LogRecord.severity_text', comment: 'As sent; from the number when empty', origin: 'collector' },
  { name: 'SeverityNumber', type: 'UInt8', codec: zstd, source: 'LogRecord.severity_number', comment: '0 is unspecified', origin: 'collector' },
  { name: 'ServiceName', type: 'LowCardinality(String)', codec: zstd, source: "Resource.attributes['service.name']", comment: 'Empty when the resource has none', origin: 'collector' },
  { name: 'Body', type: 'String', codec: zstd, source: 'LogRecord.body', comment: 'Text as sent; other kinds as JSON, bytes as base64', origin: 'collector' },
  { name: 'ResourceSchemaUrl', type: 'LowCardinality(String)', codec: zstd, source: 'ResourceLogs.schema_url', comment: 'Schema of the resource', origin: 'collector' },
  { name: 'ResourceAttributes', type: attributes, codec: repeated, source: 'Resource.attributes', comment: 'Values as text; arrays and maps as JSON', origin: 'collector' },
  { name: 'ScopeSchemaUrl', type: 'LowCardinality(String)', codec: zstd, source: 'ScopeLogs.schema_url', comment: 'Schema of the scope', origin: 'collector' },
  { name: 'ScopeName', type: 'String', codec: zstd, source: 'InstrumentationScope.name', comment: 'Logger', origin: 'collector' },
  { name: 'ScopeVersion', type: 'LowCardinality(String)', codec: zstd, source: 'InstrumentationScope.version', comment: 'Its version', origin: 'collector' },
  { name: 'ScopeAttributes', type: attributes, codec: repeated, source: 'InstrumentationScope.attributes', comment: 'Attributes of the scope', origin: 'collector' },
  { name: 'LogAttributes', type: attributes, codec: zstd, source: 'LogRecord.attributes', comment: 'Values as text; arrays and maps as JSON', origin: 'collector' },
  { name: 'EventName', type: 'String', codec: zstd, source: 'LogRecord.event_name', comment: 'Set when the record is an event', origin: 'collector' },
  { name: 'ObservedTimestamp', type: 'DateTime64(9)', codec: 'Delta(8), ZSTD(1)', source: 'LogRecord.observed_time_unix_nano', comment: 'When the collector saw it; 1970 when not sent', origin: 'ours' },
  { name: 'LogFlags', type: 'UInt32', codec: zstd, source: 'LogRecord.flags', comment: 'All 32 bits', origin: 'ours' },
  { name: 'BodyType', type: "Enum8('Empty' = 0, 'String' = 1, 'Bool' = 2, 'Int' = 3, 'Double' = 4, 'Array' = 5, 'Map' = 6, 'Bytes' = 7)", codec: zstd, source: 'AnyValue case of LogRecord.body', comment: 'Which kind of value Body was', origin: 'ours' },
  { name: 'DroppedAttributesCount', type: 'UInt32', codec: zstd, source: 'LogRecord.dropped_attributes_count', comment: 'Attributes the sender left out', origin: 'ours' },
  { name: 'SamplingWeight', type: 'Float64', fallback: '1', codec: zstd, source: 'sampling threshold in force', comment: 'How many records this row stands for; 1 without sampling', origin: 'ours' },
  { name: 'Tenant', type: 'LowCardinality(String)', codec: zstd, source: 'record header', comment: 'Empty without tenants', origin: 'ours' },
  { name: 'Seal', type: 'UInt64', codec: zstd, source: 'seal id, low half', comment: 'Which seal brought the row; settles inserts in doubt', origin: 'ours' },
] as const;

/** Log records, one row each; the layout of the Collector's exporter since 0.151. */
export const logs: TableDef<(typeof logColumns)[number]['name']> = {
  name: 'otel_logs',
  comment: 'Log records',
  columns: logColumns,
  engine: 'MergeTree',
  partitionBy: "toDate(Timestamp, 'UTC')",
  orderBy: '(toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)',
  ttlFrom: 'toDateTime(Timestamp)',
  retention: 'logs',
  indexes: [
    { name: 'idx_trace_id', expression: 'TraceId', type: 'bloom_filter(0.001)', granularity: 1 },
    {
      name: 'idx_log_attr_value',
      expression: 'mapValues(LogAttributes)',
      type: 'bloom_filter(0.01)',
      granularity: 1,
    },
    // On `lower(Body)` and not on its tokens: only so do `hasToken(lower(Body), …)` queries use it.
    {
      name: 'idx_body',
      expression: 'lower(Body)',
      type: 'tokenbf_v1(8192, 3, 0)',
      granularity: 1,
    },
  ],
  inDoubt: 'seal',
};
