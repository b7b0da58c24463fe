CREATE DATABASE IF NOT EXISTS otel ENGINE = Atomic;

CREATE TABLE IF NOT EXISTS otel.obsctl_migrations
(
    `Version` UInt64 COMMENT 'Schema version',
    `AppliedAt` DateTime64(3) COMMENT 'When',
    `Obsctl` String COMMENT 'By which obsctl',
    `Statement` String COMMENT 'What was run' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYear(AppliedAt, 'UTC')
ORDER BY (Version, AppliedAt)
TTL toDateTime(AppliedAt) + toIntervalDay(3650)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Statements that obsctl migrate ran';

CREATE TABLE IF NOT EXISTS otel.otel_traces
(
    `Timestamp` DateTime64(9) COMMENT 'Start of the span; receive time when zero' CODEC(Delta(8), ZSTD(1)),
    `TraceId` String COMMENT '32 lower-case hex digits' CODEC(ZSTD(1)),
    `SpanId` String COMMENT '16 lower-case hex digits' CODEC(ZSTD(1)),
    `ParentSpanId` String COMMENT 'Empty for a root span' CODEC(ZSTD(1)),
    `TraceState` String COMMENT 'W3C trace state' CODEC(ZSTD(1)),
    `SpanName` LowCardinality(String) COMMENT 'Operation' CODEC(ZSTD(1)),
    `SpanKind` LowCardinality(String) COMMENT 'Unspecified, Internal, Server, Client, Producer or Consumer' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Empty when the resource has none' CODEC(ZSTD(1)),
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON' CODEC(LZ4),
    `ScopeName` String COMMENT 'Instrumentation library' CODEC(ZSTD(1)),
    `ScopeVersion` String COMMENT 'Its version' CODEC(ZSTD(1)),
    `SpanAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON' CODEC(ZSTD(1)),
    `Duration` UInt64 COMMENT 'Nanoseconds; 0 when the end lies before the start' CODEC(T64, ZSTD(1)),
    `StatusCode` LowCardinality(String) COMMENT 'Unset, Ok or Error' CODEC(ZSTD(1)),
    `StatusMessage` String COMMENT 'Reason of an error' CODEC(ZSTD(1)),
    `Events.Timestamp` Array(DateTime64(9)) COMMENT 'Time of each event' CODEC(ZSTD(1)),
    `Events.Name` Array(LowCardinality(String)) COMMENT 'Name of each event' CODEC(ZSTD(1)),
    `Events.Attributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of each event' CODEC(ZSTD(1)),
    `Links.TraceId` Array(String) COMMENT 'Trace each link points to' CODEC(ZSTD(1)),
    `Links.SpanId` Array(String) COMMENT 'Span each link points to' CODEC(ZSTD(1)),
    `Links.TraceState` Array(String) COMMENT 'Trace state of each link' CODEC(ZSTD(1)),
    `Links.Attributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of each link' CODEC(ZSTD(1)),
    `SpanFlags` UInt32 COMMENT 'W3C trace flags and the remote-parent bits' CODEC(ZSTD(1)),
    `ResourceSchemaUrl` LowCardinality(String) COMMENT 'Schema of the resource' CODEC(ZSTD(1)),
    `ScopeSchemaUrl` LowCardinality(String) COMMENT 'Schema of the scope' CODEC(ZSTD(1)),
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope' CODEC(LZ4),
    `DroppedAttributesCount` UInt32 COMMENT 'Attributes the sender left out' CODEC(ZSTD(1)),
    `DroppedEventsCount` UInt32 COMMENT 'Events the sender left out' CODEC(ZSTD(1)),
    `DroppedLinksCount` UInt32 COMMENT 'Links the sender left out' CODEC(ZSTD(1)),
    `EventsDroppedAttributesCount` Array(UInt32) COMMENT 'Attributes the sender left out of each event' CODEC(ZSTD(1)),
    `LinksDroppedAttributesCount` Array(UInt32) COMMENT 'Attributes the sender left out of each link' CODEC(ZSTD(1)),
    `LinksFlags` Array(UInt32) COMMENT 'W3C trace flags and the remote bits of each link' CODEC(ZSTD(1)),
    `SamplingWeight` Float64 DEFAULT 1 COMMENT 'How many spans this row stands for; 1 without sampling' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt' CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(Timestamp, 'UTC')
PRIMARY KEY (ServiceName, SpanName, toDateTime(Timestamp))
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp)
TTL toDateTime(Timestamp) + toIntervalDay(1)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Spans';

CREATE TABLE IF NOT EXISTS otel.otel_traces_trace_id_ts
(
    `TraceId` String COMMENT '32 lower-case hex digits' CODEC(ZSTD(1)),
    `Start` SimpleAggregateFunction(min, DateTime) COMMENT 'First second of the trace' CODEC(Delta(4), ZSTD(1)),
    `End` SimpleAggregateFunction(max, DateTime) COMMENT 'Last second in which a span of the trace began' CODEC(Delta(4), ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toStartOfWeek(Start, 0, 'UTC')
ORDER BY TraceId
TTL Start + toIntervalDay(1)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'First and last second of each trace';

CREATE TABLE IF NOT EXISTS otel.otel_logs
(
    `Timestamp` DateTime64(9) COMMENT 'Observed time when zero, receive time when both are' CODEC(Delta(8), ZSTD(1)),
    `TraceId` String COMMENT '32 lower-case hex digits or empty' CODEC(ZSTD(1)),
    `SpanId` String COMMENT '16 lower-case hex digits or empty' CODEC(ZSTD(1)),
    `TraceFlags` UInt8 COMMENT 'W3C trace flags' CODEC(ZSTD(1)),
    `SeverityText` LowCardinality(String) COMMENT 'As sent; from the number when empty' CODEC(ZSTD(1)),
    `SeverityNumber` UInt8 COMMENT '0 is unspecified' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Empty when the resource has none' CODEC(ZSTD(1)),
    `Body` String COMMENT 'Text as sent; other kinds as JSON, bytes as base64' CODEC(ZSTD(1)),
    `ResourceSchemaUrl` LowCardinality(String) COMMENT 'Schema of the resource' CODEC(ZSTD(1)),
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON' CODEC(LZ4),
    `ScopeSchemaUrl` LowCardinality(String) COMMENT 'Schema of the scope' CODEC(ZSTD(1)),
    `ScopeName` String COMMENT 'Logger' CODEC(ZSTD(1)),
    `ScopeVersion` LowCardinality(String) COMMENT 'Its version' CODEC(ZSTD(1)),
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope' CODEC(LZ4),
    `LogAttributes` Map(LowCardinality(String), String) COMMENT 'Values as text; arrays and maps as JSON' CODEC(ZSTD(1)),
    `EventName` String COMMENT 'Set when the record is an event' CODEC(ZSTD(1)),
    `ObservedTimestamp` DateTime64(9) COMMENT 'When the collector saw it; 1970 when not sent' CODEC(Delta(8), ZSTD(1)),
    `LogFlags` UInt32 COMMENT 'All 32 bits' CODEC(ZSTD(1)),
    `BodyType` Enum8('Empty' = 0, 'String' = 1, 'Bool' = 2, 'Int' = 3, 'Double' = 4, 'Array' = 5, 'Map' = 6, 'Bytes' = 7) COMMENT 'Which kind of value Body was' CODEC(ZSTD(1)),
    `DroppedAttributesCount` UInt32 COMMENT 'Attributes the sender left out' CODEC(ZSTD(1)),
    `SamplingWeight` Float64 DEFAULT 1 COMMENT 'How many records this row stands for; 1 without sampling' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt' CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_log_attr_value mapValues(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_body lower(Body) TYPE tokenbf_v1(8192, 3, 0) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(Timestamp, 'UTC')
ORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)
TTL toDateTime(Timestamp) + toIntervalDay(1)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Log records';

CREATE TABLE IF NOT EXISTS otel.otel_metrics_gauge
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
    `ValueInt` Int64 COMMENT 'The exact integer when ValueType is Int, else 0' CODEC(T64, ZSTD(1)),
    `ValueType` Enum8('None' = 0, 'Double' = 1, 'Int' = 2) COMMENT 'Which kind of number was sent' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt' CODEC(ZSTD(1)),
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(TimeUnix, 'UTC')
ORDER BY (ServiceName, MetricName, toStartOfHour(TimeUnix), cityHash64(Attributes), TimeUnix)
TTL toDateTime(TimeUnix) + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Gauge data points';

CREATE TABLE IF NOT EXISTS otel.otel_metrics_sum
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
ENGINE = MergeTree
PARTITION BY toDate(TimeUnix, 'UTC')
ORDER BY (ServiceName, MetricName, toStartOfHour(TimeUnix), cityHash64(Attributes), TimeUnix)
TTL toDateTime(TimeUnix) + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Sum data points';

CREATE TABLE IF NOT EXISTS otel.otel_metrics_histogram
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
    `BucketCounts` Array(UInt64) COMMENT 'One more than the bounds' CODEC(ZSTD(1)),
    `ExplicitBounds` Array(Float64) COMMENT 'Upper bounds, ascending' CODEC(ZSTD(1)),
    `Exemplars.FilteredAttributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes the aggregation dropped' CODEC(ZSTD(1)),
    `Exemplars.TimeUnix` Array(DateTime64(9)) COMMENT 'Time of each exemplar' CODEC(ZSTD(1)),
    `Exemplars.Value` Array(Float64) COMMENT 'Value; integers as the nearest double' CODEC(ZSTD(1)),
    `Exemplars.SpanId` Array(String) COMMENT 'Span of each exemplar' CODEC(ZSTD(1)),
    `Exemplars.TraceId` Array(String) COMMENT 'Trace of each exemplar' CODEC(ZSTD(1)),
    `Min` Float64 COMMENT 'Least value; 0 when not sent' CODEC(ZSTD(1)),
    `Max` Float64 COMMENT 'Greatest value; 0 when not sent' CODEC(ZSTD(1)),
    `AggregationTemporality` Int32 COMMENT '1 delta, 2 cumulative' CODEC(ZSTD(1)),
    `HasSum` Bool COMMENT 'Whether Sum was sent' CODEC(ZSTD(1)),
    `HasMin` Bool COMMENT 'Whether Min was sent' CODEC(ZSTD(1)),
    `HasMax` Bool COMMENT 'Whether Max was sent' CODEC(ZSTD(1)),
    `FloatCounts` Array(Float64) COMMENT 'Counts that are no integers, as sent: Count, ZeroCount where there is one, positive and negative buckets; else empty' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt' CODEC(ZSTD(1)),
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(TimeUnix, 'UTC')
ORDER BY (ServiceName, MetricName, toStartOfHour(TimeUnix), cityHash64(Attributes), TimeUnix)
TTL toDateTime(TimeUnix) + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Histogram data points with explicit bounds';

CREATE TABLE IF NOT EXISTS otel.otel_metrics_exponential_histogram
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
    `Scale` Int32 COMMENT 'Resolution: the base is 2^(2^-scale)' CODEC(ZSTD(1)),
    `ZeroCount` UInt64 COMMENT 'Values within the zero threshold' CODEC(ZSTD(1)),
    `PositiveOffset` Int32 COMMENT 'Index of the first positive bucket' CODEC(ZSTD(1)),
    `PositiveBucketCounts` Array(UInt64) COMMENT 'Counts of the positive buckets' CODEC(ZSTD(1)),
    `NegativeOffset` Int32 COMMENT 'Index of the first negative bucket' CODEC(ZSTD(1)),
    `NegativeBucketCounts` Array(UInt64) COMMENT 'Counts of the negative buckets' CODEC(ZSTD(1)),
    `Exemplars.FilteredAttributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes the aggregation dropped' CODEC(ZSTD(1)),
    `Exemplars.TimeUnix` Array(DateTime64(9)) COMMENT 'Time of each exemplar' CODEC(ZSTD(1)),
    `Exemplars.Value` Array(Float64) COMMENT 'Value; integers as the nearest double' CODEC(ZSTD(1)),
    `Exemplars.SpanId` Array(String) COMMENT 'Span of each exemplar' CODEC(ZSTD(1)),
    `Exemplars.TraceId` Array(String) COMMENT 'Trace of each exemplar' CODEC(ZSTD(1)),
    `Min` Float64 COMMENT 'Least value; 0 when not sent' CODEC(ZSTD(1)),
    `Max` Float64 COMMENT 'Greatest value; 0 when not sent' CODEC(ZSTD(1)),
    `AggregationTemporality` Int32 COMMENT '1 delta, 2 cumulative' CODEC(ZSTD(1)),
    `HasSum` Bool COMMENT 'Whether Sum was sent' CODEC(ZSTD(1)),
    `HasMin` Bool COMMENT 'Whether Min was sent' CODEC(ZSTD(1)),
    `HasMax` Bool COMMENT 'Whether Max was sent' CODEC(ZSTD(1)),
    `ZeroThreshold` Float64 COMMENT 'Width of the zero bucket' CODEC(ZSTD(1)),
    `FloatCounts` Array(Float64) COMMENT 'Counts that are no integers, as sent: Count, ZeroCount where there is one, positive and negative buckets; else empty' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt' CODEC(ZSTD(1)),
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(TimeUnix, 'UTC')
ORDER BY (ServiceName, MetricName, toStartOfHour(TimeUnix), cityHash64(Attributes), TimeUnix)
TTL toDateTime(TimeUnix) + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Exponential histogram data points';

CREATE TABLE IF NOT EXISTS otel.otel_metrics_summary
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
TTL toDateTime(TimeUnix) + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Summary data points';

CREATE TABLE IF NOT EXISTS otel.otel_red_1s
(
    `Time` DateTime COMMENT 'Start of the interval' CODEC(Delta(4), ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Service' CODEC(ZSTD(1)),
    `SpanName` LowCardinality(String) COMMENT 'Operation' CODEC(ZSTD(1)),
    `SpanKind` LowCardinality(String) COMMENT 'As in otel_traces' CODEC(ZSTD(1)),
    `StatusCode` LowCardinality(String) COMMENT 'As in otel_traces' CODEC(ZSTD(1)),
    `Count` UInt64 COMMENT 'Spans' CODEC(T64, ZSTD(1)),
    `DurationSum` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `DurationMin` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `DurationMax` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `Buckets.Index` Array(UInt16) COMMENT 'Latency buckets that have spans, ascending' CODEC(ZSTD(1)),
    `Buckets.Count` Array(UInt64) COMMENT 'Spans of each bucket' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Instrumentation` LowCardinality(String) COMMENT 'ebpf: seen from outside the program, so perhaps a second time. Else empty' CODEC(ZSTD(1)),
    `Seal` UInt64 COMMENT 'Which seal brought the row; settles inserts in doubt' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(Time, 'UTC')
ORDER BY (ServiceName, SpanName, SpanKind, Time)
TTL Time + toIntervalDay(1)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Rate, errors and duration of spans by second';

CREATE TABLE IF NOT EXISTS otel.otel_red_1m
(
    `Time` DateTime COMMENT 'Start of the interval' CODEC(Delta(4), ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Service' CODEC(ZSTD(1)),
    `SpanName` LowCardinality(String) COMMENT 'Operation' CODEC(ZSTD(1)),
    `SpanKind` LowCardinality(String) COMMENT 'As in otel_traces' CODEC(ZSTD(1)),
    `StatusCode` LowCardinality(String) COMMENT 'As in otel_traces' CODEC(ZSTD(1)),
    `Count` UInt64 COMMENT 'Spans' CODEC(T64, ZSTD(1)),
    `DurationSum` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `DurationMin` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `DurationMax` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `Buckets.Index` Array(UInt16) COMMENT 'Latency buckets that have spans, ascending' CODEC(ZSTD(1)),
    `Buckets.Count` Array(UInt64) COMMENT 'Spans of each bucket' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Instrumentation` LowCardinality(String) COMMENT 'ebpf: seen from outside the program, so perhaps a second time. Else empty' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(Time, 'UTC')
ORDER BY (ServiceName, SpanName, SpanKind, Time)
TTL Time + toIntervalDay(90)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Rate, errors and duration of spans by minute';

CREATE TABLE IF NOT EXISTS otel.otel_red_1h
(
    `Time` DateTime COMMENT 'Start of the interval' CODEC(Delta(4), ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Service' CODEC(ZSTD(1)),
    `SpanName` LowCardinality(String) COMMENT 'Operation' CODEC(ZSTD(1)),
    `SpanKind` LowCardinality(String) COMMENT 'As in otel_traces' CODEC(ZSTD(1)),
    `StatusCode` LowCardinality(String) COMMENT 'As in otel_traces' CODEC(ZSTD(1)),
    `Count` UInt64 COMMENT 'Spans' CODEC(T64, ZSTD(1)),
    `DurationSum` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `DurationMin` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `DurationMax` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `Buckets.Index` Array(UInt16) COMMENT 'Latency buckets that have spans, ascending' CODEC(ZSTD(1)),
    `Buckets.Count` Array(UInt64) COMMENT 'Spans of each bucket' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Instrumentation` LowCardinality(String) COMMENT 'ebpf: seen from outside the program, so perhaps a second time. Else empty' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(Time, 'UTC')
ORDER BY (ServiceName, SpanName, SpanKind, Time)
TTL Time + toIntervalDay(400)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Rate, errors and duration of spans by hour';

CREATE TABLE IF NOT EXISTS otel.otel_red_1d
(
    `Time` DateTime COMMENT 'Start of the interval' CODEC(Delta(4), ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Service' CODEC(ZSTD(1)),
    `SpanName` LowCardinality(String) COMMENT 'Operation' CODEC(ZSTD(1)),
    `SpanKind` LowCardinality(String) COMMENT 'As in otel_traces' CODEC(ZSTD(1)),
    `StatusCode` LowCardinality(String) COMMENT 'As in otel_traces' CODEC(ZSTD(1)),
    `Count` UInt64 COMMENT 'Spans' CODEC(T64, ZSTD(1)),
    `DurationSum` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `DurationMin` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `DurationMax` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `Buckets.Index` Array(UInt16) COMMENT 'Latency buckets that have spans, ascending' CODEC(ZSTD(1)),
    `Buckets.Count` Array(UInt64) COMMENT 'Spans of each bucket' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Instrumentation` LowCardinality(String) COMMENT 'ebpf: seen from outside the program, so perhaps a second time. Else empty' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toStartOfMonth(Time, 'UTC')
ORDER BY (ServiceName, SpanName, SpanKind, Time)
TTL Time + toIntervalDay(3650)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Rate, errors and duration of spans by day';

CREATE TABLE IF NOT EXISTS otel.otel_service_edges_1m
(
    `Time` DateTime COMMENT 'Start of the minute' CODEC(Delta(4), ZSTD(1)),
    `Caller` LowCardinality(String) COMMENT 'Service that calls' CODEC(ZSTD(1)),
    `Callee` LowCardinality(String) COMMENT 'Service, database, queue or host that is called' CODEC(ZSTD(1)),
    `CalleeKind` LowCardinality(String) COMMENT 'service, database, queue or external' CODEC(ZSTD(1)),
    `Address` LowCardinality(String) COMMENT 'Where the caller went; tells a service that did not answer from a stranger. Empty for databases' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Instrumentation` LowCardinality(String) COMMENT 'ebpf: seen from outside the caller, so perhaps a second time. Else empty' CODEC(ZSTD(1)),
    `Spans` UInt64 COMMENT 'Calls seen, without weights' CODEC(T64, ZSTD(1)),
    `Count` Float64 COMMENT 'Calls; an estimate where spans are sampled' CODEC(ZSTD(1)),
    `Errors` Float64 COMMENT 'Calls that failed' CODEC(ZSTD(1)),
    `DurationSum` Float64 COMMENT 'Nanoseconds, as the caller waited' CODEC(ZSTD(1)),
    `DurationMin` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `DurationMax` UInt64 COMMENT 'Nanoseconds' CODEC(T64, ZSTD(1)),
    `Buckets.Index` Array(UInt16) COMMENT 'Latency buckets that have calls, ascending; as in otel_red_1m' CODEC(ZSTD(1)),
    `Buckets.Count` Array(Float64) COMMENT 'Calls of each bucket' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (Caller, Callee, CalleeKind, Address, Time)
TTL Time + toIntervalDay(90)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Calls between services, and to databases, queues and other hosts, by minute';

CREATE TABLE IF NOT EXISTS otel.otel_log_patterns_1m
(
    `Time` DateTime COMMENT 'Start of the minute' CODEC(Delta(4), ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Service' CODEC(ZSTD(1)),
    `Severity` LowCardinality(String) COMMENT 'fatal, error, warn, info, debug, trace or unknown' CODEC(ZSTD(1)),
    `Pattern` String COMMENT 'Its beginning, words with digits replaced by #; … for all that are too rare to be told apart' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Rows` UInt64 COMMENT 'Records that are stored, without weights' CODEC(T64, ZSTD(1)),
    `Records` Float64 COMMENT 'Records; an estimate where they are sampled' CODEC(ZSTD(1)),
    `FirstSeen` DateTime64(9) COMMENT 'First record of the minute' CODEC(ZSTD(1)),
    `LastSeen` DateTime64(9) COMMENT 'Last record of the minute' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (ServiceName, Severity, Pattern, Time)
TTL Time + toIntervalDay(90)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Log records by minute, service, severity and pattern';

CREATE TABLE IF NOT EXISTS otel.otel_log_patterns
(
    `ServiceName` LowCardinality(String) COMMENT 'Service' CODEC(ZSTD(1)),
    `Severity` LowCardinality(String) COMMENT 'fatal, error, warn, info, debug, trace or unknown' CODEC(ZSTD(1)),
    `Pattern` String COMMENT 'Its beginning, words with digits replaced by #; … for all that are too rare to be told apart' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `FirstSeen` SimpleAggregateFunction(min, DateTime64(9)) COMMENT 'First record; ask min(FirstSeen)' CODEC(ZSTD(1)),
    `LastSeen` SimpleAggregateFunction(max, DateTime64(9)) COMMENT 'Last record; ask max(LastSeen)' CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY tuple()
ORDER BY (ServiceName, Severity, Pattern, Tenant)
TTL toDateTime(LastSeen) + toIntervalDay(400)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'First and last record of each log pattern';

CREATE TABLE IF NOT EXISTS otel.otel_attributes_15m
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
ENGINE = MergeTree
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (`Table`, Kind, Key, Value, Time)
TTL Time + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Attribute keys and values by table and quarter hour';

CREATE TABLE IF NOT EXISTS otel.otel_series_15m
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
ENGINE = MergeTree
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (MetricName, ServiceName, Series, Time)
TTL Time + toIntervalDay(400)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Series of metrics by quarter hour';

CREATE TABLE IF NOT EXISTS otel.otel_metrics_1m
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
ENGINE = MergeTree
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (MetricName, ServiceName, Series, Time)
TTL Time + toIntervalDay(90)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Gauges, sums and histograms by series and minute';

CREATE TABLE IF NOT EXISTS otel.otel_metrics_1h
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
ENGINE = MergeTree
PARTITION BY toDate(Time, 'UTC')
ORDER BY (MetricName, ServiceName, Series, Time)
TTL Time + toIntervalDay(400)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Gauges, sums and histograms by series and hour';

CREATE TABLE IF NOT EXISTS otel.obsctl_receipts
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
ENGINE = MergeTree
PARTITION BY toDate(Time, 'UTC')
ORDER BY (`Table`, Time)
TTL toDateTime(Time) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'One row a unit of a seal that ClickHouse acknowledged';

CREATE TABLE IF NOT EXISTS otel.snapshot_runs
(
    `Time` DateTime64(3) COMMENT 'When the table was done' CODEC(Delta(8), ZSTD(1)),
    `Run` String COMMENT 'Which run; all tables of one run show one point in time' CODEC(ZSTD(1)),
    `Snapshot` LowCardinality(String) COMMENT 'Name of the snapshot' CODEC(ZSTD(1)),
    `Source` String COMMENT 'Host, port and database; never a password' CODEC(ZSTD(1)),
    `SourceTable` String COMMENT 'Schema and table; empty when the run failed before a table' CODEC(ZSTD(1)),
    `Database` LowCardinality(String) COMMENT 'Database in ClickHouse' CODEC(ZSTD(1)),
    `Table` String COMMENT 'Table in ClickHouse' CODEC(ZSTD(1)),
    `Result` LowCardinality(String) COMMENT 'ok or failed' CODEC(ZSTD(1)),
    `Error` String COMMENT 'Why it failed' CODEC(ZSTD(1)),
    `Position` String COMMENT 'Point in time: LSN, or position in the binlog' CODEC(ZSTD(1)),
    `Rows` UInt64 COMMENT 'Rows that were sent' CODEC(ZSTD(1)),
    `RowsStored` UInt64 COMMENT 'Rows that were found' CODEC(ZSTD(1)),
    `Bytes` UInt64 COMMENT 'Bytes of the Native blocks' CODEC(ZSTD(1)),
    `Checksum` UInt64 COMMENT 'Sum of the hashes of all rows that were sent' CODEC(ZSTD(1)),
    `ChecksumStored` UInt64 COMMENT 'The same, of the rows that were found' CODEC(ZSTD(1)),
    `KeyMin` String COMMENT 'Least value of the first key column that was sent, if it is an integer, a text or a UUID' CODEC(ZSTD(1)),
    `KeyMax` String COMMENT 'Greatest value of it' CODEC(ZSTD(1)),
    `KeyMinStored` String COMMENT 'Least value of the first key column that was found; empty without a key' CODEC(ZSTD(1)),
    `KeyMaxStored` String COMMENT 'Greatest value of it' CODEC(ZSTD(1)),
    `Edges` Map(LowCardinality(String), UInt64) COMMENT 'Values at the edge of their type, by column' CODEC(ZSTD(1)),
    `Changes` Array(String) COMMENT 'What changed in the schema since the last run' CODEC(ZSTD(1)),
    `Mode` LowCardinality(String) COMMENT 'full: all rows were read; incremental: those that changed' CODEC(ZSTD(1)),
    `Since` String COMMENT 'Cursor from which on rows were read; empty for all' CODEC(ZSTD(1)),
    `Mark` String COMMENT 'Greatest cursor that was read and not of the future' CODEC(ZSTD(1)),
    `Deleted` UInt64 COMMENT 'Rows that were marked as deleted' CODEC(ZSTD(1)),
    `Started` DateTime64(3) COMMENT 'When the run began' CODEC(Delta(8), ZSTD(1)),
    `ReadMs` UInt64 COMMENT 'Reading and writing' CODEC(ZSTD(1)),
    `VerifyMs` UInt64 COMMENT 'Counting and the checksum in ClickHouse' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYear(Time, 'UTC')
ORDER BY (Snapshot, SourceTable, Time)
TTL toDateTime(Time) + toIntervalDay(3650)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'One row a table and run of obsctl snapshot';

CREATE TABLE IF NOT EXISTS otel.entity_namespaces
(
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Id` String COMMENT 'Stays while the object lives; a new object of the same name has another' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'With which this version began' CODEC(T64, ZSTD(1)),
    `ValidFrom` DateTime64(3) COMMENT 'Since when it is true' CODEC(Delta(8), ZSTD(1)),
    `ValidTo` DateTime64(3) COMMENT 'Until when it was true, not included; in 2100 for what still is' CODEC(Delta(8), ZSTD(1)),
    `Version` UInt64 COMMENT 'Of two rows of a version the greater one stays' CODEC(T64, ZSTD(1)),
    `Created` DateTime64(3) COMMENT 'When the object was created' CODEC(Delta(8), ZSTD(1)),
    `IsGone` UInt8 COMMENT '1 in the last version of an object that was deleted' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Empty for what has none' CODEC(ZSTD(1)),
    `Name` String COMMENT 'Name' CODEC(ZSTD(1)),
    `Labels` Map(LowCardinality(String), String) COMMENT 'The labels that the stack file chooses' CODEC(ZSTD(1)),
    `Annotations` Map(LowCardinality(String), String) COMMENT 'The annotations that the stack file chooses' CODEC(ZSTD(1)),
    `Phase` LowCardinality(String) COMMENT 'Active, Terminating' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(ValidFrom, 'UTC')
ORDER BY (Cluster, Id, ResourceVersion)
TTL toDateTime(ValidTo) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Namespaces of Kubernetes';

CREATE TABLE IF NOT EXISTS otel.entity_nodes
(
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Id` String COMMENT 'Stays while the object lives; a new object of the same name has another' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'With which this version began' CODEC(T64, ZSTD(1)),
    `ValidFrom` DateTime64(3) COMMENT 'Since when it is true' CODEC(Delta(8), ZSTD(1)),
    `ValidTo` DateTime64(3) COMMENT 'Until when it was true, not included; in 2100 for what still is' CODEC(Delta(8), ZSTD(1)),
    `Version` UInt64 COMMENT 'Of two rows of a version the greater one stays' CODEC(T64, ZSTD(1)),
    `Created` DateTime64(3) COMMENT 'When the object was created' CODEC(Delta(8), ZSTD(1)),
    `IsGone` UInt8 COMMENT '1 in the last version of an object that was deleted' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Empty for what has none' CODEC(ZSTD(1)),
    `Name` String COMMENT 'Name' CODEC(ZSTD(1)),
    `Labels` Map(LowCardinality(String), String) COMMENT 'The labels that the stack file chooses' CODEC(ZSTD(1)),
    `Annotations` Map(LowCardinality(String), String) COMMENT 'The annotations that the stack file chooses' CODEC(ZSTD(1)),
    `Addresses` Array(String) COMMENT 'Internal and external IP addresses' CODEC(ZSTD(1)),
    `Region` LowCardinality(String) COMMENT 'Region' CODEC(ZSTD(1)),
    `Zone` LowCardinality(String) COMMENT 'Availability zone' CODEC(ZSTD(1)),
    `InstanceType` LowCardinality(String) COMMENT 'Type of the machine' CODEC(ZSTD(1)),
    `CapacityType` LowCardinality(String) COMMENT 'spot, on-demand; empty when nothing says' CODEC(ZSTD(1)),
    `ProviderId` String COMMENT 'Id of the machine at the cloud' CODEC(ZSTD(1)),
    `Architecture` LowCardinality(String) COMMENT 'amd64, arm64' CODEC(ZSTD(1)),
    `KubeletVersion` LowCardinality(String) COMMENT 'Version of the kubelet' CODEC(ZSTD(1)),
    `CpuMillis` UInt64 COMMENT 'Thousandths of a core that pods may request' CODEC(ZSTD(1)),
    `MemoryBytes` UInt64 COMMENT 'Bytes of memory that pods may request' CODEC(ZSTD(1)),
    `CapacityCpuMillis` UInt64 COMMENT 'Thousandths of a core of the machine' CODEC(ZSTD(1)),
    `CapacityMemoryBytes` UInt64 COMMENT 'Bytes of memory of the machine' CODEC(ZSTD(1)),
    `State` LowCardinality(String) COMMENT 'ready, not ready, unknown; with ", cordoned"' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(ValidFrom, 'UTC')
ORDER BY (Cluster, Id, ResourceVersion)
TTL toDateTime(ValidTo) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Nodes of Kubernetes';

CREATE TABLE IF NOT EXISTS otel.entity_workloads
(
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Id` String COMMENT 'Stays while the object lives; a new object of the same name has another' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'With which this version began' CODEC(T64, ZSTD(1)),
    `ValidFrom` DateTime64(3) COMMENT 'Since when it is true' CODEC(Delta(8), ZSTD(1)),
    `ValidTo` DateTime64(3) COMMENT 'Until when it was true, not included; in 2100 for what still is' CODEC(Delta(8), ZSTD(1)),
    `Version` UInt64 COMMENT 'Of two rows of a version the greater one stays' CODEC(T64, ZSTD(1)),
    `Created` DateTime64(3) COMMENT 'When the object was created' CODEC(Delta(8), ZSTD(1)),
    `IsGone` UInt8 COMMENT '1 in the last version of an object that was deleted' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Empty for what has none' CODEC(ZSTD(1)),
    `Name` String COMMENT 'Name' CODEC(ZSTD(1)),
    `Labels` Map(LowCardinality(String), String) COMMENT 'The labels that the stack file chooses' CODEC(ZSTD(1)),
    `Annotations` Map(LowCardinality(String), String) COMMENT 'The annotations that the stack file chooses' CODEC(ZSTD(1)),
    `Kind` LowCardinality(String) COMMENT 'Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob' CODEC(ZSTD(1)),
    `OwnerKind` LowCardinality(String) COMMENT 'Kind of the workload that made it' CODEC(ZSTD(1)),
    `OwnerId` String COMMENT 'Its id; empty when nothing made it' CODEC(ZSTD(1)),
    `OwnerName` String COMMENT 'Its name' CODEC(ZSTD(1)),
    `Replicas` UInt32 COMMENT 'Pods that are wanted; 0 for a DaemonSet' CODEC(ZSTD(1)),
    `Images` Map(LowCardinality(String), String) COMMENT 'Image of each container' CODEC(ZSTD(1)),
    `CpuRequestMillis` UInt64 COMMENT 'Thousandths of a core that a pod requests' CODEC(ZSTD(1)),
    `MemoryRequestBytes` UInt64 COMMENT 'Bytes of memory that a pod requests' CODEC(ZSTD(1)),
    `CpuLimitMillis` UInt64 COMMENT 'Its limit; 0 for none' CODEC(ZSTD(1)),
    `MemoryLimitBytes` UInt64 COMMENT 'Its limit; 0 for none' CODEC(ZSTD(1)),
    `Schedule` String COMMENT 'Of a CronJob' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(ValidFrom, 'UTC')
ORDER BY (Cluster, Id, ResourceVersion)
TTL toDateTime(ValidTo) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Workloads of Kubernetes: what makes pods';

CREATE TABLE IF NOT EXISTS otel.entity_pods
(
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Id` String COMMENT 'Stays while the object lives; a new object of the same name has another' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'With which this version began' CODEC(T64, ZSTD(1)),
    `ValidFrom` DateTime64(3) COMMENT 'Since when it is true' CODEC(Delta(8), ZSTD(1)),
    `ValidTo` DateTime64(3) COMMENT 'Until when it was true, not included; in 2100 for what still is' CODEC(Delta(8), ZSTD(1)),
    `Version` UInt64 COMMENT 'Of two rows of a version the greater one stays' CODEC(T64, ZSTD(1)),
    `Created` DateTime64(3) COMMENT 'When the object was created' CODEC(Delta(8), ZSTD(1)),
    `IsGone` UInt8 COMMENT '1 in the last version of an object that was deleted' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Empty for what has none' CODEC(ZSTD(1)),
    `Name` String COMMENT 'Name' CODEC(ZSTD(1)),
    `Labels` Map(LowCardinality(String), String) COMMENT 'The labels that the stack file chooses' CODEC(ZSTD(1)),
    `Annotations` Map(LowCardinality(String), String) COMMENT 'The annotations that the stack file chooses' CODEC(ZSTD(1)),
    `Node` LowCardinality(String) COMMENT 'Node it runs on; empty until it is scheduled' CODEC(ZSTD(1)),
    `WorkloadKind` LowCardinality(String) COMMENT 'Kind of what made it; of a ReplicaSet of a Deployment that Deployment' CODEC(ZSTD(1)),
    `Workload` LowCardinality(String) COMMENT 'Name of what made it' CODEC(ZSTD(1)),
    `OwnerId` String COMMENT 'Id of what made it directly' CODEC(ZSTD(1)),
    `Addresses` Array(String) COMMENT 'Its own IP addresses; none for one that has those of its node' CODEC(ZSTD(1)),
    `Phase` LowCardinality(String) COMMENT 'Pending, Running, Succeeded, Failed' CODEC(ZSTD(1)),
    `Started` DateTime64(3) COMMENT 'When the kubelet took it; 1970 before' CODEC(ZSTD(1)),
    `Containers` Map(LowCardinality(String), String) COMMENT 'Id of each container, without the name of the runtime' CODEC(ZSTD(1)),
    `Images` Map(LowCardinality(String), String) COMMENT 'Image of each container' CODEC(ZSTD(1)),
    `CpuRequestMillis` UInt64 COMMENT 'Thousandths of a core that it requests' CODEC(ZSTD(1)),
    `MemoryRequestBytes` UInt64 COMMENT 'Bytes of memory that it requests' CODEC(ZSTD(1)),
    `CpuLimitMillis` UInt64 COMMENT 'Its limit; 0 when a container has none' CODEC(ZSTD(1)),
    `MemoryLimitBytes` UInt64 COMMENT 'Its limit; 0 when a container has none' CODEC(ZSTD(1)),
    `TemplateHash` LowCardinality(String) COMMENT 'Revision of the workload that it was made from' CODEC(ZSTD(1)),
    `Ready` DateTime64(3) COMMENT 'Since when it is ready; 1970 while it is not' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(ValidFrom, 'UTC')
ORDER BY (Cluster, Id, ResourceVersion)
TTL toDateTime(ValidTo) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Pods of Kubernetes';

CREATE TABLE IF NOT EXISTS otel.entity_services
(
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Id` String COMMENT 'Stays while the object lives; a new object of the same name has another' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'With which this version began' CODEC(T64, ZSTD(1)),
    `ValidFrom` DateTime64(3) COMMENT 'Since when it is true' CODEC(Delta(8), ZSTD(1)),
    `ValidTo` DateTime64(3) COMMENT 'Until when it was true, not included; in 2100 for what still is' CODEC(Delta(8), ZSTD(1)),
    `Version` UInt64 COMMENT 'Of two rows of a version the greater one stays' CODEC(T64, ZSTD(1)),
    `Created` DateTime64(3) COMMENT 'When the object was created' CODEC(Delta(8), ZSTD(1)),
    `IsGone` UInt8 COMMENT '1 in the last version of an object that was deleted' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Empty for what has none' CODEC(ZSTD(1)),
    `Name` String COMMENT 'Name' CODEC(ZSTD(1)),
    `Labels` Map(LowCardinality(String), String) COMMENT 'The labels that the stack file chooses' CODEC(ZSTD(1)),
    `Annotations` Map(LowCardinality(String), String) COMMENT 'The annotations that the stack file chooses' CODEC(ZSTD(1)),
    `Type` LowCardinality(String) COMMENT 'ClusterIP, NodePort, LoadBalancer, ExternalName' CODEC(ZSTD(1)),
    `Addresses` Array(String) COMMENT 'IP addresses of the cluster and of load balancers' CODEC(ZSTD(1)),
    `Ports` Array(String) COMMENT 'PORT/PROTOCOL' CODEC(ZSTD(1)),
    `Selector` Map(LowCardinality(String), String) COMMENT 'Labels of its pods' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(ValidFrom, 'UTC')
ORDER BY (Cluster, Id, ResourceVersion)
TTL toDateTime(ValidTo) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Services of Kubernetes';

CREATE TABLE IF NOT EXISTS otel.entity_endpoint_slices
(
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Id` String COMMENT 'Stays while the object lives; a new object of the same name has another' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'With which this version began' CODEC(T64, ZSTD(1)),
    `ValidFrom` DateTime64(3) COMMENT 'Since when it is true' CODEC(Delta(8), ZSTD(1)),
    `ValidTo` DateTime64(3) COMMENT 'Until when it was true, not included; in 2100 for what still is' CODEC(Delta(8), ZSTD(1)),
    `Version` UInt64 COMMENT 'Of two rows of a version the greater one stays' CODEC(T64, ZSTD(1)),
    `Created` DateTime64(3) COMMENT 'When the object was created' CODEC(Delta(8), ZSTD(1)),
    `IsGone` UInt8 COMMENT '1 in the last version of an object that was deleted' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Empty for what has none' CODEC(ZSTD(1)),
    `Name` String COMMENT 'Name' CODEC(ZSTD(1)),
    `Labels` Map(LowCardinality(String), String) COMMENT 'The labels that the stack file chooses' CODEC(ZSTD(1)),
    `Annotations` Map(LowCardinality(String), String) COMMENT 'The annotations that the stack file chooses' CODEC(ZSTD(1)),
    `Service` LowCardinality(String) COMMENT 'Name of the Service' CODEC(ZSTD(1)),
    `Pods` Array(String) COMMENT 'Ids of the pods' CODEC(ZSTD(1)),
    `Addresses` Array(String) COMMENT 'Addresses of all endpoints' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(ValidFrom, 'UTC')
ORDER BY (Cluster, Id, ResourceVersion)
TTL toDateTime(ValidTo) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Which pods are behind a Service';

CREATE TABLE IF NOT EXISTS otel.entity_ingresses
(
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Id` String COMMENT 'Stays while the object lives; a new object of the same name has another' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'With which this version began' CODEC(T64, ZSTD(1)),
    `ValidFrom` DateTime64(3) COMMENT 'Since when it is true' CODEC(Delta(8), ZSTD(1)),
    `ValidTo` DateTime64(3) COMMENT 'Until when it was true, not included; in 2100 for what still is' CODEC(Delta(8), ZSTD(1)),
    `Version` UInt64 COMMENT 'Of two rows of a version the greater one stays' CODEC(T64, ZSTD(1)),
    `Created` DateTime64(3) COMMENT 'When the object was created' CODEC(Delta(8), ZSTD(1)),
    `IsGone` UInt8 COMMENT '1 in the last version of an object that was deleted' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Empty for what has none' CODEC(ZSTD(1)),
    `Name` String COMMENT 'Name' CODEC(ZSTD(1)),
    `Labels` Map(LowCardinality(String), String) COMMENT 'The labels that the stack file chooses' CODEC(ZSTD(1)),
    `Annotations` Map(LowCardinality(String), String) COMMENT 'The annotations that the stack file chooses' CODEC(ZSTD(1)),
    `Class` LowCardinality(String) COMMENT 'Which controller serves it' CODEC(ZSTD(1)),
    `Hosts` Array(String) COMMENT 'Names it answers to' CODEC(ZSTD(1)),
    `Services` Array(String) COMMENT 'Services behind it' CODEC(ZSTD(1)),
    `Addresses` Array(String) COMMENT 'IP addresses and names of load balancers' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(ValidFrom, 'UTC')
ORDER BY (Cluster, Id, ResourceVersion)
TTL toDateTime(ValidTo) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Ingresses of Kubernetes';

CREATE TABLE IF NOT EXISTS otel.entity_volumes
(
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Id` String COMMENT 'Stays while the object lives; a new object of the same name has another' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'With which this version began' CODEC(T64, ZSTD(1)),
    `ValidFrom` DateTime64(3) COMMENT 'Since when it is true' CODEC(Delta(8), ZSTD(1)),
    `ValidTo` DateTime64(3) COMMENT 'Until when it was true, not included; in 2100 for what still is' CODEC(Delta(8), ZSTD(1)),
    `Version` UInt64 COMMENT 'Of two rows of a version the greater one stays' CODEC(T64, ZSTD(1)),
    `Created` DateTime64(3) COMMENT 'When the object was created' CODEC(Delta(8), ZSTD(1)),
    `IsGone` UInt8 COMMENT '1 in the last version of an object that was deleted' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Empty for what has none' CODEC(ZSTD(1)),
    `Name` String COMMENT 'Name' CODEC(ZSTD(1)),
    `Labels` Map(LowCardinality(String), String) COMMENT 'The labels that the stack file chooses' CODEC(ZSTD(1)),
    `Annotations` Map(LowCardinality(String), String) COMMENT 'The annotations that the stack file chooses' CODEC(ZSTD(1)),
    `Kind` LowCardinality(String) COMMENT 'PersistentVolume, PersistentVolumeClaim' CODEC(ZSTD(1)),
    `Class` LowCardinality(String) COMMENT 'Storage class' CODEC(ZSTD(1)),
    `Bytes` UInt64 COMMENT 'Size' CODEC(ZSTD(1)),
    `Phase` LowCardinality(String) COMMENT 'Available, Bound, Released, Pending, Lost' CODEC(ZSTD(1)),
    `BoundTo` String COMMENT 'NAMESPACE/CLAIM of a volume; name of the volume of a claim' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(ValidFrom, 'UTC')
ORDER BY (Cluster, Id, ResourceVersion)
TTL toDateTime(ValidTo) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Persistent volumes and claims of Kubernetes';

CREATE TABLE IF NOT EXISTS otel.entity_config_maps
(
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Id` String COMMENT 'Stays while the object lives; a new object of the same name has another' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'With which this version began' CODEC(T64, ZSTD(1)),
    `ValidFrom` DateTime64(3) COMMENT 'Since when it is true' CODEC(Delta(8), ZSTD(1)),
    `ValidTo` DateTime64(3) COMMENT 'Until when it was true, not included; in 2100 for what still is' CODEC(Delta(8), ZSTD(1)),
    `Version` UInt64 COMMENT 'Of two rows of a version the greater one stays' CODEC(T64, ZSTD(1)),
    `Created` DateTime64(3) COMMENT 'When the object was created' CODEC(Delta(8), ZSTD(1)),
    `IsGone` UInt8 COMMENT '1 in the last version of an object that was deleted' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Empty for what has none' CODEC(ZSTD(1)),
    `Name` String COMMENT 'Name' CODEC(ZSTD(1)),
    `Labels` Map(LowCardinality(String), String) COMMENT 'The labels that the stack file chooses' CODEC(ZSTD(1)),
    `Annotations` Map(LowCardinality(String), String) COMMENT 'The annotations that the stack file chooses' CODEC(ZSTD(1)),
    `Hash` String COMMENT '16 hex digits' CODEC(ZSTD(1)),
    `Bytes` UInt64 COMMENT 'Size' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(ValidFrom, 'UTC')
ORDER BY (Cluster, Id, ResourceVersion)
TTL toDateTime(ValidTo) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Config maps of Kubernetes: names and hashes, never what they hold';

CREATE TABLE IF NOT EXISTS otel.entity_hosts
(
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Id` String COMMENT 'Stays while the object lives; a new object of the same name has another' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'With which this version began' CODEC(T64, ZSTD(1)),
    `ValidFrom` DateTime64(3) COMMENT 'Since when it is true' CODEC(Delta(8), ZSTD(1)),
    `ValidTo` DateTime64(3) COMMENT 'Until when it was true, not included; in 2100 for what still is' CODEC(Delta(8), ZSTD(1)),
    `Version` UInt64 COMMENT 'Of two rows of a version the greater one stays' CODEC(T64, ZSTD(1)),
    `Created` DateTime64(3) COMMENT 'When the object was created' CODEC(Delta(8), ZSTD(1)),
    `IsGone` UInt8 COMMENT '1 in the last version of an object that was deleted' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Empty for what has none' CODEC(ZSTD(1)),
    `Name` String COMMENT 'Name' CODEC(ZSTD(1)),
    `Labels` Map(LowCardinality(String), String) COMMENT 'The labels that the stack file chooses' CODEC(ZSTD(1)),
    `Annotations` Map(LowCardinality(String), String) COMMENT 'The annotations that the stack file chooses' CODEC(ZSTD(1)),
    `Kind` LowCardinality(String) COMMENT 'Host, Database, LoadBalancer, …' CODEC(ZSTD(1)),
    `Addresses` Array(String) COMMENT 'IP addresses' CODEC(ZSTD(1)),
    `Region` LowCardinality(String) COMMENT 'Region' CODEC(ZSTD(1)),
    `Zone` LowCardinality(String) COMMENT 'Availability zone' CODEC(ZSTD(1)),
    `InstanceType` LowCardinality(String) COMMENT 'Type of the machine' CODEC(ZSTD(1)),
    `Provider` LowCardinality(String) COMMENT 'aws, gcp, azure, …' CODEC(ZSTD(1)),
    `Account` LowCardinality(String) COMMENT 'Account at the provider' CODEC(ZSTD(1)),
    `Os` LowCardinality(String) COMMENT 'linux, windows, …' CODEC(ZSTD(1)),
    `Architecture` LowCardinality(String) COMMENT 'amd64, arm64, …' CODEC(ZSTD(1)),
    `Origin` LowCardinality(String) COMMENT 'telemetry, or the name of a list' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(ValidFrom, 'UTC')
ORDER BY (Cluster, Id, ResourceVersion)
TTL toDateTime(ValidTo) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Machines and other things outside Kubernetes, which have the empty cluster';

CREATE TABLE IF NOT EXISTS otel.entity_events
(
    `Time` DateTime64(3) COMMENT 'When it happened' CODEC(Delta(8), ZSTD(1)),
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Type` LowCardinality(String) COMMENT 'created, deleted, recreated, migrated, resized, image_changed, config_changed, state_changed, address_attached, address_detached, modified' CODEC(ZSTD(1)),
    `EntityType` LowCardinality(String) COMMENT 'Pod, Node, Deployment, …' CODEC(ZSTD(1)),
    `EntityId` String COMMENT 'Id of the entity' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Empty for what has none' CODEC(ZSTD(1)),
    `Name` String COMMENT 'Name of the entity' CODEC(ZSTD(1)),
    `Workload` LowCardinality(String) COMMENT 'Workload of a pod' CODEC(ZSTD(1)),
    `Node` LowCardinality(String) COMMENT 'Node of a pod, after the event' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'Of the version that it led to' CODEC(T64, ZSTD(1)),
    `Version` UInt64 COMMENT 'An event that is written again replaces itself' CODEC(T64, ZSTD(1)),
    `Before` Map(LowCardinality(String), String) COMMENT 'What differs, as it was' CODEC(ZSTD(1)),
    `After` Map(LowCardinality(String), String) COMMENT 'What differs, as it is' CODEC(ZSTD(1)),
    `Description` String COMMENT 'In one sentence' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(Time, 'UTC')
ORDER BY (Cluster, EntityType, EntityId, ResourceVersion, Type)
TTL toDateTime(Time) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'What happened to entities';

CREATE TABLE IF NOT EXISTS otel.entity_positions
(
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Kind` LowCardinality(String) COMMENT 'Kind that is watched, as in the paths of the API server' CODEC(ZSTD(1)),
    `ResourceVersion` UInt64 COMMENT 'Everything up to here is in the tables' CODEC(ZSTD(1)),
    `Version` UInt64 COMMENT 'The latest one counts' CODEC(ZSTD(1)),
    `Time` DateTime64(3) COMMENT 'When' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(Time, 'UTC')
ORDER BY (Cluster, Kind)
TTL toDateTime(Time) + toIntervalDay(3650)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'How far each kind has been recorded';

CREATE TABLE IF NOT EXISTS otel.agents
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
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(LastSeen, 'UTC')
ORDER BY (Tenant, InstanceUid)
TTL toDateTime(LastSeen) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Agents as they report themselves by OpAMP, the latest report of each';

CREATE TABLE IF NOT EXISTS otel.agent_configs
(
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Hash` String COMMENT 'As EffectiveHash of agents' CODEC(ZSTD(1)),
    `Version` UInt64 COMMENT 'The latest report counts' CODEC(T64, ZSTD(1)),
    `LastSeen` DateTime64(3) COMMENT 'When an agent last said so; written again every day' CODEC(Delta(8), ZSTD(1)),
    `Text` String COMMENT 'With defaults filled in, references resolved and secrets redacted by the agent; empty above 1 MiB' CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(LastSeen, 'UTC')
ORDER BY (Tenant, Hash)
TTL toDateTime(LastSeen) + toIntervalDay(30)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Configurations that agents say they run with';

CREATE TABLE IF NOT EXISTS otel.cost_prices
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
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 0, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Prices of price files, as they were loaded';

CREATE TABLE IF NOT EXISTS otel.cost_bills
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
ENGINE = ReplacingMergeTree(Version)
PARTITION BY toStartOfMonth(ChargePeriodStart, 'UTC')
ORDER BY (Source, Import, Line)
TTL ChargePeriodEnd + toIntervalDay(3650)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Bills of providers in the format FOCUS, a row a charge';

CREATE TABLE IF NOT EXISTS otel.cost_hours
(
    `Time` DateTime COMMENT 'Start of the hour in UTC' CODEC(Delta(4), ZSTD(1)),
    `Kind` LowCardinality(String) COMMENT 'node: what a node cost. pod: what of it is a pod’s. unallocated: what no pod requested; negative where pods requested more than there is' CODEC(ZSTD(1)),
    `Cluster` LowCardinality(String) COMMENT 'k8s.cluster.name' CODEC(ZSTD(1)),
    `Node` LowCardinality(String) COMMENT 'Node' CODEC(ZSTD(1)),
    `Zone` LowCardinality(String) COMMENT 'Availability zone of the node' CODEC(ZSTD(1)),
    `InstanceType` LowCardinality(String) COMMENT 'Type of the machine' CODEC(ZSTD(1)),
    `Namespace` LowCardinality(String) COMMENT 'Of a pod' CODEC(ZSTD(1)),
    `WorkloadKind` LowCardinality(String) COMMENT 'Of a pod' CODEC(ZSTD(1)),
    `Workload` LowCardinality(String) COMMENT 'Of a pod; its own name where nothing made it' CODEC(ZSTD(1)),
    `Pod` String COMMENT 'Name of the pod' CODEC(ZSTD(1)),
    `PodId` String COMMENT 'k8s.pod.uid' CODEC(ZSTD(1)),
    `Team` LowCardinality(String) COMMENT 'Label of the pod, else of its workload, else of its namespace; – without' CODEC(ZSTD(1)),
    `Owner` LowCardinality(String) COMMENT 'As Team' CODEC(ZSTD(1)),
    `CostCenter` LowCardinality(String) COMMENT 'As Team' CODEC(ZSTD(1)),
    `Hours` Decimal(38, 9) COMMENT 'How much of the hour it was there' CODEC(ZSTD(1)),
    `CpuCoreHours` Decimal(38, 9) COMMENT 'Requested by a pod; capacity of a node' CODEC(ZSTD(1)),
    `CpuCoreHoursUsed` Decimal(38, 9) COMMENT 'Mean use by the time it was there' CODEC(ZSTD(1)),
    `MemoryGbHours` Decimal(38, 9) COMMENT 'As CpuCoreHours; 10⁹ bytes' CODEC(ZSTD(1)),
    `MemoryGbHoursUsed` Decimal(38, 9) COMMENT 'Mean use by the time it was there' CODEC(ZSTD(1)),
    `IsMeasured` UInt8 COMMENT '0 where no metric told the use; the use is 0 then' CODEC(ZSTD(1)),
    `Cost` Decimal(38, 12) COMMENT 'Of a pod what it requested; of a node all of it; pods and unallocated add up to the node' CODEC(ZSTD(1)),
    `UsageCost` Decimal(38, 12) COMMENT 'What of it was used' CODEC(ZSTD(1)),
    `IdleCost` Decimal(38, 12) COMMENT 'Of a node: what nobody used' CODEC(ZSTD(1)),
    `CpuPrice` Decimal(38, 12) COMMENT 'Of a vCPU for an hour, which was counted with' CODEC(ZSTD(1)),
    `MemoryPrice` Decimal(38, 12) COMMENT 'Of 10⁹ bytes for an hour' CODEC(ZSTD(1)),
    `Currency` LowCardinality(String) COMMENT 'ISO 4217; amounts of two are never added' CODEC(ZSTD(1)),
    `PriceSource` LowCardinality(String) COMMENT 'bill: FILE, node: FILE, file: FILE, or default PROVIDER DATE' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(Time, 'UTC')
ORDER BY (Cluster, Kind, Namespace, Workload, Time, Node, PodId)
TTL Time + toIntervalDay(400)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'What nodes and pods cost, by hour; made again by obsctl cost run';

CREATE TABLE IF NOT EXISTS otel.flow_logs
(
    `Time` DateTime COMMENT 'Start of the minute' CODEC(Delta(4), ZSTD(1)),
    `Connection` String COMMENT 'Which connection' CODEC(ZSTD(1)),
    `Started` DateTime64(9) COMMENT 'When the connection was opened' CODEC(Delta(8), ZSTD(1)),
    `Start` DateTime64(9) COMMENT 'From when on it was seen in this minute' CODEC(Delta(8), ZSTD(1)),
    `End` DateTime64(9) COMMENT 'Until when it was seen in this minute' CODEC(Delta(8), ZSTD(1)),
    `Cluster` LowCardinality(String) COMMENT 'Cluster of the reporter' CODEC(ZSTD(1)),
    `Protocol` LowCardinality(String) COMMENT 'tcp, udp, …; empty when not reported' CODEC(ZSTD(1)),
    `SourceAddress` String COMMENT 'Side that opened the connection' CODEC(ZSTD(1)),
    `SourcePort` UInt16 COMMENT 'Its port' CODEC(ZSTD(1)),
    `DestinationAddress` String COMMENT 'Side that was asked' CODEC(ZSTD(1)),
    `DestinationPort` UInt16 COMMENT 'Its port' CODEC(ZSTD(1)),
    `SourceBytes` UInt64 COMMENT 'Bytes that the source sent' CODEC(T64, ZSTD(1)),
    `SourcePackets` UInt64 COMMENT 'Packets that the source sent' CODEC(T64, ZSTD(1)),
    `DestinationBytes` UInt64 COMMENT 'Bytes that the destination sent' CODEC(T64, ZSTD(1)),
    `DestinationPackets` UInt64 COMMENT 'Packets that the destination sent' CODEC(T64, ZSTD(1)),
    `CloseReason` LowCardinality(String) COMMENT 'In the minute of its end: why it was closed; empty while it is open' CODEC(ZSTD(1)),
    `SourceNamespace` LowCardinality(String) COMMENT 'Namespace of the side that opened the connection' CODEC(ZSTD(1)),
    `SourceWorkload` LowCardinality(String) COMMENT 'Workload of the side that opened it' CODEC(ZSTD(1)),
    `SourceZone` LowCardinality(String) COMMENT 'Zone of the side that opened it' CODEC(ZSTD(1)),
    `DestinationNamespace` LowCardinality(String) COMMENT 'Namespace of the side that was asked' CODEC(ZSTD(1)),
    `DestinationWorkload` LowCardinality(String) COMMENT 'Workload of the side that was asked' CODEC(ZSTD(1)),
    `DestinationZone` LowCardinality(String) COMMENT 'Zone of the side that was asked' CODEC(ZSTD(1)),
    `SourcePod` LowCardinality(String) COMMENT 'Pod of the side that opened it' CODEC(ZSTD(1)),
    `SourceNode` LowCardinality(String) COMMENT 'Node of the side that opened it' CODEC(ZSTD(1)),
    `DestinationPod` LowCardinality(String) COMMENT 'Pod of the side that was asked' CODEC(ZSTD(1)),
    `DestinationNode` LowCardinality(String) COMMENT 'Node of the side that was asked' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Reports` UInt64 COMMENT 'Reports of this minute, of either side; resent ones count once' CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (Time, SourceWorkload, DestinationWorkload, Connection)
TTL Time + toIntervalDay(1)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Network connections by minute, made of log records with the attributes of a flow';

CREATE TABLE IF NOT EXISTS otel.flow_seconds
(
    `Time` DateTime COMMENT 'Start of the interval' CODEC(Delta(4), ZSTD(1)),
    `Cluster` LowCardinality(String) COMMENT 'Cluster of the reporter' CODEC(ZSTD(1)),
    `Protocol` LowCardinality(String) COMMENT 'tcp, udp, …; empty when not reported' CODEC(ZSTD(1)),
    `SourceNamespace` LowCardinality(String) COMMENT 'Namespace of the side that opened the connection' CODEC(ZSTD(1)),
    `SourceWorkload` LowCardinality(String) COMMENT 'Workload of the side that opened it' CODEC(ZSTD(1)),
    `SourceZone` LowCardinality(String) COMMENT 'Zone of the side that opened it' CODEC(ZSTD(1)),
    `DestinationNamespace` LowCardinality(String) COMMENT 'Namespace of the side that was asked' CODEC(ZSTD(1)),
    `DestinationWorkload` LowCardinality(String) COMMENT 'Workload of the side that was asked' CODEC(ZSTD(1)),
    `DestinationZone` LowCardinality(String) COMMENT 'Zone of the side that was asked' CODEC(ZSTD(1)),
    `SourceAddress` String COMMENT 'Where no workload is known' CODEC(ZSTD(1)),
    `DestinationAddress` String COMMENT 'Where no workload is known' CODEC(ZSTD(1)),
    `DestinationPort` UInt16 COMMENT '0 when not reported' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `SourceBytes` UInt64 COMMENT 'Bytes that the source sent' CODEC(T64, ZSTD(1)),
    `SourcePackets` UInt64 COMMENT 'Packets that the source sent' CODEC(T64, ZSTD(1)),
    `DestinationBytes` UInt64 COMMENT 'Bytes that the destination sent' CODEC(T64, ZSTD(1)),
    `DestinationPackets` UInt64 COMMENT 'Packets that the destination sent' CODEC(T64, ZSTD(1)),
    `Opened` UInt64 COMMENT 'Connections that began' CODEC(T64, ZSTD(1)),
    `Closed` UInt64 COMMENT 'Connections that ended' CODEC(T64, ZSTD(1)),
    `ConcurrentMax` UInt64 COMMENT 'Most connections open at one instant' CODEC(T64, ZSTD(1)),
    `Reports` UInt64 COMMENT 'How many it was made of' CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toStartOfFiveMinutes(Time, 'UTC')
ORDER BY (SourceWorkload, DestinationWorkload, SourceAddress, DestinationAddress, Time)
TTL Time + toIntervalDay(1)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Network traffic between two sides by second';

CREATE TABLE IF NOT EXISTS otel.flow_minutes
(
    `Time` DateTime COMMENT 'Start of the interval' CODEC(Delta(4), ZSTD(1)),
    `Cluster` LowCardinality(String) COMMENT 'Cluster of the reporter' CODEC(ZSTD(1)),
    `Protocol` LowCardinality(String) COMMENT 'tcp, udp, …; empty when not reported' CODEC(ZSTD(1)),
    `SourceNamespace` LowCardinality(String) COMMENT 'Namespace of the side that opened the connection' CODEC(ZSTD(1)),
    `SourceWorkload` LowCardinality(String) COMMENT 'Workload of the side that opened it' CODEC(ZSTD(1)),
    `SourceZone` LowCardinality(String) COMMENT 'Zone of the side that opened it' CODEC(ZSTD(1)),
    `DestinationNamespace` LowCardinality(String) COMMENT 'Namespace of the side that was asked' CODEC(ZSTD(1)),
    `DestinationWorkload` LowCardinality(String) COMMENT 'Workload of the side that was asked' CODEC(ZSTD(1)),
    `DestinationZone` LowCardinality(String) COMMENT 'Zone of the side that was asked' CODEC(ZSTD(1)),
    `SourceAddress` String COMMENT 'Where no workload is known' CODEC(ZSTD(1)),
    `DestinationAddress` String COMMENT 'Where no workload is known' CODEC(ZSTD(1)),
    `DestinationPort` UInt16 COMMENT '0 when not reported' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `SourceBytes` UInt64 COMMENT 'Bytes that the source sent' CODEC(T64, ZSTD(1)),
    `SourcePackets` UInt64 COMMENT 'Packets that the source sent' CODEC(T64, ZSTD(1)),
    `DestinationBytes` UInt64 COMMENT 'Bytes that the destination sent' CODEC(T64, ZSTD(1)),
    `DestinationPackets` UInt64 COMMENT 'Packets that the destination sent' CODEC(T64, ZSTD(1)),
    `Opened` UInt64 COMMENT 'Connections that began' CODEC(T64, ZSTD(1)),
    `Closed` UInt64 COMMENT 'Connections that ended' CODEC(T64, ZSTD(1)),
    `ConcurrentMax` UInt64 COMMENT 'Most connections open at one instant' CODEC(T64, ZSTD(1)),
    `Reports` UInt64 COMMENT 'How many it was made of' CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (SourceWorkload, DestinationWorkload, SourceAddress, DestinationAddress, Time)
TTL Time + toIntervalDay(90)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Network traffic between two sides by minute';

CREATE TABLE IF NOT EXISTS otel.l7_calls
(
    `Time` DateTime64(9) COMMENT 'When it began' CODEC(Delta(8), ZSTD(1)),
    `State` LowCardinality(String) COMMENT 'paired, request_only, response_only' CODEC(ZSTD(1)),
    `Duration` UInt64 COMMENT 'Nanoseconds; 0 unless paired' CODEC(T64, ZSTD(1)),
    `Cluster` LowCardinality(String) COMMENT 'Cluster of the reporter' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'Service that reported it' CODEC(ZSTD(1)),
    `Protocol` LowCardinality(String) COMMENT 'http, redis, dns, …' CODEC(ZSTD(1)),
    `Method` LowCardinality(String) COMMENT 'What was asked for' CODEC(ZSTD(1)),
    `Resource` String COMMENT 'What it was asked of' CODEC(ZSTD(1)),
    `Status` LowCardinality(String) COMMENT 'What was answered' CODEC(ZSTD(1)),
    `ErrorType` LowCardinality(String) COMMENT 'Set when it failed' CODEC(ZSTD(1)),
    `SourceAddress` String COMMENT 'Who asked' CODEC(ZSTD(1)),
    `SourcePort` UInt16 COMMENT 'Its port' CODEC(ZSTD(1)),
    `DestinationAddress` String COMMENT 'Who was asked' CODEC(ZSTD(1)),
    `DestinationPort` UInt16 COMMENT 'Its port' CODEC(ZSTD(1)),
    `RequestId` String COMMENT 'What both have in common; empty where a span is' CODEC(ZSTD(1)),
    `TraceId` String COMMENT '32 lower-case hex digits or empty' CODEC(ZSTD(1)),
    `SpanId` String COMMENT '16 lower-case hex digits or empty' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (Time, ServiceName, Method)
TTL toDateTime(Time) + toIntervalDay(1)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Requests and responses that were reported apart, one row a call';

ALTER TABLE otel.otel_traces MODIFY TTL toDateTime(Timestamp) + toIntervalDay(1);

ALTER TABLE otel.otel_traces_trace_id_ts MODIFY TTL Start + toIntervalDay(1);

ALTER TABLE otel.otel_logs MODIFY TTL toDateTime(Timestamp) + toIntervalDay(1);

ALTER TABLE otel.otel_metrics_gauge MODIFY TTL toDateTime(TimeUnix) + toIntervalDay(7);

ALTER TABLE otel.otel_metrics_sum MODIFY TTL toDateTime(TimeUnix) + toIntervalDay(7);

ALTER TABLE otel.otel_metrics_histogram MODIFY TTL toDateTime(TimeUnix) + toIntervalDay(7);

ALTER TABLE otel.otel_metrics_exponential_histogram MODIFY TTL toDateTime(TimeUnix) + toIntervalDay(7);

ALTER TABLE otel.otel_metrics_summary MODIFY TTL toDateTime(TimeUnix) + toIntervalDay(7);

ALTER TABLE otel.otel_red_1s MODIFY TTL Time + toIntervalDay(1);

ALTER TABLE otel.otel_attributes_15m MODIFY TTL Time + toIntervalDay(7);

ALTER TABLE otel.flow_logs MODIFY TTL Time + toIntervalDay(1);

ALTER TABLE otel.l7_calls MODIFY TTL toDateTime(Time) + toIntervalDay(1);

CREATE MATERIALIZED VIEW IF NOT EXISTS otel.otel_traces_trace_id_ts_mv
TO otel.otel_traces_trace_id_ts
AS SELECT
    TraceId, min(toDateTime(Timestamp)) AS Start, max(toDateTime(Timestamp)) AS End
FROM otel.otel_traces
GROUP BY TraceId;

CREATE MATERIALIZED VIEW IF NOT EXISTS otel.otel_red_1s_mv
TO otel.otel_red_1s
AS SELECT
    toDateTime(Timestamp) AS Time, ServiceName, SpanName, SpanKind, StatusCode, count() AS Count,
    sum(Duration) AS DurationSum, min(Duration) AS DurationMin, max(Duration) AS DurationMax,
    sumMap([toUInt16(floor(log2(greatest(Duration, 1)) * 8))], [toUInt64(1)]).1 AS `Buckets.Index`, sumMap([toUInt16(floor(log2(greatest(Duration, 1)) * 8))], [toUInt64(1)]).2 AS `Buckets.Count`, Tenant,
    if((ResourceAttributes['telemetry.distro.name'] IN ('opentelemetry-ebpf-instrumentation') OR ResourceAttributes['telemetry.sdk.name'] IN ('opentelemetry-ebpf-instrumentation', 'beyla')), 'ebpf', '') AS Instrumentation
FROM otel.otel_traces
GROUP BY Time, ServiceName, SpanName, SpanKind, StatusCode, Tenant, Instrumentation;

CREATE MATERIALIZED VIEW IF NOT EXISTS otel.otel_red_1m_mv
TO otel.otel_red_1m
AS SELECT
    toStartOfMinute(toDateTime(Timestamp)) AS Time, ServiceName, SpanName, SpanKind, StatusCode, count() AS Count,
    sum(Duration) AS DurationSum, min(Duration) AS DurationMin, max(Duration) AS DurationMax,
    sumMap([toUInt16(floor(log2(greatest(Duration, 1)) * 8))], [toUInt64(1)]).1 AS `Buckets.Index`, sumMap([toUInt16(floor(log2(greatest(Duration, 1)) * 8))], [toUInt64(1)]).2 AS `Buckets.Count`, Tenant,
    if((ResourceAttributes['telemetry.distro.name'] IN ('opentelemetry-ebpf-instrumentation') OR ResourceAttributes['telemetry.sdk.name'] IN ('opentelemetry-ebpf-instrumentation', 'beyla')), 'ebpf', '') AS Instrumentation
FROM otel.otel_traces
GROUP BY Time, ServiceName, SpanName, SpanKind, StatusCode, Tenant, Instrumentation;
