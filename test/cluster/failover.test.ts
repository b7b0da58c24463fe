/**
 * Two replicas of a shard behind one gateway, under load: one loses answers, breaks off, is away
 * and loses Keeper. What was answered OK is stored once, on whichever of them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { clusterMacro } from '../../clickhouse/cluster.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { FaultyProxy, type ProxyMode } from '../crash/proxy.ts';
import { type Sent, sendUntil, spansEach } from '../scale/sender.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeers } from '../support/peer.ts';
import { startCluster, type TestCluster, type TestNode } from './cluster.ts';

const isKnown = process.platform === 'linux' && process.arch === 'x64';
const refusal = isKnown ? undefined : 'the engine can be a replica on Linux x64';
const senders = 3;
const modeMs = 2_000;
const strikeMsMax = 30_000;

describeWithPeers(['zookeeper'], 'a gateway before two replicas', failoverOf, refusal);

function failoverOf([jarsDir = '']: readonly string[]): void {
  let cluster: TestCluster;
  let nodes: readonly TestNode[];
  const proxies: FaultyProxy[] = [];
  let gateway: TestGateway | undefined;

  beforeAll(async () => {
    cluster = await startCluster(jarsDir, [
      ['01', 'replica-0'],
      ['01', 'replica-1'],
    ]);
    ({ nodes } = cluster);
    await migrate(cluster.sql, { cluster: clusterMacro });
    for (const { url } of nodes) proxies.push(await FaultyProxy.start(url));
  }, 180_000);

  afterAll(async () => {
    await gateway?.stop();
    for (const proxy of proxies) await proxy.stop();
    await cluster?.stop();
  });

  it('moves on when one fails, and stores everything once', async () => {
    const clickhouseUrl = proxies.map(({ url }) => url).join('|');
    gateway = await startGateway({ clickhouseUrl, workers: 1, args: ['--no-migrate'] });
    const { http, talk } = gateway;
    const stop = new AbortController();
    const sending = Promise.all(
      Array.from({ length: senders }, (_, sender) => sendUntil(http, sender, stop.signal)),
    );
    const struck: Record<string, number> = {};
    for (const mode of ['lose', 'cut', 'refuse', 'error503', 'without Keeper'] as const) {
      const before = moves(talk());
      // Whichever of them takes the rows now.
      const busy = await busyOf(nodes);
      const heal = await strike(mode, nodes[busy] as TestNode, proxies[busy] as FaultyProxy);
      const deadline = performance.now() + strikeMsMax;
      while (moves(talk()) === before && performance.now() < deadline) await sleep(50);
      struck[mode] = moves(talk()) - before;
      await sleep(modeMs);
      await heal();
    }
    stop.abort();
    const sent = (await sending).flat();
    const code = await gateway.stop();
    expect({ code, talk: code === 0 ? '' : talk() }).toEqual({ code: 0, talk: '' });
    for (const [mode, times] of Object.entries(struck))
      expect([mode, times > 0]).toEqual([mode, true]);
    // The other one took over at once.
    expect(talk()).not.toContain('does not take inserts');
    await expectExact(nodes, sent);
  }, 300_000);
}

/** What undoes it. */
async function strike(
  mode: ProxyMode | 'without Keeper',
  node: TestNode,
  proxy: FaultyProxy,
): Promise<() => Promise<void>> {
  if (mode === 'without Keeper') {
    node.proxy.cut();
    return async () => node.proxy.open();
  }
  await proxy.set(mode);
  return async () => await proxy.set('pass');
}

function moves(talk: string): number {
  return talk.split('takes nothing, now').length - 1;
}

/** Which replica stores more rows within a moment. */
async function busyOf(nodes: readonly TestNode[]): Promise<number> {
  const before = await Promise.all(nodes.map(spansOn));
  for (;;) {
    await sleep(200);
    const now = await Promise.all(nodes.map(spansOn));
    const grown = now.map((count, index) => count - (before[index] ?? 0));
    const most = Math.max(...grown);
    if (most > 0) return grown.indexOf(most);
  }
}

async function spansOn(node: TestNode): Promise<number> {
  const [row] = await node.rows<{ count: number }>(
    'SELECT count() AS count FROM otel.otel_traces_local',
  );
  return Number(row?.count);
}

async function expectExact(nodes: readonly TestNode[], sent: readonly Sent[]): Promise<void> {
  const stored = new Map<string, number>();
  for (const node of nodes) {
    const found = await node.rows<{ id: string; spans: number }>(
      'SELECT TraceId AS id, count() AS spans FROM otel.otel_traces_local GROUP BY 1',
    );
    // Both took rows, and the parts of one are not fetched by the other here.
    expect(found.length).toBeGreaterThan(0);
    for (const { id, spans } of found) stored.set(id, (stored.get(id) ?? 0) + Number(spans));
  }
  const wrong = sent
    .filter(({ traceId, unanswered }) => {
      const times = (stored.get(traceId) ?? 0) / spansEach;
      return !Number.isInteger(times) || times < 1 || times > 1 + unanswered;
    })
    .map(({ traceId }) => [traceId, stored.get(traceId)]);
  expect(wrong).toEqual([]);
  expect(stored.size).toBe(sent.length);
  expect(sent.length).toBeGreaterThan(senders * 10);
}
