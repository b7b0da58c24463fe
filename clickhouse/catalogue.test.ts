/** The catalogues against the real engine; the oracle counts in plain TypeScript. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { attributeRollup } from './attributes.ts';
import { type ClickHouse, connectClickHouse } from './client.ts';
import { rebuildHour, staleHours } from './hour-rollup.ts';
import { migrate } from './migrate.ts';
import { seriesRollup } from './series.ts';

let engine: TestEngine;
let sql: ClickHouse;
const database = 'catalogue';
const options = { database } as const;
const tables = ['otel_traces', 'otel_metrics_gauge', 'otel_metrics_sum'] as const;

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: engine.url });
  // The hours of the tests lie in the past; nothing may expire while they run.
  await migrate(sql, { database, retentionDays: { traces: 9000, metrics: 9000 } });
});

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

const hour = Date.UTC(2026, 2, 5, 23) / 1000;

type Row = {
  readonly table: (typeof tables)[number];
  readonly at: number;
  readonly resource: Readonly<Record<string, string>>;
  readonly own: Readonly<Record<string, string>>;
  readonly scope: string;
  readonly metric: string;
  readonly tenant: string;
};

const row: fc.Arbitrary<Row> = fc.record({
  table: fc.constantFrom(...tables),
  at: fc.oneof(fc.integer({ min: 0, max: 3599 }), fc.integer({ min: -1000, max: 4600 })),
  resource: fc.constantFrom(
    { 'service.name': 'cart', 'host.name': 'a' },
    { 'service.name': "o'rders" },
    {},
  ),
  own: fc.dictionary(
    fc.constantFrom('route', 'code', "it's"),
    fc.constantFrom('', 'x', 'ü'.repeat(120)),
  ),
  scope: fc.constantFrom('', 'meter'),
  metric: fc.constantFrom('cpu', 'memory'),
  tenant: fc.constantFrom('', '', 'a'),
});

/** Each insert is a seal of its own, or the engine would take a repeat for a retry. */
let seal = 0;

async function insert(rows: readonly Row[]): Promise<void> {
  seal += 1;
  for (const table of tables) {
    const values = rows
      .filter((one) => one.table === table)
      .map((one) => ({
        [table === 'otel_traces' ? 'Timestamp' : 'TimeUnix']: `${hour + one.at}.000000000`,
        [table === 'otel_traces' ? 'SpanAttributes' : 'Attributes']: one.own,
        ...(table === 'otel_traces' ? {} : { MetricName: one.metric, MetricUnit: 's' }),
        ...(table === 'otel_metrics_sum' ? { AggregationTemporality: 2, IsMonotonic: true } : {}),
        ServiceName: one.resource['service.name'] ?? '',
        ResourceAttributes: one.resource,
        ScopeName: one.scope,
        Tenant: one.tenant,
        Seal: seal,
      }));
    await sql.client.insert({
      table: `${database}.${table}`,
      values,
      format: 'JSONEachRow',
    });
  }
}

/** Rows by key, in the order of their texts: the key, how many, their greatest and least time. */
function counted(keyed: readonly (readonly [unknown[], number])[]): unknown[] {
  const groups = new Map<string, number[]>();
  for (const [key, at] of keyed) {
    const text = JSON.stringify(key);
    groups.set(text, [...(groups.get(text) ?? []), hour + at]);
  }
  return [...groups]
    .map(([key, times]) => [...JSON.parse(key), times.length, Math.max(...times)])
    .sort(byText);
}

function byText(left: unknown, right: unknown): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}

const unit = ({ at }: Row): number => Math.floor((hour + at) / 900) * 900;

function expectedAttributes(rows: readonly Row[]): unknown[] {
  return counted(
    rows.flatMap((one) => {
      const head = [unit(one), one.table, one.tenant];
      const scope = one.scope === '' ? {} : { 'otel.scope.name': one.scope };
      const kinds = { resource: one.resource, scope, attribute: one.own };
      const pairs = Object.entries(kinds).flatMap(([kind, map]) =>
        Object.entries(map).flatMap(([key, value]) => [
          [[...head, kind, key, 'key', ''], one.at] as const,
          [[...head, kind, key, 'value', value], one.at] as const,
        ]),
      );
      return [[[...head, '', '', 'value', ''], one.at] as const, ...pairs];
    }) as [unknown[], number][],
  );
}

function expectedSeries(rows: readonly Row[]): unknown[] {
  const points = rows.filter(({ table }) => table !== 'otel_traces');
  return counted(
    points.map((one) => [
      [
        unit(one),
        one.table,
        one.tenant,
        one.metric,
        one.table === 'otel_metrics_sum' ? 2 : 0,
        one.table === 'otel_metrics_sum',
        one.resource['service.name'] ?? '',
        one.resource,
        one.scope,
        one.own,
      ],
      one.at,
    ]),
  );
}

