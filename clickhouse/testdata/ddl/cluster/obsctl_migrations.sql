CREATE TABLE IF NOT EXISTS otel.obsctl_migrations UUID 'd0a84d65-f3fb-870a-b22c-8afe06706d66' ON CLUSTER '{cluster}'
(
    `Version` UInt64 COMMENT 'Schema version',
    `AppliedAt` DateTime64(3) COMMENT 'When',
    `Obsctl` String COMMENT 'By which obsctl',
    `Statement` String COMMENT 'What was run' CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}')
PARTITION BY toYear(AppliedAt, 'UTC')
ORDER BY (Version, AppliedAt)
TTL toDateTime(AppliedAt) + toIntervalDay(3650)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Statements that obsctl migrate ran';
