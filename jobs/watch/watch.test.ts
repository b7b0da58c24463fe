/**
 * The watcher over a real engine and a real HTTP receiver: six hours of telemetry, watched minute
 * by minute, with a restart and a receiver that is away for a while.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { alertRules } from '../../dashboards/alerts/catalog.ts';
import type { Route } from '../../dashboards/alerts/routing/config.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { errorsStartMs, seedAlerts } from '../../test/support/seed-alerts.ts';
import { webhookChannel } from './channels/webhook.ts';
import type { AlertMessage } from './message.ts';
import { type Round, Watcher, type WatchOptions } from './watch.ts';

const minuteMs = 60_000;
const never = new AbortController().signal;
const burn = alertRules().filter(({ id }) => id === 'slo-availability-fast');

let engine: TestEngine;
let clickhouse: ClickHouse;
let endMs: number;
let folder: string;
let statePath: string;
let receiver: Server;
let received: AlertMessage[];
/** What the receiver answers; 200 once this is empty. */
let answers: number[];

beforeAll(async () => {
  engine = await startEngine();
  const setup = connectClickHouse({ url: `${engine.url}/otel` });
  await migrate(setup).finally(() => setup.close());
  clickhouse = connectClickHouse({ url: `${engine.url}/otel`, sessionDatabase: 'otel' });
  endMs = Math.floor(systemClock.nowMs() / minuteMs) * minuteMs;
  await seedAlerts(clickhouse, endMs);
}, 120_000);

afterAll(async () => {
  await clickhouse?.close();
  await engine?.stop();
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obsctl-watch-'));
  statePath = join(folder, 'deeper', 'watch.json');
  received = [];
  answers = [];
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const status = answers.shift() ?? 200;
      if (status === 200) received.push(...JSON.parse(Buffer.concat(chunks).toString()).alerts);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await new Promise((resolve) => receiver.close(resolve));
  await rm(folder, { recursive: true });
});

const hook = (): URL =>
  new URL(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook?secret=hunter2`);

const everything: Route = {
  match: {},
  channels: ['hook'],
  continue: false,
  group_by: [],
  group_wait: '0s',
  mute_timings: [],
};

let nowMs = 0;
const open = (options: Partial<WatchOptions> = {}): Promise<Watcher> =>
  Watcher.open({
    rules: burn,
    rows: (sql, signal) => clickhouse.rows(sql, signal),
    clock: { nowMs: () => nowMs },
    statePath,
    channels: [webhookChannel('hook', hook().href)],
    routing: { channels: [], routes: [everything], muteTimings: [] },
    silences: async () => [],
    intervalMs: minuteMs,
    ...options,
  });

/** Rounds each minute, `from` to `to` minutes after the errors began. */
async function watch(watcher: Watcher, from: number, to: number): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  for (let minute = from; minute <= to; minute += 1) {
    nowMs = endMs - errorsStartMs + minute * minuteMs;
    rounds.push(await watcher.round(never));
  }
  return rounds;
}

const ofShop = (): readonly string[] =>
  received.filter(({ labels }) => labels['service'] === 'shop').map(({ status }) => status);

describe('a watcher', () => {
  it('tells firing and resolved once each, also across restarts', async () => {
    await watch(await open(), -1, 6);
    expect(ofShop()).toEqual([]);
    // Pending before the restart, firing after it.
    await watch(await open(), 7, 9);
    expect(ofShop()).toEqual(['firing']);
    await watch(await open(), 10, 20);
    expect(ofShop()).toEqual(['firing', 'resolved']);
    const [firing, resolved] = received.filter(({ labels }) => labels['service'] === 'shop');
    expect(firing).toMatchObject({
      labels: { alertname: 'slo-availability-fast', severity: 'critical', service: 'shop' },
      annotations: { summary: expect.stringContaining('shop uses up its error budget 15.0 times') },
      endsAt: '0001-01-01T00:00:00Z',
    });
    expect(resolved?.fingerprint).toBe(firing?.fingerprint);
    expect(resolved?.startsAt).toBe(firing?.startsAt);
    const told = new Set(received.map(({ labels }) => labels['service']));
    expect([...told].sort()).toEqual(['broken', 'shop']);
  });

  it('keeps what the webhook does not take, in order, also across a restart', async () => {
    answers = Array.from({ length: 30 }, () => 503);
    const rounds = await watch(await open(), 4, 16);
    expect(received).toEqual([]);
    expect(rounds.at(-1)).toMatchObject({
      refusals: [{ channel: 'hook', error: { code: 'OBS-6021' } }],
      waiting: 3,
    });
    answers = [];
    await watch(await open(), 17, 18);
    expect(ofShop()).toEqual(['firing', 'resolved']);
    expect(JSON.parse(await readFile(statePath, 'utf8')).outbox).toEqual([]);
  });

  it('sends again what it had sent when it ended before it could write that down', async () => {
    await watch(await open(), 5, 6);
    const before = await readFile(statePath, 'utf8');
    await watch(await open(), 7, 7);
    await writeFile(statePath, before);
    await watch(await open(), 7, 7);
    expect(ofShop()).toEqual(['firing', 'firing']);
    const [first, second] = received.filter(({ labels }) => labels['service'] === 'shop');
    expect(second).toEqual(first);
  });

  it('begins anew with what was pending when nobody watched for a while', async () => {
    await watch(await open(), 6, 6);
    const [round] = await watch(await open(), 12, 12);
    const alerts = Object.values(round?.found[0]?.alerts ?? {});
    expect(alerts.length).toBeGreaterThan(0);
    expect(new Set(alerts.map(({ state }) => state))).toEqual(new Set(['pending']));
  });

  it('resolves what fired of a rule that is gone', async () => {
    await watch(await open(), 5, 8);
    await watch(await open({ rules: [] }), 9, 10);
    expect(ofShop()).toEqual(['firing', 'resolved']);
  });

  it('leaves the alerts of a rule as they are while its query fails', async () => {
    await watch(await open(), 5, 8);
    const away = () => Promise.reject(new Error('ClickHouse is away'));
    const [round] = await watch(await open({ rows: away }), 40, 40);
    expect(round?.found[0]).toMatchObject({ error: { message: 'ClickHouse is away' } });
    await watch(await open(), 9, 10);
    expect(ofShop()).toEqual(['firing']);
  });

  it('says which host did not take it, and never the rest of the address', async () => {
    answers = [404];
    const [round] = await watch(await open({ rules: alertRules() }), 20, 20);
    const [refusal] = round?.refusals ?? [];
    expect(refusal).toMatchObject({
      error: { code: 'OBS-6022', where: `hook (${hook().host})`, message: 'it answered 404' },
    });
    expect(JSON.stringify(refusal) + String(refusal?.error)).not.toContain('hunter2');
  });

  it.each(['{', '{}', '[]', 'null'])('does not take %s for a state', async (text) => {
    const path = join(folder, 'state.json');
    await writeFile(path, text);
    await expect(open({ statePath: path })).rejects.toMatchObject({ code: 'OBS-6020' });
  });
});
