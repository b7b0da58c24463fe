/**
 * `obsctl gateway --archive` as people run it: killed and started again, with other numbers of
 * workers and while ClickHouse is away, its files hold what ClickHouse's tables hold.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { logBody, metricBody, traceBody } from '../../gateway/decode/testdata/load.ts';
import { itemTables } from '../../gateway/item-tables.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const testMsMax = 120_000;
const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

let engine: TestEngine;
let clickhouse: ClickHouse;
let dir: string;
let seed = 1;

beforeAll(async () => {
  engine = await startEngine();
  clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
});
afterAll(async () => {
  await clickhouse?.close();
  await engine?.stop();
});
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'obsctl-archived-'));
  await clickhouse.run('DROP DATABASE IF EXISTS otel SYNC');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const start = async (workers: number, ...more: string[]): Promise<TestGateway> =>
  await startGateway({
    ...{ clickhouseUrl: `${engine.url}/otel`, dataDir: join(dir, 'data'), workers },
    args: ['--archive', join(dir, 'archive'), ...more],
  });

/** Each round other items, so that no request is a resend of another. */
async function send(gateway: TestGateway): Promise<void> {
  seed += 1;
  const bodies = {
    traces: traceBody(300, seed, nowNs()),
    logs: logBody(300, seed, nowNs()),
    metrics: metricBody(300, seed, nowNs()),
  };
  for (const [signal, body] of Object.entries(bodies)) {
    const answer = await fetch(`${gateway.http}/v1/${signal}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-protobuf' },
      body: Buffer.from(body),
    });
    expect([signal, answer.status]).toEqual([signal, 200]);
  }
}

function parquetFiles(table: string): readonly string[] {
  return readdirSync(join(dir, 'archive'), { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.parquet') && name.includes(`table=${table}/`),
  );
}

async function sumOf(table: string): Promise<{ rows: string; hash: string } | undefined> {
  const [row] = await clickhouse.rows<{ rows: string; hash: string }>(
    `SELECT count() AS rows, sum(cityHash64(*)) AS hash FROM otel.${table}`,
  );
  return row;
}

async function expectEverythingOnce(): Promise<void> {
  let rows = 0;
  for (const { name: table } of itemTables) {
    await clickhouse.run(`CREATE OR REPLACE TABLE otel.copy AS otel.${table} ENGINE = Memory`);
    for (const file of parquetFiles(table)) {
      const query = encodeURIComponent('INSERT INTO otel.copy FORMAT Parquet');
      const body = readFileSync(join(dir, 'archive', file));
      const answer = await fetch(`${engine.url}/?query=${query}`, { method: 'POST', body });
      expect([file, answer.status, await answer.text()]).toEqual([file, 200, '']);
    }
    const stored = await sumOf(table);
    expect({ table, ...(await sumOf('copy')) }).toEqual({ table, ...stored });
    rows += Number(stored?.rows);
  }
  expect(rows).toBeGreaterThan(0);
}

describe('the archive of a gateway', () => {
  it(
    'holds what the tables hold, although it was killed again and again',
    async () => {
      for (const workers of [2, 1, 2]) {
        const gateway = await start(workers, '--archive-file-age', '1s');
        await send(gateway);
        await new Promise((resolve) => setTimeout(resolve, 300 + 700 * workers));
        await send(gateway);
        await gateway.kill();
      }
      const last = await start(1);
      await send(last);
      expect(await last.stop()).toBe(0);
      await expectEverythingOnce();
    },
    testMsMax,
  );

  it(
    'frees the log when it has written, and only then',
    async () => {
      const gateway = await start(1, '--archive-file-age', '1h');
      await send(gateway);
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      await gateway.kill();
      const again = await start(1);
      expect(await again.stop()).toBe(0);
      await expectEverythingOnce();
    },
    testMsMax,
  );
});
