/** The numbers of the Kubernetes dashboards against plain arithmetic over the seeded cluster. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { type Asker, askerOf } from '../../test/support/ask-dashboards.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import {
  nodes,
  podBytesPerSecond,
  pods,
  restartsBetween,
} from '../../test/support/seed-kubernetes.ts';
import { hostName } from '../../test/support/seed-points.ts';
import { type Seeded, seedTelemetry } from '../../test/support/seed-telemetry.ts';
import { workload } from './kubernetes-points.ts';

let engine: TestEngine;
let seeded: Seeded;
let ask: Asker['ask'];
let panelRows: Asker['panelRows'];

beforeAll(async () => {
  engine = await startEngine();
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  try {
    await migrate(clickhouse);
    seeded = await seedTelemetry(clickhouse, { endMs: systemClock.nowMs(), seed: 7 });
  } finally {
    await clickhouse.close();
  }
  ({ ask, panelRows } = askerOf(engine.url, seeded));
}, 120_000);

afterAll(() => engine?.stop());

type Amount = 'cores' | 'memory' | 'coresRequest' | 'memoryRequest' | 'coresLimit';
const total = (of: typeof pods, amount: Amount): number =>
  of.reduce((sum, pod) => sum + pod[amount], 0);
const ofWorkload = (name: string) => pods.filter((pod) => pod.workload === name);
const crashing = pods.filter(({ crashes }) => crashes);
const minute = { intervalMs: 60_000 };

describe('the cluster', () => {
  it('has as many nodes and pods that are not ready, and restarts, as were seeded', async () => {
    expect(await panelRows('Kubernetes', 'Nodes not ready')).toEqual([{ 'Nodes not ready': 0 }]);
    expect(await panelRows('Kubernetes', 'Pods not ready')).toEqual([
      { 'Pods not ready': crashing.length },
    ]);
    expect(await panelRows('Kubernetes', 'Short of pods')).toEqual([{ 'Short of pods': 1 }]);
    const restarts = restartsBetween(seeded.fromMs, seeded.toMs);
    expect(restarts).toBeGreaterThan(0);
    expect(await panelRows('Kubernetes', 'Restarts')).toEqual([{ Restarts: restarts }]);
    const bars = await panelRows('Kubernetes', 'Restarts by namespace', minute);
    expect(bars.reduce((sum, row) => sum + Number(row['restarts']), 0)).toBe(restarts);
  });

  it('requests what its containers request, each once, also after a restart', async () => {
    const [cpu] = await panelRows('Kubernetes', 'CPU requests');
    const cores = nodes.reduce((sum, node) => sum + node.coresAllocatable, 0);
    expect(Number(cpu?.['CPU requests'])).toBeCloseTo(total(pods, 'coresRequest') / cores, 9);
    const rows = await panelRows('Kubernetes', 'Memory: used, requested, allocatable', minute);
    expect(rows.length).toBeGreaterThan(15);
    for (const row of rows) {
      expect(row).toMatchObject({
        used: nodes.reduce((sum, node) => sum + node.memory, 0),
        requested: total(pods, 'memoryRequest'),
        allocatable: nodes.reduce((sum, node) => sum + node.memoryAllocatable, 0),
      });
    }
  });

  it('puts the workload without pods first, then the one near its memory limit', async () => {
    const rows = await panelRows('Kubernetes', 'Workloads by trouble');
    expect(rows.slice(0, 3)).toMatchObject([
      { Workload: 'deployment/orders', State: 'nothing available', Desired: 1, Available: 0 },
      { Workload: 'statefulset/ledger', State: 'near memory limit', 'Of limit': 972 / 1024 },
      { State: 'healthy' },
    ]);
    const storefront = rows.find((row) => row['Workload'] === 'deployment/storefront');
    expect(storefront).toMatchObject({
      Desired: 2,
      Memory: total(ofWorkload('storefront'), 'memory'),
      Key: 'k8s.deployment.name',
      Name: 'storefront',
    });
    expect(rows).toHaveLength(new Set(pods.map((pod) => pod.workload)).size);
  });

  it('is narrowed to a namespace, and its nodes stay whole', async () => {
    const set = { namespace: ['data'] };
    const rows = await panelRows('Kubernetes', 'Workloads by trouble', { set });
    expect(new Set(rows.map((row) => row['Namespace']))).toEqual(new Set(['data']));
    expect(await panelRows('Kubernetes', 'Pods not ready', { set })).toEqual([
      { 'Pods not ready': 0 },
    ]);
    const all = await panelRows('Kubernetes', 'Nodes by trouble', { set });
    expect(all.map((row) => row['Pods'])).toEqual(
      all.map((row) => pods.filter(({ node }) => node === row['Node']).length),
    );
    expect(all[0]).toMatchObject({ State: 'disk pressure', Disk: 0.9 });
  });

  it('warns of the crash loop, once a minute', async () => {
    const minutes = (seeded.toMs - seeded.fromMs) / 60_000;
    expect(await panelRows('Kubernetes', 'Warning events')).toMatchObject([
      { Reason: 'BackOff', Object: `pod/${crashing[0]?.pod}`, Events: minutes },
    ]);
  });
});

describe('a workload', () => {
  it('uses what its pods use, and has a limit when all of its containers have', async () => {
    const set = { workload: 'deployment/storefront' };
    const own = ofWorkload('storefront');
    const rows = await panelRows('Workload', 'CPU (cores)', { set, ...minute });
    for (const row of rows) {
      expect(row['used']).toBeCloseTo(total(own, 'cores'), 9);
      expect(row['requested']).toBeCloseTo(total(own, 'coresRequest'), 9);
      expect(row['limit']).toBeCloseTo(total(own, 'coresLimit'), 9);
    }
    const none = await panelRows('Workload', 'Memory', {
      set: { workload: 'daemonset/backup' },
      ...minute,
    });
    expect(none.every((row) => row['limit'] === null)).toBe(true);
    expect(await panelRows('Workload', 'Pods available', { set })).toEqual([
      { available: 2, desired: 2 },
    ]);
  });

  it('serves the requests that its spans name, and hears of its own events only', async () => {
    const set = { workload: 'deployment/payment' };
    const spans = seeded.spans.filter(
      ({ service, kind }) => service === 'payment' && kind === 'Server',
    );
    const [row, ...more] = await panelRows('Workload', 'Services', { set });
    expect(more).toEqual([]);
    const seconds = (seeded.toMs - seeded.fromMs) / 1000;
    expect(row?.['Requests']).toBeCloseTo(spans.length / seconds, 9);
    expect(row?.['Failed']).toBeCloseTo(spans.filter((s) => s.failed).length / spans.length, 9);
    expect(await panelRows('Workload', 'Warning events', { set })).toEqual([]);
    const orders = { workload: 'deployment/orders' };
    expect(await panelRows('Workload', 'Warning events', { set: orders })).toHaveLength(1);
    expect(await panelRows('Workload', 'Why containers do not run', { set: orders })).toMatchObject(
      [{ Reason: 'CrashLoopBackOff', Pod: crashing[0]?.pod }],
    );
  });

  it.each([
    ['web-6d4cf56db6-x2vqk', 'deployment/web'],
    ['api-gateway-7f9b8c5d4-lm2zt', 'deployment/api-gateway'],
    ['ledger-0', 'statefulset/ledger'],
    ['backup-n4d8s', 'daemonset/backup'],
    ['kube-apiserver-control-plane', 'pod/kube-apiserver-control-plane'],
  ])('owns the pod %s by its name when nobody says whose it is: %s', async (pod, owner) => {
    const attributes = `map('k8s.pod.name', '${pod}') AS ResourceAttributes`;
    expect(await ask(`SELECT ${workload} AS owner FROM (SELECT ${attributes})`)).toEqual([
      { owner },
    ]);
  });
});

describe('a pod and a node', () => {
  it('say where the pod runs and what its containers may use', async () => {
    const [pod] = ofWorkload('ledger');
    const set = { pod: 'ledger-0' };
    expect(await panelRows('Pod', 'State', { set })).toMatchObject([
      { State: 'Running', Workload: 'statefulset/ledger', Node: pod?.node, Namespace: 'data' },
    ]);
    expect(await panelRows('Pod', 'Containers', { set })).toMatchObject([
      { Container: 'app', Ready: 'yes', Memory: pod?.memory, 'Memory limit': pod?.memoryLimit },
    ]);
    expect(await panelRows('Pod', 'Volumes', { set })).toMatchObject([
      { Claim: 'data-ledger-0', Used: 0.6, Size: 10e9 },
    ]);
    const rows = await panelRows('Pod', 'Network throughput', { set, ...minute });
    const received = rows.filter((row) => row['direction'] === 'receive').slice(1);
    expect(received.length).toBeGreaterThan(10);
    for (const row of received) expect(Number(row['throughput'])).toBeCloseTo(podBytesPerSecond, 6);
  });

  it('say what the node says of itself, and which pods are on it', async () => {
    const set = { node: hostName };
    const conditions = await panelRows('Node', 'Conditions', { set });
    expect(Object.fromEntries(conditions.map((row) => [row['Condition'], row['Means']]))).toEqual({
      Ready: 'fine',
      MemoryPressure: 'fine',
      DiskPressure: 'fine',
      PIDPressure: 'fine',
      NetworkUnavailable: 'not told',
    });
    const names = (await panelRows('Node', 'Pods on this node', { set })).map((row) => row['Pod']);
    const here = pods.filter(({ node }) => node === hostName);
    expect(names.sort()).toEqual(here.map(({ pod }) => pod).sort());
    const [memory] = await panelRows('Node', 'Memory in use', { set });
    expect(memory).toEqual({ 'Memory in use': 0.5 });
  });

  it('are found from the requests they answered', async () => {
    const rows = await panelRows('Services', 'Pods and hosts');
    const payment = rows.find((row) => row['Service'] === 'payment');
    expect(payment).toMatchObject({
      Pod: ofWorkload('payment')[0]?.pod,
      Workload: 'deployment/payment',
      Host: hostName,
    });
  });
});
