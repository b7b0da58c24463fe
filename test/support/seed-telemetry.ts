/**
 * Twenty minutes of a small shop, made from a seed: what every dashboard needs, and the plain list
 * of it, so that a test can compute the expected numbers without any SQL of ours.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { catalog, gatewayServiceName } from '../../gateway/telemetry/catalog.ts';

export type SeededSpan = {
  readonly startMs: number;
  readonly durationNs: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: 'Server' | 'Client' | 'Producer' | 'Consumer' | 'Internal';
  readonly failed: boolean;
};

export type SeededLog = {
  readonly atMs: number;
  readonly service: string;
  readonly severityNumber: number;
  readonly body: string;
  readonly traceId: string;
};

export type Seeded = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly spans: readonly SeededSpan[];
  readonly logs: readonly SeededLog[];
  /** Bytes that the disk of the machine read between first and last point, resets included. */
  readonly diskReadBytes: number;
  readonly hostName: string;
};

export const seedMinutes = 20;
export const failingService = 'payment';
const hostName = 'shop-host-1';
const stepMs = 10_000;

/** Fills an empty, migrated database with the {@link seedMinutes} minutes before `endMs`. */
export async function seedTelemetry(
  clickhouse: ClickHouse,
  options: { readonly endMs: number; readonly seed: number },
): Promise<Seeded> {
  const toMs = Math.floor(options.endMs / 60_000) * 60_000;
  const fromMs = toMs - seedMinutes * 60_000;
  const random = randomFrom(options.seed);
  const spans = makeSpans(fromMs, toMs, random);
  const logs = makeLogs(spans);
  const insert = (table: string, values: readonly object[]): Promise<unknown> =>
    clickhouse.client.insert({
      table: `${clickhouse.database}.${table}`,
      values: [...values],
      format: 'JSONEachRow',
    });
  await insert('otel_traces', spans.map(spanRow));
  await insert('otel_traces_trace_id_ts', traceRanges(spans));
  await insert('otel_logs', logs.map(logRow));
  await insert('otel_red_1s', redRows(spans));
  const host = hostPoints(fromMs, toMs);
  const gateway = gatewayPoints(fromMs, toMs);
  await insert('otel_metrics_sum', [...host.sums, ...gateway.sums]);
  await insert('otel_metrics_gauge', [...host.gauges, ...gateway.gauges]);
  await insert('otel_metrics_histogram', gateway.histograms);
  await insert('obsctl_receipts', receiptRows(spans, logs, toMs));
  return { fromMs, toMs, spans, logs, diskReadBytes: host.diskReadBytes, hostName };
}

type Random = () => number;

/** mulberry32: small, and the same on every machine. */
function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const hex = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');

type Hop = { readonly service: string; readonly name: string; readonly parent: number };

/** The call tree of one order: the payment is called by the checkout, the mail by a queue. */
const hops: readonly (Hop & { readonly kind: SeededSpan['kind']; readonly ms: number })[] = [
  { service: 'storefront', name: 'POST /checkout/{user}', parent: -1, kind: 'Server', ms: 60 },
  { service: 'storefront', name: 'POST', parent: 0, kind: 'Client', ms: 50 },
  { service: 'checkout', name: 'POST /orders/{user}', parent: 1, kind: 'Server', ms: 45 },
  { service: 'cart', name: 'GET /carts/{user}', parent: 2, kind: 'Server', ms: 4 },
  { service: 'catalog', name: 'GET /products/{id}', parent: 2, kind: 'Server', ms: 6 },
  { service: 'payment', name: 'POST /charges', parent: 2, kind: 'Server', ms: 25 },
  { service: 'orders', name: 'orders process', parent: 2, kind: 'Consumer', ms: 12 },
];

/** Hops that fail when the payment does: itself and all who wait for it. */
const failingHops = new Set([0, 1, 2, 5]);

