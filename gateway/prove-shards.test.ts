/** The proof over plain servers as shards: none has all rows of a seal and its receipts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../clickhouse/client.ts';
import { migrate } from '../clickhouse/migrate.ts';
import { systemClock } from '../core/clock.ts';
import { logsRequest, tracesRequest } from '../test/crash/payload.ts';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { openTestLane, type TestLane } from '../test/support/lane.ts';
import { type Ended, runObsctl } from '../test/support/program.ts';
import type { Signal } from './answer.ts';
import type { Proof } from './proof.ts';
import { prove } from './prove.ts';

const database = 'prove_shards';
const hasty = { ...systemClock, sleep: async () => {} };
const drainMs = 20_000;

const engines: TestEngine[] = [];
const servers: ClickHouse[] = [];
let lane: TestLane;
let dir = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'obsctl-prove-'));
  for (const _ of ['first', 'second']) {
    const engine = await startEngine();
    engines.push(engine);
    const server = connectClickHouse({ url: engine.url });
    servers.push(server);
    await migrate(server, { database });
  }
  const [clickhouseUrl = '', ...moreShards] = engines.map(({ url }) => url);
  lane = await openTestLane({ dir, clickhouseUrl, moreShards, database });
  // Three seals; a tenant has a part of one.
  await send('traces', tracesRequest(0, 60));
  await Promise.all([
    send('traces', tracesRequest(60, 40)),
    send('traces', tracesRequest(100, 30), 'shop'),
    send('logs', logsRequest(0, 30)),
  ]);
  await send('logs', logsRequest(30, 10));
}, 120_000);

afterAll(async () => {
  await lane?.close();
  for (const server of servers) await server.close();
  await Promise.all(engines.map((engine) => engine.stop()));
  await rm(dir, { recursive: true, force: true });
});

async function send(signal: Signal, wire: Uint8Array, tenant = ''): Promise<void> {
  await lane.lane.submit({
    ...{ signal, transport: 'http', contentType: 'protobuf', contentEncoding: 'identity' },
    ...{ tenant, wire, body: wire },
  });
  const deadline = AbortSignal.timeout(drainMs);
  await lane.lane.drain(deadline);
  expect(deadline.aborted).toBe(false);
}

const proof = (asked: readonly ClickHouse[] = servers): Promise<Proof> =>
  prove(asked, { database, sinceMs: 3_600_000, clock: hasty, looksMax: 2 });

/** As a person asks, with replicas of a shard where there are several. */
const asPerson = async (...shards: readonly string[]): Promise<Ended> =>
  await runObsctl('prove', '--json', '--clickhouse', shards.join(','));

const urlOf = (index: number): string => `${engines[index]?.url}/${database}`;

async function one(server: ClickHouse | undefined, query: string): Promise<string> {
  const rows = await server?.rows<{ value: string }>(query.replaceAll('$', `${database}.`));
  return String(rows?.[0]?.value);
}

describe('the proof over shards', () => {
  it('adds up what each has, by signal and tenant', async () => {
    const stored = 'SELECT count() AS value FROM $otel_traces';
    for (const server of servers) expect(Number(await one(server, stored))).toBeGreaterThan(0);
    const found = await proof();
    const spans = { received: 130, leftOut: 0, logged: 130, stored: 130, rolledUp: 130 };
    expect(found).toMatchObject({
      ...{ ok: true, differences: [] },
      signals: [
        { signal: 'traces', ...spans },
        { signal: 'metrics', received: 0 },
        { signal: 'logs', received: 40, logged: 40, stored: 40 },
      ],
      tenants: [{ signal: 'traces', tenant: 'shop', received: 30, stored: 30, rolledUp: 30 }],
    });
  });

  it('is not to be had from one of them', async () => {
    for (const server of servers) expect((await proof([server])).ok).toBe(false);
  });

  it('is what a person gets, of the replica of each shard that answers', async () => {
    const away = `http://127.0.0.1:9/${database}`;
    const run = await asPerson(`${away}|${urlOf(0)}`, urlOf(1));
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const { ok, signals } = JSON.parse(run.stdout);
    expect(ok).toBe(true);
    const stored = signals
      .filter(({ signal }: { signal: Signal }) => signal === 'traces')
      .map((row: { stored: number }) => row.stored);
    expect(stored).toEqual([100, 30]);
  });

  it('names the shard that nobody answers for', async () => {
    const run = await asPerson(urlOf(0), `http://127.0.0.1:9/${database}`);
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(/OBS-3002: http:\/\/127\.0\.0\.1:9/);
  });

  it('refuses shards that have the same receipts: they are replicas', async () => {
    const [server] = servers as [ClickHouse];
    const twin = { ...server, address: 'http://twin' };
    await expect(proof([server, twin])).rejects.toMatchObject({
      ...{ code: 'OBS-3001', where: `${server.address}, http://twin` },
      next: expect.stringContaining('|'),
    });
  });

  it('names the seal when a row of either is gone', async () => {
    for (const [index, server] of servers.entries()) {
      const row = 'SELECT min(SpanId) AS value FROM $otel_traces';
      const span = await one(server, row);
      const seal = await one(
        server,
        `SELECT leftPad(lower(hex(Seal)), 16, '0') AS value FROM $otel_traces
          WHERE SpanId = '${span}'`,
      );
      await server.run(
        `ALTER TABLE ${database}.otel_traces DELETE WHERE SpanId = '${span}'
          SETTINGS mutations_sync = 2`,
      );
      const { differences } = await proof();
      const missing = differences.filter(
        ({ what, seal: named }) => what === 'missing' && named.endsWith(seal),
      );
      expect([index, missing.length]).toEqual([index, 1]);
    }
  });

  it('misses no receipt that was written before the time that was asked for', async () => {
    const ledger = `${database}.obsctl_receipts`;
    for (const server of servers) {
      await server.run(
        `INSERT INTO ${ledger} SELECT * REPLACE (Time - INTERVAL 2 HOUR AS Time) FROM ${ledger}`,
      );
      await server.run(
        `ALTER TABLE ${ledger} DELETE WHERE Time > now64(3) - INTERVAL 1 HOUR
          SETTINGS mutations_sync = 2`,
      );
    }
    expect(await proof()).toMatchObject({ ok: true, seals: 0, differences: [] });
  });

  it('says which rows have no receipt on any shard', async () => {
    for (const server of servers) {
      await server.run(
        `ALTER TABLE ${database}.obsctl_receipts DELETE WHERE \`Table\` = 'otel_logs'
          SETTINGS mutations_sync = 2`,
      );
    }
    const { differences } = await proof();
    const strangers = differences.filter(({ table }) => table === 'otel_logs');
    expect(strangers.every(({ what }) => what === 'no_receipt')).toBe(true);
    expect(strangers.reduce((sum, { found }) => sum + found, 0)).toBe(40);
  });
});
