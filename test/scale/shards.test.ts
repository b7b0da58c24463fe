/**
 * Two ClickHouse servers behind one gateway, as the shards of a cluster, under load: one is killed
 * and comes back. What was answered OK is stored once, every trace whole on one shard, and the
 * other shard has its rows meanwhile. `OBSCTL_SHARD_AWAY_S=60` keeps it away for a minute.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { drain } from './drain.ts';
import { type Sent, sendUntil, spansEach } from './sender.ts';

const startMsMax = 120_000;
const testMsMax = 300_000;
const senders = 4;
const loadMs = 3_000;
const awayMs = Number(process.env['OBSCTL_SHARD_AWAY_S'] ?? 8) * 1_000;

let folder = '';
const engines: TestEngine[] = [];
let gateway: TestGateway;
let sent: Promise<readonly Sent[]> = Promise.resolve([]);
const stop = new AbortController();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obsctl-shards-'));
  for (const name of ['a', 'b']) engines.push(await startEngine({ dataDir: join(folder, name) }));
  const dataDir = join(folder, 'gateway');
  gateway = await startGateway({ clickhouseUrl: clickhouseUrl(), dataDir });
}, startMsMax);

afterAll(async () => {
  stop.abort();
  await gateway?.stop();
  await Promise.all(engines.map((engine) => engine.stop()));
  await rm(folder, { recursive: true, force: true });
});

it(
  'one killed under load: nothing lost or doubled, traces whole, the other one goes on',
  async () => {
    sent = Promise.all(
      Array.from({ length: senders }, (_, sender) => sendUntil(gateway.http, sender, stop.signal)),
    ).then((all) => all.flat());
    await sleep(loadMs);
    const [first, second] = engines as [TestEngine, TestEngine];
    await second.kill();
    const before = await spansOn(first);
    await sleep(awayMs);
    expect(await spansOn(first)).toBeGreaterThan(before);
    expect(gateway.talk()).toContain('shard 2 takes no rows');
    const listen = new URL(second.url).host;
    engines[1] = await startEngine({ dataDir: second.dataDir, listen });
    await sleep(loadMs);
    stop.abort();
    const all = await sent;
    expect(await gateway.stop()).toBe(0);
    // What the shard had no chance to take before the gateway ended.
    await drain(clickhouseUrl(), gateway.dataDir);
    await expectExact(all);
  },
  testMsMax + awayMs,
);

const clickhouseUrl = (): string => engines.map(({ url }) => url).join(',');

async function spansOn(engine: TestEngine): Promise<number> {
  const [row] = await rows(engine, 'SELECT count() FROM otel.otel_traces');
  return Number(row?.[0]);
}

async function expectExact(sent: readonly Sent[]): Promise<void> {
  const stored = new Map<string, number>();
  for (const engine of engines) {
    const found = await rows(engine, 'SELECT TraceId, count() FROM otel.otel_traces GROUP BY 1');
    // Both have a part of the load.
    expect(found.length).toBeGreaterThan(sent.length / 5);
    for (const [traceId = '', count] of found) {
      expect(stored.has(traceId)).toBe(false);
      stored.set(traceId, Number(count));
    }
    const [counted] = await rows(
      engine,
      'SELECT sum(Count), (SELECT count() FROM otel.otel_traces) FROM otel.otel_red_1s',
    );
    expect(counted?.[0]).toBe(counted?.[1]);
    const [ranges] = await rows(
      engine,
      'SELECT uniqExact(TraceId) FROM otel.otel_traces_trace_id_ts WHERE TraceId IN' +
        ' (SELECT TraceId FROM otel.otel_traces)',
    );
    expect(Number(ranges?.[0])).toBe(found.length);
  }
  expect(stored.size).toBe(sent.length);
  const wrong = sent.filter(({ traceId, unanswered }) => {
    const times = (stored.get(traceId) ?? 0) / spansEach;
    return !Number.isInteger(times) || times < 1 || times > 1 + unanswered;
  });
  expect(wrong).toEqual([]);
  expect(sent.length).toBeGreaterThan(senders * 10);
}

async function rows(engine: TestEngine, query: string): Promise<readonly (readonly string[])[]> {
  const answer = await fetch(engine.url, { method: 'POST', body: `${query} FORMAT TSV` });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
}
