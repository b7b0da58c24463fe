CREATE TABLE IF NOT EXISTS otel.otel_log_patterns_local UUID '9e2e977a-d469-8bc8-89c2-827e265133d7' ON CLUSTER '{cluster}'
(
    `ServiceName` LowCardinality(String) COMMENT 'Service' CODEC(ZSTD(1)),
    `Severity` LowCardinality(String) COMMENT 'fatal, error, warn, info, debug, trace or unknown' CODEC(ZSTD(1)),
    `Pattern` String COMMENT 'Its beginning, words with digits replaced by #; … for all that are too rare to be told apart' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `FirstSeen` SimpleAggregateFunction(min, DateTime64(9)) COMMENT 'First record; ask min(FirstSeen)' CODEC(ZSTD(1)),
    `LastSeen` SimpleAggregateFunction(max, DateTime64(9)) COMMENT 'Last record; ask max(LastSeen)' CODEC(ZSTD(1))
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY tuple()
ORDER BY (ServiceName, Severity, Pattern, Tenant)
TTL toDateTime(LastSeen) + toIntervalDay(400)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'First and last record of each log pattern';

CREATE TABLE IF NOT EXISTS otel.otel_log_patterns ON CLUSTER '{cluster}'
(
    `ServiceName` LowCardinality(String) COMMENT 'Service',
    `Severity` LowCardinality(String) COMMENT 'fatal, error, warn, info, debug, trace or unknown',
    `Pattern` String COMMENT 'Its beginning, words with digits replaced by #; … for all that are too rare to be told apart',
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants',
    `FirstSeen` SimpleAggregateFunction(min, DateTime64(9)) COMMENT 'First record; ask min(FirstSeen)',
    `LastSeen` SimpleAggregateFunction(max, DateTime64(9)) COMMENT 'Last record; ask max(LastSeen)'
)
ENGINE = Distributed('{cluster}', 'otel', 'otel_log_patterns_local', cityHash64(ServiceName, Pattern))
COMMENT 'First and last record of each log pattern';
