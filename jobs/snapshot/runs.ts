/** The table `snapshot_runs`: what each run did, written at its end and read by `list`. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { createDatabase, createTable, defaultTableOptions } from '../../clickhouse/ddl.ts';
import { snapshotRuns } from '../../clickhouse/schema/snapshots.ts';
import { nameOf, quoteText } from '../../clickhouse/sql.ts';
import type { Nodes } from './nodes.ts';
import type { RunReport, TableReport } from './run.ts';

type Row = Readonly<Record<string, unknown>>;

/**
 * Writes one row a table; one row without a table when the run failed.
 *
 * @param error why it failed; absent when it did not
 */
export async function recordRuns(
  server: Nodes,
  report: RunReport,
  nowMs: number,
  error?: string,
): Promise<void> {
  const database = server.database;
  // `obsctl migrate` makes it too; a database for snapshots alone needs nothing else of ours. Of a
  // cluster `migrate` alone: it knows the retention, in which replicas must not differ.
  if (server.cluster === undefined) {
    await server.run(createDatabase(database));
    await server.run(createTable(snapshotRuns, { ...defaultTableOptions, database }));
  }
  const head = headOf(report, nowMs, error);
  const rows: readonly Row[] =
    error === undefined ? report.tables.map((table) => ({ ...head, ...tableRow(table) })) : [head];
  if (rows.length === 0) return;
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const into = `${nameOf(database)}.${nameOf(snapshotRuns.name)}`;
  await server.insert(`INSERT INTO ${into} FORMAT JSONEachRow`, [Buffer.from(lines)], {
    async_insert: 0,
    insert_deduplication_token: report.run,
  });
}

function headOf(report: RunReport, nowMs: number, error: string | undefined): Row {
  return {
    Time: unixText(nowMs),
    Run: report.run,
    Snapshot: report.snapshot,
    Source: report.address,
    Result: error === undefined ? 'ok' : 'failed',
    Error: error ?? '',
    Position: report.position,
    Started: unixText(report.startedMs),
  };
}

/** ClickHouse takes a bare number for ticks of the column, and a text for seconds. */
function unixText(ms: number): string {
  return (ms / 1_000).toFixed(3);
}

function tableRow(table: TableReport): Row {
  return {
    SourceTable: table.source,
    Database: table.database,
    Table: table.table,
    Rows: table.sent.rows,
    RowsStored: table.stored.rows,
    Bytes: table.sent.bytes,
    Checksum: String(table.sent.checksum),
    ChecksumStored: String(table.stored.checksum),
    KeyMin: table.sent.keys.min,
    KeyMax: table.sent.keys.max,
    KeyMinStored: table.stored.keyMin,
    KeyMaxStored: table.stored.keyMax,
    Edges: Object.fromEntries(table.edges.map(({ column, count }) => [column, count])),
    Changes: table.changes,
    Mode: table.mode,
    Since: table.since,
    Mark: table.mark,
    Deleted: table.deleted,
    ReadMs: table.readMs,
    VerifyMs: table.verifyMs,
  };
}

export type LastRun = {
  readonly snapshot: string;
  readonly table: string;
  readonly into: string;
  readonly result: string;
  readonly error: string;
  /** Seconds since it ended. */
  readonly ageS: number;
  readonly rows: string;
  readonly checksum: string;
  readonly isEqual: boolean;
  /** `full` or `incremental`; empty when it failed before. */
  readonly mode: string;
  readonly mark: string;
  readonly deleted: string;
};

/** The last run of each table, and the last failure of each snapshot if it is the newest. */
export async function lastRuns(
  server: ClickHouse,
  snapshots: readonly string[],
): Promise<readonly LastRun[]> {
  const into = `${nameOf(server.database)}.${nameOf(snapshotRuns.name)}`;
  const named = snapshots.map(quoteText).join(', ');
  const rows = await server.rows<
    Omit<LastRun, 'isEqual' | 'ageS'> & Record<'equal' | 'age', string>
  >(
    'SELECT Snapshot AS snapshot, SourceTable AS table, ' +
      "if(Table = '', '', concat(Database, '.', Table)) AS into, Result AS result, " +
      "Error AS error, dateDiff('second', Time, now64(3)) AS age, Rows AS rows, " +
      'Checksum AS checksum, Rows = RowsStored AND Checksum = ChecksumStored AS equal, ' +
      'Mode AS mode, Mark AS mark, Deleted AS deleted ' +
      `FROM (SELECT *, max(Time) OVER (PARTITION BY Snapshot) AS newest FROM ${into} ` +
      `${named === '' ? '' : `WHERE Snapshot IN (${named})`}) ` +
      // A failure that a run came after is over; it would be told for as long as rows are kept.
      "WHERE SourceTable != '' OR Time = newest " +
      'ORDER BY Snapshot, SourceTable, Time DESC LIMIT 1 BY Snapshot, SourceTable',
  );
  return rows.map(({ equal, age, ...row }) => ({
    ...row,
    isEqual: Number(equal) === 1,
    ageS: Number(age),
  }));
}

/**
 * When the last run of each snapshot began, whatever became of it, in milliseconds of Unix time;
 * empty when the table is not there yet.
 */
export async function lastStarts(server: ClickHouse): Promise<ReadonlyMap<string, number>> {
  const { name } = snapshotRuns;
  const [found] = await server.rows<{ n: string }>(
    'SELECT count() AS n FROM system.tables WHERE ' +
      `database = ${quoteText(server.database)} AND name = ${quoteText(name)}`,
  );
  if (Number(found?.n ?? 0) === 0) return new Map();
  const rows = await server.rows<{ snapshot: string; ms: string }>(
    'SELECT Snapshot AS snapshot, toUnixTimestamp64Milli(max(Started)) AS ms ' +
      `FROM ${nameOf(server.database)}.${nameOf(name)} GROUP BY Snapshot`,
  );
  return new Map(rows.map(({ snapshot, ms }) => [snapshot, Number(ms)]));
}
