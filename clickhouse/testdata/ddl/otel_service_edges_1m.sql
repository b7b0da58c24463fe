CREATE TABLE otel.otel_service_edges_1m
(
    `Time` DateTime COMMENT 'Start of the minute' CODEC(Delta(4), ZSTD(1)),
    `Caller` LowCardinality(String) COMMENT 'Service that calls' CODEC(ZSTD(1)),
    `Callee` LowCardinality(String) COMMENT 'Service, database, queue or host that is called' CODEC(ZSTD(1)),
    `CalleeKind` LowCardinality(String) COMMENT 'service, database, queue or external' CODEC(ZSTD(1)),
    `Address` LowCardinality(String) COMMENT 'Where the caller went; tells a service that did not answer from a stranger. Empty for databases' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Instrumentation` LowCardinality(String) COMMENT 'ebpf: seen from outside the caller, so perhaps a second time. Else empty' CODEC(ZSTD(1)),
    `Spans` UInt64 COMMENT 'Calls seen, without weights' CODEC(T64, ZSTD(1)),
    `Count` Float64 COMMENT 'Calls; an estimate where spans are sampled' CODEC(ZSTD(1)),
    `Errors` Float64 COMMENT 'Calls that failed' CODEC(ZSTD(1)),
    `DurationSum` Float64 COMMENT 'Nanoseconds, as the caller waited' CODEC(ZSTD(1)),
    `DurationMin` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `DurationMax` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `Buckets.Index` Array(UInt16) COMMENT 'Latency buckets that have calls, ascending; as in otel_red_1m' CODEC(ZSTD(1)),
    `Buckets.Count` Array(Float64) COMMENT 'Calls of each bucket' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (Caller, Callee, CalleeKind, Address, Time)
TTL Time + toIntervalDay(90)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Calls between services, and to databases, queues and other hosts, by minute'
