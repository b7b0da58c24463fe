CREATE TABLE otel.cost_prices
(
    `Source` LowCardinality(String) COMMENT 'Name of the price file' CODEC(ZSTD(1)),
    `Loaded` DateTime64(3) COMMENT 'When it was loaded; of a source the newest ones count' CODEC(ZSTD(1)),
    `Position` UInt32 COMMENT 'Place in the file, from 0' CODEC(ZSTD(1)),
    `Layer` UInt8 COMMENT '1 a list price, 2 of a node or of nodes with a label, 3 of traffic' CODEC(ZSTD(1)),
    `Provider` LowCardinality(String) COMMENT 'aws, gcp, azure, other; empty for any' CODEC(ZSTD(1)),
    `Region` LowCardinality(String) COMMENT 'Empty for any' CODEC(ZSTD(1)),
    `InstanceType` LowCardinality(String) COMMENT 'Empty for any' CODEC(ZSTD(1)),
    `CapacityType` LowCardinality(String) COMMENT 'spot, on-demand; empty for any' CODEC(ZSTD(1)),
    `Node` String COMMENT 'Name of a node; empty for any' CODEC(ZSTD(1)),
    `LabelName` LowCardinality(String) COMMENT 'Label of nodes; empty for any' CODEC(ZSTD(1)),
    `LabelValue` String COMMENT 'Its value' CODEC(ZSTD(1)),
    `CpuPrice` Decimal(38, 12) COMMENT 'Of a vCPU for an hour' CODEC(ZSTD(1)),
    `MemoryPrice` Decimal(38, 12) COMMENT 'Of 10⁹ bytes for an hour' CODEC(ZSTD(1)),
    `NodePrice` Decimal(38, 12) COMMENT 'Of the whole node for an hour; 0 where there are the other two' CODEC(ZSTD(1)),
    `ZonePrice` Decimal(38, 12) COMMENT 'Of 10⁹ bytes sent to another zone' CODEC(ZSTD(1)),
    `ZoneReceivedPrice` Decimal(38, 12) COMMENT 'Of 10⁹ bytes received from another zone' CODEC(ZSTD(1)),
    `InternetPrice` Decimal(38, 12) COMMENT 'Of 10⁹ bytes sent to the internet' CODEC(ZSTD(1)),
    `Currency` LowCardinality(String) COMMENT 'ISO 4217' CODEC(ZSTD(1)),
    `Hash` String COMMENT 'The same file again is no news' CODEC(ZSTD(1)),
    `ValidTo` DateTime64(3) COMMENT 'Until when it counted; in 2100 for what still does' CODEC(ZSTD(1)),
    `Version` UInt64 COMMENT 'Of two rows the greater one stays' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(Loaded, 'UTC')
ORDER BY (Source, Loaded, Position)
TTL toDateTime(ValidTo) + toIntervalDay(400)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Prices of price files, as they were loaded'
