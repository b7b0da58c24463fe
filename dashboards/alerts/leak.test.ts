/** Leaks on the real engine: what is one, and what only looks like it at times. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { askerOf } from '../../test/support/ask-dashboards.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { gaugeRow } from '../../test/support/seed-points.ts';
import { alertRules } from './catalog.ts';
import { evaluate, type RuleState, ruleQuery, samplesOf } from './evaluate.ts';

const minuteMs = 60_000;
const endMs = Math.floor(systemClock.nowMs() / minuteMs) * minuteMs;
const minutes = 6 * 60;
const startMs = endMs - minutes * minuteMs;

/** The same noise at every run, -1 to 1. */
const noise = (minute: number): number => Math.sin(minute * 12.9898) * Math.cos(minute * 78.233);
const tooth = (minute: number, period: number): number => (minute % period) / period;

/** Megabytes by the minute; each is a container. */
const leaks: Readonly<Record<string, (minute: number) => number>> = {
  linear: (minute) => 300 + minute * 1.5,
  noisy: (minute) => 300 + minute * 1.5 + 15 * noise(minute),
  'under a saw-tooth': (minute) => 300 + minute * 1.5 + 200 * tooth(minute, 12),
  'begun later': (minute) => 300 + Math.max(0, minute - 90) * 2,
  'soon after a restart': (minute) => (minute < 195 ? 1000 : 300 + (minute - 195) * 1.5),
  'small of a small limit': (minute) => 30 + minute * 0.1,
};

const calm: Readonly<Record<string, (minute: number) => number>> = {
  flat: (minute) => 500 + 20 * noise(minute),
  'a saw-tooth of 10 minutes': (minute) => 300 + 400 * tooth(minute, 10),
  'a saw-tooth of 40 minutes': (minute) => 300 + 400 * tooth(minute, 40),
  'a saw-tooth of 70 minutes': (minute) => 300 + 200 * tooth(minute, 70) + 5 * noise(minute),
  'a saw-tooth of two hours': (minute) => 300 + 150 * tooth(minute, 120) + 5 * noise(minute),
  'a step': (minute) => (minute < 240 ? 400 : 700) + 10 * noise(minute),
  'two steps': (minute) => 400 + (minute > 120 ? 150 : 0) + (minute > 200 ? 150 : 0),
  'a warm-up': (minute) => 700 - 400 * Math.exp(-minute / 30),
  'a load that came and went': (minute) => 500 + 200 * Math.sin((minute / minutes) * 2 * Math.PI),
  'slow growth': (minute) => 2000 + minute * 0.7,
  'growth of few bytes': (minute) => 20 + minute * 0.2,
  'a crash loop': (minute) => 100 + 900 * tooth(minute, 50),
  shrinking: (minute) => 1200 - minute * 2,
};

let engine: TestEngine;
let ask: (sql: string) => Promise<Record<string, unknown>[]>;

beforeAll(async () => {
  engine = await startEngine();
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  const resource = (container: string) => ({
    'k8s.namespace.name': 'shop',
    'k8s.pod.name': 'web-0',
    'k8s.container.name': container,
  });
  const values: object[] = [];
  const point = (container: string, name: string, minute: number, megabytes: number): void => {
    const atMs = startMs + minute * minuteMs;
    values.push(gaugeRow('', resource(container), name, atMs, megabytes * 1e6, {}));
  };
  for (let minute = 0; minute < minutes; minute += 1) {
    for (const [container, at] of Object.entries({ ...leaks, ...calm })) {
      point(container, 'container.memory.working_set', minute, at(minute));
    }
    point('small of a small limit', 'k8s.container.memory_limit', minute, 100);
    // Half of its points are missing.
    if (minute % 60 < 25) point('gaps', 'container.memory.working_set', minute, 300 + minute * 2);
  }
  try {
    await migrate(clickhouse);
    const table = 'otel.otel_metrics_gauge';
    await clickhouse.client.insert({ table, values, format: 'JSONEachRow' });
  } finally {
    await clickhouse.close();
  }
  ({ ask } = askerOf(engine.url, { fromMs: startMs, toMs: endMs }));
}, 120_000);

afterAll(() => engine?.stop());

const rule = alertRules().find(({ id }) => id === 'container-leak');

/** Containers that fired, with the minute, when the rule is asked every five minutes. */
async function story(): Promise<ReadonlyMap<string, number>> {
  if (rule === undefined) throw new Error('no rule');
  const fired = new Map<string, number>();
  let state: RuleState = {};
  for (let minute = 60; minute <= minutes; minute += 5) {
    const nowMs = startMs + minute * minuteMs;
    const samples = samplesOf(rule, await ask(ruleQuery(rule, nowMs)));
    const step = evaluate(rule, state, samples, nowMs);
    state = step.state;
    for (const { what, labels } of step.changes) {
      if (what === 'firing') fired.set(labels['container'] ?? '', minute);
    }
  }
  return fired;
}

describe('memory, watched for hours', () => {
  let fired: ReadonlyMap<string, number>;
  beforeAll(async () => {
    fired = await story();
  }, 120_000);

  it.each(Object.keys(leaks))('leaks: %s', (container) => {
    expect(fired.has(container)).toBe(true);
  });

  it.each([...Object.keys(calm), 'gaps'])('does not leak: %s', (container) => {
    expect(fired.get(container)).toBeUndefined();
  });

  it('is told as growth an hour, of what is held on average', async () => {
    if (rule === undefined) throw new Error('no rule');
    const samples = samplesOf(rule, await ask(ruleQuery(rule, endMs)));
    const linear = samples.find(({ labels }) => labels['container'] === 'linear');
    const floors = Array.from({ length: 12 }, (_, nth) => 300 + (180 + nth * 15) * 1.5);
    const mean = floors.reduce((sum, each) => sum + each) / floors.length;
    expect(linear?.value).toBeCloseTo(90 / mean, 6);
  });
});