async function rowsOf(query: string): Promise<unknown[]> {
  const answer = await sql.client.query({
    query,
    format: 'JSONCompact',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  return ((await answer.json()) as { data: unknown[] }).data.sort(byText);
}

const storedAttributes = (): Promise<unknown[]> =>
  rowsOf(`SELECT toUnixTimestamp(Time), \`Table\`, Tenant, Kind, \`Key\`,
    if(Values > 0, 'key', 'value'), Value, Rows, toUnixTimestamp(LastSeen)
    FROM ${database}.otel_attributes_15m`);

const storedSeries = (): Promise<unknown[]> =>
  rowsOf(`SELECT toUnixTimestamp(Time), \`Table\`, Tenant, MetricName, AggregationTemporality,
    IsMonotonic, ServiceName, ResourceAttributes, ScopeName, Attributes, Rows,
    toUnixTimestamp(LastSeen) FROM ${database}.otel_series_15m`);

async function clear(): Promise<void> {
  for (const table of [...tables, 'otel_attributes_15m', 'otel_series_15m']) {
    await sql.run(`TRUNCATE TABLE ${database}.${table}`);
  }
}

async function rebuildStale(): Promise<number> {
  let found = 0;
  for (const rollup of [attributeRollup, seriesRollup]) {
    const hours = await staleHours(sql, rollup, options);
    for (const each of hours) await rebuildHour(sql, rollup, each, options);
    found += hours.length;
  }
  return found;
}

const span: Row = {
  table: 'otel_traces',
  at: 70,
  resource: {},
  own: {},
  scope: '',
  metric: '',
  tenant: '',
};

describe('the catalogues', () => {
  it('are what GROUP BY over raw rows gives, with late rows, repeats, two at once', async () => {
    const seed = Date.now() % 2 ** 31;
    const rows = fc.array(row, { minLength: 1, maxLength: 80 });
    const waves = fc.array(fc.nat({ max: 2 }), { minLength: 80, maxLength: 80 });
    const property = fc.asyncProperty(rows, waves, async (all, which) => {
      await clear();
      const wave = (index: number): Row[] => all.filter((_, place) => which[place] === index);
      await insert([...wave(0), ...wave(1)]);
      await rebuildStale();
      // Rows that come late, and some that come again.
      await insert([...wave(2), ...wave(0)]);
      await Promise.all([rebuildStale(), rebuildStale()]);
      expect(await rebuildStale()).toBe(0);
      expect(await storedAttributes()).toEqual(expectedAttributes([...all, ...wave(0)]));
      expect(await storedSeries()).toEqual(expectedSeries([...all, ...wave(0)]));
    });
    // A failure prints the seed; shrinking would take longer than the test may.
    await fc.assert(property, { seed, numRuns: 6, endOnFailure: true });
  }, 240_000);

  it('mark keys with many, long or unlike values, and keep none of these', async () => {
    await clear();
    const spans = Array.from({ length: 300 }, (_, index) => ({
      ...span,
      resource: { 'host.name': `host ${index}` },
      own: {
        id: index < 40 ? `id ${index}` : '',
        hundred: String(index % 100),
        more: String(index % 101),
        long: 'x'.repeat(257),
      },
    }));
    const ids = spans.slice(0, 40).map(({ own }) => ({ ...span, tenant: 'ids', own }));
    await insert([...spans, ...ids]);
    await rebuildStale();
    const found = await rowsOf(`SELECT Tenant, \`Key\`, max(Values), countIf(Values = 0)
      FROM ${database}.otel_attributes_15m WHERE Kind != '' GROUP BY Tenant, \`Key\``);
    expect(found).toEqual(
      [
        ['', 'host.name', 101, 300],
        ['', 'hundred', 100, 100],
        ['', 'id', 41, 41],
        ['', 'long', 101, 0],
        ['', 'more', 101, 0],
        ['ids', 'hundred', 101, 0],
        ['ids', 'id', 101, 0],
        ['ids', 'long', 101, 0],
        ['ids', 'more', 101, 0],
      ].sort(byText),
    );
  });

  it('name a series alike in every quarter of an hour, and each series apart', async () => {
    await clear();
    const point: Row = { ...span, table: 'otel_metrics_sum', metric: 'cpu', own: { cpu: '0' } };
    const other = { ...point, own: { cpu: '1' } };
    await insert([point, { ...point, at: 2000 }, other, { ...point, table: 'otel_metrics_gauge' }]);
    await rebuildStale();
    const [counts] = await rowsOf(`SELECT count(), uniqExact(Series)
      FROM ${database}.otel_series_15m`);
    expect(counts).toEqual([4, 3]);
  });
});
