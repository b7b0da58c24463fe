CREATE TABLE otel.otel_red_1d
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
ENGINE = MergeTree
PARTITION BY toStartOfMonth(Time, 'UTC')
ORDER BY (ServiceName, SpanName, SpanKind, Time)
TTL Time + toIntervalDay(3650)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Rate, errors and duration of spans by day'
