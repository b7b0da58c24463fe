/**
 * Hours of cost on the real engine. What a figure should be stands beside it as sums done by hand;
 * times are of this day, as tables forget.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { costTables } from '../../clickhouse/schema/costs.ts';
import { entityTables } from '../../clickhouse/schema/entities.ts';
import { systemClock } from '../../core/clock.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { type Counted, countCosts } from './count.ts';
import { parsePriceFile } from './price-file.ts';
import { importPrices } from './price-store.ts';
import { addLabels, addNodes, addPods, addPoints, hourMs } from './testdata/world.ts';

let engine: TestEngine;
let server: ClickHouse;

beforeAll(async () => {
  engine = await startEngine();
  server = connectClickHouse({ url: `${engine.url}/otel` });
  await migrate(server);
});
afterAll(async () => {
  await server?.close();
  await engine?.stop();
});
beforeEach(async () => {
  const names = [...entityTables, ...costTables].map(({ name }) => name);
  for (const name of [...names, 'otel_metrics_gauge']) {
    await server.run(`TRUNCATE TABLE otel.${name}`);
  }
});

const nowMs = systemClock.nowMs();
/** An hour that is over. */
const start = nowMs - (nowMs % hourMs) - 3 * hourMs;
const minute = (count: number): number => start + count * 60_000;
const labels = { team: ['team'], owner: ['owner'], costCenter: ['cost-center'] };
const gb = 1e9;

async function count(hours = 1): Promise<Counted> {
  const { signal } = new AbortController();
  const nowMs = start + hours * hourMs;
  return await countCosts(server, { sinceMs: start, nowMs, labels, signal });
}

async function load(text: string): Promise<void> {
  await importPrices(server, parsePriceFile(text, 'list.yaml'), systemClock.nowMs());
}

const rows = (columns: string, where = '1'): Promise<Record<string, string>[]> =>
  server.rows(`SELECT ${columns} FROM otel.cost_hours WHERE ${where}
    ORDER BY Time, Kind, Node, Pod`);

const costs = (kind: string): Promise<Record<string, string>[]> =>
  rows(
    `if(Pod = '', Node, Pod) AS name, toString(Cost) AS cost, toString(UsageCost) AS used,
      toString(IdleCost) AS idle`,
    `Kind = '${kind}'`,
  );

const listPrices = `
prices:
  - {provider: aws, instance_type: m5.xlarge, vcpu_hour: "0.03", gb_hour: "0.004"}
`;
const machine = {
  ...{ cores: 4, bytes: 16 * gb, instanceType: 'm5.xlarge', region: 'eu-central-1' },
  providerId: 'aws:///eu-central-1a/i-0123456789abcdef0',
};
const always = { from: start - 24 * hourMs };
const full = (value: number): readonly number[] => Array.from({ length: 60 }, () => value);

