/**
 * `service-unusual` over eight generated weeks: every fault that was put in is found while it
 * lasts, and no service has more than one false alarm a week. The weeks are judged by plain
 * arithmetic, every ten minutes; at many of these moments the real engine has to say the same.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { askerOf } from '../../test/support/ask-dashboards.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { type Fault, type SeasonalService, seasonRows } from '../../test/support/seed-seasons.ts';
import { UnusualOracle } from '../../test/support/unusual-oracle.ts';
import { alertRules } from './catalog.ts';
import {
  type Change,
  evaluate,
  type RuleState,
  ruleQuery,
  type Sample,
  samplesOf,
} from './evaluate.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const weekMs = 7 * dayMs;
const historyWeeks = 5;
const watchedWeeks = 8;
const weeks = historyWeeks + watchedWeeks;

const seed = 20_261;
const mondayMs = Date.UTC(1970, 0, 5);
const thisMonday = Math.floor((systemClock.nowMs() - mondayMs) / weekMs) * weekMs + mondayMs;
const startMs = thisMonday - weeks * weekMs;
const watchedMs = startMs + historyWeeks * weekMs;
const endMs = startMs + weeks * weekMs;
const holidayMs = watchedMs + 3 * weekMs + 2 * dayMs;

const common = { swing: 0.8, weekend: 0.4, growthPerWeek: 0.01, noise: 0.05, wander: 0.06 };
const services: readonly SeasonalService[] = [
  { ...common, name: 'shop', rate: 20, errors: 0.002, p95Ms: 200 },
  { ...common, name: 'growing', rate: 8, growthPerWeek: 0.06, errors: 0.01, p95Ms: 80 },
  { ...common, name: 'noisy', rate: 3, noise: 0.15, wander: 0.12, errors: 0.005, p95Ms: 900 },
  { ...common, name: 'seldom', rate: 0.02, swing: 0.3, errors: 0.05, p95Ms: 50 },
];

const at = (week: number, day: number, hour: number): number =>
  watchedMs + week * weekMs + day * dayMs + hour * hourMs;
const fault = (
  what: string,
  measure: string,
  fromMs: number,
  hours: number,
  change: Omit<Fault, 'service' | 'fromMs' | 'toMs'>,
  service = 'shop',
) => ({ ...change, what, measure, service, fromMs, toMs: fromMs + hours * hourMs });

const faults = [
  fault('no requests at noon', 'requests', at(0, 1, 12), 1, { requests: () => 0 }),
  fault('no requests at night', 'requests', at(2, 6, 3), 1, { requests: () => 0 }),
  fault('three times the requests', 'requests', at(1, 3, 10), 1, { requests: () => 3 }),
  fault('twice the latency', 'latency', at(2, 2, 15), 1, { latency: () => 2 }),
  fault('a burst of errors', 'errors', at(4, 4, 9), 0.5, { errors: () => 0.2 }),
  fault('2 % of errors', 'errors', at(5, 0, 20), 1, { errors: () => 0.03 }),
  fault('requests that drift away', 'requests', at(6, 1, 8), 6, { requests: (x) => 1 - x }),
  fault('latency that creeps up', 'latency', at(7, 2, 6), 8, { latency: (x) => 1 + 1.5 * x }),
  fault('no requests, amid growth', 'requests', at(5, 3, 14), 1, { requests: () => 0 }, 'growing'),
  fault('no requests, amid noise', 'requests', at(6, 2, 13), 1, { requests: () => 0 }, 'noisy'),
  fault('twice the latency, amid noise', 'latency', at(1, 1, 9), 1, { latency: () => 2 }, 'noisy'),
];

const rows = seasonRows({ services, startMs, weeks, seed, faults, holidayMs }, watchedMs);
const oracle = new UnusualOracle(rows);
const stepMs = 10 * minuteMs;

let engine: TestEngine;
let ask: (sql: string) => Promise<Record<string, unknown>[]>;

beforeAll(async () => {
  engine = await startEngine();
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  try {
    await migrate(clickhouse);
    const insert = (table: string, values: readonly object[]): Promise<unknown> =>
      clickhouse.client.insert({ table, values: [...values], format: 'JSONEachRow' });
    await insert('otel.otel_red_1h', rows.hours);
    await insert('otel.otel_red_1m', rows.minutes);
  } finally {
    await clickhouse.close();
  }
  ({ ask } = askerOf(engine.url, { fromMs: startMs, toMs: endMs }));
}, 180_000);

afterAll(() => engine?.stop());

const found = alertRules().find(({ id }) => id === 'service-unusual');
if (found === undefined) throw new Error('no rule');
const rule = found;

const judged = (nowMs: number): readonly Sample[] =>
  oracle.judge(nowMs / 1000).map(({ value, ...labels }) => ({ labels, value }));

/** What begins to fire in the eight weeks, asked every ten minutes. */
function story(): readonly Change[] {
  const told: Change[] = [];
  let state: RuleState = {};
  for (let nowMs = watchedMs; nowMs <= endMs; nowMs += stepMs) {
    const step = evaluate(rule, state, judged(nowMs), nowMs);
    state = step.state;
    told.push(...step.changes.filter(({ what }) => what === 'firing'));
  }
  return told;
}

describe(`eight weeks of seed ${seed}`, () => {
  const told = story();

  it.each(faults.map((each) => [each.what, each.service, each] as const))(
    'tell while it lasts: %s (%s)',
    (_, service, { measure, fromMs, toMs }) => {
      const during = told.filter(({ atMs }) => atMs > fromMs && atMs <= toMs);
      const own = during.filter(({ labels }) => labels['service'] === service);
      expect(own.map(({ labels }) => labels['measure'])).toContain(measure);
    },
  );

  it('have at most one false alarm a service and week', () => {
    const isOfFault = ({ labels, atMs }: Change): boolean =>
      faults.some(
        ({ service, fromMs, toMs }) =>
          service === labels['service'] && atMs > fromMs && atMs <= toMs + 30 * minuteMs,
      );
    const counts = new Map<string, number>();
    for (const change of told.filter((each) => !isOfFault(each))) {
      const nth = Math.floor((change.atMs - watchedMs) / weekMs);
      const key = `${change.labels['service']} week ${nth}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...counts].filter(([, count]) => count > 1)).toEqual([]);
  });
});

describe('the rule on the engine', () => {
  // The middle of each fault, the holiday, and moments that have nothing to do with either.
  const moments = [
    ...faults.map(({ fromMs, toMs }) => (fromMs + toMs) / 2),
    holidayMs + 15 * hourMs,
    ...[11, 222, 333, 444, 555, 666, 777, 888].map((hours) => watchedMs + hours * hourMs),
  ].map((ms) => Math.round(ms / stepMs) * stepMs);

  it.each(moments)('says what plain arithmetic says: moment %#', async (nowMs) => {
    const rounded = (samples: readonly Sample[]): readonly string[] =>
      samples
        .map(({ labels, value }) =>
          [labels['service'], labels['measure'], labels['direction'], value.toFixed(4)].join(' '),
        )
        .sort();
    const samples = samplesOf(rule, await ask(ruleQuery(rule, nowMs)));
    expect(rounded(samples)).toEqual(rounded(judged(nowMs)));
  });

  it('says nothing of a service before its third week, nor where nobody is heard', async () => {
    const early = await ask(ruleQuery(rule, startMs + 2 * weekMs));
    expect(early).toEqual([]);
    expect(await ask(ruleQuery(rule, endMs + 2 * hourMs))).toEqual([]);
  });
});
