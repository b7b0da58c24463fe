CREATE TABLE IF NOT EXISTS otel.cost_hours UUID '5b64d167-cacf-8421-a515-d8855f163778' ON CLUSTER '{cluster}'
(
    `Time` DateTime COMMENT 'Start of the hour in UTC' CODEC(Delta(4), ZSTD(1)),
    `Kind` LowCardinality(String) COMMENT 'node: what a node cost. pod: what of it is a pod’s. unallocated: what no pod requested; negative where pods requested more than there is' CODEC(ZSTD(1)),
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Node` LowCardinality(String) COMMENT 'Node' CODEC(ZSTD(1)),
    `Zone` LowCardinality(String) COMMENT 'Availability zone of the node' CODEC(ZSTD(1)),
    `InstanceType` LowCardinality(String) COMMENT 'Type of the machine' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Of a pod' CODEC(ZSTD(1)),
    `WorkloadKind` LowCardinality(String) COMMENT 'Of a pod' CODEC(ZSTD(1)),
    `Workload` LowCardinality(String) COMMENT 'Of a pod; its own name where nothing made it' CODEC(ZSTD(1)),
    `Pod` String COMMENT 'Name of the pod' CODEC(ZSTD(1)),
    `PodId` String COMMENT 'k8s.pod.uid' CODEC(ZSTD(1)),
    `Team` LowCardinality(String) COMMENT 'Label of the pod, else of its workload, else of its namespace; – without' CODEC(ZSTD(1)),
    `Owner` LowCardinality(String) COMMENT 'As Team' CODEC(ZSTD(1)),
    `CostCenter` LowCardinality(String) COMMENT 'As Team' CODEC(ZSTD(1)),
    `Hours` Decimal(38, 9) COMMENT 'How much of the hour it was there' CODEC(ZSTD(1)),
    `CpuCoreHours` Decimal(38, 9) COMMENT 'Requested by a pod; capacity of a node' CODEC(ZSTD(1)),
    `CpuCoreHoursUsed` Decimal(38, 9) COMMENT 'Mean use by the time it was there' CODEC(ZSTD(1)),
    `MemoryGbHours` Decimal(38, 9) COMMENT 'As CpuCoreHours; 10⁹ bytes' CODEC(ZSTD(1)),
    `MemoryGbHoursUsed` Decimal(38, 9) COMMENT 'Mean use by the time it was there' CODEC(ZSTD(1)),
    `IsMeasured` UInt8 COMMENT '0 where no metric told the use; the use is 0 then' CODEC(ZSTD(1)),
    `Cost` Decimal(38, 12) COMMENT 'Of a pod what it requested; of a node all of it; pods and unallocated add up to the node' CODEC(ZSTD(1)),
    `UsageCost` Decimal(38, 12) COMMENT 'What of it was used' CODEC(ZSTD(1)),
    `IdleCost` Decimal(38, 12) COMMENT 'Of a node: what nobody used' CODEC(ZSTD(1)),
    `CpuPrice` Decimal(38, 12) COMMENT 'Of a vCPU for an hour, which was counted with' CODEC(ZSTD(1)),
    `MemoryPrice` Decimal(38, 12) COMMENT 'Of 10⁹ bytes for an hour' CODEC(ZSTD(1)),
    `Currency` LowCardinality(String) COMMENT 'ISO 4217; amounts of two are never added' CODEC(ZSTD(1)),
    `PriceSource` LowCardinality(String) COMMENT 'bill: FILE, node: FILE, file: FILE, or default PROVIDER DATE' CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}')
PARTITION BY toDate(Time, 'UTC')
ORDER BY (Cluster, Kind, Namespace, Workload, Time, Node, PodId)
TTL Time + toIntervalDay(400)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'What nodes and pods cost, by hour; made again by obsctl cost run';
