CREATE TABLE IF NOT EXISTS otel.otel_metrics_sum_local UUID 'a8cd3f9d-9ea6-8dc6-856a-3a014f1cce5c' ON CLUSTER '{cluster}'
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
    `Value` Float64 COMMENT 'Integers as the nearest double; see ValueInt' CODEC(ZSTD(1)),
    `Exemplars.FilteredAttributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes the aggregation dropped' CODEC(ZSTD(1)),
    `Exemplars.TimeUnix` Array(DateTime64(9)) COMMENT 'Time of each exemplar' CODEC(ZSTD(1)),
    `Exemplars.Value` Array(Float64) COMMENT 'Value; integers as the nearest double' CODEC(ZSTD(1)),
    `Exemplars.SpanId` Array(String) COMMENT 'Span of each exemplar' CODEC(ZSTD(1)),
    `Exemplars.TraceId` Array(String) COMMENT 'Trace of each exemplar' CODEC(ZSTD(1)),
    `AggregationTemporality` Int32 COMMENT '1 delta, 2 cumulative' CODEC(ZSTD(1)),
    `IsMonotonic` Bool COMMENT 'Whether the sum never goes down' CODEC(ZSTD(1)),
    `ValueInt` Int64 COMMENT 'The exact integer when ValueType is Int, else 0' CODEC(T64, ZSTD(1)),
    `ValueType` Enum8('None' = 0, 'Double' = 1, 'Int' = 2) COMMENT 'Which kind of number was sent' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt' CODEC(ZSTD(1)),
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(TimeUnix, 'UTC')
ORDER BY (ServiceName, MetricName, toStartOfHour(TimeUnix), cityHash64(Attributes), TimeUnix)
TTL toDateTime(TimeUnix) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Sum data points';

CREATE TABLE IF NOT EXISTS otel.otel_metrics_sum ON CLUSTER '{cluster}'
(
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON',
    `ResourceSchemaUrl` LowCardinality(String) COMMENT 'Schema of the resource',
    `ScopeName` LowCardinality(String) COMMENT 'Meter',
    `ScopeVersion` LowCardinality(String) COMMENT 'Its version',
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope',
    `ScopeDroppedAttrCount` UInt32 COMMENT 'Scope attributes the sender left out',
    `ScopeSchemaUrl` LowCardinality(String) COMMENT 'Schema of the scope',
    `ServiceName` LowCardinality(String) COMMENT 'Empty when the resource has none',
    `MetricName` LowCardinality(String) COMMENT 'Metric',
    `MetricDescription` LowCardinality(String) COMMENT 'What it measures',
    `MetricUnit` LowCardinality(String) COMMENT 'UCUM unit',
    `Attributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON',
    `StartTimeUnix` DateTime64(9) COMMENT 'Start of the interval; 1970 when not sent',
    `TimeUnix` DateTime64(9) COMMENT 'Time of the point; receive time when zero',
    `Flags` UInt32 COMMENT 'Bit 0: no recorded value',
    `Value` Float64 COMMENT 'Integers as the nearest double; see ValueInt',
    `Exemplars.FilteredAttributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes the aggregation dropped',
    `Exemplars.TimeUnix` Array(DateTime64(9)) COMMENT 'Time of each exemplar',
    `Exemplars.Value` Array(Float64) COMMENT 'Value; integers as the nearest double',
    `Exemplars.SpanId` Array(String) COMMENT 'Span of each exemplar',
    `Exemplars.TraceId` Array(String) COMMENT 'Trace of each exemplar',
    `AggregationTemporality` Int32 COMMENT '1 delta, 2 cumulative',
    `IsMonotonic` Bool COMMENT 'Whether the sum never goes down',
    `ValueInt` Int64 COMMENT 'The exact integer when ValueType is Int, else 0',
    `ValueType` Enum8('None' = 0, 'Double' = 1, 'Int' = 2) COMMENT 'Which kind of number was sent',
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants',
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt'
)
ENGINE = Distributed('{cluster}', 'otel', 'otel_metrics_sum_local', cityHash64(MetricName, ServiceName, ResourceAttributes, Attributes))
COMMENT 'Sum data points';
