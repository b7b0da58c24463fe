/**
 * Measures what rows cost an engine: blocks are made beforehand by another engine, inserted one
 * after the other, and CPU of the engine's process alone is counted until its merges have ended.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nameOf, quoteName } from '../../clickhouse/sql.ts';
import { storageCases } from '../../clickhouse/storage-data.ts';
import { startEngine, type TestEngine } from './engine.ts';
import { runSql } from './engine-http.ts';
import type { Query, Side } from './engine-sides.ts';
import { cpuSeconds } from './gateway-load.ts';

export type Batch = readonly { readonly table: string; readonly bytes: Uint8Array }[];

type EngineFigures = {
  readonly cpuSecondsPerMillion: number;
  readonly bytesPerRow: number;
  /** Rows that merges wrote over rows that came in. */
  readonly mergedPerRow: number;
  readonly parts: number;
};

const quietPollMs = 500;
const quietPolls = 8;
const quietPollsMax = 600;

/** Rows `[from, from + count)` of the data set of `totalRows`, as the side would send them. */
export async function makeBatch(
  source: string,
  side: Side,
  totalRows: number,
  from: number,
  count: number,
): Promise<Batch> {
  const batch: { table: string; bytes: Uint8Array }[] = [];
  for (const { table, rows, dictionaries } of side.fills) {
    const size = Math.ceil(rows(count));
    const first = Math.floor((from / count) * size);
    const total = Math.floor((totalRows / count) * size);
    const one = storageCases.find((candidate) => candidate.table === table);
    if (one === undefined) throw new Error(`no data set for ${table}`);
    const whole = one.select(total);
    const slice = whole.replaceAll(`FROM numbers(${total})`, `FROM numbers(${first}, ${size})`);
    if (slice === whole) throw new Error(`${table}: rows cannot be chosen`);
    const bytes = await encode(source, side.name, table, slice, dictionaries);
    batch.push({ table, bytes });
  }
  return batch;
}

/** Through a table in memory with the side's columns, which fills in their defaults. */
async function encode(
  source: string,
  side: string,
  table: string,
  select: string,
  dictionaries: boolean,
): Promise<Uint8Array> {
  const staging = `${nameOf('staging')}.${nameOf(`${side}_${table}`)}`;
  await runSql(source, `TRUNCATE TABLE ${staging}`);
  const shape = await columnsOf(source, `DESCRIBE TABLE (${select})`);
  const own = await columnsOf(source, `DESCRIBE TABLE ${staging}`);
  const names = shape.filter((name) => own.includes(name)).map((name) => quoteName(name));
  const columns = names.join(', ');
  const settings = 'SETTINGS max_threads = 1, max_insert_threads = 1, async_insert = 0';
  await runSql(
    source,
    `INSERT INTO ${staging} (${columns}) SELECT ${columns} FROM (${select}) ${settings}`,
  );
  const small = 'Map(LowCardinality(String), LowCardinality(String))';
  const repeated = ['ResourceAttributes', 'ScopeAttributes'].filter((name) => own.includes(name));
  const casts = repeated.map((name) => `CAST(${name}, '${small}') AS ${name}`).join(', ');
  const list = dictionaries ? `* REPLACE (${casts})` : '*';
  const query = `SELECT ${list} FROM ${staging} SETTINGS max_threads = 1 FORMAT Native`;
  const response = await fetch(source, { method: 'POST', body: query });
  if (!response.ok) throw new Error(await response.text());
  return new Uint8Array(await response.arrayBuffer());
}

async function columnsOf(url: string, describe: string): Promise<string[]> {
  const text = await runSql(url, `${describe} FORMAT TSV`);
  return text.split('\n').map((line) => line.split('\t')[0] ?? '');
}

/** Tables of engine Memory with the columns of each side's. */
export async function createStaging(source: string, sides: readonly Side[]): Promise<void> {
  await runSql(source, 'CREATE DATABASE IF NOT EXISTS staging');
  for (const side of sides) {
    await runSql(source, 'DROP DATABASE IF EXISTS otel SYNC');
    await runSql(source, 'CREATE DATABASE otel');
    for (const statement of side.ddl) await runSql(source, statement);
    for (const { table } of side.fills) {
      const name = `staging.${nameOf(`${side.name}_${table}`)}`;
      await runSql(source, `DROP TABLE IF EXISTS ${name}`);
      await runSql(source, `CREATE TABLE ${name} AS otel.${nameOf(table)} ENGINE = Memory`);
    }
  }
}

