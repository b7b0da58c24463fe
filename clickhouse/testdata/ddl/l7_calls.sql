CREATE TABLE otel.l7_calls
(
    `Time` DateTime64(9) COMMENT 'When it began' CODEC(Delta(8), ZSTD(1)),
    `State` LowCardinality(String) COMMENT 'paired, request_only, response_only' CODEC(ZSTD(1)),
    `Duration` UInt64 COMMENT 'Nanoseconds; 0 unless paired' CODEC(T64, ZSTD(1)),
    `Cluster` LowCardinality(String) COMMENT 'Cluster of the reporter' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Service that reported it' CODEC(ZSTD(1)),
    `Protocol` LowCardinality(String) COMMENT 'http, redis, dns, …' CODEC(ZSTD(1)),
    `Method` LowCardinality(String) COMMENT 'What was asked for' CODEC(ZSTD(1)),
    `Resource` String COMMENT 'What it was asked of' CODEC(ZSTD(1)),
    `Status` LowCardinality(String) COMMENT 'What was answered' CODEC(ZSTD(1)),
    `ErrorType` LowCardinality(String) COMMENT 'Set when it failed' CODEC(ZSTD(1)),
    `SourceAddress` String COMMENT 'Who asked' CODEC(ZSTD(1)),
    `SourcePort` UInt16 COMMENT 'Its port' CODEC(ZSTD(1)),
    `DestinationAddress` String COMMENT 'Who was asked' CODEC(ZSTD(1)),
    `DestinationPort` UInt16 COMMENT 'Its port' CODEC(ZSTD(1)),
    `RequestId` String COMMENT 'What both have in common; empty where a span is' CODEC(ZSTD(1)),
    `TraceId` String COMMENT '32 lower-case hex digits or empty' CODEC(ZSTD(1)),
    `SpanId` String COMMENT '16 lower-case hex digits or empty' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (Time, ServiceName, Method)
TTL toDateTime(Time) + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Requests and responses that were reported apart, one row a call'
