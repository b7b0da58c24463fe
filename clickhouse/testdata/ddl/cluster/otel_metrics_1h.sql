CREATE TABLE IF NOT EXISTS otel.otel_metrics_1h_local UUID '650f3dcd-91e2-835e-9d60-0cdfd17dfa76' ON CLUSTER '{cluster}'
(
    `Time` DateTime COMMENT 'Start of the interval' CODEC(Delta(4), ZSTD(1)),
    `Table` LowCardinality(String) COMMENT 'otel_metrics_gauge, otel_metrics_sum or otel_metrics_histogram' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `MetricName` LowCardinality(String) COMMENT 'Metric' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Service' CODEC(ZSTD(1)),
    `Series` UInt64 COMMENT 'Which series; its labels are in otel_series_15m' CODEC(ZSTD(1)),
    `AggregationTemporality` Int32 COMMENT '1 delta, 2 cumulative; 0 for gauges' CODEC(ZSTD(1)),
    `Rows` UInt64 COMMENT 'Points, also those without a recorded value' CODEC(T64, ZSTD(1)),
    `Count` UInt64 COMMENT 'Points with a recorded value; all that follows is of these' CODEC(T64, ZSTD(1)),
    `Min` Float64 COMMENT 'Least value; 0 where Ranged is 0' CODEC(ZSTD(1)),
    `Max` Float64 COMMENT 'Greatest value; 0 where Ranged is 0' CODEC(ZSTD(1)),
    `Sum` Float64 COMMENT 'Sum of the points; of cumulative histograms the last one' CODEC(ZSTD(1)),
    `Last` Float64 COMMENT 'Last value; of histograms the last Sum' CODEC(ZSTD(1)),
    `LastSeen` DateTime64(9) COMMENT 'Time of the newest point; 1970 when none has a value' CODEC(Delta(8), ZSTD(1)),
    `Values` UInt64 COMMENT 'How many values the buckets hold' CODEC(T64, ZSTD(1)),
    `ExplicitBounds` Array(Float64) COMMENT 'Upper bounds; points with other bounds are another row' CODEC(ZSTD(1)),
    `BucketCounts` Array(UInt64) COMMENT 'Delta: added up; cumulative: the last ones. Merge them further in the same way' CODEC(ZSTD(1)),
    `Ranged` UInt64 COMMENT 'Points that Min and Max are of' CODEC(T64, ZSTD(1)),
    `First` Float64 COMMENT 'First value of a sum; of histograms the first Count' CODEC(ZSTD(1)),
    `FirstSeen` DateTime64(9) COMMENT 'Time of the oldest point; 1970 when none has a value' CODEC(Delta(8), ZSTD(1)),
    `FirstStart` DateTime64(9) COMMENT 'Since when it counted; later than the point before: it began again' CODEC(Delta(8), ZSTD(1)),
    `Grown` Float64 COMMENT 'Growth of a sum, or of the Count of histograms, from First on; delta: the sum. Join rows that follow each other as points' CODEC(ZSTD(1)),
    `Elapsed` Float64 COMMENT 'Seconds in which it grew so' CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(Time, 'UTC')
ORDER BY (MetricName, ServiceName, Series, Time)
TTL Time + toIntervalDay(400)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Gauges, sums and histograms by series and hour';

CREATE TABLE IF NOT EXISTS otel.otel_metrics_1h ON CLUSTER '{cluster}'
(
    `Time` DateTime COMMENT 'Start of the interval',
    `Table` LowCardinality(String) COMMENT 'otel_metrics_gauge, otel_metrics_sum or otel_metrics_histogram',
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants',
    `MetricName` LowCardinality(String) COMMENT 'Metric',
    `ServiceName` LowCardinality(String) COMMENT 'Service',
    `Series` UInt64 COMMENT 'Which series; its labels are in otel_series_15m',
    `AggregationTemporality` Int32 COMMENT '1 delta, 2 cumulative; 0 for gauges',
    `Rows` UInt64 COMMENT 'Points, also those without a recorded value',
    `Count` UInt64 COMMENT 'Points with a recorded value; all that follows is of these',
    `Min` Float64 COMMENT 'Least value; 0 where Ranged is 0',
    `Max` Float64 COMMENT 'Greatest value; 0 where Ranged is 0',
    `Sum` Float64 COMMENT 'Sum of the points; of cumulative histograms the last one',
    `Last` Float64 COMMENT 'Last value; of histograms the last Sum',
    `LastSeen` DateTime64(9) COMMENT 'Time of the newest point; 1970 when none has a value',
    `Values` UInt64 COMMENT 'How many values the buckets hold',
    `ExplicitBounds` Array(Float64) COMMENT 'Upper bounds; points with other bounds are another row',
    `BucketCounts` Array(UInt64) COMMENT 'Delta: added up; cumulative: the last ones. Merge them further in the same way',
    `Ranged` UInt64 COMMENT 'Points that Min and Max are of',
    `First` Float64 COMMENT 'First value of a sum; of histograms the first Count',
    `FirstSeen` DateTime64(9) COMMENT 'Time of the oldest point; 1970 when none has a value',
    `FirstStart` DateTime64(9) COMMENT 'Since when it counted; later than the point before: it began again',
    `Grown` Float64 COMMENT 'Growth of a sum, or of the Count of histograms, from First on; delta: the sum. Join rows that follow each other as points',
    `Elapsed` Float64 COMMENT 'Seconds in which it grew so'
)
ENGINE = Distributed('{cluster}', 'otel', 'otel_metrics_1h_local', Series)
COMMENT 'Gauges, sums and histograms by series and hour';
