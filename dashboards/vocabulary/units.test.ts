/** Rates and levels are the same whichever rows they are read from; the oracle counts points. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { rebuildHour, staleHours } from '../../clickhouse/hour-rollup.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { pointHours } from '../../clickhouse/point-hours.ts';
import { pointMinutes } from '../../clickhouse/points.ts';
import { seriesRollup } from '../../clickhouse/series.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { expandQuery } from './macros.ts';
import { levels, rates } from './points.ts';

const database = 'units';
const start = Date.UTC(2026, 2, 5, 20) / 1000;
const hours = 5;
const length = hours * 3600;
const seed = Date.now() % 2 ** 31;

type Kind = 'gauge' | 'sum' | 'histogram';
type Point = {
  readonly kind: Kind;
  readonly cpu: string;
  readonly isDelta: boolean;
  readonly at: number;
  readonly since: number;
  readonly value: number;
};

/** Numbers below `max`, the same for the same seed. */
function dice(): (max: number) => number {
  let state = seed;
  return (max) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * max);
  };
}

/** Counters that begin again, seen and unseen, gaps, points that begin late and that repeat. */
function someSeries(): Point[] {
  const below = dice();
  const points: Point[] = [];
  for (const kind of ['gauge', 'sum', 'histogram'] as const) {
    for (const cpu of ['0', '1', '2', '3']) {
      const isDelta = kind !== 'gauge' && cpu === '3';
      let value = 0;
      let since = start - below(2) * 5000;
      for (let at = start + below(4000); at < start + length; at += 10 + below(40)) {
        const isGap = below(150) === 0;
        if (isGap) at += below(2400);
        if (below(30) === 0) {
          value = 0;
          // Half of them do not say so, as Prometheus' counters.
          if (below(2) === 0) since = at - below(9);
        }
        value = kind === 'gauge' || isDelta ? below(400) : value + below(60);
        if (isDelta) since = below(9) === 0 ? 0 : at - 10;
        const one = { kind, cpu, isDelta, at, since, value };
        points.push(one);
        if (below(50) === 0) points.push({ ...one });
      }
    }
  }
  return points;
}

let engine: TestEngine;
let sql: ClickHouse;
const all = someSeries();
/** Every tenth comes late, so that its minute and hour are counted again. */
const late = all.filter((_, index) => index % 10 === 0);

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: `${engine.url}/${database}` });
  await migrate(sql, { database, retentionDays: { metrics: 9000, rollups: 9000, hours: 9000 } });
  await insert(all.filter((one) => !late.includes(one)));
}, 60_000);

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

async function insert(points: readonly Point[]): Promise<void> {
  for (const kind of ['gauge', 'sum', 'histogram'] as const) {
    const values = points
      .filter((one) => one.kind === kind)
      .map(({ at, since, value, cpu, isDelta }) => ({
        TimeUnix: `${at}.500000000`,
        StartTimeUnix: since === 0 ? 0 : `${since}.500000000`,
        MetricName: 'm',
        ServiceName: 'cart',
        Attributes: { cpu },
        ...(kind === 'gauge' ? {} : { AggregationTemporality: isDelta ? 1 : 2 }),
        ...(kind === 'histogram' ? { Count: value, Sum: value * 2 } : { Value: value }),
      }));
    const table = `${database}.otel_metrics_${kind}`;
    await sql.client.insert({ table, values, format: 'JSONEachRow' });
  }
}

async function count(until: number): Promise<void> {
  const where = { database, until };
  for (const rollup of [seriesRollup, pointMinutes, pointHours]) {
    for (const hour of await staleHours(sql, rollup, where)) {
      await rebuildHour(sql, rollup, hour, where);
    }
  }
}

type Window = { readonly from: number; readonly to: number; readonly width: number };
type Row = { readonly time: number; readonly cpu: string; readonly value: number };
type Answer = { readonly rows: Row[]; readonly read: number };

async function asked(table: string, column: string, window: Window): Promise<Answer> {
  const text = expandQuery(
    `SELECT toUnixTimestamp(time) AS time, cpu, toFloat64(${column}) AS value FROM ${table}
      ORDER BY time, cpu`,
    {
      fromMs: window.from * 1000,
      toMs: window.to * 1000,
      intervalMs: window.width * 1000,
      variables: {},
    },
  );
  const answer = await fetch(`${engine.url}/?database=${database}&default_format=JSON`, {
    method: 'POST',
    body: text,
  });
  if (!answer.ok) throw new Error(`${await answer.text()}\n${text}`);
  const { data, statistics } = await answer.json();
  return { rows: data, read: statistics.rows_read };
}

const cpus = ['0', '1', '2', '3'];
const inside = ({ from, to }: Window, at: number): boolean => at + 0.5 >= from && at + 0.5 <= to;

/** Rows by bucket and label of what `of` gives for the points of a series, in order of time. */
function byBucket(
  points: readonly Point[],
  { width }: Window,
  of: (bucket: readonly number[]) => number,
  pick: (series: readonly Point[]) => readonly { readonly at: number; readonly of: number }[],
): Row[] {
  return cpus
    .flatMap((cpu) => {
      const series = points.filter((one) => one.cpu === cpu);
      const picked = pick([...series].sort((left, right) => left.at - right.at));
      const times = [...new Set(picked.map(({ at }) => at - (at % width)))];
      return times.map((time) => {
        const own = picked.filter(({ at }) => at - (at % width) === time);
        return { time, cpu, value: of(own.map((each) => each.of)) };
      });
    })
    .sort((left, right) => left.time - right.time || Number(left.cpu) - Number(right.cpu));
}

