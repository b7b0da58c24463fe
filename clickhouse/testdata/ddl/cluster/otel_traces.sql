CREATE TABLE IF NOT EXISTS otel.otel_traces_local UUID '83101edd-16a9-8413-adc8-8dd6710d3b10' ON CLUSTER '{cluster}'
(
    `Timestamp` DateTime64(9) COMMENT 'Start of the span; receive time when zero' CODEC(Delta(8), ZSTD(1)),
    `TraceId` String COMMENT '32 lower-case hex digits' CODEC(ZSTD(1)),
    `SpanId` String COMMENT '16 lower-case hex digits' CODEC(ZSTD(1)),
    `ParentSpanId` String COMMENT 'Empty for a root span' CODEC(ZSTD(1)),
    `TraceState` String COMMENT 'W3C trace state' CODEC(ZSTD(1)),
    `SpanName` LowCardinality(String) COMMENT 'Operation' CODEC(ZSTD(1)),
    `SpanKind` LowCardinality(String) COMMENT 'Unspecified, Internal, Server, Client, Producer or Consumer' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Empty when the resource has none' CODEC(ZSTD(1)),
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON' CODEC(LZ4),
    `ScopeName` String COMMENT 'Instrumentation library' CODEC(ZSTD(1)),
    `ScopeVersion` String COMMENT 'Its version' CODEC(ZSTD(1)),
    `SpanAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON' CODEC(ZSTD(1)),
    `Duration` UInt64 COMMENT 'Nanoseconds; 0 when the end lies before the start' CODEC(T64, ZSTD(1)),
    `StatusCode` LowCardinality(String) COMMENT 'Unset, Ok or Error' CODEC(ZSTD(1)),
    `StatusMessage` String COMMENT 'Reason of an error' CODEC(ZSTD(1)),
    `Events.Timestamp` Array(DateTime64(9)) COMMENT 'Time of each event' CODEC(ZSTD(1)),
    `Events.Name` Array(LowCardinality(String)) COMMENT 'Name of each event' CODEC(ZSTD(1)),
    `Events.Attributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of each event' CODEC(ZSTD(1)),
    `Links.TraceId` Array(String) COMMENT 'Trace each link points to' CODEC(ZSTD(1)),
    `Links.SpanId` Array(String) COMMENT 'Span each link points to' CODEC(ZSTD(1)),
    `Links.TraceState` Array(String) COMMENT 'Trace state of each link' CODEC(ZSTD(1)),
    `Links.Attributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of each link' CODEC(ZSTD(1)),
    `SpanFlags` UInt32 COMMENT 'W3C trace flags and the remote-parent bits' CODEC(ZSTD(1)),
    `ResourceSchemaUrl` LowCardinality(String) COMMENT 'Schema of the resource' CODEC(ZSTD(1)),
    `ScopeSchemaUrl` LowCardinality(String) COMMENT 'Schema of the scope' CODEC(ZSTD(1)),
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope' CODEC(LZ4),
    `DroppedAttributesCount` UInt32 COMMENT 'Attributes the sender left out' CODEC(ZSTD(1)),
    `DroppedEventsCount` UInt32 COMMENT 'Events the sender left out' CODEC(ZSTD(1)),
    `DroppedLinksCount` UInt32 COMMENT 'Links the sender left out' CODEC(ZSTD(1)),
    `EventsDroppedAttributesCount` Array(UInt32) COMMENT 'Attributes the sender left out of each event' CODEC(ZSTD(1)),
    `LinksDroppedAttributesCount` Array(UInt32) COMMENT 'Attributes the sender left out of each link' CODEC(ZSTD(1)),
    `LinksFlags` Array(UInt32) COMMENT 'W3C trace flags and the remote bits of each link' CODEC(ZSTD(1)),
    `SamplingWeight` Float64 DEFAULT 1 COMMENT 'How many spans this row stands for; 1 without sampling' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt' CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(Timestamp, 'UTC')
PRIMARY KEY (ServiceName, SpanName, toDateTime(Timestamp))
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp)
TTL toDateTime(Timestamp) + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Spans';

CREATE TABLE IF NOT EXISTS otel.otel_traces ON CLUSTER '{cluster}'
(
    `Timestamp` DateTime64(9) COMMENT 'Start of the span; receive time when zero',
    `TraceId` String COMMENT '32 lower-case hex digits',
    `SpanId` String COMMENT '16 lower-case hex digits',
    `ParentSpanId` String COMMENT 'Empty for a root span',
    `TraceState` String COMMENT 'W3C trace state',
    `SpanName` LowCardinality(String) COMMENT 'Operation',
    `SpanKind` LowCardinality(String) COMMENT 'Unspecified, Internal, Server, Client, Producer or Consumer',
    `ServiceName` LowCardinality(String) COMMENT 'Empty when the resource has none',
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON',
    `ScopeName` String COMMENT 'Instrumentation library',
    `ScopeVersion` String COMMENT 'Its version',
    `SpanAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON',
    `Duration` UInt64 COMMENT 'Nanoseconds; 0 when the end lies before the start',
    `StatusCode` LowCardinality(String) COMMENT 'Unset, Ok or Error',
    `StatusMessage` String COMMENT 'Reason of an error',
    `Events.Timestamp` Array(DateTime64(9)) COMMENT 'Time of each event',
    `Events.Name` Array(LowCardinality(String)) COMMENT 'Name of each event',
    `Events.Attributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of each event',
    `Links.TraceId` Array(String) COMMENT 'Trace each link points to',
    `Links.SpanId` Array(String) COMMENT 'Span each link points to',
    `Links.TraceState` Array(String) COMMENT 'Trace state of each link',
    `Links.Attributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of each link',
    `SpanFlags` UInt32 COMMENT 'W3C trace flags and the remote-parent bits',
    `ResourceSchemaUrl` LowCardinality(String) COMMENT 'Schema of the resource',
    `ScopeSchemaUrl` LowCardinality(String) COMMENT 'Schema of the scope',
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope',
    `DroppedAttributesCount` UInt32 COMMENT 'Attributes the sender left out',
    `DroppedEventsCount` UInt32 COMMENT 'Events the sender left out',
    `DroppedLinksCount` UInt32 COMMENT 'Links the sender left out',
    `EventsDroppedAttributesCount` Array(UInt32) COMMENT 'Attributes the sender left out of each event',
    `LinksDroppedAttributesCount` Array(UInt32) COMMENT 'Attributes the sender left out of each link',
    `LinksFlags` Array(UInt32) COMMENT 'W3C trace flags and the remote bits of each link',
    `SamplingWeight` Float64 DEFAULT 1 COMMENT 'How many spans this row stands for; 1 without sampling',
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants',
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt'
)
ENGINE = Distributed('{cluster}', 'otel', 'otel_traces_local', reinterpretAsUInt64(reverse(unhex(right(TraceId, 8)))))
COMMENT 'Spans';
