CREATE TABLE IF NOT EXISTS otel.otel_series_15m_local UUID 'de08881d-a2fa-8e26-812a-f6c2d41727d2' ON CLUSTER '{cluster}'
(
    `Time` DateTime COMMENT 'Start of the quarter hour' CODEC(Delta(4), ZSTD(1)),
    `Table` LowCardinality(String) COMMENT 'Where the rows are: otel_traces, otel_logs, …' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `MetricName` LowCardinality(String) COMMENT 'Metric' CODEC(ZSTD(1)),
    `MetricUnit` LowCardinality(String) COMMENT 'UCUM unit' CODEC(ZSTD(1)),
    `MetricDescription` LowCardinality(String) COMMENT 'What it measures' CODEC(ZSTD(1)),
    `AggregationTemporality` Int32 COMMENT '1 delta, 2 cumulative; 0 for gauges and summaries' CODEC(ZSTD(1)),
    `IsMonotonic` Bool COMMENT 'Whether a sum never goes down' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Service' CODEC(ZSTD(1)),
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'As in the points' CODEC(ZSTD(1)),
    `ScopeName` LowCardinality(String) COMMENT 'Meter' CODEC(ZSTD(1)),
    `Attributes` Map(LowCardinality(String), String) COMMENT 'As in the points' CODEC(ZSTD(1)),
    `Series` UInt64 COMMENT 'The same in every unit and rollup' CODEC(ZSTD(1)),
    `Rows` UInt64 COMMENT 'Points' CODEC(T64, ZSTD(1)),
    `FirstSeen` DateTime64(9) COMMENT 'First point of the quarter hour' CODEC(ZSTD(1)),
    `LastSeen` DateTime64(9) COMMENT 'Last point of the quarter hour' CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (MetricName, ServiceName, Series, Time)
TTL Time + toIntervalDay(400)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Series of metrics by quarter hour';

CREATE TABLE IF NOT EXISTS otel.otel_series_15m ON CLUSTER '{cluster}'
(
    `Time` DateTime COMMENT 'Start of the quarter hour',
    `Table` LowCardinality(String) COMMENT 'Where the rows are: otel_traces, otel_logs, …',
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants',
    `MetricName` LowCardinality(String) COMMENT 'Metric',
    `MetricUnit` LowCardinality(String) COMMENT 'UCUM unit',
    `MetricDescription` LowCardinality(String) COMMENT 'What it measures',
    `AggregationTemporality` Int32 COMMENT '1 delta, 2 cumulative; 0 for gauges and summaries',
    `IsMonotonic` Bool COMMENT 'Whether a sum never goes down',
    `ServiceName` LowCardinality(String) COMMENT 'Service',
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'As in the points',
    `ScopeName` LowCardinality(String) COMMENT 'Meter',
    `Attributes` Map(LowCardinality(String), String) COMMENT 'As in the points',
    `Series` UInt64 COMMENT 'The same in every unit and rollup',
    `Rows` UInt64 COMMENT 'Points',
    `FirstSeen` DateTime64(9) COMMENT 'First point of the quarter hour',
    `LastSeen` DateTime64(9) COMMENT 'Last point of the quarter hour'
)
ENGINE = Distributed('{cluster}', 'otel', 'otel_series_15m_local', Series)
COMMENT 'Series of metrics by quarter hour';
