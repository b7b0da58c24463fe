CREATE TABLE IF NOT EXISTS otel.entity_ingresses UUID '3b2ab74e-a30e-8de9-9863-4d249a7471ed' ON CLUSTER '{cluster}'
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
    `Class` LowCardinality(String) COMMENT 'Which controller serves it' CODEC(ZSTD(1)),
    `Hosts` Array(String) COMMENT 'Names it answers to' CODEC(ZSTD(1)),
    `Services` Array(String) COMMENT 'Services behind it' CODEC(ZSTD(1)),
    `Addresses` Array(String) COMMENT 'IP addresses and names of load balancers' CODEC(ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}', Version)
PARTITION BY toStartOfMonth(ValidFrom, 'UTC')
ORDER BY (Cluster, Id, ResourceVersion)
TTL toDateTime(ValidTo) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Ingresses of Kubernetes';
