CREATE TABLE IF NOT EXISTS otel.obsctl_receipts_local UUID 'a4ed765a-330a-8f76-ab39-0082710d32ba' ON CLUSTER '{cluster}'
(
    `Time` DateTime64(3) COMMENT 'When ClickHouse took the unit' CODEC(Delta(8), ZSTD(1)),
    `Gateway` LowCardinality(String) COMMENT 'Which gateway' CODEC(ZSTD(1)),
    `Lane` LowCardinality(String) COMMENT '32 hex digits' CODEC(ZSTD(1)),
    `SealId` String COMMENT '32 hex digits' CODEC(ZSTD(1)),
    `Seal` UInt64 COMMENT 'As in the rows' CODEC(ZSTD(1)),
    `Table` LowCardinality(String) COMMENT 'Table of the unit' CODEC(ZSTD(1)),
    `Partition` LowCardinality(String) COMMENT 'Partition of the unit' CODEC(ZSTD(1)),
    `Rows` UInt64 COMMENT 'Rows of the unit' CODEC(ZSTD(1)),
    `Bytes` UInt64 COMMENT 'Bytes of its Native block' CODEC(ZSTD(1)),
    `FirstPosition` UInt64 COMMENT 'First log position the seal covers' CODEC(ZSTD(1)),
    `LastPosition` UInt64 COMMENT 'Position after the last record the seal covers' CODEC(ZSTD(1)),
    `FirstEvent` DateTime64(9) COMMENT 'Earliest time in the unit' CODEC(ZSTD(1)),
    `LastEvent` DateTime64(9) COMMENT 'Latest time in the unit' CODEC(ZSTD(1)),
    `Received` UInt64 COMMENT 'Items of its signal in the requests that the seal covers; 0 for tables that hold no items, and not known' CODEC(ZSTD(1)),
    `LeftOut` UInt64 COMMENT 'Of these, the ones without a row because sampling left them out' CODEC(ZSTD(1)),
    `ReceivedByTenant` Map(LowCardinality(String), UInt64) COMMENT 'Received, of each tenant; empty without tenants' CODEC(ZSTD(1)),
    `LeftOutByTenant` Map(LowCardinality(String), UInt64) COMMENT 'LeftOut, of each tenant' CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(Time, 'UTC')
ORDER BY (`Table`, Time)
TTL toDateTime(Time) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'One row a unit of a seal that ClickHouse acknowledged';

CREATE TABLE IF NOT EXISTS otel.obsctl_receipts ON CLUSTER '{cluster}'
(
    `Time` DateTime64(3) COMMENT 'When ClickHouse took the unit',
    `Gateway` LowCardinality(String) COMMENT 'Which gateway',
    `Lane` LowCardinality(String) COMMENT '32 hex digits',
    `SealId` String COMMENT '32 hex digits',
    `Seal` UInt64 COMMENT 'As in the rows',
    `Table` LowCardinality(String) COMMENT 'Table of the unit',
    `Partition` LowCardinality(String) COMMENT 'Partition of the unit',
    `Rows` UInt64 COMMENT 'Rows of the unit',
    `Bytes` UInt64 COMMENT 'Bytes of its Native block',
    `FirstPosition` UInt64 COMMENT 'First log position the seal covers',
    `LastPosition` UInt64 COMMENT 'Position after the last record the seal covers',
    `FirstEvent` DateTime64(9) COMMENT 'Earliest time in the unit',
    `LastEvent` DateTime64(9) COMMENT 'Latest time in the unit',
    `Received` UInt64 COMMENT 'Items of its signal in the requests that the seal covers; 0 for tables that hold no items, and not known',
    `LeftOut` UInt64 COMMENT 'Of these, the ones without a row because sampling left them out',
    `ReceivedByTenant` Map(LowCardinality(String), UInt64) COMMENT 'Received, of each tenant; empty without tenants',
    `LeftOutByTenant` Map(LowCardinality(String), UInt64) COMMENT 'LeftOut, of each tenant'
)
ENGINE = Distributed('{cluster}', 'otel', 'obsctl_receipts_local', cityHash64(Seal))
COMMENT 'One row a unit of a seal that ClickHouse acknowledged';
