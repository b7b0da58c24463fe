/** Edges against the real engine; the oracle joins spans in plain TypeScript. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { type ClickHouse, connectClickHouse } from './client.ts';
import { callSlice } from './edge-calls.ts';
import { rebuildEdges } from './edges.ts';
import { secondsSinceReplaced } from './hours.ts';
import { migrate } from './migrate.ts';
import { serviceEdges } from './schema/edges.ts';

let engine: TestEngine;
let sql: ClickHouse;
const database = 'edges';
const options = { database } as const;

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: engine.url });
  // The hours of the tests lie in the past; nothing may expire while they run.
  await migrate(sql, { database, retentionDays: { traces: 9000, rollups: 9000 } });
});

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

const hour = Date.UTC(2026, 2, 5, 14) / 1000;
const whole = { hour, fromMinute: 0 } as const;

type Span = {
  readonly trace: number;
  readonly id: number;
  readonly parent: number;
  readonly at: number;
  readonly kind: 'Client' | 'Producer' | 'Server' | 'Consumer' | 'Internal';
  readonly service: string;
  readonly tenant: string;
  readonly failed: boolean;
  readonly weight: number;
  readonly duration: number;
  readonly peer: keyof typeof peers;
};

type Peer = { readonly attributes: Record<string, string>; readonly is: readonly string[] };

/** Attributes of a call, and by hand what they mean: kind, name, address. */
const peers = {
  nothing: { attributes: { 'http.request.method': 'GET' }, is: [] },
  host: {
    attributes: { 'server.address': 'cards.example', 'server.port': '443' },
    is: ['external', 'cards.example', 'cards.example:443'],
  },
  named: {
    attributes: { 'peer.service': 'card network', 'net.peer.name': '10.0.0.7' },
    is: ['external', 'card network', '10.0.0.7'],
  },
  local: {
    attributes: { 'net.peer.ip': '127.0.0.1', 'net.peer.port': '8080' },
    is: ['external', '127.0.0.1:8080', '127.0.0.1:8080'],
  },
  oldHost: {
    attributes: { 'http.host': 'shop.example:8443' },
    is: ['external', 'shop.example', 'shop.example'],
  },
  url: {
    attributes: { 'http.url': 'https://user@old.example:1/x?y=z' },
    is: ['external', 'old.example', 'old.example'],
  },
  database: {
    attributes: { 'db.system.name': 'postgresql', 'db.namespace': 'orders' },
    is: ['database', 'postgresql orders', ''],
  },
  oldDatabase: {
    attributes: { 'db.system': 'redis', 'server.address': 'cache' },
    is: ['database', 'redis cache', ''],
  },
  queue: {
    attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': "it's" },
    is: ['queue', "kafka it's", "kafka it's"],
  },
  oldQueue: {
    attributes: { 'messaging.system': 'rabbitmq', 'messaging.destination': 'mail' },
    is: ['queue', 'rabbitmq mail', 'rabbitmq mail'],
  },
} satisfies Record<string, Peer>;

const isCall = ({ kind }: Span): boolean => kind === 'Client' || kind === 'Producer';
const isAnswer = ({ kind }: Span): boolean => kind === 'Server' || kind === 'Consumer';

const span: fc.Arbitrary<Span> = fc.record({
  // Few traces and ids, so that spans often are each other's parents, or stored twice.
  trace: fc.integer({ min: 0, max: 3 }),
  id: fc.integer({ min: 1, max: 9 }),
  parent: fc.integer({ min: 0, max: 4 }),
  at: fc.oneof(
    fc.integer({ min: 0, max: 3599 }),
    fc.integer({ min: 880, max: 940 }),
    fc.integer({ min: -130, max: 4210 }),
  ),
  kind: fc.constantFrom('Client', 'Producer', 'Server', 'Consumer', 'Internal'),
  service: fc.constantFrom('cart', "o'rders", 'payment', ''),
  tenant: fc.constantFrom('', '', 'a'),
  failed: fc.boolean(),
  // Halves: their sums are exact in any order.
  weight: fc.constantFrom(1, 1, 2.5, 8),
  duration: fc.integer({ min: 0, max: 2 ** 40 }),
  peer: fc.constantFrom(...(Object.keys(peers) as (keyof typeof peers)[])),
});

/** Three of four answers belong to a call of the list, about when they must to be heard. */
const delay = fc.oneof(fc.constantFrom(-121, -120, 600, 601), fc.integer({ min: -5, max: 40 }));
const spanList: fc.Arbitrary<Span[]> = fc
  .array(fc.tuple(span, fc.nat({ max: 3 }), fc.nat(), delay), { minLength: 1, maxLength: 90 })
  .map((drawn) => {
    const spans = distinct(drawn.map(([one]) => one));
    const calls = spans.filter(isCall);
    return spans.map((one) => {
      const [, loose, which, late] = drawn.find(([each]) => each === one) ?? [one, 0, 0, 0];
      const call = calls[which % Math.max(calls.length, 1)];
      if (loose === 0 || call === undefined || !isAnswer(one)) return one;
      const { trace, tenant } = call;
      return {
        ...one,
        trace,
        tenant,
        id: one.id + 100 * (which % 1000),
        parent: call.id,
        at: call.at + late,
      };
    });
  })
  .map(distinct);

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

