CREATE TABLE IF NOT EXISTS otel.agent_configs UUID '9fb75e8f-d808-8e20-96db-79cadc15b768' ON CLUSTER '{cluster}'
(
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Hash` String COMMENT 'As EffectiveHash of agents' CODEC(ZSTD(1)),
    `Version` UInt64 COMMENT 'The latest report counts' CODEC(T64, ZSTD(1)),
    `LastSeen` DateTime64(3) COMMENT 'When an agent last said so; written again every day' CODEC(Delta(8), ZSTD(1)),
    `Text` String COMMENT 'With defaults filled in, references resolved and secrets redacted by the agent; empty above 1 MiB' CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}', Version)
PARTITION BY toStartOfMonth(LastSeen, 'UTC')
ORDER BY (Tenant, Hash)
TTL toDateTime(LastSeen) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Configurations that agents say they run with';
