CREATE TABLE IF NOT EXISTS otel.cost_bills UUID 'c1c1be5d-7890-8041-98b7-4a79cd00b171' ON CLUSTER '{cluster}'
(
    `Source` LowCardinality(String) COMMENT 'Name of the bill' CODEC(ZSTD(1)),
    `Import` UInt64 COMMENT 'Which import of it; the newest one that was finished counts' CODEC(ZSTD(1)),
    `Line` UInt64 COMMENT 'Where the row begins in the file. 0: a row that says that the import is finished' CODEC(Delta(8), ZSTD(1)),
    `ChargePeriodStart` DateTime COMMENT 'Begin of what is charged' CODEC(ZSTD(1)),
    `ChargePeriodEnd` DateTime COMMENT 'Its end, not included' CODEC(ZSTD(1)),
    `BilledCost` Decimal(76, 30) COMMENT 'What is on the invoice' CODEC(ZSTD(1)),
    `EffectiveCost` Decimal(76, 30) COMMENT 'With what was paid in advance spread over its use; what we count with' CODEC(ZSTD(1)),
    `BillingCurrency` LowCardinality(String) COMMENT 'ISO 4217' CODEC(ZSTD(1)),
    `ChargeCategory` LowCardinality(String) COMMENT 'Usage, Purchase, Tax, Credit, Adjustment' CODEC(ZSTD(1)),
    `ServiceCategory` LowCardinality(String) COMMENT 'Compute, Storage, Networking, …' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'What the provider calls it' CODEC(ZSTD(1)),
    `ProviderName` LowCardinality(String) COMMENT 'Provider' CODEC(ZSTD(1)),
    `RegionId` LowCardinality(String) COMMENT 'Region' CODEC(ZSTD(1)),
    `ResourceId` String COMMENT 'What was charged; the machine of a node' CODEC(ZSTD(1)),
    `SkuId` String COMMENT 'What the provider sold' CODEC(ZSTD(1)),
    `Tags` Map(LowCardinality(String), String) COMMENT 'Tags of the resource' CODEC(ZSTD(1)),
    `Hash` String COMMENT 'In the row of line 0: the same file again is no news' CODEC(ZSTD(1)),
    `Version` UInt64 COMMENT 'A row that is written again replaces itself' CODEC(ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}', Version)
PARTITION BY toStartOfMonth(ChargePeriodStart, 'UTC')
ORDER BY (Source, Import, Line)
TTL ChargePeriodEnd + toIntervalDay(3650)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Bills of providers in the format FOCUS, a row a charge';
