/**
 * Every query of every dashboard against the real engine, on a seeded shop, and the main numbers
 * against plain arithmetic over the seeded list.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Asker, atWorkOnly, findPanel } from '../test/support/ask-dashboards.ts';
import type { TestEngine } from '../test/support/engine.ts';
import { failingService, type Seeded, seededEdges } from '../test/support/seed-telemetry.ts';
import { startSeededShop } from '../test/support/seeded-shop.ts';
import { dashboards } from './catalog.ts';
import type { VariableValue } from './vocabulary/macros.ts';
import { bucketSeconds } from './vocabulary/red.ts';
import { sources } from './vocabulary/sources.ts';

const seed = 7;
const all = dashboards();
let engine: TestEngine;
let seeded: Seeded;
let ask: Asker['ask'];
let expandFor: Asker['expandFor'];
let panelRows: Asker['panelRows'];

beforeAll(async () => {
  ({ engine, seeded, ask, expandFor, panelRows } = await startSeededShop(seed));
}, 120_000);

afterAll(() => engine?.stop());

const aTrace = (): string => seeded.spans.find((span) => span.failed)?.traceId ?? '';

/** What a page chooses of itself, or a visitor first. */
const firstChoices = (): Readonly<Record<string, Readonly<Record<string, string>>>> => ({
  Traces: { traceId: aTrace() },
  Cost: { currency: 'EUR' },
});

const panels = all.flatMap((dashboard) =>
  dashboard.panels
    .filter((panel) => panel.type !== 'row')
    .map((panel) => ({ name: `${dashboard.title} / ${panel.title}`, dashboard, panel })),
);

describe.each(panels)('$name', ({ dashboard, panel }) => {
  it('has rows on seeded data, in narrow and in wide buckets', async () => {
    const least = atWorkOnly.has(panel.title) ? 0 : 1;
    const set = firstChoices()[dashboard.title] ?? {};
    for (const { rawSql } of panel.targets ?? []) {
      for (const intervalMs of [10_000, 60_000]) {
        const rows = await ask(expandFor(dashboard, rawSql, { set, intervalMs }));
        expect(rows.length).toBeGreaterThanOrEqual(least);
      }
    }
  });

  it('has an active source, which is not active before anything was sent', async () => {
    const id = panel.options?.obsctl?.source;
    if (id === undefined) throw new Error('no source');
    const { probe } = sources[id];
    const set = dashboard.title === 'Traces' ? { traceId: aTrace() } : {};
    expect(await ask(expandFor(dashboard, probe, { set }))).not.toEqual([]);
    const before = { set: 'traceId' in set ? { traceId: '' } : {}, shiftMs: -86_400_000 };
    expect(await ask(expandFor(dashboard, probe, before))).toEqual([]);
  });

  it('takes any text as the value of any variable', async () => {
    const text = "'); DROP TABLE otel.otel_traces; -- \\' $__timeFilter(x) ${y}";
    const multi = (name: string): VariableValue =>
      dashboard.templating.list.find((variable) => variable.name === name)?.multi
        ? [text, '\\']
        : text;
    const set = Object.fromEntries(
      dashboard.templating.list.map(({ name }) => [name, multi(name)] as const),
    );
    for (const { rawSql } of panel.targets ?? []) {
      await ask(expandFor(dashboard, rawSql, { set }));
    }
    expect(await ask('SELECT count() AS rows FROM otel.otel_traces')).toEqual([
      { rows: seeded.spans.length },
    ]);
  });
});

describe.each(
  all.flatMap((dashboard) =>
    dashboard.templating.list.flatMap((variable) =>
      typeof variable.query === 'object' && variable.query.rawSql !== undefined
        ? [{ name: `${dashboard.title} $${variable.name}`, dashboard, sql: variable.query.rawSql }]
        : [],
    ),
  ),
)('$name', ({ dashboard, sql }) => {
  it('offers values found in the data', async () => {
    expect((await ask(expandFor(dashboard, sql))).length).toBeGreaterThan(0);
  });
});

