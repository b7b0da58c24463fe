/** Traffic out of counters against the real engine; the oracle works on one series at a time. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { type Random, seededRandom } from '../test/support/random.ts';
import { type ClickHouse, connectClickHouse } from './client.ts';
import { hasFlows, rebuildFlowSeconds } from './flows.ts';
import { migrate } from './migrate.ts';

let engine: TestEngine;
let sql: ClickHouse;
const database = 'points';
const options = { database } as const;
const from = Date.UTC(2026, 2, 5, 14) / 1000;
const span = { from, to: from + 1200 } as const;

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: engine.url });
  await migrate(sql, { database, retentionDays: { metrics: 9000, seconds: 9000 } });
});

beforeEach(async () => {
  await sql.run(`TRUNCATE TABLE ${database}.otel_metrics_sum`);
  await sql.run(`TRUNCATE TABLE ${database}.flow_seconds`);
});

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

type Point = {
  /** Seconds since `from`. */
  readonly at: number;
  readonly start: number;
  readonly value: number;
  readonly isCumulative: boolean;
};

const sides = {
  'k8s.src.owner.name': 'cart',
  'k8s.src.namespace': 'shop',
  'src.zone': 'eu-1a',
  'k8s.dst.owner.name': 'payment',
  'k8s.dst.namespace': 'shop',
  'dst.zone': 'eu-1b',
} as const;

async function store(
  points: readonly Point[],
  attributes: Readonly<Record<string, string>> = sides,
  metric = 'obi.network.flow.bytes',
): Promise<void> {
  const values = points.map(({ at, start, value, isCumulative }) => ({
    MetricName: metric,
    Attributes: attributes,
    ResourceAttributes: { 'k8s.cluster.name': 'prod' },
    TimeUnix: `${from + at}.000000000`,
    StartTimeUnix: start === -1e9 ? '0.0' : `${from + start}.000000000`,
    Value: value,
    ValueInt: value,
    ValueType: 'Int',
    AggregationTemporality: isCumulative ? 2 : 1,
    IsMonotonic: true,
  }));
  await sql.client.insert({
    table: `${database}.otel_metrics_sum`,
    values,
    format: 'JSONEachRow',
    clickhouse_settings: { insert_deduplicate: 0 },
  });
}

type Second = Readonly<Record<string, string>>;

async function stored(columns: string, group = ''): Promise<readonly Second[]> {
  await rebuildFlowSeconds(sql, span, options);
  return await sql.rows<Second>(
    `SELECT ${columns} FROM ${database}.flow_seconds ${group} ORDER BY ALL`,
  );
}

async function bytesBySecond(): Promise<[number, number][]> {
  const columns = `toUnixTimestamp(Time) - ${from} AS at, toString(sum(SourceBytes)) AS bytes`;
  const rows = await stored(columns, 'GROUP BY at');
  return rows.map(({ at, bytes }) => [Number(at), Number(bytes)]);
}

/** Growth by second, one point after the other. */
function spread(points: readonly Point[]): [number, number][] {
  const seconds = new Map<number, number>();
  let before: Point | undefined;
  for (const point of points) {
    const { at, start, value, isCumulative } = point;
    const follows = before !== undefined && at - before.at <= 900;
    let since = isCumulative ? Math.max(start, follows ? (before?.at ?? 0) : start) : start;
    let grew = value;
    if (isCumulative) {
      const isSame = follows && start <= (before?.at ?? 0) && value >= (before?.value ?? 0);
      if (isSame) grew = value - (before?.value ?? 0);
      else if (!follows && at - start > 900) grew = 0;
    }
    since = Math.max(since, at - 900);
    for (let second = since; second < at; second += 1) {
      const until = (to: number): number =>
        Number((BigInt(grew) * BigInt(to - since)) / BigInt(at - since));
      const more = until(second + 1) - until(second);
      if (grew > 0) seconds.set(second, (seconds.get(second) ?? 0) + more);
    }
    before = point;
  }
  return [...seconds].filter(([second]) => second >= 0 && second < 1200).sort(([a], [b]) => a - b);
}

function drawSeries(random: Random, isCumulative: boolean): Point[] {
  const points: Point[] = [];
  let [at, start, value] = [-300, -400, 0];
  while (at < 1500) {
    const step = [1, 15, 60, 60, 240][random.below(5)] ?? 1;
    const grown = random.below(1_000_000);
    if (isCumulative && random.oneIn(5)) [start, value] = [at + random.below(step), grown];
    else if (isCumulative && random.oneIn(9)) value = grown % 10;
    else value = isCumulative ? value + grown : grown;
    if (!isCumulative) start = at;
    at += step;
    points.push({ at, start, value, isCumulative });
  }
  return points;
}

describe('counters of traffic', () => {
  it.each([
    [true, 11],
    [true, 12],
    [false, 13],
  ])(
    'spread exactly what they grew by; cumulative: %s, seed %i',
    async (cumulative, seed) => {
      const points = drawSeries(seededRandom(seed), cumulative);
      await store(points);
      // Stored again, they count once.
      await store(points.slice(3, 20));
      expect(await bytesBySecond()).toEqual(spread(points));
    },
    60_000,
  );

  it('add up to the last value less the first where nothing began again', async () => {
    const value = [5, 70, 7777, 8000];
    await store(
      value.map((of, n) => ({ at: n * 60, start: -5000, value: of, isCumulative: true })),
    );
    const total = (await bytesBySecond()).reduce((sum, [, bytes]) => sum + bytes, 0);
    expect(total).toBe(8000 - 5);
  }, 60_000);

  it('name both sides, and are those of the one who asked when they count answers', async () => {
    const one = { at: 61, start: 60, value: 10, isCumulative: false };
    await store([one]);
    await store([{ ...one, value: 900 }], {
      'k8s.src.owner.name': 'payment',
      'k8s.src.namespace': 'shop',
      'src.zone': 'eu-1b',
      'k8s.dst.owner.name': 'cart',
      'k8s.dst.namespace': 'shop',
      'dst.zone': 'eu-1a',
      direction: 'response',
    });
    await store([{ ...one, value: 3 }], sides, 'obi.network.flow.packets');
    expect(
      await stored(`SourceWorkload AS source, SourceZone AS zone, DestinationWorkload AS asked,
        DestinationZone AS far, toString(SourceBytes) AS bytes, Cluster AS cluster,
        toString(DestinationBytes) AS answered, toString(SourcePackets) AS packets,
        toString(ConcurrentMax) AS open`),
    ).toEqual([
      {
        ...{ source: 'cart', zone: 'eu-1a', asked: 'payment', far: 'eu-1b', cluster: 'prod' },
        ...{ bytes: '10', answered: '900', packets: '3', open: '0' },
      },
    ]);
  }, 60_000);

  it('are seen by the look that tells whether there is anything to do', async () => {
    expect(await hasFlows(sql, span, options)).toBe(false);
    await store([{ at: 61, start: 60, value: 10, isCumulative: false }], sides, 'http.requests');
    expect(await hasFlows(sql, span, options)).toBe(false);
    await store([{ at: 61, start: 60, value: 10, isCumulative: false }]);
    expect(await hasFlows(sql, span, options)).toBe(true);
    expect(await hasFlows(sql, { from: from + 120, to: from + 240 }, options)).toBe(false);
  }, 60_000);
});
