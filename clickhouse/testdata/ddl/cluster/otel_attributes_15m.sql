CREATE TABLE IF NOT EXISTS otel.otel_attributes_15m_local UUID '0b2db5ca-fd3f-8b5b-a87e-d0f54cb2cb9f' ON CLUSTER '{cluster}'
(
    `Time` DateTime COMMENT 'Start of the quarter hour' CODEC(Delta(4), ZSTD(1)),
    `Table` LowCardinality(String) COMMENT 'Where the rows are: otel_traces, otel_logs, …' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Kind` LowCardinality(String) COMMENT 'resource, scope or attribute; empty in the row that counts all rows' CODEC(ZSTD(1)),
    `Key` LowCardinality(String) COMMENT 'The name of the scope is otel.scope.name' CODEC(ZSTD(1)),
    `Value` String COMMENT 'Empty in the row of the key as a whole' CODEC(ZSTD(1)),
    `Rows` UInt64 COMMENT 'Rows with the key, or the value' CODEC(T64, ZSTD(1)),
    `Values` UInt8 COMMENT 'Values of the key; 101: too many, too long or ids, and not kept. 0 in the row of a value' CODEC(ZSTD(1)),
    `LastSeen` DateTime64(9) COMMENT 'Time of the newest such row' CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (`Table`, Kind, Key, Value, Time)
TTL Time + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Attribute keys and values by table and quarter hour';

CREATE TABLE IF NOT EXISTS otel.otel_attributes_15m ON CLUSTER '{cluster}'
(
    `Time` DateTime COMMENT 'Start of the quarter hour',
    `Table` LowCardinality(String) COMMENT 'Where the rows are: otel_traces, otel_logs, …',
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants',
    `Kind` LowCardinality(String) COMMENT 'resource, scope or attribute; empty in the row that counts all rows',
    `Key` LowCardinality(String) COMMENT 'The name of the scope is otel.scope.name',
    `Value` String COMMENT 'Empty in the row of the key as a whole',
    `Rows` UInt64 COMMENT 'Rows with the key, or the value',
    `Values` UInt8 COMMENT 'Values of the key; 101: too many, too long or ids, and not kept. 0 in the row of a value',
    `LastSeen` DateTime64(9) COMMENT 'Time of the newest such row'
)
ENGINE = Distributed('{cluster}', 'otel', 'otel_attributes_15m_local', cityHash64(`Table`, Kind, Key))
COMMENT 'Attribute keys and values by table and quarter hour';
