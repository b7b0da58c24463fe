CREATE TABLE otel.otel_log_patterns
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
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'First and last record of each log pattern'
