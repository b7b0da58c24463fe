import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { logsRequest } from '../test/crash/payload.ts';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { runSql } from '../test/support/engine-http.ts';
import { type GatewayOptions, startGateway, type TestGateway } from '../test/support/gateway.ts';
import { defaultWorkers } from './config.ts';

/** Nothing listens there: ClickHouse is away. */
const nowhere = 'http://127.0.0.1:9';
const waitMsMax = 20_000;

let engine: TestEngine;
let started: TestGateway[] = [];
let dirs: string[] = [];

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(async () => {
  await engine.stop();
});

afterEach(async () => {
  for (const gateway of started) await gateway.stop();
  for (const dir of dirs) await rm(dir, { recursive: true, force: true });
  started = [];
  dirs = [];
});

async function start(options: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  const gateway = await startGateway({ clickhouseUrl: engine.url, ...options });
  started.push(gateway);
  return gateway;
}

async function temporary(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'obsctl-gateway-'));
  dirs.push(dir);
  return dir;
}

async function sendLogs(gateway: TestGateway, first: number, count: number): Promise<number> {
  const response = await fetch(`${gateway.http}/v1/logs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-protobuf' },
    body: Buffer.from(logsRequest(first, count)),
  });
  await response.arrayBuffer();
  return response.status;
}

async function metrics(gateway: TestGateway): Promise<(name: string) => number> {
  const lines = (await (await fetch(`${gateway.admin}/metrics`)).text()).split('\n');
  return (name) => {
    const line = lines.find((entry) => entry.startsWith(`${name} `));
    return Number(line?.split(' ').at(-1));
  };
}

async function metric(gateway: TestGateway, name: string): Promise<number> {
  return (await metrics(gateway))(name);
}

/** Requests and items that were answered, counted in one step and read in one reading. */
async function answeredMetrics(gateway: TestGateway): Promise<{ requests: number; items: number }> {
  const value = await metrics(gateway);
  const labels = 'signal="metrics",transport="http",outcome="stored"';
  return {
    requests: value(`obsctl_gateway_requests_total{${labels}}`),
    items: value('obsctl_gateway_answered_items_total{signal="metrics"}'),
  };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + waitMsMax;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it did not come true in time');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function rows(database: string): Promise<readonly number[]> {
  const sql = `SELECT count(), uniqExact(Body) FROM ${database}.otel_logs`;
  return (await runSql(engine.url, sql)).split('\t').map(Number);
}

describe('obsctl gateway', () => {
  it('makes its tables, says that it is ready, and stores what it answered', async () => {
    const gateway = await start({ database: 'whole' });
    const ready = await fetch(`${gateway.admin}/readyz`, {
      headers: { Accept: 'application/json' },
    });
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({ ready: true, causes: [] });
    expect(await (await fetch(`${gateway.admin}/livez`)).text()).toBe('ok\n');
    expect(await sendLogs(gateway, 0, 100)).toBe(200);
    const acknowledged = 'obsctl_gateway_acknowledged_rows_total{table="otel_logs"}';
    await until(async () => (await metric(gateway, acknowledged)) === 100);
    expect(await rows('whole')).toEqual([100, 100]);
    const stored = 'obsctl_gateway_answered_items_total{signal="logs"}';
    expect(await metric(gateway, stored)).toBe(100);
  });

  it.each([1, 2])(
    'stores once what was synced but not answered when it was killed, with %d workers',
    async (workers) => {
      const dataDir = await temporary();
      const options = { database: `resent_${workers}`, dataDir, workers };
      const first = await start({ ...options, env: { OBSCTL_CRASH_AT: 'durable' } });
      const body = Buffer.from(logsRequest(0, 100));
      const send = async ({ http }: TestGateway): Promise<number> => {
        const headers = { 'Content-Type': 'application/x-protobuf' };
        const response = await fetch(`${http}/v1/logs`, { method: 'POST', headers, body });
        await response.arrayBuffer();
        return response.status;
      };
      await expect(send(first)).rejects.toThrow();
      expect(await first.exited).toBe('SIGKILL');
      const second = await start(options);
      // New connections each: with two workers both are met.
      for (let time = 0; time < 8; time += 1) expect(await send(second)).toBe(200);
      expect(await metric(second, 'obsctl_gateway_resent_requests_total{signal="logs"}')).toBe(8);
      expect(await second.stop()).toBe(0);
      expect(await rows(options.database)).toEqual([100, 100]);
    },
  );

  it('delivers on SIGTERM what it has answered, and exits 0', async () => {
    const gateway = await start({ database: 'term' });
    await sendLogs(gateway, 0, 100);
    expect(await gateway.stop()).toBe(0);
    expect(await rows('term')).toEqual([100, 100]);
  });

  it('stores everything that it answered before and while it was told to stop', async () => {
    const gateway = await start({ database: 'busy' });
    let answered = 0;
    let isOver = false;
    const loop = async (first: number): Promise<void> => {
      for (let at = first; !isOver; at += 10) {
        const status = await sendLogs(gateway, at, 10).catch(() => 0);
        if (status === 200) answered += 10;
        else if (status === 0) return;
      }
    };
    const loops = [0, 1e6, 2e6, 3e6].map(loop);
    await until(async () => answered > 1_000);
    const code = await gateway.stop();
    isOver = true;
    await Promise.all(loops);
    expect(code).toBe(0);
    const [stored = 0, distinct = 0] = await rows('busy');
    expect(stored).toBe(distinct);
    // A request whose answer was cut off may be stored, too.
    expect(distinct).toBeGreaterThanOrEqual(answered);
    expect(distinct - answered).toBeLessThanOrEqual(loops.length * 10);
  });

  it('keeps in its log what ClickHouse did not take, for a start with fewer workers', async () => {
    const dataDir = await temporary();
    const away = await start({ clickhouseUrl: nowhere, dataDir, workers: 3 });
    for (let request = 0; request < 30; request += 1) {
      expect(await sendLogs(away, request * 10, 10)).toBe(200);
    }
    await away.kill();
    const back = await start({ dataDir, workers: 1, database: 'fewer' });
    await until(async () => (await rows('fewer').catch(() => [0]))[0] === 300);
    await until(async () => (await metric(back, 'obsctl_gateway_sealed_backlog')) === 0);
    expect(await rows('fewer')).toEqual([300, 300]);
  });

  it('leaves in the log what the grace was too short for, and `--drain` brings it', async () => {
    const dataDir = await temporary();
    const away = await start({ clickhouseUrl: nowhere, dataDir, args: ['--grace', '100ms'] });
    await sendLogs(away, 0, 100);
    expect(await away.stop()).toBe(0);
    expect(away.talk()).toContain('stay in the log');
    const drained = startGateway({
      clickhouseUrl: engine.url,
      dataDir,
      database: 'drained',
      args: ['--drain'],
    });
    // It never listens: it ends with 0 before it could say where.
    await expect(drained).rejects.toThrow('ended with 0');
    expect(await rows('drained')).toEqual([100, 100]);
  });

  it('refuses a data directory that another gateway has open, and names the holder', async () => {
    const dataDir = await temporary();
    const first = await start({ dataDir, clickhouseUrl: nowhere });
    const second = startGateway({ dataDir, clickhouseUrl: nowhere });
    await expect(second).rejects.toThrow(`process ${first.pid}`);
  });

  it('refuses a port that another process holds, also with several workers', async () => {
    const first = await start({ clickhouseUrl: nowhere, workers: 2 });
    const args = ['--otlp-grpc', first.grpc];
    const second = startGateway({ clickhouseUrl: nowhere, workers: 2, args });
    await expect(second).rejects.toThrow('OBS-2001');
  });

  it('ends when a worker fails, and the next start stores what was answered', async () => {
    const dataDir = await temporary();
    const failing = await start({
      ...{ dataDir, database: 'failing', workers: 2 },
      env: { OBSCTL_CRASH_AT: 'sealed:throw' },
    });
    expect(await sendLogs(failing, 0, 10)).toBe(200);
    expect(await failing.exited).toBe(3);
    expect(failing.talk()).toContain('OBS-2040');
    const next = await start({ dataDir, database: 'failing' });
    await until(async () => (await rows('failing'))[0] === 10);
    expect(await rows('failing')).toEqual([10, 10]);
    await next.stop();
  });

  it('reports about itself in the same number of points each time when it is idle', async () => {
    const gateway = await start({ database: 'self', telemetryIntervalMs: 300 });
    // Reports grow while series come into being; then the number stays.
    let sizes: readonly number[] = [];
    let before = await answeredMetrics(gateway);
    await until(async () => {
      const after = await answeredMetrics(gateway);
      if (after.requests === before.requests) return false;
      const size = (after.items - before.items) / (after.requests - before.requests);
      sizes = sizes.at(-1) === size ? [...sizes, size] : [size];
      before = after;
      return sizes.length === 5;
    });
    expect(sizes.at(-1)).toBeGreaterThan(10);
    const names = await runSql(
      engine.url,
      'SELECT uniqExact(MetricName) FROM self.otel_metrics_gauge ' +
        "WHERE ServiceName = 'obsctl-gateway'",
    );
    expect(Number(names)).toBeGreaterThan(10);
  });

  it('reports how late the event loop of each worker is, and of no other', async () => {
    await start({ database: 'late', telemetryIntervalMs: 300, workers: 2 });
    const sql =
      "SELECT groupUniqArray(Attributes['obsctl.gateway.worker']) FROM late.otel_metrics_gauge" +
      " WHERE MetricName = 'nodejs.eventloop.delay.p99'";
    const workers = async (): Promise<string> => {
      const text = await runSql(engine.url, sql);
      return [...text.matchAll(/\d+/g)].map(String).sort().join(' ');
    };
    await until(async () => (await workers()) !== '');
    expect(await workers()).toBe('0 1');
  });
});

describe('the number of workers', () => {
  it('leaves a small machine its other core, and has a bound', () => {
    expect([1, 2, 4, 8, 64].map(defaultWorkers)).toEqual([1, 1, 2, 4, 4]);
  });
});