function makeSpans(fromMs: number, toMs: number, random: Random): SeededSpan[] {
  const spans: SeededSpan[] = [];
  for (let atMs = fromMs; atMs < toMs - 5_000; atMs += 2_000) {
    const traceId = hex(random, 32);
    const ids = hops.map(() => hex(random, 16));
    const fails = atMs > (fromMs + toMs) / 2 && random() < 0.3;
    hops.forEach((hop, index) => {
      const factor = 0.5 + random() + (random() < 0.05 ? 6 : 0);
      spans.push({
        startMs: atMs + index * 3,
        durationNs: Math.round(hop.ms * factor * 1e6),
        traceId,
        spanId: ids[index] ?? '',
        parentSpanId: hop.parent < 0 ? '' : (ids[hop.parent] ?? ''),
        service: hop.service,
        name: hop.name,
        kind: hop.kind,
        failed: fails && failingHops.has(index),
      });
    });
  }
  return spans;
}

function makeLogs(spans: readonly SeededSpan[]): SeededLog[] {
  return spans
    .filter((span) => span.kind === 'Server' || span.kind === 'Consumer')
    .map((span, index) => ({
      atMs: span.startMs + 1,
      service: span.service,
      severityNumber: span.failed ? 17 : index % 20 === 0 ? 13 : 9,
      body:
        span.failed && span.service === failingService
          ? `card of user ${index} was declined: acquirer says "try again"`
          : `${span.name} took ${Math.round(span.durationNs / 1e6)} ms`,
      traceId: span.traceId,
    }));
}

/** Seconds with nine digits behind the point, as a DateTime64(9) is read from text. */
const seconds = (ms: number): string =>
  `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}000000`;

const sealOfSpans = 4_000_001;
const sealOfLogs = 4_000_002;

function spanRow(span: SeededSpan): object {
  const failedHere = span.failed && span.service === failingService;
  return {
    Timestamp: seconds(span.startMs),
    TraceId: span.traceId,
    SpanId: span.spanId,
    ParentSpanId: span.parentSpanId,
    SpanName: span.name,
    SpanKind: span.kind,
    ServiceName: span.service,
    ResourceAttributes: { 'service.name': span.service, 'host.name': hostName },
    SpanAttributes: {
      'http.route': span.name.split(' ')[1] ?? span.name,
      'http.response.status_code': span.failed ? '500' : '200',
    },
    Duration: span.durationNs,
    StatusCode: span.failed ? 'Error' : 'Unset',
    StatusMessage: failedHere ? 'card declined' : '',
    'Events.Timestamp': failedHere ? [seconds(span.startMs + 2)] : [],
    'Events.Name': failedHere ? ['exception'] : [],
    'Events.Attributes': failedHere ? [{ 'exception.message': 'card declined' }] : [],
    'Links.TraceId': span.kind === 'Consumer' ? [span.traceId] : [],
    'Links.SpanId': span.kind === 'Consumer' ? [span.parentSpanId] : [],
    'Links.TraceState': span.kind === 'Consumer' ? [''] : [],
    'Links.Attributes': span.kind === 'Consumer' ? [{ why: 'queue' }] : [],
    SamplingWeight: 1,
    Seal: sealOfSpans,
  };
}

function traceRanges(spans: readonly SeededSpan[]): object[] {
  const ranges = new Map<string, { start: number; end: number }>();
  for (const { traceId, startMs } of spans) {
    const second = Math.floor(startMs / 1000);
    const range = ranges.get(traceId) ?? { start: second, end: second };
    ranges.set(traceId, {
      start: Math.min(range.start, second),
      end: Math.max(range.end, second),
    });
  }
  return [...ranges].map(([TraceId, { start, end }]) => ({ TraceId, Start: start, End: end }));
}

function logRow(log: SeededLog): object {
  return {
    Timestamp: seconds(log.atMs),
    TraceId: log.traceId,
    SeverityText: log.severityNumber >= 17 ? 'ERROR' : log.severityNumber >= 13 ? 'WARN' : 'INFO',
    SeverityNumber: log.severityNumber,
    ServiceName: log.service,
    Body: log.body,
    ResourceAttributes: { 'service.name': log.service, 'host.name': hostName },
    ScopeName: 'shop',
    LogAttributes: { 'shop.user': 'u-17' },
    SamplingWeight: 1,
    Seal: sealOfLogs,
  };
}