const mean = (list: readonly number[]): number =>
  list.reduce((total, each) => total + each, 0) / list.length;

function expectedLevels(points: readonly Point[], window: Window, isMax: boolean): Row[] {
  return byBucket(
    points.filter(({ at }) => inside(window, at)),
    window,
    isMax ? (list) => Math.max(...list) : mean,
    (series) => series.map(({ at, value }) => ({ at, of: value })),
  );
}

function expectedRates(points: readonly Point[], window: Window): Row[] {
  const known = points.filter(({ at }) => inside({ ...window, from: window.from - 300 }, at));
  const grown: { at: number; cpu: string; by: number; seconds: number; isDelta: boolean }[] = [];
  for (const cpu of cpus) {
    const series = known.filter((one) => one.cpu === cpu).sort((a, b) => a.at - b.at);
    for (const [place, { at, value, since, isDelta }] of series.entries()) {
      const before = series[place - 1];
      const from = isDelta ? (since === 0 ? at : since) : (before?.at ?? since);
      const isNew = before === undefined || value < before.value || since >= before.at;
      if (!inside(window, at)) continue;
      if (!isDelta && before === undefined && !(since + 0.5 >= window.from && since < at)) continue;
      if (!isDelta && at <= from) continue;
      const by = isDelta || isNew ? value : value - (before?.value ?? 0);
      grown.push({ at, cpu, by, seconds: at - from, isDelta });
    }
  }
  const keys = new Set(grown.map(({ at, cpu }) => `${at - (at % window.width)} ${cpu}`));
  return [...keys]
    .map((key) => {
      const [time = 0, cpu = 0] = key.split(' ').map(Number);
      const own = grown.filter(
        (one) => one.at - (one.at % window.width) === time && one.cpu === String(cpu),
      );
      const seconds = own.reduce((total, each) => total + each.seconds, 0);
      const by = own.reduce((total, each) => total + each.by, 0);
      return { time, cpu: String(cpu), value: by / (seconds > 0 ? seconds : window.width) };
    })
    .sort((left, right) => left.time - right.time || Number(left.cpu) - Number(right.cpu));
}

const rounded = (rows: readonly Row[]): unknown[] =>
  rows.map(({ time, cpu, value }) => [time, cpu, Math.round(value * 1e6) / 1e6]);

const metric = { sql: "'m'" } as const;
const labels = { cpu: "Attributes['cpu']" } as const;
const filter = "Attributes['cpu'] != ''";
const spec = { metric, labels, filter };

const queries = [
  ['gauges', levels({ ...spec, kind: 'gauge' }), 'level', 'gauge'],
  ['gauges at most', levels({ ...spec, kind: 'gauge', within: 'max' }), 'level', 'gauge'],
  ['sums', levels({ ...spec, kind: 'sum' }), 'level', 'sum'],
  ['counters', rates(spec), 'rate', 'sum'],
  ['counts of histograms', rates({ ...spec, ofHistogram: true }), 'rate', 'histogram'],
] as const;

async function compare(points: readonly Point[], window: Window): Promise<void> {
  for (const [name, table, column, kind] of queries) {
    const own = points.filter((one) => one.kind === kind);
    const wanted =
      column === 'rate'
        ? expectedRates(own, window)
        : expectedLevels(own, window, name.endsWith('most'));
    const { rows } = await asked(table, column, window);
    const found = { seed, name, window, rows: rounded(rows) };
    expect(found).toEqual({ seed, name, window, rows: rounded(wanted) });
  }
}

describe('rates and levels', () => {
  const window = fc
    .record({
      from: fc.integer({ min: start - 400, max: start + length - 3700 }),
      span: fc.integer({ min: 600, max: length }),
      width: fc.constantFrom(10, 60, 90, 300, 3600, 7200),
    })
    .map(({ from, span, width }) => ({ from, to: from + span, width }));

  it.each([
    ['nothing has been counted', start],
    ['half of the time has been counted', start + length / 2],
    ['everything has been counted', start + length + 7200],
  ])(
    'are those of the points when %s',
    async (_, until) => {
      await count(until);
      const points = all.filter((one) => !late.includes(one));
      const property = fc.asyncProperty(window, (each) => compare(points, each));
      await fc.assert(property, { seed, numRuns: 6, endOnFailure: true });
    },
    180_000,
  );

  it('are those of all points when late ones have been counted', async () => {
    await insert(late);
    await count(start + length + 7200);
    const property = fc.asyncProperty(window, (each) => compare(all, each));
    await fc.assert(property, { seed, numRuns: 6, endOnFailure: true });
  }, 180_000);

  it('read points at the edges only', async () => {
    const wide = { from: start, to: start + length - 1, width: 3600 };
    for (const [name, table, column, kind] of queries) {
      const points = all.filter((one) => one.kind === kind).length;
      const { rows, read } = await asked(table, column, wide);
      expect([name, rows.length > 0, read < points / 2]).toEqual([name, true, true]);
    }
  });

  it('come from hours when points and minutes have expired', async () => {
    const wide = { from: start, to: start + length - 1, width: 3600 };
    const before = await Promise.all(
      queries.map(([, table, column]) => asked(table, column, wide)),
    );
    for (const table of ['gauge', 'sum', 'histogram', '1m']) {
      await sql.run(`TRUNCATE TABLE ${database}.otel_metrics_${table}`);
    }
    const after = await Promise.all(queries.map(([, table, column]) => asked(table, column, wide)));
    expect(after.map(({ rows }) => rows)).toEqual(before.map(({ rows }) => rows));
  });
});
