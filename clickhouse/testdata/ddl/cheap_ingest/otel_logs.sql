CREATE TABLE otel.otel_logs
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
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(Timestamp, 'UTC')
ORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)
TTL toDateTime(Timestamp) + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, max_bytes_to_merge_at_max_space_in_pool = 4294967296, non_replicated_deduplication_window = 10000
COMMENT 'Log records'