export type FilledEngine = {
  readonly url: string;
  readonly figures: EngineFigures;
  readonly stop: () => Promise<void>;
};

/** A fresh engine that takes `batches` and merges until it is quiet. */
export async function fillEngine(
  side: Side,
  rows: number,
  batches: AsyncIterable<Batch>,
): Promise<FilledEngine> {
  const dataDir = await mkdtemp(join(tmpdir(), 'obsctl-engine-bench-'));
  const engine = await startEngine({ dataDir });
  const stop = async (): Promise<void> => {
    await engine.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await runSql(engine.url, 'CREATE DATABASE otel');
    for (const statement of side.ddl) await runSql(engine.url, statement);
    const before = cpuSeconds(engine.pid);
    const mergedBefore = await mergedRows(engine.url);
    let inserts = 0;
    for await (const batch of batches) {
      for (const { table, bytes } of batch) {
        inserts += 1;
        // Without one the engine would hash every row of a table that knows repeats.
        const token = side.name === 'ours' ? `insert ${inserts}` : undefined;
        await insert(engine.url, table, bytes, token);
      }
    }
    await untilQuiet(engine);
    const used = cpuSeconds(engine.pid) - before;
    const [disk = 0, parts = 0] = await numbers(
      engine.url,
      `SELECT sum(bytes_on_disk), countIf(table = '${side.fills[0]?.table}')
        FROM system.parts WHERE active AND database = 'otel'`,
    );
    const merged = (await mergedRows(engine.url)) - mergedBefore;
    const figures = {
      cpuSecondsPerMillion: (used / rows) * 1e6,
      bytesPerRow: disk / rows,
      mergedPerRow: merged / rows,
      parts,
    };
    return { url: engine.url, figures, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function insert(
  url: string,
  table: string,
  bytes: Uint8Array,
  token: string | undefined,
): Promise<void> {
  const target = new URL(url);
  target.searchParams.set('query', `INSERT INTO otel.${nameOf(table)} FORMAT Native`);
  target.searchParams.set('async_insert', '0');
  target.searchParams.set('wait_end_of_query', '1');
  if (token !== undefined) target.searchParams.set('insert_deduplication_token', token);
  const response = await fetch(target, { method: 'POST', body: bytes as Uint8Array<ArrayBuffer> });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
}

/** No merge under way and the same parts for a while. */
async function untilQuiet(engine: TestEngine): Promise<void> {
  let before = '';
  for (let poll = 0, quiet = 0; quiet < quietPolls && poll < quietPollsMax; poll += 1) {
    await new Promise((resolve) => setTimeout(resolve, quietPollMs));
    const now = await runSql(
      engine.url,
      `SELECT (SELECT count() FROM system.merges), count(), sum(cityHash64(name))
        FROM system.parts WHERE active AND database = 'otel'`,
    );
    quiet = now === before && now.startsWith('0') ? quiet + 1 : 0;
    before = now;
  }
}

async function mergedRows(url: string): Promise<number> {
  const [rows = 0] = await numbers(
    url,
    "SELECT sum(value) FROM system.events WHERE event = 'MergedRows'",
  );
  return rows;
}

async function numbers(url: string, sql: string): Promise<number[]> {
  const text = await runSql(url, `${sql} FORMAT TSV`);
  return text.trim().split('\t').map(Number);
}

/** Milliseconds of several warm runs, in turn over the engines. */
export async function timeQuery(
  urls: readonly string[],
  query: Query,
  runs: number,
): Promise<readonly number[][]> {
  const [first = ''] = urls;
  const value = query.value === undefined ? '' : await runSql(first, `${query.value} FORMAT TSV`);
  const sql = query.sql.replace('{value}', value);
  const times = urls.map((): number[] => []);
  for (let run = 0; run <= runs; run += 1) {
    for (const [index, url] of urls.entries()) {
      const beganMs = performance.now();
      await runSql(url, `${sql} FORMAT Null`);
      if (run > 0) times[index]?.push(performance.now() - beganMs);
    }
  }
  return times;
}
