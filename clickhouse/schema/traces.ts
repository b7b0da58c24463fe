import type { TableDef } from './types.ts';

const zstd = 'ZSTD(1)';
/** Values that repeat from row to row: smaller than with ZSTD, and a third less CPU in merges. */
const repeated = 'LZ4';
const attributes = 'Map(LowCardinality(String), String)';

// biome-ignore format: a table reads as a table, one column a line
const traceColumns = [
  { name: 'Timestamp', type: 'DateTime64(9)', codec: 'Delta(8), ZSTD(1)', source: 'Span.start_time_unix_nano', comment: 'Start of the span; receive time when zero', origin: 'collector' },
  { name: 'TraceId', type: 'String', codec: zstd, source: 'Span.trace_id', comment: '32 lower-case hex digits', origin: 'collector' },
  { name: 'SpanId', type: 'String', codec: zstd, source: 'Span.span_id', comment: '16 lower-case hex digits', origin: 'collector' },
  { name: 'ParentSpanId', type: 'String', codec: zstd, source: 'Span.parent_span_id', comment: 'Empty for a root span', origin: 'collector' },
  { name: 'TraceState', type: 'String', codec: zstd, source: 'Span.trace_state', comment: 'W3C trace state', origin: 'collector' },
  { name: 'SpanName', type: 'LowCardinality(String)', codec: zstd, source: 'Span.name', comment: 'Operation', origin: 'collector' },
  { name: 'SpanKind', type: 'LowCardinality(String)', codec: zstd, source: 'Span.kind', comment: 'Unspecified, Internal, Server, Client, Producer or Consumer', origin: 'collector' },
  { name: 'ServiceName', type: 'LowCardinality(String)', codec: zstd, source: "Resource.attributes['service.name']", comment: 'Empty when the resource has none', origin: 'collector' },
  { name: 'ResourceAttributes', type: attributes, codec: repeated, source: 'Resource.attributes', comment: 'Values as text; arrays and maps as JSON', origin: 'collector' },
  { name: 'ScopeName', type: 'String', codec: zstd, source: 'InstrumentationScope.name', comment: 'Instrumentation library', origin: 'collector' },
  { name: 'ScopeVersion', type: 'String', codec: zstd, source: 'InstrumentationScope.version', comment: 'Its version', origin: 'collector' },
  { name: 'SpanAttributes', type: attributes, codec: zstd, source: 'Span.attributes', comment: 'Values as text; arrays and maps as JSON', origin: 'collector' },
  { name: 'Duration', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'Span.end_time_unix_nano - start', comment: 'Nanoseconds; 0 when the end lies before the start', origin: 'collector' },
  { name: 'StatusCode', type: 'LowCardinality(String)', codec: zstd, source: 'Status.code', comment: 'Unset, Ok or Error', origin: 'collector' },
  { name: 'StatusMessage', type: 'String', codec: zstd, source: 'Status.message', comment: 'Reason of an error', origin: 'collector' },
  { name: 'Events.Timestamp', type: 'Array(DateTime64(9))', codec: zstd, source: 'Event.time_unix_nano', comment: 'Time of each event', origin: 'collector' },
  { name: 'Events.Name', type: 'Array(LowCardinality(String))', codec: zstd, source: 'Event.name', comment: 'Name of each event', origin: 'collector' },
  { name: 'Events.Attributes', type: `Array(${attributes})`, codec: zstd, source: 'Event.attributes', comment: 'Attributes of each event', origin: 'collector' },
  { name: 'Links.TraceId', type: 'Array(String)', codec: zstd, source: 'Link.trace_id', comment: 'Trace each link points to', origin: 'collector' },
  { name: 'Links.SpanId', type: 'Array(String)', codec: zstd, source: 'Link.span_id', comment: 'Span each link points to', origin: 'collector' },
  { name: 'Links.TraceState', type: 'Array(String)', codec: zstd, source: 'Link.trace_state', comment: 'Trace state of each link', origin: 'collector' },
  { name: 'Links.Attributes', type: `Array(${attributes})`, codec: zstd, source: 'Link.attributes', comment: 'Attributes of each link', origin: 'collector' },
  { name: 'SpanFlags', type: 'UInt32', codec: zstd, source: 'Span.flags', comment: 'W3C trace flags and the remote-parent bits', origin: 'ours' },
  { name: 'ResourceSchemaUrl', type: 'LowCardinality(String)', codec: zstd, source: 'ResourceSpans.schema_url', comment: 'Schema of the resource', origin: 'ours' },
  { name: 'ScopeSchemaUrl', type: 'LowCardinality(String)', codec: zstd, source: 'ScopeSpans.schema_url', comment: 'Schema of the scope', origin: 'ours' },
  { name: 'ScopeAttributes', type: attributes, codec: repeated, source: 'InstrumentationScope.attributes', comment: 'Attributes of the scope', origin: 'ours' },
  { name: 'DroppedAttributesCount', type: 'UInt32', codec: zstd, source: 'Span.dropped_attributes_count', comment: 'Attributes the sender left out', origin: 'ours' },
  { name: 'DroppedEventsCount', type: 'UInt32', codec: zstd, source: 'Span.dropped_events_count', comment: 'Events the sender left out', origin: 'ours' },
  { name: 'DroppedLinksCount', type: 'UInt32', codec: zstd, source: 'Span.dropped_links_count', comment: 'Links the sender left out', origin: 'ours' },
  { name: 'EventsDroppedAttributesCount', alongside: 'Events', type: 'Array(UInt32)', codec: zstd, source: 'Event.dropped_attributes_count', comment: 'Attributes the sender left out of each event', origin: 'ours' },
  { name: 'LinksDroppedAttributesCount', alongside: 'Links', type: 'Array(UInt32)', codec: zstd, source: 'Link.dropped_attributes_count', comment: 'Attributes the sender left out of each link', origin: 'ours' },
  { name: 'LinksFlags', alongside: 'Links', type: 'Array(UInt32)', codec: zstd, source: 'Link.flags', comment: 'W3C trace flags and the remote bits of each link', origin: 'ours' },
  { name: 'SamplingWeight', type: 'Float64', fallback: '1', codec: zstd, source: 'sampling threshold in force, or `th` of Span.trace_state where that is higher', comment: 'How many spans this row stands for; 1 without sampling', origin: 'ours' },
  { name: 'Tenant', type: 'LowCardinality(String)', codec: zstd, source: 'record header', comment: 'Empty without tenants', origin: 'ours' },
  { name: 'Seal', type: 'UInt64', codec: zstd, source: 'seal id, low half', comment: 'Which seal brought the row; settles inserts in doubt', origin: 'ours' },
] as const;

