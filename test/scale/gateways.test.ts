/**
 * Three gateways behind one address, under load: one is taken away for good, as a StatefulSet does
 * that is scaled in, and one is killed and comes back. What was answered OK is stored once.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Address, openAddress } from './address.ts';
import { drain } from './drain.ts';
import { type Sent, sendUntil, spansEach } from './sender.ts';

const startMsMax = 180_000;
const testMsMax = 300_000;
const senders = 6;
const loadMs = 3_000;

let engine: TestEngine;
let folder = '';
let address: Address;
const gateways: TestGateway[] = [];

const start = async (index: number): Promise<TestGateway> =>
  await startGateway({ clickhouseUrl: engine.url, dataDir: join(folder, String(index)) });

beforeAll(async () => {
  engine = await startEngine();
  folder = await mkdtemp(join(tmpdir(), 'obsctl-gateways-'));
  for (const index of [0, 1, 2]) gateways.push(await start(index));
  address = await openAddress(gateways.map(({ http }) => http));
}, startMsMax);

afterAll(async () => {
  await address?.close();
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await engine?.stop();
  await rm(folder, { recursive: true, force: true });
});

it(
  'one removed and one killed: totals are exact',
  async () => {
    const stop = new AbortController();
    const sending = Promise.all(
      Array.from({ length: senders }, (_, sender) => sendUntil(address.url, sender, stop.signal)),
    );
    await sleep(loadMs);
    await removeFirst();
    await sleep(loadMs);
    await killSecond();
    await sleep(loadMs);
    stop.abort();
    const sent = (await sending).flat();
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await expectExact(sent);
  },
  testMsMax,
);

/** Scaling in: no new connections, the end, its log delivered, and its volume deleted. */
async function removeFirst(): Promise<void> {
  const [first] = gateways;
  if (first === undefined) throw new Error('no gateway');
  address.remove(first.http);
  expect(await first.stop()).toBe(0);
  await drain(engine.url, first.dataDir);
  await rm(first.dataDir, { recursive: true });
  gateways.shift();
}

/** A node that fails under load; the address finds it again once it is back with its volume. */
async function killSecond(): Promise<void> {
  const killed = gateways.shift();
  if (killed === undefined) throw new Error('no gateway');
  await killed.kill();
  address.remove(killed.http);
  await sleep(loadMs);
  const back = await start(1);
  gateways.push(back);
  address.add(back.http);
}

async function expectExact(sent: readonly Sent[]): Promise<void> {
  const stored = new Map(
    (await rows('SELECT TraceId, count() FROM otel.otel_traces GROUP BY TraceId')).map(
      ([traceId = '', count]) => [traceId, Number(count)],
    ),
  );
  expect(stored.size).toBe(sent.length);
  const wrong = sent.filter(({ traceId, unanswered }) => {
    const times = (stored.get(traceId) ?? 0) / spansEach;
    return !Number.isInteger(times) || times < 1 || times > 1 + unanswered;
  });
  expect(wrong).toEqual([]);
  // Something was under way when it was killed, and each gateway had its share.
  expect(sent.length).toBeGreaterThan(senders * 10);
  const [counted] = await rows(
    'SELECT sum(Count), (SELECT count() FROM otel.otel_traces) FROM otel.otel_red_1s',
  );
  expect(counted?.[0]).toBe(counted?.[1]);
}

async function rows(query: string): Promise<readonly (readonly string[])[]> {
  const answer = await fetch(engine.url, { method: 'POST', body: `${query} FORMAT TSV` });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
}
