/**
 * `npm run bench -- storage`: bytes a row and compression by table on the fixed data set. Better
 * or equal figures replace the kept ones; to accept worse ones, delete their rows from the file.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectClickHouse } from './client.ts';
import { launchEngine } from './embedded/launch.ts';
import { keptFile, measureStorage, type StorageFigure, worsened } from './storage.ts';
import { storageSeed } from './storage-data.ts';

type Kept = { readonly seed: number; readonly tables: StorageFigure[] };

export async function run(options: { readonly json?: boolean } = {}): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'obsctl-storage-'));
  const engine = await launchEngine({
    listen: '127.0.0.1:0',
    dataDir,
    env: process.env,
    stderr: (text) => process.stderr.write(text),
  });
  const sql = connectClickHouse({ url: engine.url });
  try {
    const figures = await measureStorage(sql, 'storage_bench');
    const kept = await readKept();
    for (const figure of figures) print(figure, kept, options.json === true);
    await keep(figures, kept);
  } finally {
    await sql.close();
    engine.process.kill('SIGTERM');
    await engine.exited;
    await rm(dataDir, { recursive: true, force: true });
  }
}

function print(figure: StorageFigure, kept: StorageFigure[], json: boolean): void {
  const { table, bytesPerRow: value } = figure;
  const before = kept.find((one) => one.table === table)?.bytesPerRow ?? value;
  const ratio = Math.round((value / before) * 1000) / 1000;
  const line = { bench: `storage/${table}`, value, unit: 'bytes_per_row', peer: { kept: before } };
  const { compressionRatio, indexBytesPerRow, rows } = figure;
  console.log(
    json
      ? JSON.stringify({ ...line, ratio, runs: [value], compressionRatio, indexBytesPerRow, rows })
      : `${table}: ${value} bytes a row (index ${indexBytesPerRow}), ${compressionRatio}:1`,
  );
}

async function keep(figures: StorageFigure[], kept: StorageFigure[]): Promise<void> {
  const faults = worsened(kept, figures).filter((fault) => !fault.includes('no kept figure'));
  if (faults.length > 0) throw new Error(`storage got worse: ${faults.join('; ')}`);
  const content: Kept = { seed: storageSeed, tables: figures };
  await writeFile(keptFile, `${JSON.stringify(content, null, 2)}\n`);
}

async function readKept(): Promise<StorageFigure[]> {
  const text = await readFile(keptFile, 'utf8').catch(() => '{"seed": 0, "tables": []}');
  return (JSON.parse(text) as Kept).tables;
}
