import { createSocket, type Socket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { runSql } from '../support/engine-http.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const windowMs = 12_000;
const limitMs = 90_000;

let engine: TestEngine;
let dataDir: string;

beforeAll(async () => {
  engine = await startEngine();
  dataDir = await mkdtemp(join(tmpdir(), 'obsctl-dogstatsd-'));
}, limitMs);
afterAll(async () => {
  for (const client of clients) client.close();
  await engine.stop();
  await rm(dataDir, { recursive: true, force: true });
});

function start(directory: string, listen: string, env = {}): Promise<TestGateway> {
  return startGateway({
    clickhouseUrl: engine.url,
    dataDir: join(dataDir, directory),
    args: ['--dogstatsd', listen, '--dogstatsd-window', `${windowMs}ms`],
    env,
  });
}

/** Open ones; an open socket would keep a failed test from ending. */
const clients = new Set<Client>();

class Client {
  readonly #socket: Socket = createSocket('udp4');
  readonly #port: number;

  constructor(address: string) {
    clients.add(this);
    this.#port = Number(address.split(':').at(-1));
  }

  async send(...datagrams: readonly string[]): Promise<void> {
    for (const datagram of datagrams) {
      await new Promise((resolve) => this.#socket.send(datagram, this.#port, '127.0.0.1', resolve));
    }
  }

  close(): void {
    if (!clients.delete(this)) return;
    this.#socket.close();
  }
}

async function metric(gateway: TestGateway, name: string): Promise<number> {
  const text = await (await fetch(`${gateway.admin}/metrics`)).text();
  return Number(new RegExp(`^obsctl_gateway_dogstatsd_${name} (.*)$`, 'm').exec(text)?.[1] ?? 0);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + limitMs / 2;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('it did not come to pass');
    await pause(200);
  }
}

/** A moment with most of a window still to come. */
async function earlyInWindow(): Promise<void> {
  const intoMs = Date.now() % windowMs;
  if (intoMs > windowMs / 6) await pause(windowMs - intoMs + 50);
}

type Row = { readonly MetricName: string; readonly Value: number; readonly TimeUnix: string };

async function rowsOf(prefix: string): Promise<readonly Row[]> {
  const from = ['gauge', 'sum'].map(
    (kind) =>
      `SELECT MetricName, Value, toString(TimeUnix) AS TimeUnix FROM otel.otel_metrics_${kind} ` +
      `WHERE startsWith(MetricName, '${prefix}.')`,
  );
  const sql = `SELECT * FROM (${from.join(' UNION ALL ')}) ORDER BY TimeUnix, MetricName`;
  const text = await runSql(engine.url, `${sql} FORMAT JSONEachRow`);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

describe('DogStatsD through a gateway', () => {
  it(
    'gives one window its one result when the gateway is killed in the middle of it',
    async () => {
      const first = await start('killed', '127.0.0.1:0');
      await earlyInWindow();
      const startedMs = Date.now();
      const before = new Client(first.dogstatsd);
      await before.send('k.orders:1|c|#route:/a', 'k.depth:5|g\nk.users:anna|s', 'k.took:1|h');
      await until(async () => (await metric(first, 'logged_total')) === 3);
      await first.kill();
      before.close();
      const second = await start('killed', first.dogstatsd);
      const after = new Client(second.dogstatsd);
      await after.send('k.orders:2|c|#route:/a', 'k.depth:7|g\nk.users:anna|s', 'k.took:3|h');
      await after.send('k.users:bert|s');
      const isOneWindow =
        Math.floor(startedMs / windowMs) === Math.floor((Date.now() - 1) / windowMs);
      await until(async () => (await rowsOf('k')).length >= 7);
      await pause(2_000);
      const rows = await rowsOf('k');
      after.close();
      await second.stop();
      // A machine on which a start takes most of a window gives two, and the sums still agree.
      const sumOf = (name: string): number =>
        rows.filter((row) => row.MetricName === name).reduce((sum, row) => sum + row.Value, 0);
      expect(sumOf('k.orders')).toBe(3);
      expect(sumOf('k.took.count')).toBe(2);
      if (!isOneWindow) return;
      expect(Object.fromEntries(rows.map(({ MetricName, Value }) => [MetricName, Value]))).toEqual({
        'k.depth': 7,
        'k.orders': 3,
        'k.took.95percentile': 3,
        'k.took.avg': 2,
        'k.took.count': 2,
        'k.took.max': 3,
        'k.took.median': 1,
        'k.users': 2,
      });
      expect(new Set(rows.map((row) => row.TimeUnix)).size).toBe(1);
    },
    limitMs,
  );

  it(
    'ends the gateway when the job that closes windows fails, and the next one emits them (H37)',
    async () => {
      const first = await start('thrown', '127.0.0.1:0', {
        OBSCTL_CRASH_AT: 'dogstatsd_closed:throw',
      });
      const client = new Client(first.dogstatsd);
      await client.send('thrown.orders:4|c');
      const exit = await first.exited;
      expect([exit === 0, typeof exit]).toEqual([false, 'number']);
      expect(first.talk()).toMatch(/OBS-2040: DogStatsD, aggregate: asked for by OBSCTL_CRASH_AT/);
      const second = await start('thrown', first.dogstatsd);
      await until(async () => (await rowsOf('thrown')).length > 0);
      await pause(2_000);
      expect((await rowsOf('thrown')).map(({ Value }) => Value)).toEqual([4]);
      client.close();
      await second.stop();
    },
    limitMs,
  );

  it.each(['dogstatsd_closed', 'dogstatsd_emitted'])(
    'emits a window once when it is killed at %s',
    async (point) => {
      const prefix = point.slice('dogstatsd_'.length);
      const first = await start(prefix, '127.0.0.1:0', { OBSCTL_CRASH_AT: point });
      const client = new Client(first.dogstatsd);
      await client.send(`${prefix}.orders:4|c`, '_e{5,4}:title|text');
      expect(await first.exited).toBe('SIGKILL');
      const second = await start(prefix, first.dogstatsd);
      await until(async () => (await rowsOf(prefix)).length > 0);
      await pause(2_000);
      expect((await rowsOf(prefix)).map(({ Value }) => Value)).toEqual([4]);
      const events = `SELECT count() FROM otel.otel_logs WHERE Body = 'text'`;
      expect(Number(await runSql(engine.url, events))).toBeGreaterThan(0);
      client.close();
      await second.stop();
    },
    limitMs,
  );
});