describe('an hour of cost', () => {
  beforeEach(async () => {
    await load(listPrices);
    await addNodes(server, [{ ...machine, ...always, name: 'n1' }]);
    await addPods(server, [
      { ...always, name: 'a', node: 'n1', millis: 500, bytes: 2 * gb, workload: 'checkout' },
      // From half past on.
      { name: 'b', from: minute(30), node: 'n1', millis: 1000, bytes: 4 * gb },
      // Resized at a quarter past.
      { ...always, id: 'c', name: 'c', to: minute(15), node: 'n1', millis: 1000, bytes: gb },
      { id: 'c', name: 'c', from: minute(15), node: 'n1', millis: 2000, bytes: gb },
      // Neither waits for a node nor has ended.
      { ...always, name: 'pending', node: '', millis: 1000, bytes: gb },
      { ...always, name: 'done', node: 'n1', millis: 1000, bytes: gb, phase: 'Succeeded' },
    ]);
    const ofA = { 'k8s.pod.uid': 'a', 'k8s.container.name': 'app' };
    const ofNode = { 'k8s.node.name': 'n1' };
    const from = { fromMs: start };
    await addPoints(server, [
      { ...from, of: ofA, metric: 'container.cpu.usage', values: full(0.25) },
      { ...from, of: ofA, metric: 'container.memory.working_set', values: full(1.5 * gb) },
      { ...from, of: ofNode, metric: 'k8s.node.cpu.usage', values: full(1) },
      { ...from, of: ofNode, metric: 'k8s.node.memory.working_set', values: full(8 * gb) },
    ]);
  });

  it('costs what is computed by hand', async () => {
    await count();
    // 4 × 0.03 + 16 × 0.004 = 0.184; used 1 × 0.03 + 8 × 0.004 = 0.062; idle 0.122.
    expect(await costs('node')).toEqual([
      { name: 'n1', cost: '0.184', used: '0.062', idle: '0.122' },
    ]);
    expect(await costs('pod')).toEqual([
      // 0.5 × 0.03 + 2 × 0.004 = 0.023; used 0.25 × 0.03 + 1.5 × 0.004 = 0.0135.
      { name: 'a', cost: '0.023', used: '0.0135', idle: '0' },
      // Half an hour: 0.5 × 0.03 + 2 × 0.004 = 0.023.
      { name: 'b', cost: '0.023', used: '0', idle: '0' },
      // (0.25 × 1 + 0.75 × 2) × 0.03 + 1 × 0.004 = 0.0525 + 0.004 = 0.0565.
      { name: 'c', cost: '0.0565', used: '0', idle: '0' },
    ]);
    // 0.184 − 0.023 − 0.023 − 0.0565 = 0.0815; used 0.062 − 0.0135 = 0.0485.
    expect(await costs('unallocated')).toEqual([
      { name: 'n1', cost: '0.0815', used: '0.0485', idle: '0' },
    ]);
  });

  it('says which price it used, in which currency, and which workload it is of', async () => {
    await count();
    const columns = 'Pod, Workload, WorkloadKind, Currency, PriceSource';
    const source = { Currency: 'USD', PriceSource: 'file: list' };
    expect(await rows(columns, "Pod IN ('a', 'b')")).toEqual([
      { Pod: 'a', Workload: 'checkout', WorkloadKind: 'Deployment', ...source },
      { Pod: 'b', Workload: 'b', WorkloadKind: 'Pod', ...source },
    ]);
    expect(await rows('Kind', "PriceSource = '' OR Currency = ''")).toEqual([]);
  });

  it('is the same when it is counted again, and leaves the other hours of its day', async () => {
    await count(2);
    const columns = '*';
    const before = await rows(columns);
    expect(new Set(before.map(({ Time }) => Time)).size).toBe(2);
    await count(1);
    expect(await rows(columns)).toEqual(before);
  });

  it('takes minutes without points to be like the others', async () => {
    const of = { 'k8s.pod.uid': 'b', 'k8s.container.name': 'app' };
    const later = { of, fromMs: minute(30) };
    // Two containers; one ends after five of the ten minutes that have points: 1 + 0.5 × 1 cores.
    await addPoints(server, [
      { ...later, metric: 'container.cpu.usage', values: full(1).slice(0, 10) },
      {
        ...{ ...later, of: { ...of, 'k8s.container.name': 'init' } },
        ...{ metric: 'container.cpu.usage', values: full(1).slice(0, 5) },
      },
    ]);
    await count();
    // 1.5 cores for half an hour at 0.03.
    const [, b] = await costs('pod');
    expect(b).toEqual({ name: 'b', cost: '0.023', used: '0.0225', idle: '0' });
  });

  it('knows teams by labels of the pod, of its workload or of its namespace', async () => {
    await addLabels(server, 'entity_namespaces', {
      ...{ ...always, name: 'shop', labels: { team: 'shop', owner: 'ines' } },
    });
    await addLabels(server, 'entity_workloads', {
      ...{ ...always, name: 'checkout', namespace: 'shop', labels: { team: 'till' } },
    });
    await addPods(server, [
      {
        ...{ ...always, name: 'd', node: 'n1', millis: 0, bytes: 0, workload: 'checkout' },
        labels: { team: 'cash', 'cost-center': '42' },
      },
      { ...always, name: 'e', node: 'n1', millis: 0, bytes: 0, namespace: 'other' },
    ]);
    await count();
    const teams = await rows('Pod, Team, Owner, CostCenter', "Kind = 'pod' AND Pod != 'c'");
    expect(teams.map((row) => Object.values(row).join(' '))).toEqual([
      'a till ines –',
      'b shop ines –',
      'd cash ines 42',
      'e – – –',
    ]);
  });
});

describe('without any price', () => {
  it('there are numbers, and they say that they are of the package', async () => {
    await addNodes(server, [
      { ...always, name: 'aws', cores: 2, bytes: 8 * 2 ** 30, providerId: 'aws:///z/i-0a' },
      {
        ...{ ...always, name: 'gcp-spot', cores: 2, bytes: 8 * 2 ** 30 },
        ...{ providerId: 'gce://p/z/n', capacityType: 'spot' },
      },
      { ...always, name: 'rack', cores: 1, bytes: gb },
      { ...always, name: 'rack-spot', cores: 1, bytes: gb, capacityType: 'spot' },
    ]);
    const { sources } = await count();
    const found = await rows(
      'Node, toString(Cost) AS cost, PriceSource AS source',
      "Kind = 'node'",
    );
    expect(found.map((row) => Object.values(row).join(' | '))).toEqual([
      // 0.096 / (2 + 8.589934592), cut off, is 0.009065211797; by 2 that is 0.018130423594, and by
      // 8.589934592 it is 0.077869576398.
      'aws | 0.095999999992 | default aws 2025-06',
      'gcp-spot | 0.026802399994 | default gcp spot 2025-06',
      // 1 core and 1 GB of 0.009065211797, and of 0.003626084719 on spot.
      'rack | 0.018130423594 | default other 2025-06',
      'rack-spot | 0.007252169438 | default other spot 2025-06',
    ]);
    expect(sources.map(({ source }) => source)).toHaveLength(4);
  });
});

