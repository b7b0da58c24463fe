/**
 * Six hours that every alert rule finds something in, made without any SQL of ours: services whose
 * requests fail, are slow or stop, a cluster in trouble, a gateway whose log fills up.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { gatewayServiceName } from '../../gateway/telemetry/catalog.ts';
import { countHours } from './hour-rollups.ts';
import { deploymentPoints } from './seed-deployments.ts';
import { seconds } from './seed-points.ts';

type Labels = Readonly<Record<string, string>>;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const stepMs = 10_000;
const perStep = 20;

/** When what happens, before the end of the fixture. */
export const errorsStartMs = 26 * minuteMs;
export const errorsEndMs = 20 * minuteMs;
const spikeMs = 22 * minuteMs;
export const goneMs = 20 * minuteMs;

type Step = { readonly failed?: number; readonly slow?: number; readonly count?: number };

/** Of {@link perStep} requests in ten seconds; `beforeMs` is the time until the end. */
const services: Readonly<Record<string, (beforeMs: number) => Step>> = {
  // 15 % for six minutes.
  shop: (before) => (before <= errorsStartMs && before > errorsEndMs ? { failed: 3 } : {}),
  // All of them, for ten seconds.
  spiky: (before) => (before === spikeMs ? { failed: perStep } : {}),
  // One in 120 seconds is 0.008 a second; each fails.
  quiet: (before) => (before % 120_000 === 0 ? { count: 1, failed: 1 } : { count: 0 }),
  broken: () => ({ failed: 1 }),
  'slow-api': () => ({ slow: 4 }),
  gone: (before) => (before > goneMs ? {} : { count: 0 }),
  // Three times what its weeks before had.
  seasonal: (before) => ({ count: before < 30 * minuteMs ? 60 : 0 }),
};

/** Adds to a migrated database what lies in the hours before `endMs`, a whole minute. */
export async function seedAlerts(clickhouse: ClickHouse, endMs: number): Promise<void> {
  const insert = (table: string, values: readonly object[]): Promise<unknown> =>
    clickhouse.client.insert({
      table: `${clickhouse.database}.${table}`,
      values: [...values],
      format: 'JSONEachRow',
    });
  await insert('otel_red_1s', requestRows(endMs));
  await insert('otel_red_1h', usualHours(endMs));
  await insert('otel_logs', [...errorRecords(endMs), ...ledgerRecords(endMs)]);
  const { gauges, sums } = points(endMs);
  await insert('otel_metrics_gauge', [...gauges, ...stuckDeployment(endMs)]);
  await insert('otel_metrics_sum', sums);
  await countHours(clickhouse);
}

/** How long nothing has moved at the last point. */
export const stuckSeconds = 1170;

/** A new pod that does not become ready, beside the old one that stays. */
function stuckDeployment(endMs: number): object[] {
  const pods = [
    { pod: 'shop-6d4cf56db6-x2vqk', images: { app: 'registry/shop:1' }, from: 0 },
    {
      pod: 'shop-7c9b8d5f4-h7zlm',
      images: { app: 'registry/shop:2' },
      from: 1200,
      readyAfter: Number.POSITIVE_INFINITY,
    },
  ];
  const shop = { kind: 'deployment', namespace: 'payments', workload: 'shop', pods } as const;
  return deploymentPoints([shop], endMs - 40 * minuteMs, 2400);
}

/** Two requests a second for five weeks; {@link requestRows} has six in the last half hour. */
function usualHours(endMs: number): object[] {
  const rows: object[] = [];
  const last = Math.floor(endMs / hourMs - 1) * hourMs;
  for (let atMs = last; atMs > endMs - 842 * hourMs; atMs -= hourMs) {
    rows.push(requestRow('seasonal', atMs, 7200, false, 20));
  }
  return rows;
}

function requestRow(
  service: string,
  atMs: number,
  count: number,
  failed: boolean,
  ms: number,
): object {
  const ns = ms * 1e6;
  return {
    Time: atMs / 1000,
    ServiceName: service,
    SpanName: 'GET /',
    SpanKind: 'Server',
    StatusCode: failed ? 'Error' : 'Unset',
    Count: count,
    DurationSum: count * ns,
    DurationMin: ns,
    DurationMax: ns,
    'Buckets.Index': [Math.floor(Math.log2(ns) * 8)],
    'Buckets.Count': [count],
  };
}

