CREATE TABLE IF NOT EXISTS otel.l7_calls_local UUID 'd4c85666-2456-836a-ba26-bb18166762f7' ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (Time, ServiceName, Method)
TTL toDateTime(Time) + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Requests and responses that were reported apart, one row a call';

CREATE TABLE IF NOT EXISTS otel.l7_calls ON CLUSTER '{cluster}'
(
    `Time` DateTime64(9) COMMENT 'When it began',
    `State` LowCardinality(String) COMMENT 'paired, request_only, response_only',
    `Duration` UInt64 COMMENT 'Nanoseconds; 0 unless paired',
    `Cluster` LowCardinality(String) COMMENT 'Cluster of the reporter',
    `ServiceName` LowCardinality(String) COMMENT 'Service that reported it',
    `Protocol` LowCardinality(String) COMMENT 'http, redis, dns, …',
    `Method` LowCardinality(String) COMMENT 'What was asked for',
    `Resource` String COMMENT 'What it was asked of',
    `Status` LowCardinality(String) COMMENT 'What was answered',
    `ErrorType` LowCardinality(String) COMMENT 'Set when it failed',
    `SourceAddress` String COMMENT 'Who asked',
    `SourcePort` UInt16 COMMENT 'Its port',
    `DestinationAddress` String COMMENT 'Who was asked',
    `DestinationPort` UInt16 COMMENT 'Its port',
    `RequestId` String COMMENT 'What both have in common; empty where a span is',
    `TraceId` String COMMENT '32 lower-case hex digits or empty',
    `SpanId` String COMMENT '16 lower-case hex digits or empty',
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants'
)
ENGINE = Distributed('{cluster}', 'otel', 'l7_calls_local', cityHash64(RequestId, SpanId))
COMMENT 'Requests and responses that were reported apart, one row a call';
