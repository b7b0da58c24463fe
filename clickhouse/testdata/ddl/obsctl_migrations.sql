CREATE TABLE otel.obsctl_migrations
(
    `Version` UInt64 COMMENT 'Schema version',
    `AppliedAt` DateTime64(3) COMMENT 'When',
    `Obsctl` String COMMENT 'By which obsctl',
    `Statement` String COMMENT 'What was run' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYear(AppliedAt, 'UTC')
ORDER BY (Version, AppliedAt)
TTL toDateTime(AppliedAt) + toIntervalDay(3650)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Statements that obsctl migrate ran'