function requestRows(endMs: number): object[] {
  const rows: object[] = [];
  const row = (service: string, atMs: number, count: number, failed: boolean, ms: number): void => {
    if (count > 0) rows.push({ ...requestRow(service, atMs, count, failed, ms), Seal: 1 });
  };
  for (let before = 6 * hourMs + 30 * minuteMs; before > 0; before -= stepMs) {
    for (const [service, of] of Object.entries(services)) {
      const { count = perStep, failed = 0, slow = 0 } = of(before);
      row(service, endMs - before, count - failed - slow, false, 20);
      row(service, endMs - before, failed, true, 20);
      row(service, endMs - before, slow, false, 2000);
    }
  }
  return rows;
}

/** 8 in each of the eleven five minutes before, then 60. */
function errorRecords(endMs: number): object[] {
  const times = [
    ...Array.from({ length: 88 }, (_, index) => endMs - hourMs + 1000 + index * 37_000),
    ...Array.from({ length: 60 }, (_, index) => endMs - 200_000 + index * 3000),
  ];
  return times.map((atMs) => ({
    Timestamp: seconds(atMs),
    SeverityText: 'ERROR',
    SeverityNumber: 17,
    ServiceName: 'shop',
    Body: 'failed',
    SamplingWeight: 1,
    Seal: 1,
  }));
}

/** Since yesterday one kind of error; now it again, a new kind, and another that is rare. */
function ledgerRecords(endMs: number): object[] {
  const record = (beforeMs: number, body: string): object => ({
    Timestamp: seconds(endMs - beforeMs),
    SeverityText: 'ERROR',
    SeverityNumber: 17,
    ServiceName: 'ledger',
    Body: body,
    SamplingWeight: 1,
    Seal: 1,
  });
  const twelve = Array.from({ length: 12 }, (_, index) => index);
  return [
    record(26 * hourMs, 'connection 7 lost'),
    ...twelve.map((index) => record(index * 90_000 + 1000, `connection ${index} lost`)),
    ...twelve.map((index) => record(index * 60_000 + 2000, `account ${index} does not balance`)),
    record(3000, 'page 1 torn'),
  ];
}

function points(endMs: number) {
  const gauges: object[] = [];
  const sums: object[] = [];
  const row = (resource: Labels, name: string, before: number, value: number, labels: Labels) => ({
    ServiceName: resource['service.name'] ?? '',
    ResourceAttributes: resource,
    MetricName: name,
    Attributes: labels,
    TimeUnix: seconds(endMs - before),
    Value: value,
    Seal: 1,
  });
  const gauge = (resource: Labels, name: string, before: number, value: number): void => {
    gauges.push(row(resource, name, before, value, {}));
  };
  const sum = (
    resource: Labels,
    name: string,
    before: number,
    value: number,
    labels: Labels,
    isMonotonic = true,
  ): void => {
    const began = { StartTimeUnix: seconds(endMs - 6 * hourMs), AggregationTemporality: 2 };
    sums.push({
      ...row(resource, name, before, value, labels),
      ...began,
      IsMonotonic: isMonotonic,
    });
  };
  for (let before = 40 * minuteMs; before > 0; before -= 30_000) {
    clusterPoints(before, gauge);
    const oom = before > 6 * minuteMs ? 0 : 1;
    const labels = { namespace: 'payments', pod: 'api-1', container: 'api' };
    sum({}, 'container_oom_events_total', before, oom, labels);
    const host = { 'host.name': 'disk-host' };
    const busy = ((40 * minuteMs - before) / 1000) * 7;
    sum(host, 'system.disk.weighted_io_time', before, busy, { device: 'sda' });
    const cpu = (40 * minuteMs - before) / 1000;
    sum(host, 'system.cpu.time', before, cpu * 9, { state: 'user' });
    sum(host, 'system.cpu.time', before, cpu, { state: 'idle' });
    const disk = { mountpoint: '/data', device: 'sdb' };
    sum(host, 'system.filesystem.usage', before, 90, { ...disk, state: 'used' }, false);
    sum(host, 'system.filesystem.usage', before, 10, { ...disk, state: 'free' }, false);
    networkPoints(before, sum);
    if (before < 10 * minuteMs) continue;
    sum({ 'host.name': 'old-host' }, 'system.memory.usage', before, 1, { state: 'used' }, false);
  }
  const leaky = { 'k8s.pod.name': 'cache-1', 'k8s.container.name': 'api' };
  for (let before = 180; before > 0; before -= 1) {
    const resource = { 'k8s.namespace.name': 'payments', ...leaky };
    const bytes = (200 + (180 - before) * 2) * 1e6;
    gauge(resource, 'container.memory.working_set', before * minuteMs, bytes);
  }
  gatewayTrouble(gauge, sum);
  return { gauges, sums };
}

