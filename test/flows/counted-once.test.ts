/**
 * One request, told by the SDK of the program and by an eBPF agent beside it: both spans are
 * stored, and rates and the service map count it once (seeds.md D05).
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { rebuildEdges } from '../../clickhouse/edges.ts';
import { rebuildHourRollup, rebuildMinuteRollup } from '../../clickhouse/rollups.ts';
import { withCalls } from '../../dashboards/services/service-map-parts.ts';
import { expandQuery } from '../../dashboards/vocabulary/macros.ts';
import { withRed } from '../../dashboards/vocabulary/red.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { runSql } from '../support/engine-http.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const limitMs = 120_000;
const [bothCount, ebpfCount] = [20, 5];
const hour = Math.floor(Date.now() / 3_600_000) * 3600 - 3600;
/** In this minute everybody tells of everything, */
const both = hour + 600;
/** and in this one the SDKs are silent. */
const ebpfAlone = hour + 720;

const sdk = { 'telemetry.sdk.name': 'opentelemetry', 'telemetry.sdk.language': 'go' };
const obi = {
  ...{ 'telemetry.sdk.name': 'opentelemetry', 'telemetry.sdk.language': 'go' },
  'telemetry.distro.name': 'opentelemetry-ebpf-instrumentation',
};
const beyla = { 'telemetry.sdk.name': 'beyla', 'telemetry.sdk.language': 'java' };

const [client, server] = [3, 2];
const host = { 'server.address': 'cart.shop.svc', 'server.port': '8080' };
const database = { 'db.system.name': 'postgresql', 'db.namespace': 'orders' };

type Witness = Readonly<Record<string, string>>;
type Span = {
  readonly service: string;
  readonly by: Witness;
  readonly kind: number;
  readonly id: number;
  readonly parent?: number;
  readonly attributes?: Readonly<Record<string, string>>;
};

/** A request at `shop`, which asks `cart`, which asks a database that its SDK knows nothing of. */
const bySdks: readonly Span[] = [
  { service: 'shop', by: sdk, kind: server, id: 1 },
  { service: 'shop', by: sdk, kind: client, id: 2, parent: 1, attributes: host },
  { service: 'cart', by: sdk, kind: server, id: 3, parent: 2 },
];
/** The agent reads the context that the SDK sent, so its span has the same parent. */
const byAgents: readonly Span[] = [
  { service: 'shop', by: obi, kind: server, id: 4 },
  { service: 'shop', by: obi, kind: client, id: 5, parent: 4, attributes: host },
  { service: 'cart', by: beyla, kind: server, id: 6, parent: 2 },
  { service: 'cart', by: beyla, kind: client, id: 7, parent: 6, attributes: database },
  { service: 'legacy', by: obi, kind: server, id: 8 },
];

let engine: TestEngine;
let gateway: TestGateway;
let sql: ClickHouse;

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({ clickhouseUrl: engine.url });
  sql = connectClickHouse({ url: `${engine.url}/otel` });
  for (let at = 0; at < bothCount; at += 1) await send(both + at, at, [...byAgents, ...bySdks]);
  for (let at = 0; at < ebpfCount; at += 1) await send(ebpfAlone + at, 100 + at, byAgents);
  const spans = bothCount * (bySdks.length + byAgents.length) + ebpfCount * byAgents.length;
  await until('SELECT count() FROM otel.otel_traces', spans);
  await until('SELECT sum(Count) FROM otel.otel_red_1s', spans);
  await rebuildEdges(sql, { hour, fromMinute: 0 });
}, limitMs);

afterAll(async () => {
  await sql?.close();
  await gateway?.stop();
  await engine?.stop();
});

const attributes = (of: Readonly<Record<string, string>>): object[] =>
  Object.entries(of).map(([key, stringValue]) => ({ key, value: { stringValue } }));

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

async function send(second: number, request: number, spans: readonly Span[]): Promise<void> {
  const resourceSpans = spans.map((span) => ({
    resource: { attributes: attributes({ 'service.name': span.service, ...span.by }) },
    scopeSpans: [{ spans: [spanOf(span, second, request)] }],
  }));
  const response = await fetch(`${gateway.http}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans }),
  });
  expect(response.status).toBe(200);
}

function spanOf(span: Span, second: number, request: number): object {
  return {
    traceId: hex(request + 1, 32),
    spanId: hex(request * 10 + span.id, 16),
    parentSpanId: span.parent === undefined ? '' : hex(request * 10 + span.parent, 16),
    name: span.kind === server ? 'GET /' : 'call',
    kind: span.kind,
    startTimeUnixNano: `${second}100000000`,
    endTimeUnixNano: `${second}110000000`,
    attributes: attributes(span.attributes ?? {}),
  };
}

async function until(query: string, wanted: number): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (Number(await runSql(engine.url, query)) !== wanted) {
    if (performance.now() > endMs) throw new Error(`${query} is not ${wanted}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Answers of a query over the hour, as its panels ask it. */
async function ask(query: string, intervalMs: number): Promise<readonly string[]> {
  const text = expandQuery(query, {
    ...{ fromMs: hour * 1000, toMs: (hour + 3600) * 1000 - 1, intervalMs },
    variables: { service: [] },
  });
  const answer = await fetch(`${engine.url}/?database=otel`, { method: 'POST', body: text });
  const found = await answer.text();
  if (!answer.ok) throw new Error(found);
  return found
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll('\t', ' '));
}

const rates = `WITH ${withRed('1')}
  SELECT ServiceName, toUInt64(sum(Count)) FROM red GROUP BY ServiceName ORDER BY ServiceName`;
const once = [
  `cart ${bothCount + ebpfCount}`,
  `legacy ${bothCount + ebpfCount}`,
  `shop ${bothCount + ebpfCount}`,
];

it('stores both, and tells them apart', async () => {
  const stored = `SELECT ServiceName, Instrumentation, sum(Count) FROM otel.otel_red_1s
    WHERE SpanKind = 'Server' GROUP BY ALL ORDER BY ALL FORMAT TSV`;
  expect(await ask(stored, 1000)).toEqual([
    ...[`cart  ${bothCount}`, `cart ebpf ${bothCount + ebpfCount}`],
    `legacy ebpf ${bothCount + ebpfCount}`,
    ...[`shop  ${bothCount}`, `shop ebpf ${bothCount + ebpfCount}`],
  ]);
});

it('counts a request once, by seconds, and what only the agent saw', async () => {
  expect(await ask(rates, 1000)).toEqual(once);
});

it('counts the same by minutes and hours', async () => {
  const day = new Date(hour * 1000).toISOString().slice(0, 10);
  await rebuildMinuteRollup(sql, day, { database: 'otel' });
  expect(await ask(rates, 60_000)).toEqual(once);
  await rebuildHourRollup(sql, day, { database: 'otel' });
  expect(await ask(rates, 1000)).toEqual(once);
});

it('counts by the SDK alone where a bucket is too wide to tell the minutes apart', async () => {
  expect(await ask(rates, 3_600_000)).toEqual([
    `cart ${bothCount}`,
    `legacy ${bothCount + ebpfCount}`,
    `shop ${bothCount}`,
  ]);
});

it('draws a call once on the service map, with the database that only the agent saw', async () => {
  const edges = `WITH ${withCalls('1')}
    SELECT caller, callee, toUInt64(sum(count)) FROM calls GROUP BY ALL ORDER BY ALL`;
  expect(await ask(edges, 60_000)).toEqual([
    `cart postgresql orders ${bothCount + ebpfCount}`,
    `shop cart ${bothCount + ebpfCount}`,
  ]);
});
