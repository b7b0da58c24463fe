import type { TableDef } from './types.ts';

const zstd = 'ZSTD(1)';

// biome-ignore format: a table reads as a table, one column a line
const columns = [
  { name: 'Time', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)', source: 'clock at the end', comment: 'When the table was done', origin: 'ours' },
  { name: 'Run', type: 'String', codec: zstd, source: 'random', comment: 'Which run; all tables of one run show one point in time', origin: 'ours' },
  { name: 'Snapshot', type: 'LowCardinality(String)', codec: zstd, source: 'stack file', comment: 'Name of the snapshot', origin: 'ours' },
  { name: 'Source', type: 'String', codec: zstd, source: 'DSN', comment: 'Host, port and database; never a password', origin: 'ours' },
  { name: 'SourceTable', type: 'String', codec: zstd, source: 'catalog of the source', comment: 'Schema and table; empty when the run failed before a table', origin: 'ours' },
  { name: 'Database', type: 'LowCardinality(String)', codec: zstd, source: 'stack file', comment: 'Database in ClickHouse', origin: 'ours' },
  { name: 'Table', type: 'String', codec: zstd, source: 'plan', comment: 'Table in ClickHouse', origin: 'ours' },
  { name: 'Result', type: 'LowCardinality(String)', codec: zstd, source: 'run', comment: 'ok or failed', origin: 'ours' },
  { name: 'Error', type: 'String', codec: zstd, source: 'run', comment: 'Why it failed', origin: 'ours' },
  { name: 'Position', type: 'String', codec: zstd, source: 'source', comment: 'Point in time: LSN, or position in the binlog', origin: 'ours' },
  { name: 'Rows', type: 'UInt64', codec: zstd, source: 'counted while sent', comment: 'Rows that were sent', origin: 'ours' },
  { name: 'RowsStored', type: 'UInt64', codec: zstd, source: 'count() of the new table', comment: 'Rows that were found', origin: 'ours' },
  { name: 'Bytes', type: 'UInt64', codec: zstd, source: 'counted while sent', comment: 'Bytes of the Native blocks', origin: 'ours' },
  { name: 'Checksum', type: 'UInt64', codec: zstd, source: 'computed while sent', comment: 'Sum of the hashes of all rows that were sent', origin: 'ours' },
  { name: 'ChecksumStored', type: 'UInt64', codec: zstd, source: 'computed by ClickHouse', comment: 'The same, of the rows that were found', origin: 'ours' },
  { name: 'KeyMin', type: 'String', codec: zstd, source: 'kept while sent', comment: 'Least value of the first key column that was sent, if it is an integer, a text or a UUID', origin: 'ours' },
  { name: 'KeyMax', type: 'String', codec: zstd, source: 'kept while sent', comment: 'Greatest value of it', origin: 'ours' },
  { name: 'KeyMinStored', type: 'String', codec: zstd, source: 'new table', comment: 'Least value of the first key column that was found; empty without a key', origin: 'ours' },
  { name: 'KeyMaxStored', type: 'String', codec: zstd, source: 'new table', comment: 'Greatest value of it', origin: 'ours' },
  { name: 'Edges', type: 'Map(LowCardinality(String), UInt64)', codec: zstd, source: 'counted while read', comment: 'Values at the edge of their type, by column', origin: 'ours' },
  { name: 'Changes', type: 'Array(String)', codec: zstd, source: 'compared with the table before', comment: 'What changed in the schema since the last run', origin: 'ours' },
  { name: 'Mode', type: 'LowCardinality(String)', codec: zstd, source: 'stack file, and what was there', comment: 'full: all rows were read; incremental: those that changed', origin: 'ours' },
  { name: 'Since', type: 'String', codec: zstd, source: 'mark of the run before, less the overlap', comment: 'Cursor from which on rows were read; empty for all', origin: 'ours' },
  { name: 'Mark', type: 'String', codec: zstd, source: 'rows in ClickHouse', comment: 'Greatest cursor that was read and not of the future', origin: 'ours' },
  { name: 'Deleted', type: 'UInt64', codec: zstd, source: 'comparison of keys', comment: 'Rows that were marked as deleted', origin: 'ours' },
  { name: 'Started', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)', source: 'clock', comment: 'When the run began', origin: 'ours' },
  { name: 'ReadMs', type: 'UInt64', codec: zstd, source: 'clock', comment: 'Reading and writing', origin: 'ours' },
  { name: 'VerifyMs', type: 'UInt64', codec: zstd, source: 'clock', comment: 'Counting and the checksum in ClickHouse', origin: 'ours' },
] as const;

/** One row a table and run of `obsctl snapshot`. */
export const snapshotRuns: TableDef<(typeof columns)[number]['name']> = {
  name: 'snapshot_runs',
  comment: 'One row a table and run of obsctl snapshot',
  columns,
  engine: 'MergeTree',
  partitionBy: "toYear(Time, 'UTC')",
  orderBy: '(Snapshot, SourceTable, Time)',
  ttlFrom: 'toDateTime(Time)',
  retention: 'history',
  indexes: [],
  inDoubt: 'idempotent',
};
