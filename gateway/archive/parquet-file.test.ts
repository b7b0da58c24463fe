/** Parquet files of real blocks, judged by what an engine reads from them and from the blocks. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parquetMetadata } from 'hyparquet';
import { readBlock } from '../../clickhouse/native/read.ts';
import { tables } from '../../clickhouse/schema/tables.ts';
import { quoteText } from '../../clickhouse/sql.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { createMemoryTables, roundTrip } from '../decode/testdata/engine-rows.ts';
import { itemTables } from '../item-tables.ts';
import { ParquetFile, type ParquetOptions, type WrittenFile } from './parquet-file.ts';

const database = 'archived';
const blockRows = 120;
const codecs = ['zstd', 'snappy'] as const;
let engine: TestEngine;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'obsctl-parquet-'));
  engine = await startEngine();
  await createMemoryTables(engine.url, database);
});
afterAll(async () => {
  await engine?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const options: ParquetOptions = { codec: 'zstd', rowGroupRows: 50, metadata: { of: 'a test' } };

function write(
  name: string,
  parts: readonly (readonly Uint8Array[])[],
  over: Partial<ParquetOptions> = {},
): { written: WrittenFile; bytes: Buffer } {
  const path = join(dir, name);
  const blocks = parts.map((chunks) => readBlock(chunks));
  const file = new ParquetFile(path, blocks[0] ?? [], { ...options, ...over });
  for (const block of blocks) file.append(block);
  const written = file.finish();
  return { written, bytes: readFileSync(path) };
}

/** A block of random rows with the columns of a table of ours, as the engine makes it. */
async function randomBlock(table: string, seed: number): Promise<Uint8Array> {
  const columns = tables.find(({ name }) => name === table)?.columns ?? [];
  const structure = columns.map(({ name, type }) => `\`${name}\` ${type}`).join(', ');
  const from = `generateRandom(${quoteText(structure)}, ${seed}, 12, 4) LIMIT ${blockRows}`;
  const query = new URLSearchParams({ query: `SELECT * FROM ${from} FORMAT Native` });
  const response = await fetch(`${engine.url}/?${query}`, { method: 'POST' });
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (!response.ok) throw new Error(Buffer.from(bytes).toString());
  return bytes;
}

/** A NaN goes through a number of JavaScript, which has one, without a sign or a payload. */
function withOneNaN<Rows>(rows: Rows): Rows {
  return JSON.parse(JSON.stringify(rows).replaceAll('"-nan"', '"nan"'));
}

describe('a Parquet file', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const names = itemTables.map(({ name }) => name);
  const [anyTable = ''] = names;
  const cases = names.flatMap((table) => codecs.map((codec) => [table, codec]));

  it.each(cases)(`gives an engine the rows of a block of %s, in %s (${seed})`, async (...one) => {
    const [table = '', codec] = one as [string, ParquetOptions['codec']];
    const chunks = [await randomBlock(table, seed)];
    const { written, bytes } = write(`${codec}-${table}`, [chunks], { codec });
    expect(written.rows).toBe(blockRows);
    const wanted = await roundTrip(engine.url, database, { table, chunks });
    const found = await roundTrip(engine.url, database, { table, chunks: [bytes] }, 'Parquet');
    expect(found).toHaveLength(blockRows);
    expect(found).toEqual(withOneNaN(wanted));
  });

  it('has row groups of the size asked for, statistics, the codec and its words', async () => {
    const chunks = [await randomBlock(anyTable, seed)];
    const { bytes } = write('groups', [chunks, chunks, chunks], { codec: 'snappy' });
    const footer = parquetMetadata(Uint8Array.from(bytes).buffer);
    const sizes = footer.row_groups.map(({ num_rows }) => Number(num_rows));
    expect(sizes).toEqual([...Array.from({ length: 7 }, () => 50), 10]);
    expect(footer.key_value_metadata).toContainEqual({ key: 'of', value: 'a test' });
    for (const { columns } of footer.row_groups) {
      const found = columns.map(({ meta_data }) => meta_data?.codec);
      expect(new Set(found)).toEqual(new Set(['SNAPPY']));
      expect(columns[0]?.meta_data?.statistics?.min_value).toBeDefined();
    }
  });

  it('is the same bytes when it is written again, and its length is what it says', async () => {
    const parts = [[await randomBlock(anyTable, seed)]];
    const once = write('once', parts);
    expect(write('twice', parts)).toEqual(once);
    expect(once.written.bytes).toBe(once.bytes.byteLength);
    const sha256 = createHash('sha256').update(once.bytes).digest('hex');
    expect(once.written.sha256).toBe(sha256);
  });
});
