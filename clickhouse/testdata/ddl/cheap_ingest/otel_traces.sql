CREATE TABLE otel.otel_traces
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
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(Timestamp, 'UTC')
PRIMARY KEY (ServiceName, SpanName, toDateTime(Timestamp))
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp)
TTL toDateTime(Timestamp) + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, max_bytes_to_merge_at_max_space_in_pool = 4294967296, non_replicated_deduplication_window = 10000
COMMENT 'Spans'
