/**
 * Twenty minutes of a small shop, made from a seed: what every dashboard needs, and the plain list
 * of it, so that a test can compute the expected numbers without any SQL of ours.
 */

import type { ClickHouse } from '../../clickhouse/client.ts';
import { rebuildEdges } from '../../clickhouse/edges.ts';
import { countHours } from './hour-rollups.ts';
import { agentRows } from './seed-agents.ts';
import { cniTargets } from './seed-cni.ts';
import { controlPlaneTargets } from './seed-control-plane.ts';
import { costHourRows, deploymentRows } from './seed-cost.ts';
import { flowPods, flowRows } from './seed-flows.ts';
import { attributesOfService, kubernetesLogs, kubernetesPoints } from './seed-kubernetes.ts';
import { gatewayPoints, hostName, hostPoints, seconds } from './seed-points.ts';
import { scrapedPoints } from './seed-scraped.ts';
import { snapshotRunRows } from './seed-snapshots.ts';

type SeededSpan = {
  readonly startMs: number;
  readonly durationNs: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: 'Server' | 'Client' | 'Producer' | 'Consumer' | 'Internal';
  readonly failed: boolean;
  /** What a call says of where it goes. */
  readonly peer: Readonly<Record<string, string>>;
};

type SeededLog = {
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

const seedMinutes = 20;
export const failingService = 'payment';

/** Fills an empty, migrated database with the {@link seedMinutes} minutes before `endMs`. */
export async function seedTelemetry(
  clickhouse: ClickHouse,
  options: { readonly endMs: number; readonly seed: number },
): Promise<Seeded> {
  const toMs = Math.floor(options.endMs / 60_000) * 60_000;
  const fromMs = toMs - seedMinutes * 60_000;
  const random = randomFrom(options.seed);
  const spans = makeSpans(fromMs, toMs, random);
  const logs = [...makeLogs(spans), ...kubernetesLogs(fromMs, toMs)];
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
  for (let hour = Math.floor(fromMs / 3_600_000); hour * 3_600_000 < toMs; hour += 1) {
    await rebuildEdges(clickhouse, { hour: hour * 3600, fromMinute: 0 });
  }
  await insert('flow_minutes', flowRows(fromMs, toMs));
  await insert('entity_pods', flowPods(fromMs, toMs));
  const host = hostPoints(fromMs, toMs);
  const gateway = gatewayPoints(fromMs, toMs);
  const cluster = kubernetesPoints(fromMs, toMs);
  const scraped = scrapedPoints([...controlPlaneTargets, ...cniTargets], fromMs, toMs);
  const points = [host, gateway, cluster, scraped];
  await insert(
    'otel_metrics_sum',
    points.flatMap(({ sums }) => sums),
  );
  await insert(
    'otel_metrics_gauge',
    points.flatMap(({ gauges }) => gauges),
  );
  await insert('otel_metrics_histogram', [...gateway.histograms, ...scraped.histograms]);
  await countHours(clickhouse);
  await insert('obsctl_receipts', receiptRows(spans, logs, toMs));
  await insert('snapshot_runs', snapshotRunRows(toMs));
  await insert('agents', agentRows(toMs));
  await insert('cost_hours', costHourRows(fromMs, toMs));
  await insert('entity_events', deploymentRows(toMs));
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

type Hop = {
  readonly service: string;
  readonly name: string;
  readonly parent: number;
  readonly peer?: Readonly<Record<string, string>>;
};

const bank = { 'server.address': 'bank.example', 'server.port': '443' };
const carts = { 'db.system.name': 'redis', 'db.namespace': '0' };

/**
 * The call tree of one order: the payment is called by the checkout, the mail by a queue; carts
 * are kept in a database and the bank is somebody else's.
 */
const hops: readonly (Hop & { readonly kind: SeededSpan['kind']; readonly ms: number })[] = [
  { service: 'storefront', name: 'POST /checkout/{user}', parent: -1, kind: 'Server', ms: 60 },
  { service: 'storefront', name: 'POST', parent: 0, kind: 'Client', ms: 50 },
  { service: 'checkout', name: 'POST /orders/{user}', parent: 1, kind: 'Server', ms: 45 },
  { service: 'checkout', name: 'GET', parent: 2, kind: 'Client', ms: 5 },
  { service: 'cart', name: 'GET /carts/{user}', parent: 3, kind: 'Server', ms: 4 },
  { service: 'cart', name: 'GET', parent: 4, kind: 'Client', ms: 1, peer: carts },
  { service: 'checkout', name: 'GET', parent: 2, kind: 'Client', ms: 7 },
  { service: 'catalog', name: 'GET /products/{id}', parent: 6, kind: 'Server', ms: 6 },
  { service: 'checkout', name: 'POST', parent: 2, kind: 'Client', ms: 27 },
  { service: 'payment', name: 'POST /charges', parent: 8, kind: 'Server', ms: 25 },
  { service: 'payment', name: 'POST', parent: 9, kind: 'Client', ms: 18, peer: bank },
  { service: 'checkout', name: 'orders publish', parent: 2, kind: 'Producer', ms: 2 },
  { service: 'orders', name: 'orders process', parent: 11, kind: 'Consumer', ms: 12 },
];

/** Edges that the call tree draws, and the one that fails. */
export const seededEdges: readonly string[] = [
  'storefront → checkout',
  'checkout → cart',
  'checkout → catalog',
  'checkout → payment',
  'checkout → orders',
  'cart → redis 0',
  'payment → bank.example',
];

/** Hops that fail when the payment does: itself and all who wait for it. */
const failingHops = new Set([0, 1, 2, 8, 9]);

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
        peer: hop.peer ?? {},
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

const sealOfSpans = 4_000_001;
const sealOfLogs = 4_000_002;

const resourceOf = (service: string): object => ({
  'service.name': service,
  'host.name': hostName,
  ...attributesOfService(service).resource,
});

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
    ResourceAttributes: resourceOf(span.service),
    SpanAttributes: {
      'http.route': span.name.split(' ')[1] ?? span.name,
      'http.response.status_code': span.failed ? '500' : '200',
      ...span.peer,
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
    ResourceAttributes: resourceOf(log.service),
    ScopeName: 'shop',
    LogAttributes: { 'shop.user': 'u-17', ...attributesOfService(log.service).record },
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
      Seal: sealOfSpans,
    };
  });
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
