CREATE TABLE IF NOT EXISTS otel.agents UUID 'a21f52dd-a69f-8bf2-9f06-6a90c12c6d13' ON CLUSTER '{cluster}'
(
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `InstanceUid` String COMMENT 'Of one run of one agent, 32 hex digits; another one after a restart' CODEC(ZSTD(1)),
    `Version` UInt64 COMMENT 'The latest report counts' CODEC(T64, ZSTD(1)),
    `LastSeen` DateTime64(3) COMMENT 'When it last reported' CODEC(Delta(8), ZSTD(1)),
    `Started` DateTime64(3) COMMENT 'Since when it runs; 1970 when it does not say' CODEC(Delta(8), ZSTD(1)),
    `IsDisconnected` UInt8 COMMENT '1 when it said that it goes; agents that report over HTTP go without a word' CODEC(ZSTD(1)),
    `Cluster` LowCardinality(String) COMMENT 'Cluster' CODEC(ZSTD(1)),
    `Stack` LowCardinality(String) COMMENT 'Name of the stack that it was rendered from' CODEC(ZSTD(1)),
    `Workload` LowCardinality(String) COMMENT 'node-agent, cluster-agent, …' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Of its pod' CODEC(ZSTD(1)),
    `Pod` String COMMENT 'Its pod' CODEC(ZSTD(1)),
    `Node` LowCardinality(String) COMMENT 'Node or machine it runs on' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'As its own telemetry is named' CODEC(ZSTD(1)),
    `ServiceVersion` LowCardinality(String) COMMENT 'Version of its program' CODEC(ZSTD(1)),
    `ConfigHash` LowCardinality(String) COMMENT 'Of the rendered configuration that it was started with; empty for one that is not ours' CODEC(ZSTD(1)),
    `EffectiveHash` String COMMENT '16 hex digits; empty when it does not report its configuration' CODEC(ZSTD(1)),
    `Health` LowCardinality(String) COMMENT 'healthy, unhealthy, unknown' CODEC(ZSTD(1)),
    `Status` LowCardinality(String) COMMENT 'In its own words' CODEC(ZSTD(1)),
    `LastError` String COMMENT 'Why it is not healthy' CODEC(ZSTD(1)),
    `Components` Map(LowCardinality(String), String) COMMENT 'What its parts say, by path' CODEC(ZSTD(1)),
    `Capabilities` Array(LowCardinality(String)) COMMENT 'What it says it can do; nothing but reports is ever asked of it' CODEC(ZSTD(1)),
    `Attributes` Map(LowCardinality(String), String) COMMENT 'All it says about itself' CODEC(ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}', Version)
PARTITION BY toStartOfMonth(LastSeen, 'UTC')
ORDER BY (Tenant, InstanceUid)
TTL toDateTime(LastSeen) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Agents as they report themselves by OpAMP, the latest report of each';
