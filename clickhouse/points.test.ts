/** Points by minute and hour against the real engine; the oracle counts in plain TypeScript. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { type ClickHouse, connectClickHouse } from './client.ts';
import { rebuildHour, staleHours } from './hour-rollup.ts';
import { migrate } from './migrate.ts';
import { pointHours, pointMinutes } from './points.ts';

let engine: TestEngine;
let sql: ClickHouse;
const database = 'points';
const options = { database } as const;
const gauge = 'otel_metrics_gauge';
const sum = 'otel_metrics_sum';
const histogram = 'otel_metrics_histogram';
const tables = [gauge, sum, histogram] as const;

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: engine.url });
  // The hours of the tests lie in the past; nothing may expire while they run.
  await migrate(sql, { database, retentionDays: { metrics: 9000, rollups: 9000, hours: 9000 } });
});

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

const hour = Date.UTC(2026, 2, 5, 23) / 1000;

type Point = {
  readonly table: (typeof tables)[number];
  readonly at: number;
  readonly cpu: string;
  readonly value: number;
  readonly isDelta: boolean;
  readonly isEmpty: boolean;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
};

const point: fc.Arbitrary<Point> = fc.record({
  table: fc.constantFrom(...tables),
  at: fc.oneof(fc.integer({ min: 0, max: 3599 }), fc.integer({ min: -70, max: 3700 })),
  cpu: fc.constantFrom('0', '1'),
  // Quarters: their sums are exact in any order.
  value: fc.integer({ min: -400, max: 400 }).map((quarters) => quarters / 4),
  isDelta: fc.boolean(),
  isEmpty: fc.constantFrom(false, false, false, true),
  bounds: fc.constantFrom([1, 2], [5, 10]),
  counts: fc.array(fc.nat({ max: 9 }), { minLength: 3, maxLength: 3 }),
});

const count = ({ counts }: Point): number => counts.reduce((total, each) => total + each, 0);

/** Each insert is a seal of its own, or the engine would take a repeat for a retry. */
let seal = 0;

async function insert(points: readonly Point[]): Promise<void> {
  seal += 1;
  for (const table of tables) {
    const values = points
      .filter((one) => one.table === table)
      .map((one) => ({
        TimeUnix: `${hour + one.at}.000000000`,
        MetricName: 'm',
        ServiceName: "it's",
        Attributes: { cpu: one.cpu },
        Flags: one.isEmpty ? 1 : 0,
        Seal: seal,
        ...(table === gauge ? {} : { AggregationTemporality: one.isDelta ? 1 : 2 }),
        ...(table === histogram
          ? {
              Count: count(one),
              Sum: one.value,
              Min: one.value,
              Max: one.value,
              HasMin: one.isDelta,
              HasMax: one.isDelta,
              BucketCounts: one.counts,
              ExplicitBounds: one.bounds,
            }
          : { Value: one.value }),
      }));
    await sql.client.insert({
      table: `${database}.${table}`,
      values,
      format: 'JSONEachRow',
    });
  }
}

const byText = (left: unknown, right: unknown): number =>
  JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;

