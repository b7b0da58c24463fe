CREATE TABLE IF NOT EXISTS otel.otel_red_1h_local UUID 'c16afa6d-468d-8a53-8c9e-2a33829fa9ad' ON CLUSTER '{cluster}'
(
    `Time` DateTime COMMENT 'Start of the interval' CODEC(Delta(4), ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Service' CODEC(ZSTD(1)),
    `SpanName` LowCardinality(String) COMMENT 'Operation' CODEC(ZSTD(1)),
    `SpanKind` LowCardinality(String) COMMENT 'As in otel_traces' CODEC(ZSTD(1)),
    `StatusCode` LowCardinality(String) COMMENT 'As in otel_traces' CODEC(ZSTD(1)),
    `Count` UInt64 COMMENT 'Spans' CODEC(T64, ZSTD(1)),
    `DurationSum` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `DurationMin` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `DurationMax` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `Buckets.Index` Array(UInt16) COMMENT 'Latency buckets that have spans, ascending' CODEC(ZSTD(1)),
    `Buckets.Count` Array(UInt64) COMMENT 'Spans of each bucket' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Instrumentation` LowCardinality(String) COMMENT 'ebpf: seen from outside the program, so perhaps a second time. Else empty' CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(Time, 'UTC')
ORDER BY (ServiceName, SpanName, SpanKind, Time)
TTL Time + toIntervalDay(400)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Rate, errors and duration of spans by hour';

CREATE TABLE IF NOT EXISTS otel.otel_red_1h ON CLUSTER '{cluster}'
(
    `Time` DateTime COMMENT 'Start of the interval',
    `ServiceName` LowCardinality(String) COMMENT 'Service',
    `SpanName` LowCardinality(String) COMMENT 'Operation',
    `SpanKind` LowCardinality(String) COMMENT 'As in otel_traces',
    `StatusCode` LowCardinality(String) COMMENT 'As in otel_traces',
    `Count` UInt64 COMMENT 'Spans',
    `DurationSum` UInt64 COMMENT 'Nanoseconds',
    `DurationMin` UInt64 COMMENT 'Nanoseconds',
    `DurationMax` UInt64 COMMENT 'Nanoseconds',
    `Buckets.Index` Array(UInt16) COMMENT 'Latency buckets that have spans, ascending',
    `Buckets.Count` Array(UInt64) COMMENT 'Spans of each bucket',
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants',
    `Instrumentation` LowCardinality(String) COMMENT 'ebpf: seen from outside the program, so perhaps a second time. Else empty'
)
ENGINE = Distributed('{cluster}', 'otel', 'otel_red_1h_local', cityHash64(ServiceName, SpanName))
COMMENT 'Rate, errors and duration of spans by hour';
