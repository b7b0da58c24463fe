/** The metric points of the seeded shop: its host, and every metric of the gateway's catalog. */
import { catalog, gatewayServiceName } from '../../gateway/telemetry/catalog.ts';

export const hostName = 'shop-host-1';
const stepMs = 10_000;
const workerKey = 'obsctl.gateway.worker';
/** What the seeded gateway's certificate still lasts at the end of the range. */
export const certificateSeconds = 10 * 86_400;

/** Seconds with nine digits behind the point, as a DateTime64(9) is read from text. */
export const seconds = (ms: number): string =>
  `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}000000`;

export type Labels = Readonly<Record<string, string>>;

export function hostPoints(fromMs: number, toMs: number) {
  const sums: object[] = [];
  const gauges: object[] = [];
  let diskReadBytes = 0;
  const resource = { 'host.name': hostName };
  const sum = (name: string, atMs: number, value: number, labels: Labels, monotonic: boolean) =>
    sums.push(sumRow('', resource, name, fromMs - 3_600_000, atMs, value, labels, monotonic));
  for (let atMs = fromMs, step = 0; atMs < toMs; atMs += stepMs, step += 1) {
    for (const cpu of ['cpu0', 'cpu1']) {
      const tenth = stepMs / 1000 / 10;
      sum('system.cpu.time', atMs, 1000 + step * tenth * 3, { cpu, state: 'user' }, true);
      sum('system.cpu.time', atMs, 500 + step * tenth, { cpu, state: 'system' }, true);
      sum('system.cpu.time', atMs, 9000 + step * tenth * 6, { cpu, state: 'idle' }, true);
    }
    for (const [state, share] of Object.entries({
      used: 0.5,
      free: 0.2,
      cached: 0.25,
      buffered: 0.05,
    })) {
      sum('system.memory.usage', atMs, 8e9 * share, { state }, false);
    }
    // The counter begins again in the middle, as after a restart of the machine.
    const read = step < 60 ? 1_000_000 + step * 40_960 : (step - 60) * 40_960;
    if (step > 0) diskReadBytes += step === 60 ? 0 : 40_960;
    for (const direction of ['read', 'write']) {
      sum('system.disk.io', atMs, read, { device: 'vda', direction }, true);
      sum('system.disk.operations', atMs, step * 50, { device: 'vda', direction }, true);
    }
    for (const direction of ['receive', 'transmit']) {
      sum('system.network.io', atMs, step * 125_000, { device: 'eth0', direction }, true);
      sum('system.network.errors', atMs, 0, { device: 'eth0', direction }, true);
    }
    for (const [state, share] of Object.entries({ used: 0.6, free: 0.35, reserved: 0.05 })) {
      const labels = { device: '/dev/vda1', mountpoint: '/', type: 'ext4', mode: 'rw', state };
      sum('system.filesystem.usage', atMs, 1e11 * share, labels, false);
    }
    for (const [status, count] of Object.entries({ running: 3, sleeping: 120 })) {
      sum('system.processes.count', atMs, count, { status }, false);
    }
    const process = { ...resource, 'process.pid': '4711', 'process.executable.name': 'node' };
    for (const [name, value, labels] of [
      ['process.cpu.time', step * 2, { state: 'user' }],
      ['process.memory.usage', 2e8, {}],
    ] as const) {
      sums.push(
        sumRow(
          '',
          process,
          name,
          fromMs - 60_000,
          atMs,
          value,
          labels,
          name === 'process.cpu.time',
        ),
      );
    }
    for (const span of ['1m', '5m', '15m']) {
      gauges.push(gaugeRow('', resource, `system.cpu.load_average.${span}`, atMs, 1.5, {}));
    }
  }
  return { sums, gauges, diskReadBytes };
}

export function sumRow(
  service: string,
  resource: Labels,
  name: string,
  startMs: number,
  atMs: number,
  value: number,
  labels: Labels,
  monotonic: boolean,
): object {
  return {
    ...gaugeRow(service, resource, name, atMs, value, labels),
    StartTimeUnix: seconds(startMs),
    AggregationTemporality: 2,
    IsMonotonic: monotonic,
  };
}