type Put = (resource: Labels, name: string, before: number, value: number) => void;

function clusterPoints(before: number, gauge: Put): void {
  const namespace = { 'k8s.namespace.name': 'payments' };
  const container = { ...namespace, 'k8s.pod.name': 'api-1', 'k8s.container.name': 'api' };
  // The two receivers name the same container with other attributes beside.
  const kubelet = { ...container, 'k8s.node.name': 'node-1' };
  gauge(kubelet, 'container.cpu.usage', before, 0.45);
  gauge(kubelet, 'container.memory.working_set', before, 95e6);
  gauge(container, 'k8s.container.cpu_limit', before, 0.5);
  gauge(container, 'k8s.container.memory_limit', before, 100e6);
  const minutes = before / minuteMs;
  const restarts = minutes > 30 ? 5 : minutes > 20 ? 0 : minutes > 10 ? 1 : 2;
  gauge(container, 'k8s.container.restarts', before, restarts);
  const deployment = { ...namespace, 'k8s.deployment.name': 'api' };
  gauge(deployment, 'k8s.deployment.available', before, 1);
  gauge(deployment, 'k8s.deployment.desired', before, 2);
  const statefulset = { ...namespace, 'k8s.statefulset.name': 'db' };
  gauge(statefulset, 'k8s.statefulset.ready_pods', before, 3);
  gauge(statefulset, 'k8s.statefulset.desired_pods', before, 3);
  const daemonset = { ...namespace, 'k8s.daemonset.name': 'agent' };
  gauge(daemonset, 'k8s.daemonset.ready_nodes', before, 0);
  gauge(daemonset, 'k8s.daemonset.desired_scheduled_nodes', before, 4);
  gauge({ 'k8s.node.name': 'node-1' }, 'k8s.node.condition_ready', before, 0);
  gauge({ 'k8s.node.name': 'node-2' }, 'k8s.node.condition_ready', before, 1);
  for (const pod of ['db-0', 'db-1']) {
    const volume = {
      ...namespace,
      'k8s.pod.name': pod,
      'k8s.volume.type': 'persistentVolumeClaim',
      'k8s.persistentvolumeclaim.name': 'data',
    };
    gauge(volume, 'k8s.volume.available', before, 9e9);
    gauge(volume, 'k8s.volume.capacity', before, 100e9);
  }
}

type PutSum = (
  resource: Labels,
  name: string,
  before: number,
  value: number,
  labels: Labels,
) => void;

/** Of a hundred packets two find no room, and a pod has three errors a second. */
function networkPoints(before: number, sum: PutSum): void {
  const elapsed = (40 * minuteMs - before) / 1000;
  const card = { device: 'eth1', direction: 'receive' };
  const host = { 'host.name': 'disk-host' };
  sum(host, 'system.network.packets', before, elapsed * 98, card);
  sum(host, 'system.network.errors', before, 0, card);
  sum(host, 'system.network.dropped', before, elapsed * 2, card);
  const pod = { 'k8s.namespace.name': 'payments', 'k8s.pod.name': 'api-1' };
  const received = { interface: 'eth0', direction: 'receive' };
  sum(pod, 'k8s.pod.network.errors', before, elapsed * 3, received);
}

/** A gateway whose log grows by 100 kB a second and has room for ten minutes. */
function gatewayTrouble(gauge: Put, sum: PutSum): void {
  const gateway = { 'service.name': gatewayServiceName, 'service.instance.id': 'full' };
  for (let before = 30 * minuteMs; before > 0; before -= stepMs) {
    gauge(gateway, 'obsctl.gateway.wal.size', before, 440e6 - (before / 1000) * 1e5);
    gauge(gateway, 'obsctl.gateway.wal.limit', before, 500e6);
    gauge(gateway, 'obsctl.gateway.archive.limit', before, 1e9);
    gauge(gateway, 'obsctl.gateway.archive.size', before, 9e8);
    gauge(gateway, 'obsctl.gateway.archive.lag', before, 7200);
    gauge(gateway, 'obsctl.gateway.lag', before, 1800);
    const lost = before > 5 * minuteMs ? 0 : 12;
    sum(gateway, 'obsctl.gateway.dropped.items', before, lost, { reason: 'dead_letter' });
  }
}
