/**
 * `obsctl gateway --archive` as people run it: killed and started again, with other numbers of
 * workers and while ClickHouse is away, its files hold what ClickHouse's tables hold.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { logBody, metricBody, traceBody } from '../../gateway/decode/testdata/load.ts';
import { itemTables } from '../../gateway/item-tables.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { runObsctl } from '../support/program.ts';
import { until } from '../support/receiving.ts';

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
    'tells the lanes of a new gateway apart, whose logs begin with the first request',
    async () => {
      const gateway = await start(2, '--archive-file-age', '1h');
      for (let round = 0; round < 8; round += 1) await send(gateway);
      expect(await gateway.stop()).toBe(0);
      const batches = readdirSync(join(dir, 'archive', 'batches'), { withFileTypes: true });
      expect(batches.length).toBeGreaterThan(0);
      expect(batches.filter((entry) => !entry.isDirectory())).toEqual([]);
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

  it(
    'never removes a file to make room: requests are told to come back, and nothing is lost',
    async () => {
      const small = ['--archive-size', '1Ki', '--archive-file-age', '1s', '--wal-size', '1Mi'];
      const gateway = await start(1, ...small, '--resend-window', '0s');
      await send(gateway);
      await until(() => parquetFiles('otel_logs').length > 0);
      const body = Buffer.from(logBody(20_000, 99, nowNs()));
      let status = 200;
      for (let sent = 0; status === 200; sent += 1) {
        expect(sent * body.byteLength).toBeLessThan(300 * 1024 ** 2);
        const answer = await fetch(`${gateway.http}/v1/logs`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/x-protobuf' },
          body,
        });
        ({ status } = answer);
        await answer.arrayBuffer();
      }
      expect(status).toBe(503);
      const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
      expect(metrics).toMatch(/^obsctl_gateway_archive_limit_bytes(\{.*\})? 1024$/m);
      expect(await gateway.stop()).toBe(0);
      const last = await start(1, '--archive-file-size', '8Mi');
      writeFileSync(join(dir, 'archive', 'flush'), '');
      await until(() => !existsSync(join(dir, 'archive', 'flush')), testMsMax);
      expect(await last.stop()).toBe(0);
      await expectEverythingOnce();
    },
    2 * testMsMax,
  );

  it(
    'is shown by inspect, also what is missing or damaged',
    async () => {
      const gateway = await start(1);
      await send(gateway);
      expect(await gateway.stop()).toBe(0);
      const archive = join(dir, 'archive');
      const whole = await runObsctl('inspect', archive, '--verify');
      expect(whole.code).toBe(0);
      expect(whole.stdout).toMatch(/: \d files in \d batch(es)?, \d+ rows/);
      expect(whole.stdout).toMatch(/otel_traces +\d+ rows/);
      const [logs = ''] = parquetFiles('otel_logs');
      const bytes = readFileSync(join(archive, logs));
      bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
      writeFileSync(join(archive, logs), bytes);
      expect((await runObsctl('inspect', archive)).code).toBe(0);
      const [traces = ''] = parquetFiles('otel_traces');
      rmSync(join(archive, traces));
      const broken = await runObsctl('inspect', archive, '--verify', '--json');
      expect(broken.code).toBe(1);
      const { batches } = JSON.parse(broken.stdout);
      const states = batches
        .flatMap((batch: { files: readonly { name: string; state: string }[] }) => batch.files)
        .filter(({ state }: { state: string }) => state !== 'whole')
        .map(({ name, state }: { name: string; state: string }) => [name, state]);
      expect(new Map(states)).toEqual(
        new Map([
          [logs, 'damaged'],
          [traces, 'missing'],
        ]),
      );
    },
    testMsMax,
  );

  it('is refused where it cannot be written, before anything is taken', async () => {
    writeFileSync(join(dir, 'file'), '');
    for (const place of [join(dir, 'file', 'archive'), join(dir, 'data')]) {
      const words = ['--data-dir', join(dir, 'data'), '--archive', place];
      const { code, stderr } = await runObsctl('gateway', ...words);
      expect([code, stderr]).toEqual([2, expect.stringContaining('OBS-2070')]);
    }
  });
});
