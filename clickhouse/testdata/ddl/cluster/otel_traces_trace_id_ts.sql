CREATE TABLE IF NOT EXISTS otel.otel_traces_trace_id_ts_local UUID '3917f05d-33b7-8df9-8b07-9622e865e22b' ON CLUSTER '{cluster}'
(
    `TraceId` String COMMENT '32 lower-case hex digits' CODEC(ZSTD(1)),
    `Start` SimpleAggregateFunction(min, DateTime) COMMENT 'First second of the trace' CODEC(Delta(4), ZSTD(1)),
    `End` SimpleAggregateFunction(max, DateTime) COMMENT 'Last second in which a span of the trace began' CODEC(Delta(4), ZSTD(1))
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toStartOfWeek(Start, 0, 'UTC')
ORDER BY TraceId
TTL Start + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'First and last second of each trace';

CREATE TABLE IF NOT EXISTS otel.otel_traces_trace_id_ts ON CLUSTER '{cluster}'
(
    `TraceId` String COMMENT '32 lower-case hex digits',
    `Start` SimpleAggregateFunction(min, DateTime) COMMENT 'First second of the trace',
    `End` SimpleAggregateFunction(max, DateTime) COMMENT 'Last second in which a span of the trace began'
)
ENGINE = Distributed('{cluster}', 'otel', 'otel_traces_trace_id_ts_local', reinterpretAsUInt64(reverse(unhex(right(TraceId, 8)))))
COMMENT 'First and last second of each trace';