function expected(points: readonly Point[], grain: number): unknown[] {
  const groups = new Map<string, Point[]>();
  for (const one of points) {
    const temporality = one.table === gauge ? 0 : one.isDelta ? 1 : 2;
    const bounds = one.table === histogram ? one.bounds : [];
    const start = Math.floor((hour + one.at) / grain) * grain;
    const key = JSON.stringify([start, one.table, one.cpu, temporality, bounds]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups]
    .map(([key, own]) => {
      const valued = own.filter(({ isEmpty }) => !isEmpty);
      const [start, table, cpu, temporality, bounds] = JSON.parse(key);
      const isDelta = temporality === 1;
      const ranged = table === histogram && !isDelta ? [] : valued.map(({ value }) => value);
      const total = valued.reduce((all, { value }) => all + value, 0);
      const last = newest(valued, ({ value }) => [value])[0] ?? 0;
      const addsUp = table !== histogram || isDelta;
      const buckets = addsUp
        ? [0, 1, 2].map((index) => valued.reduce((all, one) => all + (one.counts[index] ?? 0), 0))
        : newest(valued, ({ counts }) => counts);
      const values = addsUp
        ? valued.reduce((all, one) => all + count(one), 0)
        : (newest(valued, (one) => [count(one)])[0] ?? 0);
      return [
        start,
        table,
        cpu,
        temporality,
        own.length,
        valued.length,
        ranged.length === 0 ? 0 : Math.min(...ranged),
        ranged.length === 0 ? 0 : Math.max(...ranged),
        addsUp ? total : last,
        last,
        hour + Math.max(...own.map(({ at }) => at)),
        table === histogram ? values : 0,
        bounds,
        table === histogram && valued.length > 0 ? buckets : [],
      ];
    })
    .sort(byText);
}

/** What the newest point has; of several of the same time the greatest. */
function newest(points: readonly Point[], of: (point: Point) => readonly number[]): number[] {
  const latest = Math.max(...points.map(({ at }) => at));
  const found = points.filter(({ at }) => at === latest).map(of);
  const compare = (left: readonly number[], right: readonly number[]): number => {
    const index = left.findIndex((value, place) => value !== right[place]);
    return index < 0 ? 0 : (left[index] ?? 0) - (right[index] ?? 0);
  };
  return [...(found.sort(compare).at(-1) ?? [])];
}

async function stored(table: string): Promise<unknown[]> {
  const answer = await sql.client.query({
    query: `SELECT toUnixTimestamp(Time), \`Table\`, cpu, AggregationTemporality, Rows, Count, Min,
        Max, Sum, Last, toUnixTimestamp(LastSeen), \`Values\`, ExplicitBounds, BucketCounts
      FROM ${database}.${table} ANY LEFT JOIN (
        SELECT Series, Attributes['cpu'] AS cpu FROM ${database}.otel_series_15m) AS named
        USING Series`,
    format: 'JSONCompact',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  return ((await answer.json()) as { data: unknown[] }).data.sort(byText);
}

async function clear(): Promise<void> {
  for (const table of [...tables, 'otel_metrics_1m', 'otel_metrics_1h', 'otel_series_15m']) {
    await sql.run(`TRUNCATE TABLE ${database}.${table}`);
  }
}

async function rebuildStale(until?: number): Promise<number> {
  const { seriesRollup } = await import('./series.ts');
  const where = until === undefined ? options : { ...options, until };
  let found = 0;
  for (const rollup of [pointMinutes, pointHours, seriesRollup]) {
    const starts = await staleHours(sql, rollup, where);
    for (const start of starts) await rebuildHour(sql, rollup, start, where);
    found += starts.length;
  }
  return found;
}

describe('points by minute and hour', () => {
  it('are what GROUP BY over raw rows gives, with late rows, repeats, two at once', async () => {
    const seed = Date.now() % 2 ** 31;
    const points = fc.array(point, { minLength: 1, maxLength: 80 });
    const waves = fc.array(fc.nat({ max: 2 }), { minLength: 80, maxLength: 80 });
    const property = fc.asyncProperty(points, waves, async (all, which) => {
      await clear();
      const wave = (index: number): Point[] => all.filter((_, place) => which[place] === index);
      await insert([...wave(0), ...wave(1)]);
      await rebuildStale();
      // Points that come late, and some that come again.
      await insert([...wave(2), ...wave(0)]);
      await Promise.all([rebuildStale(), rebuildStale()]);
      expect(await rebuildStale()).toBe(0);
      const everything = [...all, ...wave(0)];
      expect(await stored('otel_metrics_1m')).toEqual(expected(everything, 60));
      expect(await stored('otel_metrics_1h')).toEqual(expected(everything, 3600));
    });
    // A failure prints the seed; shrinking would take longer than the test may.
    await fc.assert(property, { seed, numRuns: 6, endOnFailure: true });
  }, 240_000);

  it('are counted by hour when the hour has been over for a quarter', async () => {
    await clear();
    const one: Point = {
      table: gauge,
      at: 60,
      cpu: '0',
      value: 1,
      isDelta: false,
      isEmpty: false,
      bounds: [],
      counts: [],
    };
    await insert([one, { ...one, at: 3660 }]);
    await rebuildStale(hour + 3600 + 899);
    expect(await stored('otel_metrics_1h')).toEqual([]);
    await rebuildStale(hour + 3600 + 900);
    expect(await stored('otel_metrics_1h')).toEqual(expected([one], 3600));
    expect(await stored('otel_metrics_1m')).toHaveLength(2);
  });
});
