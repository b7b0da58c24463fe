/**
 * What survives a kill: every acknowledged insert; and what a kill between the token's write and
 * the part's rename leaves behind does not swallow the retry.
 */
import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { ask, runSql } from '../../test/support/engine-http.ts';

let dataDir: string;
let engine: TestEngine;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'obsctl-restart-'));
  engine = await startEngine({ dataDir });
});

afterEach(async () => {
  await engine.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function makeTable(): Promise<void> {
  await runSql(engine.url, 'CREATE DATABASE otel ENGINE Atomic');
  await runSql(
    engine.url,
    'CREATE TABLE otel.t (d Date, n UInt32) ENGINE MergeTree PARTITION BY d ORDER BY n ' +
      'SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, ' +
      'fsync_part_directory = 1, old_parts_lifetime = 600',
  );
}

async function insert(token: string, day: string, first: number): Promise<void> {
  const rows = Array.from({ length: 100 }, (_, i) => JSON.stringify({ d: day, n: first + i }));
  const answer = await ask(engine.url, {
    query: {
      query: 'INSERT INTO otel.t FORMAT JSONEachRow',
      insert_deduplication_token: token,
      async_insert: '0',
    },
    body: rows.join('\n'),
  });
  if (answer.status !== 200) throw new Error(answer.text);
}

async function killAndRestart(between: () => Promise<void> = async () => {}): Promise<void> {
  await engine.kill();
  await between();
  engine = await startEngine({ dataDir });
}

async function counts(): Promise<string> {
  return await runSql(engine.url, 'SELECT count(), uniqExact(n) FROM otel.t');
}

/** The table's folder, found by its log of tokens. */
async function tableFolder(): Promise<string> {
  const store = join(dataDir, 'store');
  for (const path of await readdir(store, { recursive: true })) {
    if (path.endsWith('deduplication_log_1.txt')) return join(store, path, '..', '..');
  }
  throw new Error('no table keeps tokens');
}

describe('after kill -9', () => {
  it('every acknowledged insert is there, and its retry is still a duplicate', async () => {
    await makeTable();
    for (let i = 0; i < 10; i += 1) await insert(`token ${i}`, '2026-11-21', i * 100);
    await killAndRestart();
    expect(engine.prunedTokens).toBe(0);
    expect(await counts()).toBe('1000\t1000');
    for (let i = 0; i < 10; i += 1) await insert(`token ${i}`, '2026-11-21', i * 100);
    expect(await counts()).toBe('1000\t1000');
  });

  it('a token whose part was never put in place does not swallow the retry', async () => {
    await makeTable();
    await insert('kept', '2026-11-20', 0);
    await insert('lost', '2026-11-21', 100);
    // Exactly what a kill between the token's write and the part's rename leaves.
    await killAndRestart(async () => {
      await rm(join(await tableFolder(), '20261121_2_2_0'), { recursive: true });
    });
    expect(engine.prunedTokens).toBe(1);
    expect(await counts()).toBe('100\t100');
    await insert('lost', '2026-11-21', 100);
    await insert('kept', '2026-11-20', 0);
    expect(await counts()).toBe('200\t200');
  });

  it('tokens of merged parts stay in force', async () => {
    await makeTable();
    for (let i = 0; i < 4; i += 1) await insert(`merged ${i}`, '2026-11-21', i * 100);
    await runSql(engine.url, 'OPTIMIZE TABLE otel.t FINAL');
    await killAndRestart(async () => {
      // The sources of a merge are deleted some minutes later; here at once.
      const folder = await tableFolder();
      for (let i = 1; i <= 4; i += 1) {
        await rm(join(folder, `20261121_${i}_${i}_0`), { recursive: true, force: true });
      }
    });
    expect(engine.prunedTokens).toBe(0);
    for (let i = 0; i < 4; i += 1) await insert(`merged ${i}`, '2026-11-21', i * 100);
    expect(await counts()).toBe('400\t400');
  });

  it('a log that ends in the middle of a line is read up to there', async () => {
    await makeTable();
    await insert('whole', '2026-11-21', 0);
    await killAndRestart(async () => {
      const log = join(await tableFolder(), 'deduplication_logs', 'deduplication_log_1.txt');
      await appendFile(log, '1\t20261121_2_2');
      expect(await readFile(log, 'utf8')).toMatch(/_2_2$/);
    });
    await insert('whole', '2026-11-21', 0);
    expect(await counts()).toBe('100\t100');
  });
});

describe('the data directory', () => {
  it('belongs to one process: the second is told who holds it', async () => {
    await expect(startEngine({ dataDir })).rejects.toMatchObject({
      code: 'OBS-3104',
      message: expect.stringContaining(`process ${engine.pid}`),
    });
    expect(await runSql(engine.url, 'SELECT 1')).toBe('1');
  });

  it('is free again after a kill', async () => {
    await killAndRestart();
    expect(await runSql(engine.url, 'SELECT 1')).toBe('1');
  });
});

describe('SIGTERM', () => {
  it('finishes the insert under way, cancels the query and exits with 0', async () => {
    await makeTable();
    const query = runSql(
      engine.url,
      'SELECT count() FROM numbers_mt(1000000000000) WHERE NOT ignore(sipHash64(number))',
    );
    const refused = expect(query).rejects.toThrow(/QUERY_WAS_CANCELLED|ECONNRESET/);
    const rows = runSql(
      engine.url,
      "INSERT INTO otel.t SETTINGS max_block_size = 1 FORMAT Values ('2026-11-21', 7)",
    );
    await rows;
    const late = ask(engine.url, {
      query: { query: 'INSERT INTO otel.t FORMAT JSONEachRow' },
      body: Array.from({ length: 50_000 }, (_, n) => `{"d":"2026-11-22","n":${n}}`).join('\n'),
    });
    await runningInsert();
    process.kill(engine.pid, 'SIGTERM');
    expect((await late).status).toBe(200);
    await refused;
    expect(await engine.exited).toBe(0);
    engine = await startEngine({ dataDir });
    expect(await counts()).toBe('50001\t50000');
  });
});

/** Waits until the engine has taken an insert up, by asking it, not by time. */
async function runningInsert(): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    const done = Number(await runSql(engine.url, 'SELECT count() FROM otel.t'));
    const sql = "SELECT count() FROM system.processes WHERE query LIKE 'INSERT%'";
    if (done > 1 || Number(await runSql(engine.url, sql)) > 0) return;
  }
  throw new Error('the insert never started');
}
