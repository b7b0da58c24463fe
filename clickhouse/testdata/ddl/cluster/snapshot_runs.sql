CREATE TABLE IF NOT EXISTS otel.snapshot_runs UUID '20f31979-638e-8827-8396-38b1de818bf3' ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}')
PARTITION BY toYear(Time, 'UTC')
ORDER BY (Snapshot, SourceTable, Time)
TTL toDateTime(Time) + toIntervalDay(3650)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800
COMMENT 'One row a table and run of obsctl snapshot';