async function insertSpans(spans: readonly Span[]): Promise<void> {
  const rows = spans.map((one) => ({
    Timestamp: `${hour + one.at}.000000000`,
    TraceId: hex(one.trace + 1, 32),
    SpanId: hex(one.id, 16),
    ParentSpanId: one.parent === 0 ? '' : hex(one.parent, 16),
    SpanKind: one.kind,
    ServiceName: one.service,
    Tenant: one.tenant,
    StatusCode: one.failed ? 'Error' : 'Unset',
    SamplingWeight: one.weight,
    Duration: one.duration,
    SpanAttributes: peers[one.peer].attributes,
  }));
  await sql.client.insert({
    table: `${database}.otel_traces`,
    values: rows,
    format: 'JSONEachRow',
    clickhouse_settings: { insert_deduplicate: 0 },
  });
}

type Call = Omit<Span, 'peer'> & { readonly answers: readonly Span[]; readonly peer: Peer };

/** Calls whose minute lies in the hour, each with the spans that answered in time. */
function callsOf(spans: readonly Span[]): Call[] {
  return spans
    .filter((call) => isCall(call) && call.at >= 0 && call.at < 3600)
    .map((call) => ({
      ...call,
      peer: peers[call.peer],
      answers: spans.filter(
        (answer) =>
          isAnswer(answer) &&
          answer.trace === call.trace &&
          answer.parent === call.id &&
          answer.tenant === call.tenant &&
          answer.at >= call.at - 120 &&
          answer.at <= call.at + 600,
      ),
    }));
}

type Edge = {
  readonly key: string;
  readonly weight: number;
  readonly failed: boolean;
  readonly duration: number;
};

function edgesOf(call: Call): Edge[] {
  const { at, service, tenant, duration, peer } = call;
  const edge = (kind: string, name: string, own: readonly Span[]): Edge => ({
    key: JSON.stringify([hour + at - (at % 60), service, name, kind, peer.is[2] ?? '', tenant]),
    weight: Math.max(call.weight, ...own.map((answer) => answer.weight)),
    failed: call.failed || own.some((answer) => answer.failed),
    duration,
  });
  if (call.answers.length === 0) {
    return peer.is.length === 0 ? [] : [edge(peer.is[0] ?? '', peer.is[1] ?? '', [])];
  }
  const services = new Set(call.answers.map((answer) => answer.service));
  return [...services].map((name) =>
    edge(
      'service',
      name,
      call.answers.filter((answer) => answer.service === name),
    ),
  );
}

const bucketOf = (duration: number): number => Math.floor(Math.log2(Math.max(duration, 1)) * 8);

/** What the hour must hold, joined and added up without the engine. */
function expectedRows(spans: readonly Span[]): unknown[] {
  const groups = new Map<string, Edge[]>();
  for (const edge of callsOf(spans).flatMap(edgesOf)) {
    groups.set(edge.key, [...(groups.get(edge.key) ?? []), edge]);
  }
  const sum = (edges: readonly Edge[], value: (edge: Edge) => number): number =>
    edges.reduce((total, edge) => total + value(edge), 0);
  const rows = [...groups].map(([key, edges]) => {
    const indexes = [...new Set(edges.map(({ duration }) => bucketOf(duration)))];
    indexes.sort((left, right) => left - right);
    return [
      ...JSON.parse(key),
      edges.length,
      sum(edges, ({ weight }) => weight),
      sum(edges, ({ weight, failed }) => (failed ? weight : 0)),
      sum(edges, ({ weight, duration }) => weight * duration),
      Math.min(...edges.map(({ duration }) => duration)),
      Math.max(...edges.map(({ duration }) => duration)),
      indexes,
      indexes.map((index) =>
        sum(edges, ({ weight, duration }) => (bucketOf(duration) === index ? weight : 0)),
      ),
    ];
  });
  return rows.sort(byText);
}

function byText(left: unknown, right: unknown): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}

