/** Runs of one snapshot: six good ones two minutes apart, then one that failed. */

const pauseMs = 120_000;
const goodRuns = 6;

/** When the newest good run began, before the end of what is seeded. */
export const goodRunMs = 600_000;

/** Rows of `snapshot_runs` up to `toMs`. */
export function snapshotRunRows(toMs: number): readonly object[] {
  const good = Array.from({ length: goodRuns }, (_, index) => {
    const startedMs = toMs - goodRunMs - (goodRuns - 1 - index) * pauseMs;
    return [tableRow(startedMs, 'customers', 1_000 + index), tableRow(startedMs, 'orders', 5_000)];
  });
  const failed = {
    ...runRow(toMs - goodRunMs + pauseMs),
    Result: 'failed',
    Error: 'OBS-6040: the database does not answer',
  };
  return [...good.flat(), failed];
}

function tableRow(startedMs: number, table: string, rows: number): object {
  const counts = { Rows: rows, RowsStored: rows, Checksum: '81985529216486895' };
  return {
    ...runRow(startedMs),
    ...counts,
    ChecksumStored: counts.Checksum,
    Result: 'ok',
    SourceTable: `public.${table}`,
    Database: 'shop',
    Table: table,
    Bytes: rows * 40,
    KeyMin: '1',
    KeyMax: String(rows),
    KeyMinStored: '1',
    KeyMaxStored: String(rows),
    Edges: table === 'orders' ? { total: 2 } : {},
    Changes: rows === 1_003 ? ['column plan: new'] : [],
    ReadMs: 40,
    VerifyMs: 5,
  };
}

function runRow(startedMs: number): object {
  return {
    Time: ((startedMs + 1_500) / 1000).toFixed(3),
    Run: `run-${startedMs}`,
    Snapshot: 'shop',
    Source: '127.0.0.1:5432/shop',
    Position: '0/16B3748',
    Started: (startedMs / 1000).toFixed(3),
  };
}