export function gaugeRow(
  service: string,
  resource: Labels,
  name: string,
  atMs: number,
  value: number,
  labels: Labels,
): object {
  return {
    ServiceName: service,
    ResourceAttributes: resource,
    MetricName: name,
    Attributes: labels,
    TimeUnix: seconds(atMs),
    Value: value,
    Seal: 4_000_004,
  };
}

/** Every metric of the catalog, with every value of every attribute. */
export function gatewayPoints(fromMs: number, toMs: number) {
  const sums: object[] = [];
  const gauges: object[] = [];
  const histograms: object[] = [];
  const resource = { 'service.name': gatewayServiceName, 'service.instance.id': 'lane-0' };
  for (let atMs = fromMs, step = 0; atMs < toMs; atMs += stepMs, step += 1) {
    for (const metric of catalog) {
      for (const labels of combinations(metric.attributes)) {
        const value = gatewayValue(metric.name, labels, step, toMs);
        const of = [gatewayServiceName, resource, metric.name] as const;
        if (metric.kind === 'counter') {
          sums.push(sumRow(...of, fromMs - 60_000, atMs, value, labels, true));
        } else if (metric.kind === 'gauge') {
          gauges.push(gaugeRow(...of, atMs, value, labels));
        } else {
          const bounds = metric.bounds ?? [];
          histograms.push({
            ...gaugeRow(...of, atMs, 0, labels),
            Value: undefined,
            StartTimeUnix: seconds(fromMs - 60_000),
            AggregationTemporality: 2,
            Count: step * 10,
            Sum: step * 10 * 0.004,
            BucketCounts: [...bounds.map((_, index) => (index === 2 ? step * 10 : 0)), 0],
            ExplicitBounds: bounds,
          });
        }
      }
    }
  }
  return { sums, gauges, histograms };
}

function combinations(
  attributes: readonly { readonly name: string; readonly values: readonly string[] }[],
): Labels[] {
  return attributes.reduce<Labels[]>(
    (all, { name, values }) =>
      all.flatMap((labels) =>
        values
          // A gateway with two workers.
          .slice(0, name === workerKey ? 2 : undefined)
          .map((value) => ({ ...labels, [name]: value })),
      ),
    [{}],
  );
}

function gatewayValue(name: string, labels: Labels, step: number, toMs: number): number {
  if (name === 'obsctl.gateway.dropped.items') return 0;
  if (name === 'obsctl.gateway.dead_letter.rows') return labels['table'] === 'otel_logs' ? 3 : 0;
  if (name === 'obsctl.gateway.parked.lanes') return labels['table'] === 'otel_red_1m' ? 2 : 0;
  if (name === 'obsctl.gateway.tls.not_after') return toMs / 1000 + certificateSeconds;
  if (name === 'nodejs.eventloop.delay.p99') return 0.004 * (Number(labels[workerKey]) + 1);
  if (name === 'obsctl.gateway.rejected.items') return 0;
  if (name === 'obsctl.gateway.refused.requests') {
    return labels['reason'] === 'disk_budget' && labels['transport'] === 'grpc' ? step : 0;
  }
  if (name === 'obsctl.gateway.refused.items') return 0;
  if (name === 'obsctl.gateway.lag') return 1.5;
  if (name === 'obsctl.gateway.wal.limit') return 1e9;
  if (name === 'obsctl.gateway.wal.size') return 2.5e8;
  if (name === 'obsctl.gateway.archive.limit') return 1e9;
  if (name === 'obsctl.gateway.archive.size') return 1e8;
  if (name === 'obsctl.gateway.archive.lag') return 60;
  if (name === 'obsctl.gateway.clickhouse.up' || name === 'obsctl.gateway.ready') return 1;
  if (name.endsWith('.items')) return step * 100;
  return step;
}
