CREATE TABLE otel.entity_positions
(
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Kind` LowCardinality(String) COMMENT 'Kind that is watched, as in the paths of the API server' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'Everything up to here is in the tables' CODEC(ZSTD(1)),
    `Version` UInt64 COMMENT 'The latest one counts' CODEC(ZSTD(1)),
    `Time` DateTime64(3) COMMENT 'When' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(Time, 'UTC')
ORDER BY (Cluster, Kind)
TTL toDateTime(Time) + toIntervalDay(3650)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'How far each kind has been recorded'
