CREATE TABLE otel.otel_traces_trace_id_ts
(
    `TraceId` String COMMENT '32 lower-case hex digits' CODEC(ZSTD(1)),
    `Start` SimpleAggregateFunction(min, DateTime) COMMENT 'First second of the trace' CODEC(Delta(4), ZSTD(1)),
    `End` SimpleAggregateFunction(max, DateTime) COMMENT 'Last second in which a span of the trace began' CODEC(Delta(4), ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toStartOfWeek(Start, 0, 'UTC')
ORDER BY TraceId
TTL Start + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'First and last second of each trace'
