CREATE TABLE IF NOT EXISTS otel.otel_log_patterns_1m_local UUID '8d37ec6c-2109-8fbf-aa2a-0bd5be1439bb' ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (ServiceName, Severity, Pattern, Time)
TTL Time + toIntervalDay(90)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'Log records by minute, service, severity and pattern';

CREATE TABLE IF NOT EXISTS otel.otel_log_patterns_1m ON CLUSTER '{cluster}'
(
    `Time` DateTime COMMENT 'Start of the minute',
    `ServiceName` LowCardinality(String) COMMENT 'Service',
    `Severity` LowCardinality(String) COMMENT 'fatal, error, warn, info, debug, trace or unknown',
    `Pattern` String COMMENT 'Its beginning, words with digits replaced by #; … for all that are too rare to be told apart',
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants',
    `Rows` UInt64 COMMENT 'Records that are stored, without weights',
    `Records` Float64 COMMENT 'Records; an estimate where they are sampled',
    `FirstSeen` DateTime64(9) COMMENT 'First record of the minute',
    `LastSeen` DateTime64(9) COMMENT 'Last record of the minute'
)
ENGINE = Distributed('{cluster}', 'otel', 'otel_log_patterns_1m_local', cityHash64(ServiceName, Pattern))
COMMENT 'Log records by minute, service, severity and pattern';
