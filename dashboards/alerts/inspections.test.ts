/**
 * Rules of machines, the control plane and network plugins over an hour on the real engine. Each
 * sees the same five clusters: trouble that stays is told, and none of what only looks like it.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { askerOf } from '../../test/support/ask-dashboards.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { seedTooManyParts } from '../../test/support/seed-parts.ts';
import { type Labels, troubledPoints, troubles } from '../../test/support/seed-troubles.ts';
import { alertRules } from './catalog.ts';
import { evaluate, type RuleState, ruleQuery, samplesOf } from './evaluate.ts';
import type { AlertRule } from './rule.ts';

const minuteMs = 60_000;
const endMs = Math.floor(systemClock.nowMs() / minuteMs) * minuteMs;
const minutes = 60;
const startMs = endMs - minutes * minuteMs;

let engine: TestEngine;
let ask: (sql: string) => Promise<Record<string, unknown>[]>;
const rules = alertRules();

beforeAll(async () => {
  engine = await startEngine();
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  try {
    await migrate(clickhouse);
    for (const [table, values] of Object.entries(troubledPoints(startMs, minutes))) {
      await clickhouse.client.insert({ table: `otel.${table}`, values, format: 'JSONEachRow' });
    }
  } finally {
    await clickhouse.close();
  }
  ({ ask } = askerOf(engine.url, { fromMs: startMs, toMs: endMs }));
}, 180_000);

afterAll(() => engine?.stop());

function ruleOf(id: string): AlertRule {
  const rule = rules.find((candidate) => candidate.id === id);
  if (rule === undefined) throw new Error(`no rule ${id}`);
  return rule;
}

const placeOf = (labels: Labels): string =>
  labels['cluster'] ?? labels['host'] ?? labels['namespace'] ?? '';

/** Where it fired when it is asked every other minute, and what had fired but is over. */
async function story(rule: AlertRule) {
  const fired: string[] = [];
  const resolved: string[] = [];
  let state: RuleState = {};
  for (let minute = 10; minute <= minutes; minute += 2) {
    const nowMs = startMs + minute * minuteMs;
    const samples = samplesOf(rule, await ask(ruleQuery(rule, nowMs)));
    const step = evaluate(rule, state, samples, nowMs);
    state = step.state;
    for (const { what, labels } of step.changes) {
      (what === 'firing' ? fired : resolved).push(placeOf(labels));
    }
  }
  return { fired, resolved };
}

describe('trouble that stays', () => {
  it.each(troubles.map(({ rule }) => rule))(
    'is told once: %s; a spike, few events, a counter that begins again and calm are not',
    async (id) => {
      expect(await story(ruleOf(id))).toEqual({ fired: ['steady'], resolved: [] });
    },
    120_000,
  );

  it('is watched by every rule of its groups', () => {
    const groups = new Set(['control-plane', 'cni']);
    const wanted = rules.filter(({ group }) => groups.has(group)).map(({ id }) => id);
    expect(troubles.map(({ rule }) => rule)).toEqual(
      expect.arrayContaining([...wanted, 'host-network', 'pod-network']),
    );
  });
});

describe('ClickHouse', () => {
  const saysAt = async (id: string, nowMs: number) =>
    samplesOf(ruleOf(id), await ask(ruleQuery(ruleOf(id), nowMs)));

  it('fires when parts pile up and when it refuses an insert, and is quiet before', async () => {
    const before = await saysAt('clickhouse-parts', systemClock.nowMs());
    expect(before.length).toBeGreaterThan(0);
    expect(before.filter(({ value }) => value > 0.3)).toEqual([]);
    expect(await saysAt('clickhouse-inserts-refused', systemClock.nowMs())).toEqual([]);

    const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
    await seedTooManyParts(clickhouse).finally(() => clickhouse.close());
    const nowMs = systemClock.nowMs();
    const after = await saysAt('clickhouse-parts', nowMs);
    expect(after.filter(({ value }) => value > 0.3)).toEqual([
      { labels: { table: 'narrow' }, value: 1.2 },
    ]);
    const refused = [{ labels: { error: 'TOO_MANY_PARTS' }, value: 1 }];
    expect(await saysAt('clickhouse-inserts-refused', nowMs)).toEqual(refused);
    // The count stays in ClickHouse; the alert is over when nothing more is refused.
    expect(await saysAt('clickhouse-inserts-refused', nowMs + 11 * minuteMs)).toEqual([]);
  }, 120_000);
});