describe.each([
  'otel_traces',
  'otel_logs',
  'otel_metrics_gauge',
  'otel_metrics_sum',
  'otel_metrics_histogram',
])('Explore of %s', (table) => {
  it('answers every panel, and counts the rows that are there', async () => {
    const set = { table };
    for (const { panel } of panels.filter(({ dashboard }) => dashboard.title === 'Explore')) {
      expect((await panelRows('Explore', panel.title, { set })).length).toBeGreaterThan(0);
    }
    const groups = await panelRows('Explore', 'Groups', { set });
    const total = groups.reduce((sum, row) => sum + Number(row['Rows']), 0);
    const [stored] = await ask(`SELECT count() AS rows FROM otel.${table}`);
    expect(total).toBe(stored?.['rows']);
  });
});

describe('numbers', () => {
  const entry = (span: { readonly kind: string }): boolean =>
    span.kind === 'Server' || span.kind === 'Consumer';
  const requests = (service: string) =>
    seeded.spans.filter((span) => entry(span) && span.service === service);
  /** The value that `share` of the values do not exceed. */
  const percentileOf = (values: readonly number[], share: number): number => {
    const sorted = [...values].sort((left, right) => left - right);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  };

  it('of the service table are rate, error share and percentiles of the spans', async () => {
    const rows = await panelRows('Services', 'Services by trouble');
    expect(rows.map((row) => row['Service']).sort()).toEqual(
      [...new Set(seeded.spans.filter(entry).map((span) => span.service))].sort(),
    );
    const seconds = (seeded.toMs - seeded.fromMs) / 1000;
    for (const row of rows) {
      const spans = requests(String(row['Service']));
      expect(row['Requests']).toBeCloseTo(spans.length / seconds, 6);
      expect(row['Failed']).toBeCloseTo(
        spans.filter((span) => span.failed).length / spans.length,
        9,
      );
      for (const [name, share] of [
        ['p50', 0.5],
        ['p95', 0.95],
        ['p99', 0.99],
      ] as const) {
        const exact = percentileOf(
          spans.map((span) => span.durationNs / 1e9),
          share,
        );
        expect(Math.abs(Number(row[name]) / exact - 1)).toBeLessThan(0.0445);
      }
    }
  });

  it('put the service where errors begin first, and call its callers echoes', async () => {
    const rows = await panelRows('Services', 'Services by trouble');
    expect(rows[0]).toMatchObject({ Service: failingService, State: 'errors start here' });
    const states = Object.fromEntries(rows.map((row) => [row['Service'], row['State']]));
    expect(states).toMatchObject({
      checkout: 'fails with others',
      storefront: 'fails with others',
      cart: 'healthy',
    });
  });

  it('of where errors start name the cause, once, with an example', async () => {
    const rows = await panelRows('Services', 'Where errors start');
    const failed = requests(failingService).filter((span) => span.failed);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      Service: failingService,
      Reason: 'card declined',
      Errors: failed.length,
    });
    expect(failed.map((span) => span.traceId)).toContain(rows[0]?.['Trace']);
  });

  it('of the rate over time add up to the requests, whatever the bucket', async () => {
    for (const intervalMs of [10_000, 30_000]) {
      const rows = (await panelRows('Services', 'Requests', { intervalMs })).filter(
        (row) => 'Requests' in row,
      );
      const sum = rows.reduce((total, row) => total + Number(row['Requests']), 0);
      const expected = seeded.spans.filter(entry).length;
      expect((sum * intervalMs) / 1000).toBeCloseTo(expected, 3);
    }
  });

  it('of the heat map count every request once', async () => {
    const rows = await panelRows('Services', 'Latency of all requests');
    const sum = rows.reduce(
      (total, { time, ...buckets }) =>
        total + Object.values(buckets).reduce<number>((part, value) => part + Number(value), 0),
      0,
    );
    expect(sum).toBe(seeded.spans.filter(entry).length);
  });

  it('of minutes and seconds never count a span twice', async () => {
    await ask(
      'INSERT INTO otel.otel_red_1m SELECT toStartOfMinute(Time) AS Time, ServiceName, SpanName,' +
        ' SpanKind, StatusCode, Count, DurationSum, DurationMin, DurationMax, Buckets.Index,' +
        ' Buckets.Count, Tenant, Instrumentation FROM otel.otel_red_1s' +
        ` WHERE Time < toDateTime(${seeded.fromMs / 1000 + 600})`,
    );
    try {
      const rows = await panelRows('Services', 'Worst operations', { intervalMs: 60_000 });
      const seconds = (seeded.toMs - seeded.fromMs) / 1000;
      const total = rows.reduce((sum, row) => sum + Number(row['Requests']), 0);
      expect(total * seconds).toBeCloseTo(seeded.spans.filter(entry).length, 3);
    } finally {
      await ask('TRUNCATE TABLE otel.otel_red_1m');
    }
  });

  it('of the edges are the calls of the call tree, the failing ones first', async () => {
    const rows = await panelRows('Service map', 'Calls by trouble');
    const names = rows.map((row) => `${row['Caller']} → ${row['Called']}`);
    expect([...names].sort()).toEqual([...seededEdges].sort());
    const failing = ['storefront → checkout', 'checkout → payment'];
    expect(names.slice(0, 2).sort()).toEqual(failing.sort());
    const seconds = (seeded.toMs - seeded.fromMs) / 1000;
    const answers = seeded.spans.filter((span) => entry(span) && span.service === failingService);
    const callsOfPayment = new Set(answers.map((span) => span.parentSpanId));
    const calls = seeded.spans.filter((span) => callsOfPayment.has(span.spanId));
    const payment = rows.find((row) => row['Called'] === failingService);
    expect(payment?.['Calls']).toBeCloseTo(calls.length / seconds, 6);
    const failed = calls.filter((span) => span.failed).length;
    expect(payment?.['Failed']).toBeCloseTo(failed / calls.length, 9);
    const took = calls.map((span) => span.durationNs / 1e9);
    const most = percentileOf(took, 0.95);
    expect(Number(payment?.['p95']) / most).toBeGreaterThan(1 / 1.0445);
    expect(Number(payment?.['p95']) / most).toBeLessThan(1.0445);
  });

  it('of the map lead from node to node, and the ring of a node is whole', async () => {
    const [dashboard, panel] = findPanel('Service map', 'Who calls whom');
    const frame = async (refId: string, set = {}) => {
      const target = panel.targets?.find((each) => each.refId === refId);
      return await ask(expandFor(dashboard, target?.rawSql ?? '', { set }));
    };
    const nodes = await frame('nodes');
    const edges = await frame('edges');
    expect(edges).toHaveLength(seededEdges.length);
    const ids = nodes.map((node) => node['id']);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { source, target } of edges) {
      expect(ids).toContain(source);
      expect(ids).toContain(target);
    }
    for (const node of nodes) {
      expect(Number(node['arc__failed']) + Number(node['arc__fine'])).toBeCloseTo(1, 12);
    }
    const near = await frame('nodes', { service: ['cart'] });
    expect(near.map((node) => node['title']).sort()).toEqual(['cart', 'checkout', 'redis 0']);
  });

  it('of a service that does not answer count for it and not for a stranger', async () => {
    const at = Math.floor(seeded.fromMs / 1000);
    const row = (callee: string, kind: string, count: number): string =>
      `(toDateTime(${at}), 'a', '${callee}', '${kind}', 'b:80', ${count}, ${count}, 1, [80],` +
      ` [${count}])`;
    await ask(
      'INSERT INTO otel.otel_service_edges_1m (Time, Caller, Callee, CalleeKind, Address, Spans,' +
        ` Count, DurationSum, Buckets.Index, Buckets.Count) VALUES ${row('b', 'service', 3)},` +
        ` ${row('b:80', 'external', 2)}, ${row('kafka b', 'queue', 1)}`,
    );
    try {
      const rows = await panelRows('Service map', 'Calls by trouble', { set: { service: ['a'] } });
      expect(rows).toMatchObject([{ Caller: 'a', Called: 'b', Kind: 'service' }]);
    } finally {
      await ask("ALTER TABLE otel.otel_service_edges_1m DELETE WHERE Caller = 'a'");
    }
  });

  it('of a bucket are within 4.4 % at both of its ends', async () => {
    for (const index of [80, 100, 200, 240]) {
      const [row] = await ask(`SELECT ${bucketSeconds(String(index))} * 1e9 AS ns`);
      const low = 2 ** (index / 8);
      const high = 2 ** ((index + 1) / 8);
      expect(Number(row?.['ns']) / low).toBeLessThan(1.0445);
      expect(high / Number(row?.['ns'])).toBeLessThan(1.0445);
    }
  });

  it('of the disk stay positive and add up across a counter that began again', async () => {
    const rows = await panelRows('Machine', 'Disk throughput');
    const read = rows.filter((row) => row['direction'] === 'read');
    const total = read.reduce((sum, row) => sum + Number(row['throughput']) * 10, 0);
    expect(Math.min(...read.map((row) => Number(row['throughput'])))).toBeGreaterThanOrEqual(0);
    expect(total).toBeCloseTo(seeded.diskReadBytes, 0);
  });

  it('of the CPU are shares of all cores', async () => {
    const busy = await panelRows('Machine', 'CPU busy');
    for (const row of busy) expect(Number(row['CPU busy'])).toBeCloseTo(0.4, 6);
    const states = await panelRows('Machine', 'CPU by state');
    const user = states.filter((row) => row['state'] === 'user');
    for (const row of user) expect(Number(row['share'])).toBeCloseTo(0.3, 6);
  });

  it('of memory and file systems are the newest ones', async () => {
    expect(await panelRows('Machine', 'Memory used')).toEqual([{ 'Memory used': 0.5 }]);
    const [root] = await panelRows('Machine', 'File systems');
    expect(root).toMatchObject({ 'Mounted at': '/', Size: 1e11 });
    // 60 GB used, 35 GB free, 5 GB reserved for root: 64 % in `df`.
    expect(Number(root?.['Used'])).toBeCloseTo(60 / 95, 9);
  });

  it('of the waterfall are every span of the trace with its own times', async () => {
    const traceId = aTrace();
    const rows = await panelRows('Traces', 'Waterfall', { set: { traceId } });
    const expected = seeded.spans.filter((span) => span.traceId === traceId);
    expect(rows.map((row) => row['spanID']).sort()).toEqual(
      expected.map((span) => span.spanId).sort(),
    );
    for (const span of expected) {
      const row = rows.find((candidate) => candidate['spanID'] === span.spanId);
      expect(row).toMatchObject({
        parentSpanID: span.parentSpanId,
        serviceName: span.service,
        startTime: span.startMs,
        statusCode: span.failed ? 2 : 0,
      });
      expect(Number(row?.['duration'])).toBeCloseTo(span.durationNs / 1e6, 6);
    }
    const failed = rows.find((row) => row['serviceName'] === failingService);
    expect(failed?.['logs']).toMatchObject([{ name: 'exception' }]);
  });

  it('of a counter use the point before the range', async () => {
    const rows = await panelRows('Machine', 'Disk throughput', { shiftMs: 120_000 });
    const first = rows.filter((row) => row['direction'] === 'read')[0];
    expect(Number(first?.['throughput'])).toBeCloseTo(4096, 6);
    const points = 120 - 12;
    expect(rows.filter((row) => row['direction'] === 'read')).toHaveLength(points);
  });
});

