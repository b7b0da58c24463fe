/**
 * The archive's files as DuckDB reads them, a reader that shares no code with their writer or
 * with ClickHouse: every value of every column, codecs, statistics and words of the footer.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readBlock } from '../../clickhouse/native/read.ts';
import { tables } from '../../clickhouse/schema/tables.ts';
import { quoteText } from '../../clickhouse/sql.ts';
import { type ArchiveCodec, ParquetFile } from '../../gateway/archive/parquet-file.ts';
import { itemTables } from '../../gateway/item-tables.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';

type Row = Readonly<Record<string, unknown>>;

const rows = 200;
const seed = Math.floor(Math.random() * 2 ** 31);
let engine: TestEngine;
let duckdb: DuckDBConnection;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'obsctl-duckdb-'));
  engine = await startEngine();
  duckdb = await (await DuckDBInstance.create(':memory:')).connect();
});
afterAll(async () => {
  duckdb?.closeSync();
  await engine?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function ask(format: string, table: string): Promise<Buffer> {
  const columns = tables.find(({ name }) => name === table)?.columns ?? [];
  const structure = columns.map(({ name, type }) => `\`${name}\` ${type}`).join(', ');
  const query = `SELECT * FROM generateRandom(${quoteText(structure)}, ${seed}, 12, 4)
    LIMIT ${rows} FORMAT ${format} SETTINGS max_threads = 1, output_format_json_quote_denormals = 1,
    output_format_json_map_as_array_of_tuples = 1, output_format_json_quote_64bit_integers = 1`;
  const response = await fetch(`${engine.url}/`, { method: 'POST', body: query });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(bytes.toString());
  return bytes;
}

/** The same random rows twice: as a file of ours, and as the engine tells them. */
async function written(table: string, codec: ArchiveCodec) {
  const path = join(dir, `${table}-${codec}.parquet`);
  const block = readBlock([new Uint8Array(await ask('Native', table))]);
  const metadata = { 'obsctl.table': table };
  const file = new ParquetFile(path, block, { codec, rowGroupRows: 80, metadata });
  file.append(block);
  file.finish();
  const wanted: readonly Row[] = (await ask('JSONEachRow', table))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { path, wanted };
}

async function rowsOf(sql: string): Promise<readonly Row[]> {
  return (await duckdb.runAndReadAll(sql)).getRowObjectsJson();
}

/** Values of both in one form: entries of maps as pairs, no zeros at the end of a time. */
function inOneForm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOneForm);
  if (typeof value === 'object' && value !== null) return Object.values(value);
  if (typeof value !== 'string') return value;
  if (/^-?nan$/i.test(value)) return 'nan';
  if (/^-?inf(inity)?$/i.test(value)) return value.startsWith('-') ? '-inf' : 'inf';
  return /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.test(value) ? value.replace(/\.?0*$/, '') : value;
}

const inOneFormEach = (found: readonly Row[]): readonly Row[] =>
  found.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, inOneForm(value)])),
  );

describe('DuckDB reads from the files of the archive', () => {
  const cases = itemTables.flatMap(({ name }) =>
    (['zstd', 'snappy'] as const).map((codec) => [name, codec] as const),
  );

  it.each(cases)(`every value of %s, in %s (${seed})`, async (table, codec) => {
    const { path, wanted } = await written(table, codec);
    const found = await rowsOf(`SELECT * FROM read_parquet(${quoteText(path)})`);
    expect(found).toHaveLength(rows);
    expect(inOneFormEach(found)).toEqual(inOneFormEach(wanted));
  });

  it.each(cases)('codec, row groups and statistics of %s, in %s', async (table, codec) => {
    const { path, wanted } = await written(table, codec);
    const parts = await rowsOf(`SELECT * FROM parquet_metadata(${quoteText(path)})`);
    expect(new Set(parts.map((part) => part['compression']))).toEqual(
      new Set([codec.toUpperCase()]),
    );
    expect([...new Set(parts.map((part) => part['row_group_num_rows']))]).toEqual(['80', '40']);
    const names = wanted.slice(0, 80).map((row) => String(row['ServiceName']));
    names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const statistics = parts.find((part) => part['path_in_schema'] === 'ServiceName');
    expect([statistics?.['stats_min_value'], statistics?.['stats_max_value']]).toEqual([
      names.at(0),
      names.at(-1),
    ]);
  });

  it('what a file says of itself', async () => {
    const { path } = await written('otel_logs', 'zstd');
    const words = await rowsOf(
      `SELECT decode(key) AS k, decode(value) AS v FROM parquet_kv_metadata(${quoteText(path)})`,
    );
    expect(words).toContainEqual({ k: 'obsctl.table', v: 'otel_logs' });
  });
});
