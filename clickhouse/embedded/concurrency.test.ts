/** Long queries hold up neither inserts nor each other's end; what is not wanted is stopped. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { ask, type RawAnswer, runSql } from '../../test/support/engine-http.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
  await runSql(engine.url, 'CREATE TABLE t (n UInt32, s String) ENGINE MergeTree ORDER BY n');
});

afterAll(() => engine.stop());

/** Really works for as long as it is let: reads, hashes, never ends by itself within a minute. */
const endless = 'SELECT count() FROM numbers_mt(1000000000000) WHERE NOT ignore(sipHash64(number))';

async function running(pattern: string): Promise<number> {
  const sql = `SELECT count() FROM system.processes WHERE query LIKE '${pattern}'`;
  return Number(await runSql(engine.url, sql));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 2_000; attempt += 1) if (await condition()) return;
  throw new Error('the condition never came');
}

describe('under four endless queries', () => {
  it('an insert of 10 000 rows is answered while all go on, and leaving stops them', async () => {
    const leave = new AbortController();
    const queries: Promise<unknown>[] = [];
    for (let i = 0; i < 4; i += 1) {
      const query = ask(engine.url, {
        query: { max_execution_time: '20', max_threads: '2' },
        body: `${endless} -- endless ${i}`,
        signal: leave.signal,
      });
      queries.push(expect(query).rejects.toThrow());
    }
    await until(async () => (await running('%numbers_mt%')) > 4);
    const rows = Array.from({ length: 10_000 }, (_, n) => `{"n":${n},"s":"row ${n}"}`).join('\n');
    const answer = await ask(engine.url, {
      query: { query: 'INSERT INTO t FORMAT JSONEachRow' },
      body: rows,
    });
    expect(answer.status).toBe(200);
    expect(await running('%numbers_mt%')).toBeGreaterThan(4);
    leave.abort();
    await Promise.all(queries);
    await until(async () => (await running('%numbers_mt%')) === 1);
  });
});

describe('more queries than places', () => {
  it('an insert answers while the line is full, and every query gets its turn', async () => {
    const waiting: Promise<RawAnswer>[] = [];
    for (let i = 0; i < 30; i += 1) waiting.push(ask(engine.url, { body: 'SELECT sleep(0.5)' }));
    await runSql(engine.url, "INSERT INTO t VALUES (1, 'while the line is full')");
    const answers = await Promise.all(waiting);
    expect(answers.map((answer) => answer.status)).toEqual(Array(30).fill(200));
  });
});

describe('max_execution_time', () => {
  it('stops the query in the engine and says so with 408', async () => {
    const answer = await ask(engine.url, {
      query: { max_execution_time: '0.5' },
      body: endless,
    });
    expect([answer.status, answer.headers['x-clickhouse-exception-code']]).toEqual([408, '159']);
    await until(async () => (await running('%numbers_mt%')) === 1);
  });
});