describe('filters', () => {
  it('of Traces keep only what matches all of them', async () => {
    const set = { service: [failingService], status: 'Error', minDuration: '20' };
    const rows = await panelRows('Traces', 'Spans that match', { set });
    const expected = seeded.spans.filter(
      (span) => span.service === failingService && span.failed && span.durationNs >= 20e6,
    );
    const found = rows.reduce((sum, row) => sum + Number(row['failed']), 0);
    expect(found).toBe(expected.length);
    const list = await panelRows('Traces', 'Traces', { set });
    const ids = new Set(expected.map((span) => span.traceId));
    expect(list.every((row) => ids.has(String(row['Trace'])))).toBe(true);
    expect(list[0]).toMatchObject({ Service: 'storefront', Spans: 13, Errors: 5 });
  });

  it('of Traces find an attribute by its value', async () => {
    const set = { attributeKey: 'http.response.status_code', attributeValue: '500' };
    const rows = await panelRows('Traces', 'Spans that match', { set });
    const found = rows.reduce((sum, row) => sum + Number(row['failed']), 0);
    expect(found).toBe(seeded.spans.filter((span) => span.failed).length);
  });

  it('of Logs find text with quotes in it', async () => {
    const set = { search: 'ACQUIRER says "try', service: [failingService] };
    const rows = await panelRows('Logs', 'Log records', { set });
    expect(rows.length).toBe(
      seeded.logs.filter((log) => log.body.includes('acquirer says')).length,
    );
    expect(rows[0]).toMatchObject({ level: 'error', service: failingService });
  });

  it('of Explore group by an attribute of the resource', async () => {
    const set = { group: 'resource.host.name', filter: 'status', filterValue: 'Error' };
    const rows = await panelRows('Explore', 'Groups', { set });
    const failed = seeded.spans.filter((span) => span.failed).length;
    expect(rows).toMatchObject([{ Value: seeded.hostName, Rows: failed, Errors: 1 }]);
  });
});
