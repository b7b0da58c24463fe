CREATE TABLE otel.entity_events
(
    `Time` DateTime64(3) COMMENT 'When it happened' CODEC(Delta(8), ZSTD(1)),
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Type` LowCardinality(String) COMMENT 'created, deleted, recreated, migrated, resized, image_changed, config_changed, state_changed, address_attached, address_detached, modified' CODEC(ZSTD(1)),
    `EntityType` LowCardinality(String) COMMENT 'Pod, Node, Deployment, …' CODEC(ZSTD(1)),
    `EntityId` String COMMENT 'Id of the entity' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Empty for what has none' CODEC(ZSTD(1)),
    `Name` String COMMENT 'Name of the entity' CODEC(ZSTD(1)),
    `Workload` LowCardinality(String) COMMENT 'Workload of a pod' CODEC(ZSTD(1)),
    `Node` LowCardinality(String) COMMENT 'Node of a pod, after the event' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'Of the version that it led to' CODEC(T64, ZSTD(1)),
    `Version` UInt64 COMMENT 'An event that is written again replaces itself' CODEC(T64, ZSTD(1)),
    `Before` Map(LowCardinality(String), String) COMMENT 'What differs, as it was' CODEC(ZSTD(1)),
    `After` Map(LowCardinality(String), String) COMMENT 'What differs, as it is' CODEC(ZSTD(1)),
    `Description` String COMMENT 'In one sentence' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(Time, 'UTC')
ORDER BY (Cluster, EntityType, EntityId, ResourceVersion, Type)
TTL toDateTime(Time) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'What happened to entities'