/** Counted as the gateway counts: by second, in buckets of an eighth of a doubling. */
function redRows(spans: readonly SeededSpan[]): object[] {
  const cells = new Map<string, SeededSpan[]>();
  for (const span of spans) {
    const second = Math.floor(span.startMs / 1000);
    const key = JSON.stringify([second, span.service, span.name, span.kind, span.failed]);
    cells.set(key, [...(cells.get(key) ?? []), span]);
  }
  return [...cells].map(([key, members]) => {
    const [second] = JSON.parse(key);
    const [first] = members;
    const buckets = new Map<number, number>();
    for (const { durationNs } of members) {
      const index = Math.floor(Math.log2(durationNs) * 8);
      buckets.set(index, (buckets.get(index) ?? 0) + 1);
    }
    const sorted = [...buckets].sort(([left], [right]) => left - right);
    const durations = members.map((span) => span.durationNs);
    return {
      Time: second,
      ServiceName: first?.service,
      SpanName: first?.name,
      SpanKind: first?.kind,
      StatusCode: first?.failed ? 'Error' : 'Unset',
      Count: members.length,
      DurationSum: durations.reduce((sum, value) => sum + value, 0),
      DurationMin: Math.min(...durations),
      DurationMax: Math.max(...durations),
      'Buckets.Index': sorted.map(([index]) => index),
      'Buckets.Count': sorted.map(([, count]) => count),
      Seal: 4_000_003,
    };
  });
}

type Labels = Readonly<Record<string, string>>;

function hostPoints(fromMs: number, toMs: number) {
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

function sumRow(
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

function gaugeRow(
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
function gatewayPoints(fromMs: number, toMs: number) {
  const sums: object[] = [];
  const gauges: object[] = [];
  const histograms: object[] = [];
  const resource = { 'service.name': gatewayServiceName, 'service.instance.id': 'lane-0' };
  for (let atMs = fromMs, step = 0; atMs < toMs; atMs += stepMs, step += 1) {
    for (const metric of catalog) {
      for (const labels of combinations(metric.attributes)) {
        const value = gatewayValue(metric.name, labels, step);
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
      all.flatMap((labels) => values.map((value) => ({ ...labels, [name]: value }))),
    [{}],
  );
}

function gatewayValue(name: string, labels: Labels, step: number): number {
  if (name === 'obsctl.gateway.dropped.items' || name.endsWith('dead_letter.rows')) return 0;
  if (name === 'obsctl.gateway.rejected.items') return 0;
  if (name === 'obsctl.gateway.refused.requests') {
    return labels['reason'] === 'disk_budget' && labels['transport'] === 'grpc' ? step : 0;
  }
  if (name === 'obsctl.gateway.refused.items') return 0;
  if (name === 'obsctl.gateway.lag') return 1.5;
  if (name === 'obsctl.gateway.wal.limit') return 1e9;
  if (name === 'obsctl.gateway.wal.size') return 2.5e8;
  if (name === 'obsctl.gateway.clickhouse.up' || name === 'obsctl.gateway.ready') return 1;
  if (name.endsWith('.items')) return step * 100;
  return step;
}

function receiptRows(spans: readonly SeededSpan[], logs: readonly SeededLog[], toMs: number) {
  const receipt = (table: string, seal: number, times: readonly number[]): object => ({
    Time: seconds(toMs - 5_000).slice(0, -6),
    Gateway: 'gw-1',
    Lane: 'a'.repeat(32),
    SealId: String(seal).padStart(32, '0'),
    Seal: seal,
    Table: table,
    Partition: 'p',
    Rows: times.length,
    Bytes: times.length * 500,
    FirstPosition: 0,
    LastPosition: 1000,
    FirstEvent: seconds(times[0] ?? 0),
    LastEvent: seconds(times.at(-1) ?? 0),
  });
  const sorted = (times: readonly number[]): number[] => [...times].sort((a, b) => a - b);
  return [
    receipt('otel_traces', sealOfSpans, sorted(spans.map((span) => span.startMs))),
    receipt('otel_logs', sealOfLogs, sorted(logs.map((log) => log.atMs))),
  ];
}
