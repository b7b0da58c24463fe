/** Measures what a row costs on disk: the fixed data set, merged into one part a table. */
import type { Sql } from './client.ts';
import { migrate } from './migrate.ts';
import { nameOf, quoteName, quoteText } from './sql.ts';
import { type StorageCase, storageCases } from './storage-data.ts';

export type StorageFigure = {
  readonly table: string;
  readonly rows: number;
  /** All files of the part, skip indexes and marks included. */
  readonly bytesPerRow: number;
  readonly indexBytesPerRow: number;
  /** Uncompressed column data over compressed. */
  readonly compressionRatio: number;
};

/** Keeps the rows whatever the day of the run is; a DateTime ends in 2106. */
const keepDays = 20_000;

/** Fills a fresh database, merges, measures, and drops it again. */
export async function measureStorage(
  sql: Sql,
  database: string,
  cases: readonly StorageCase[] = storageCases,
): Promise<StorageFigure[]> {
  const retentionDays = { traces: keepDays, logs: keepDays, metrics: keepDays, receipts: keepDays };
  await sql.run(`DROP DATABASE IF EXISTS ${nameOf(database)} SYNC`);
  await migrate(sql, { database, retentionDays });
  try {
    const figures: StorageFigure[] = [];
    for (const one of cases) {
      await fill(sql, database, one);
      figures.push(await measure(sql, database, one));
    }
    return figures;
  } finally {
    await sql.run(`DROP DATABASE IF EXISTS ${nameOf(database)} SYNC`);
  }
}

/** Fills a table of the data set and merges it into one part. */
export async function fill(sql: Sql, database: string, one: StorageCase): Promise<void> {
  const table = `${nameOf(database)}.${one.table}`;
  const select = one.select(one.rows);
  const shape = await sql.rows<{ name: string }>(`DESCRIBE TABLE (${select})`);
  const names = shape.map(({ name }) => quoteName(name)).join(', ');
  // One thread: the order of rows that the sort key leaves open must not depend on luck.
  const settings = 'max_threads = 1, max_insert_threads = 1, async_insert = 0';
  await sql.run(`INSERT INTO ${table} (${names}) ${select} SETTINGS ${settings}`);
  await sql.run(`OPTIMIZE TABLE ${table} FINAL`);
}

async function measure(sql: Sql, database: string, one: StorageCase): Promise<StorageFigure> {
  const [row] = await sql.rows<Record<'rows' | 'disk' | 'index' | 'packed' | 'plain', string>>(
    `SELECT toString(sum(rows)) AS rows, toString(sum(bytes_on_disk)) AS disk,
      toString(sum(secondary_indices_compressed_bytes)) AS index,
      toString(sum(data_compressed_bytes)) AS packed,
      toString(sum(data_uncompressed_bytes)) AS plain
      FROM system.parts
      WHERE active AND database = ${quoteText(database)} AND table = ${quoteText(one.table)}`,
  );
  const rows = Number(row?.rows ?? 0);
  return {
    table: one.table,
    rows,
    bytesPerRow: round(Number(row?.disk) / rows),
    indexBytesPerRow: round(Number(row?.index) / rows),
    compressionRatio: round(Number(row?.plain) / Number(row?.packed)),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Where the accepted figures are kept. */
export const keptFile = 'docs/performance-storage.json';

/** How much worse a table may get before it counts. */
const worseFactorMax = 1.1;

/** What got worse than the kept figures allow, as sentences; empty when all is well. */
export function worsened(kept: readonly StorageFigure[], now: readonly StorageFigure[]): string[] {
  const faults: string[] = [];
  for (const { table, rows, bytesPerRow } of now) {
    const before = kept.find((one) => one.table === table);
    if (before === undefined || before.rows !== rows) {
      faults.push(`${table} has no kept figure for ${rows} rows`);
    } else if (!(bytesPerRow <= before.bytesPerRow * worseFactorMax)) {
      faults.push(`${table} takes ${bytesPerRow} bytes a row, kept is ${before.bytesPerRow}`);
    }
  }
  return faults;
}