/** Spans, one row each; the Collector exporter's layout with our columns at the end. */
export const traces: TableDef<(typeof traceColumns)[number]['name']> = {
  name: 'otel_traces',
  comment: 'Spans',
  columns: traceColumns,
  engine: 'MergeTree',
  partitionBy: "toDate(Timestamp, 'UTC')",
  primaryKey: '(ServiceName, SpanName, toDateTime(Timestamp))',
  orderBy: '(ServiceName, SpanName, toDateTime(Timestamp), Timestamp)',
  ttlFrom: 'toDateTime(Timestamp)',
  retention: 'traces',
  indexes: [
    { name: 'idx_trace_id', expression: 'TraceId', type: 'bloom_filter(0.001)', granularity: 1 },
    {
      name: 'idx_span_attr_value',
      expression: 'mapValues(SpanAttributes)',
      type: 'bloom_filter(0.01)',
      granularity: 1,
    },
  ],
  inDoubt: 'seal',
};

// biome-ignore format: a table reads as a table, one column a line
const rangeColumns = [
  { name: 'TraceId', type: 'String', codec: zstd, source: 'Span.trace_id', comment: '32 lower-case hex digits', origin: 'collector' },
  { name: 'Start', type: 'SimpleAggregateFunction(min, DateTime)', codec: 'Delta(4), ZSTD(1)', source: 'min(Span.start)', comment: 'First second of the trace', origin: 'collector' },
  { name: 'End', type: 'SimpleAggregateFunction(max, DateTime)', codec: 'Delta(4), ZSTD(1)', source: 'max(Span.start)', comment: 'Last second in which a span of the trace began', origin: 'collector' },
] as const;

/** When each trace happened, so that a look-up by id reads a minute and not a week. */
export const traceRanges: TableDef<(typeof rangeColumns)[number]['name']> = {
  name: 'otel_traces_trace_id_ts',
  comment: 'First and last second of each trace',
  columns: rangeColumns,
  engine: 'AggregatingMergeTree',
  partitionBy: "toStartOfWeek(Start, 0, 'UTC')",
  orderBy: 'TraceId',
  ttlFrom: 'Start',
  retention: 'traces',
  indexes: [],
  inDoubt: 'idempotent',
};
