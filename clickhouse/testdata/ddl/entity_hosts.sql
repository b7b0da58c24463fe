CREATE TABLE otel.entity_hosts
(
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Id` String COMMENT 'Stays while the object lives; a new object of the same name has another' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'With which this version began' CODEC(T64, ZSTD(1)),
    `ValidFrom` DateTime64(3) COMMENT 'Since when it is true' CODEC(Delta(8), ZSTD(1)),
    `ValidTo` DateTime64(3) COMMENT 'Until when it was true, not included; in 2100 for what still is' CODEC(Delta(8), ZSTD(1)),
    `Version` UInt64 COMMENT 'Of two rows of a version the greater one stays' CODEC(T64, ZSTD(1)),
    `Created` DateTime64(3) COMMENT 'When the object was created' CODEC(Delta(8), ZSTD(1)),
    `IsGone` UInt8 COMMENT '1 in the last version of an object that was deleted' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Empty for what has none' CODEC(ZSTD(1)),
    `Name` String COMMENT 'Name' CODEC(ZSTD(1)),
    `Labels` Map(LowCardinality(String), String) COMMENT 'The labels that the stack file chooses' CODEC(ZSTD(1)),
    `Annotations` Map(LowCardinality(String), String) COMMENT 'The annotations that the stack file chooses' CODEC(ZSTD(1)),
    `Kind` LowCardinality(String) COMMENT 'Host, Database, LoadBalancer, …' CODEC(ZSTD(1)),
    `Addresses` Array(String) COMMENT 'IP addresses' CODEC(ZSTD(1)),
    `Region` LowCardinality(String) COMMENT 'Region' CODEC(ZSTD(1)),
    `Zone` LowCardinality(String) COMMENT 'Availability zone' CODEC(ZSTD(1)),
    `InstanceType` LowCardinality(String) COMMENT 'Type of the machine' CODEC(ZSTD(1)),
    `Provider` LowCardinality(String) COMMENT 'aws, gcp, azure, …' CODEC(ZSTD(1)),
    `Account` LowCardinality(String) COMMENT 'Account at the provider' CODEC(ZSTD(1)),
    `Os` LowCardinality(String) COMMENT 'linux, windows, …' CODEC(ZSTD(1)),
    `Architecture` LowCardinality(String) COMMENT 'amd64, arm64, …' CODEC(ZSTD(1)),
    `Origin` LowCardinality(String) COMMENT 'telemetry, or the name of a list' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(ValidFrom, 'UTC')
ORDER BY (Cluster, Id, ResourceVersion)
TTL toDateTime(ValidTo) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Machines and other things outside Kubernetes, which have the empty cluster'