async function storedRows(): Promise<unknown[]> {
  const answer = await sql.client.query({
    query: `SELECT toUnixTimestamp(Time), Caller, Callee, CalleeKind, Address, Tenant, Spans, Count,
      Errors, DurationSum, DurationMin, DurationMax, \`Buckets.Index\`, \`Buckets.Count\`
      FROM ${database}.otel_service_edges_1m`,
    format: 'JSONCompact',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  return ((await answer.json()) as { data: unknown[] }).data.sort(byText);
}

async function clear(): Promise<void> {
  await sql.run(`TRUNCATE TABLE ${database}.otel_traces`);
  await sql.run(`TRUNCATE TABLE ${database}.otel_service_edges_1m`);
}

/** A span has one id: of several with the same one in a list, the first stays. */
function distinct(spans: readonly Span[]): Span[] {
  const seen = new Set<string>();
  return spans.filter(({ trace, id }) => {
    const key = `${trace} ${id}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

const call: Span = {
  trace: 1,
  id: 1,
  parent: 0,
  at: 70,
  kind: 'Client',
  service: 'cart',
  tenant: '',
  failed: false,
  weight: 1,
  duration: 5000,
  peer: 'host',
};
const answer: Span = { ...call, id: 2, parent: 1, at: 71, kind: 'Server', service: 'payment' };

describe('rebuildEdges', () => {
  it('gives what a plain join gives, with late rows, repeats and partial runs', async () => {
    const seed = Date.now() % 2 ** 31;
    const late = fc.array(fc.nat({ max: 3 }), { minLength: 90, maxLength: 90 });
    const fromMinute = fc.integer({ min: 0, max: 59 });
    const property = fc.asyncProperty(spanList, late, fromMinute, async (all, waves, minute) => {
      await clear();
      const wave = (which: number): Span[] => all.filter((_, index) => waves[index] === which);
      await insertSpans([...wave(0), ...wave(1)]);
      await rebuildEdges(sql, whole, options);
      // Spans that come late, and some that come again.
      await insertSpans([...wave(2), ...wave(0)]);
      await rebuildEdges(sql, { hour, fromMinute: minute }, options);
      await insertSpans(wave(3));
      const runs = [0, 1].map(() => rebuildEdges(sql, whole, options));
      const expected = expectedRows(all);
      for (const { rows } of await Promise.all(runs)) expect(rows).toBe(expected.length);
      expect(await storedRows()).toEqual(expected);
    });
    // A failure prints the seed; shrinking would take longer than the test may.
    await fc.assert(property, { seed, numRuns: 8, endOnFailure: true });
    expect(await sql.rows(`SHOW TABLES FROM ${database} LIKE '%staging%'`)).toEqual([]);
  }, 240_000);

  it('joins answers from 2 minutes before a call to 10 minutes after it', async () => {
    await clear();
    const calls = [0, 1, 2, 3].map((trace) => ({ ...call, trace, at: 1000 + trace }));
    const answers = [-120, -121, 600, 601].map((late, trace) => ({
      ...answer,
      trace,
      at: 1000 + trace + late,
    }));
    await insertSpans([...calls, ...answers]);
    await rebuildEdges(sql, whole, options);
    const rows = (await storedRows()) as string[][];
    expect(rows.map(([, , callee, , , , spans]) => [callee, spans])).toEqual([
      ['cards.example', 2],
      ['payment', 2],
    ]);
    expect(rows).toEqual(expectedRows([...calls, ...answers]));
  });

  it('takes over the minutes before the one it is told to begin with', async () => {
    await clear();
    await insertSpans([call]);
    await rebuildEdges(sql, whole, options);
    await insertSpans([answer, { ...call, id: 3, at: 130 }]);
    await rebuildEdges(sql, { hour, fromMinute: 2 }, options);
    expect(await storedRows()).toEqual(expectedRows([call, { ...call, id: 3, at: 130 }]));
    await rebuildEdges(sql, whole, options);
    expect(await storedRows()).toEqual(expectedRows([call, answer, { ...call, id: 3, at: 130 }]));
  });

  it('keeps the edges when spans have begun to expire, and touches no other hour', async () => {
    await clear();
    const next = { ...call, id: 4, at: 3700 };
    await insertSpans([call, answer, next]);
    await rebuildEdges(sql, whole, options);
    await rebuildEdges(sql, { hour: hour + 3600, fromMinute: 0 }, options);
    const before = await storedRows();
    expect(before).toHaveLength(2);
    expect(await secondsSinceReplaced(sql, serviceEdges, hour, options)).toBeLessThan(60);
    expect(await secondsSinceReplaced(sql, serviceEdges, hour - 3600, options)).toBeGreaterThan(
      1e9,
    );
    await sql.run(`TRUNCATE TABLE ${database}.otel_traces`);
    const result = await rebuildEdges(sql, whole, options);
    expect(result).toEqual({ hour, rows: 1, replaced: false });
    expect(await storedRows()).toEqual(before);
  });

  it('reads spans by partition and by time in the primary key', async () => {
    await clear();
    await insertSpans([call, answer]);
    const slice = { from: hour, to: hour + 900, isWitnessAsked: false };
    const rows = await sql.rows<{ explain: string }>(
      `EXPLAIN indexes = 1 ${callSlice(`${database}.otel_traces`, slice)}`,
    );
    const text = rows.map(({ explain }) => explain).join('\n');
    const scans = text.split('ReadFromMergeTree').slice(1);
    expect(scans).toHaveLength(2);
    for (const scan of scans) {
      expect(scan).toMatch(/PrimaryKey[\s\S]*toDateTime\(Timestamp\)/);
      expect(scan).toMatch(/Partition[\s\S]*toDate\(Timestamp/);
    }
  });
});
