/** Points by minute and hour against the real engine; the oracle counts in plain TypeScript. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { type ClickHouse, connectClickHouse } from './client.ts';
import { rebuildHour, staleHours } from './hour-rollup.ts';
import { migrate } from './migrate.ts';
import { pointHours } from './point-hours.ts';
import { pointMinutes } from './points.ts';

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
  /** Seconds before `at` since which it counts; absent: not sent. */
  readonly since?: number;
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
  since: fc.constantFrom(0, 20, 500, 500, 5000, 5000, 5000),
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
        StartTimeUnix: one.since === undefined ? 0 : `${hour + one.at - one.since}.000000000`,
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
      const [start, table, cpu, temporality, bounds] = JSON.parse(key);
      const isHistogram = table === histogram;
      const grows = ({ value, ...one }: Point): number =>
        isHistogram ? count({ value, ...one }) : value;
      const order = (one: Point): number[] => [one.at, grows(one), -(one.since ?? 0), one.value];
      const valued = own
        .filter(({ isEmpty }) => !isEmpty)
        .sort((left, right) =>
          compare([...order(left), ...left.counts], [...order(right), ...right.counts]),
        );
      const isDelta = temporality === 1;
      const ranged = isHistogram && !isDelta ? [] : valued.map(({ value }) => value);
      const [first, last] = [valued[0], valued.at(-1)];
      const addsUp = !isHistogram || isDelta;
      const total = (of: (one: Point) => number): number =>
        valued.reduce((all, one) => all + of(one), 0);
      const buckets = addsUp
        ? [0, 1, 2].map((index) => total(({ counts }) => counts[index] ?? 0))
        : last?.counts;
      const growth = table === gauge ? [0, 0] : growthOf(valued, grows, isDelta);
      return [
        start,
        table,
        cpu,
        temporality,
        own.length,
        valued.length,
        ranged.length === 0 ? 0 : Math.min(...ranged),
        ranged.length === 0 ? 0 : Math.max(...ranged),
        addsUp ? total(({ value }) => value) : (last?.value ?? 0),
        last?.value ?? 0,
        last === undefined ? 0 : hour + last.at,
        isHistogram ? (addsUp ? total(count) : last === undefined ? 0 : count(last)) : 0,
        bounds,
        isHistogram && valued.length > 0 ? buckets : [],
        ranged.length,
        first === undefined || table === gauge ? 0 : grows(first),
        first === undefined ? 0 : hour + first.at,
        ...growth,
      ];
    })
    .sort(byText);
}

const compare = (left: readonly number[], right: readonly number[]): number => {
  const index = left.findIndex((value, place) => value !== right[place]);
  return index < 0 ? 0 : (left[index] ?? 0) - (right[index] ?? 0);
};

/** What a counter grew from point to point, and in how many seconds. */
function growthOf(
  points: readonly Point[],
  of: (point: Point) => number,
  isDelta: boolean,
): [number, number] {
  let [grown, seconds] = [0, 0];
  for (const [place, one] of points.entries()) {
    const before = points[place - 1];
    if (isDelta) {
      grown += of(one);
      seconds += one.since ?? 0;
    } else if (before !== undefined && before.at < one.at) {
      const beganAgain = one.at - (one.since ?? 1e9) >= before.at;
      grown += beganAgain || of(one) < of(before) ? of(one) : of(one) - of(before);
      seconds += one.at - before.at;
    }
  }
  return [grown, seconds];
}

async function stored(table: string): Promise<unknown[]> {
  const answer = await sql.client.query({
    query: `SELECT toUnixTimestamp(Time), \`Table\`, cpu, AggregationTemporality, Rows, Count, Min,
        Max, Sum, Last, toUnixTimestamp(LastSeen), \`Values\`, ExplicitBounds, BucketCounts,
        Ranged, First, toUnixTimestamp(FirstSeen), Grown, Elapsed
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

const plain: Point = {
  table: gauge,
  at: 60,
  cpu: '0',
  value: 1,
  isDelta: false,
  isEmpty: false,
  bounds: [],
  counts: [],
};

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

  it('that an older schema counted without growth are counted again', async () => {
    await clear();
    await insert([{ ...plain, table: sum, isDelta: true, value: 3 }]);
    await rebuildStale();
    const whole = await stored('otel_metrics_1m');
    for (const table of ['otel_metrics_1m', 'otel_metrics_1h']) {
      await sql.run(`ALTER TABLE ${database}.${table} UPDATE FirstSeen = 0, Grown = 0 WHERE 1
        SETTINGS mutations_sync = 1`);
    }
    expect(await stored('otel_metrics_1m')).not.toEqual(whole);
    await rebuildStale();
    expect(await stored('otel_metrics_1m')).toEqual(whole);
    expect(await rebuildStale()).toBe(0);
  });

  it('are counted when their hour has been over, minutes before hours', async () => {
    await clear();
    const one = plain;
    await insert([one, { ...one, at: 3660 }]);
    await rebuildStale(hour + 3600 + 599);
    expect(await stored('otel_metrics_1m')).toEqual([]);
    await rebuildStale(hour + 3600 + 899);
    expect(await stored('otel_metrics_1m')).toHaveLength(1);
    expect(await stored('otel_metrics_1h')).toEqual([]);
    await rebuildStale(hour + 3600 + 900);
    expect(await stored('otel_metrics_1h')).toEqual(expected([one], 3600));
    expect(await stored('otel_metrics_1m')).toEqual(expected([one], 60));
    // As two gateways leave it for a moment that replace a partition at once.
    await sql.run(
      `INSERT INTO ${database}.otel_metrics_1m SELECT * FROM ${database}.otel_metrics_1m`,
    );
    await sql.run(`TRUNCATE TABLE ${database}.otel_metrics_1h`);
    await rebuildHour(sql, pointHours, hour, options);
    expect(await stored('otel_metrics_1h')).toEqual(expected([one], 3600));
  });
});