describe('of several prices', () => {
  const node = (name: string, more: object = {}) => ({ ...machine, ...always, name, ...more });

  it('the one that says more of the node is taken, a node before all lists', async () => {
    await load(`
prices:
  - {vcpu_hour: "1", gb_hour: "0"}
  - {provider: aws, vcpu_hour: "2", gb_hour: "0"}
  - {region: eu-central-1, vcpu_hour: "3", gb_hour: "0"}
  - {instance_type: m5.xlarge, vcpu_hour: "4", gb_hour: "0"}
  - {instance_type: m5.xlarge, capacity_type: spot, node_hour: "20"}
nodes:
  - {label: pool=gpu, vcpu_hour: "6", gb_hour: "0"}
  - {node: named, node_hour: "7"}
`);
    await addNodes(server, [
      node('any', { providerId: '', region: '', instanceType: '' }),
      node('provider', { region: '', instanceType: '' }),
      node('region', { instanceType: 'm6' }),
      node('spot', { capacityType: 'Spot' }),
      node('type'),
      node('label', { labels: { pool: 'gpu' } }),
      node('named', { labels: { pool: 'gpu' } }),
    ]);
    await count();
    const found = await rows(
      'Node, toString(CpuPrice) AS price, toString(Cost) AS cost, PriceSource',
      "Kind = 'node'",
    );
    expect(
      Object.fromEntries(found.map(({ Node, ...rest }) => [Node, Object.values(rest)])),
    ).toEqual({
      any: ['1', '4', 'file: list'],
      provider: ['2', '8', 'file: list'],
      region: ['3', '12', 'file: list'],
      type: ['4', '16', 'file: list'],
      // 20 by 4 cores and 16 GB.
      spot: ['1', '20', 'file: list'],
      label: ['6', '24', 'node: list'],
      // 7 by 20.
      named: ['0.35', '7', 'node: list'],
    });
  });

  it('those of a file are replaced by its next load, and the same file is no news', async () => {
    const text = 'prices: [{vcpu_hour: 1, gb_hour: 0}, {provider: aws, vcpu_hour: 5, gb_hour: 0}]';
    const file = parsePriceFile(text, 'list.yaml');
    const first = await importPrices(server, file, nowMs);
    expect([first.state, (await importPrices(server, file, nowMs)).state]).toEqual([
      'loaded',
      'unchanged',
    ]);
    await load('prices: [{vcpu_hour: 0.5, gb_hour: 0}]');
    await addNodes(server, [node('n1')]);
    await count();
    // The rule of aws is gone with the load that had it.
    expect(await costs('node')).toMatchObject([{ cost: '2' }]);
  });
});

describe('a node', () => {
  it('costs what its pods and what is unallocated cost, to the last decimal', async () => {
    const offset = fc.integer({ min: -30, max: 70 });
    const pod = fc.record({
      node: fc.constantFrom('n1', 'n2', 'n3'),
      millis: fc.integer({ min: 0, max: 70_000 }),
      bytes: fc.integer({ min: 0, max: 2 ** 40 }),
      from: offset,
      ms: fc.integer({ min: 1, max: 5_000_000 }),
    });
    const node = fc.record({
      cores: fc.integer({ min: 1, max: 512 }),
      bytes: fc.integer({ min: 1, max: 2 ** 42 }),
      to: fc.option(fc.integer({ min: 1, max: 100 })),
    });
    const price = fc.integer({ min: 0, max: 999_999_999_999 });
    const worlds = fc.record({
      nodes: fc.tuple(node, node, node),
      pods: fc.array(pod, { maxLength: 30 }),
      prices: fc.tuple(price, price, price),
    });
    let turn = 0;
    const property = fc.asyncProperty(worlds, async ({ nodes, pods, prices }) => {
      turn += 1;
      const cluster = `lab${turn}`;
      const [cpu, memory, whole] = prices.map((one) => `0.${String(one).padStart(12, '0')}`);
      await load(`
prices: [{vcpu_hour: "${cpu}", gb_hour: "${memory}"}]
nodes: [{node: n2, node_hour: "${whole}"}]
`);
      await addNodes(
        server,
        nodes.map(({ to, ...one }, at) => ({
          ...{ ...one, cluster, ...always, name: `n${at + 1}` },
          ...(to === null ? {} : { to: minute(to) }),
        })),
      );
      await addPods(
        server,
        pods.map(({ from, ms, ...one }, at) => ({
          ...{ ...one, cluster, name: `p${at}` },
          ...{ from: minute(from), to: minute(from) + ms },
        })),
      );
      await count();
      const off = await server.rows(
        `SELECT Node, sumIf(Cost, Kind = 'node') - sumIf(Cost, Kind != 'node') AS off,
          countIf(Kind = 'node') AS nodes FROM otel.cost_hours WHERE Cluster = '${cluster}'
        GROUP BY Time, Node HAVING off != 0 OR nodes != 1`,
      );
      expect(off).toEqual([]);
      const [found] = await server.rows<{ n: string }>(
        `SELECT uniqExact(Node) AS n FROM otel.cost_hours WHERE Cluster = '${cluster}'`,
      );
      expect(Number(found?.n)).toBe(3);
    });
    await fc.assert(property, { numRuns: 10, endOnFailure: true });
  }, 120_000);
});
