CREATE TABLE otel.otel_metrics_summary
(
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON' CODEC(LZ4),
    `ResourceSchemaUrl` LowCardinality(String) COMMENT 'Schema of the resource' CODEC(ZSTD(1)),
    `ScopeName` LowCardinality(String) COMMENT 'Meter' CODEC(ZSTD(1)),
    `ScopeVersion` LowCardinality(String) COMMENT 'Its version' CODEC(ZSTD(1)),
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope' CODEC(LZ4),
    `ScopeDroppedAttrCount` UInt32 COMMENT 'Scope attributes the sender left out' CODEC(ZSTD(1)),
    `ScopeSchemaUrl` LowCardinality(String) COMMENT 'Schema of the scope' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Empty when the resource has none' CODEC(ZSTD(1)),
    `MetricName` LowCardinality(String) COMMENT 'Metric' CODEC(ZSTD(1)),
    `MetricDescription` LowCardinality(String) COMMENT 'What it measures' CODEC(ZSTD(1)),
    `MetricUnit` LowCardinality(String) COMMENT 'UCUM unit' CODEC(ZSTD(1)),
    `Attributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON' CODEC(LZ4),
    `StartTimeUnix` DateTime64(9) COMMENT 'Start of the interval; 1970 when not sent' CODEC(Delta(8), ZSTD(1)),
    `TimeUnix` DateTime64(9) COMMENT 'Time of the point; receive time when zero' CODEC(Delta(8), ZSTD(1)),
    `Flags` UInt32 COMMENT 'Bit 0: no recorded value' CODEC(ZSTD(1)),
    `Count` UInt64 COMMENT 'How many values' CODEC(Delta(8), ZSTD(1)),
    `Sum` Float64 COMMENT 'Their sum; 0 when not sent' CODEC(ZSTD(1)),
    `ValueAtQuantiles.Quantile` Array(Float64) COMMENT '0 to 1' CODEC(ZSTD(1)),
    `ValueAtQuantiles.Value` Array(Float64) COMMENT 'Value at that quantile' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt' CODEC(ZSTD(1)),
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(TimeUnix, 'UTC')
ORDER BY (ServiceName, MetricName, toStartOfHour(TimeUnix), cityHash64(Attributes), TimeUnix)
TTL toDateTime(TimeUnix) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Summary data points'
