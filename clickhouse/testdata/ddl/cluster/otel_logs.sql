CREATE TABLE IF NOT EXISTS otel.otel_logs_local UUID 'd572dda7-46cb-85b9-98de-ed3f6d40784c' ON CLUSTER '{cluster}'
(
    `Timestamp` DateTime64(9) COMMENT 'Observed time when zero, receive time when both are' CODEC(Delta(8), ZSTD(1)),
    `TraceId` String COMMENT '32 lower-case hex digits or empty' CODEC(ZSTD(1)),
    `SpanId` String COMMENT '16 lower-case hex digits or empty' CODEC(ZSTD(1)),
    `TraceFlags` UInt8 COMMENT 'W3C trace flags' CODEC(ZSTD(1)),
    `SeverityText` LowCardinality(String) COMMENT 'As sent; from the number when empty' CODEC(ZSTD(1)),
    `SeverityNumber` UInt8 COMMENT '0 is unspecified' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Empty when the resource has none' CODEC(ZSTD(1)),
    `Body` String COMMENT 'Text as sent; other kinds as JSON, bytes as base64' CODEC(ZSTD(1)),
    `ResourceSchemaUrl` LowCardinality(String) COMMENT 'Schema of the resource' CODEC(ZSTD(1)),
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON' CODEC(LZ4),
    `ScopeSchemaUrl` LowCardinality(String) COMMENT 'Schema of the scope' CODEC(ZSTD(1)),
    `ScopeName` String COMMENT 'Logger' CODEC(ZSTD(1)),
    `ScopeVersion` LowCardinality(String) COMMENT 'Its version' CODEC(ZSTD(1)),
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope' CODEC(LZ4),
    `LogAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON' CODEC(ZSTD(1)),
    `EventName` String COMMENT 'Set when the record is an event' CODEC(ZSTD(1)),
    `ObservedTimestamp` DateTime64(9) COMMENT 'When the collector saw it; 1970 when not sent' CODEC(Delta(8), ZSTD(1)),
    `LogFlags` UInt32 COMMENT 'All 32 bits' CODEC(ZSTD(1)),
    `BodyType` Enum8('Empty' = 0, 'String' = 1, 'Bool' = 2, 'Int' = 3, 'Double' = 4, 'Array' = 5, 'Map' = 6, 'Bytes' = 7) COMMENT 'Which kind of value Body was' CODEC(ZSTD(1)),
    `DroppedAttributesCount` UInt32 COMMENT 'Attributes the sender left out' CODEC(ZSTD(1)),
    `SamplingWeight` Float64 DEFAULT 1 COMMENT 'How many records this row stands for; 1 without sampling' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt' CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_log_attr_value mapValues(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_body lower(Body) TYPE tokenbf_v1(8192, 3, 0) GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(Timestamp, 'UTC')
ORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)
TTL toDateTime(Timestamp) + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Log records';

CREATE TABLE IF NOT EXISTS otel.otel_logs ON CLUSTER '{cluster}'
(
    `Timestamp` DateTime64(9) COMMENT 'Observed time when zero, receive time when both are',
    `TraceId` String COMMENT '32 lower-case hex digits or empty',
    `SpanId` String COMMENT '16 lower-case hex digits or empty',
    `TraceFlags` UInt8 COMMENT 'W3C trace flags',
    `SeverityText` LowCardinality(String) COMMENT 'As sent; from the number when empty',
    `SeverityNumber` UInt8 COMMENT '0 is unspecified',
    `ServiceName` LowCardinality(String) COMMENT 'Empty when the resource has none',
    `Body` String COMMENT 'Text as sent; other kinds as JSON, bytes as base64',
    `ResourceSchemaUrl` LowCardinality(String) COMMENT 'Schema of the resource',
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON',
    `ScopeSchemaUrl` LowCardinality(String) COMMENT 'Schema of the scope',
    `ScopeName` String COMMENT 'Logger',
    `ScopeVersion` LowCardinality(String) COMMENT 'Its version',
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope',
    `LogAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON',
    `EventName` String COMMENT 'Set when the record is an event',
    `ObservedTimestamp` DateTime64(9) COMMENT 'When the collector saw it; 1970 when not sent',
    `LogFlags` UInt32 COMMENT 'All 32 bits',
    `BodyType` Enum8('Empty' = 0, 'String' = 1, 'Bool' = 2, 'Int' = 3, 'Double' = 4, 'Array' = 5, 'Map' = 6, 'Bytes' = 7) COMMENT 'Which kind of value Body was',
    `DroppedAttributesCount` UInt32 COMMENT 'Attributes the sender left out',
    `SamplingWeight` Float64 DEFAULT 1 COMMENT 'How many records this row stands for; 1 without sampling',
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants',
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt'
)
ENGINE = Distributed('{cluster}', 'otel', 'otel_logs_local', cityHash64(ResourceAttributes))
COMMENT 'Log records';
