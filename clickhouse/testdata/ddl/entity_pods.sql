CREATE TABLE otel.entity_pods
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
    `Node` LowCardinality(String) COMMENT 'Node it runs on; empty until it is scheduled' CODEC(ZSTD(1)),
    `WorkloadKind` LowCardinality(String) COMMENT 'Kind of what made it; of a ReplicaSet of a Deployment that Deployment' CODEC(ZSTD(1)),
    `Workload` LowCardinality(String) COMMENT 'Name of what made it' CODEC(ZSTD(1)),
    `OwnerId` String COMMENT 'Id of what made it directly' CODEC(ZSTD(1)),
    `Addresses` Array(String) COMMENT 'Its own IP addresses; none for one that has those of its node' CODEC(ZSTD(1)),
    `Phase` LowCardinality(String) COMMENT 'Pending, Running, Succeeded, Failed' CODEC(ZSTD(1)),
    `Started` DateTime64(3) COMMENT 'When the kubelet took it; 1970 before' CODEC(ZSTD(1)),
    `Containers` Map(LowCardinality(String), String) COMMENT 'Id of each container, without the name of the runtime' CODEC(ZSTD(1)),
    `Images` Map(LowCardinality(String), String) COMMENT 'Image of each container' CODEC(ZSTD(1)),
    `CpuRequestMillis` UInt64 COMMENT 'Thousandths of a core that it requests' CODEC(ZSTD(1)),
    `MemoryRequestBytes` UInt64 COMMENT 'Bytes of memory that it requests' CODEC(ZSTD(1)),
    `CpuLimitMillis` UInt64 COMMENT 'Its limit; 0 when a container has none' CODEC(ZSTD(1)),
    `MemoryLimitBytes` UInt64 COMMENT 'Its limit; 0 when a container has none' CODEC(ZSTD(1)),
    `TemplateHash` LowCardinality(String) COMMENT 'Revision of the workload that it was made from' CODEC(ZSTD(1)),
    `Ready` DateTime64(3) COMMENT 'Since when it is ready; 1970 while it is not' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(ValidFrom, 'UTC')
ORDER BY (Cluster, Id, ResourceVersion)
TTL toDateTime(ValidTo) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Pods of Kubernetes'
