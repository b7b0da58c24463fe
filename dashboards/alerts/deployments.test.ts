/** The rules about deployments, minute by minute on the real engine. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { askerOf } from '../../test/support/ask-dashboards.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { type DeployedWorkload, deploymentPoints } from '../../test/support/seed-deployments.ts';
import { alertRules } from './catalog.ts';
import { alertsOptions, type DeploymentWindow, weekdays } from './config.ts';
import { type Change, evaluate, type RuleState, ruleQuery, samplesOf } from './evaluate.ts';
import type { AlertRule } from './rule.ts';

const minuteMs = 60_000;
const endMs = Math.floor(systemClock.nowMs() / minuteMs) * minuteMs;
const startMs = endMs - 180 * minuteMs;
/** When every new pod of the fixture appears, and the clock then. */
const changedMs = startMs + 20 * minuteMs;
const changed = new Date(changedMs);

const images = (name: string, tag: number) => ({ app: `registry/${name}:${tag}` });
const of = (
  kind: DeployedWorkload['kind'],
  workload: string,
  pods: readonly (readonly [pod: string, tag: number, from: number, until?: number])[],
): DeployedWorkload => ({
  kind,
  namespace: 'shop',
  workload,
  pods: pods.map(([pod, tag, from, until]) => ({
    pod: `${workload}-${pod}`,
    images: images(workload, tag),
    from,
    ...(until !== undefined && { until }),
  })),
});

const workloads = [
  of('deployment', 'web', [
    ['6d4cf56db6-x2vqk', 1, 0, 1260],
    ['7c9b8d5f4-h7zlm', 2, 1200],
  ]),
  of('deployment', 'grown', [
    ['6d4cf56db6-x2vqk', 1, 0],
    ['6d4cf56db6-h7zlm', 1, 1200],
    ['6d4cf56db6-b4c8d', 1, 1200],
  ]),
  of('statefulset', 'db', [
    ['0', 1, 0, 1170],
    ['0', 2, 1200],
  ]),
  of('daemonset', 'agent', [
    ['x2vqk', 1, 0, 1170],
    ['h7zlm', 2, 1200],
  ]),
];

let engine: TestEngine;
let ask: (sql: string) => Promise<Record<string, unknown>[]>;

beforeAll(async () => {
  engine = await startEngine();
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  try {
    await migrate(clickhouse);
    const values = deploymentPoints(workloads, startMs, 10_800);
    const table = 'otel.otel_metrics_gauge';
    await clickhouse.client.insert({ table, values: [...values], format: 'JSONEachRow' });
  } finally {
    await clickhouse.close();
  }
  ({ ask } = askerOf(engine.url, { fromMs: startMs, toMs: endMs }));
}, 120_000);

afterAll(() => engine?.stop());

function unexpected(windows: readonly Partial<DeploymentWindow>[]): AlertRule {
  const { deployment_windows: deploymentWindows } = alertsOptions.parse({
    deployment_windows: windows,
  });
  const rule = alertRules({ deploymentWindows }).find(({ id }) => id === 'deployment-unexpected');
  if (rule === undefined) throw new Error('no rule');
  return rule;
}

const clock = (at: Date): string => at.toISOString().slice(11, 16);
const today = weekdays[(changed.getUTCDay() + 6) % 7] ?? 'mon';
const [before, after] = [-10, 10].map((minutes) =>
  clock(new Date(changedMs + minutes * minuteMs)),
) as [string, string];
/** Opens ten minutes after the change, for a minute. */
const missed = { from: after, to: clock(new Date(changedMs + 11 * minuteMs)) };

async function story(rule: AlertRule): Promise<readonly Change[]> {
  const told: Change[] = [];
  let state: RuleState = {};
  for (let nowMs = startMs + 5 * minuteMs; nowMs <= endMs; nowMs += 5 * minuteMs) {
    const samples = samplesOf(rule, await ask(ruleQuery(rule, nowMs)));
    const step = evaluate(rule, state, samples, nowMs);
    state = step.state;
    told.push(...step.changes);
  }
  return told;
}

const fired = async (windows: readonly Partial<DeploymentWindow>[]): Promise<readonly string[]> => {
  const rule = unexpected(windows);
  const samples = samplesOf(rule, await ask(ruleQuery(rule, changedMs + 30 * minuteMs)));
  return samples.map(({ labels }) => labels['workload'] ?? '').sort();
};

const all = ['daemonset/agent', 'deployment/web', 'statefulset/db'];

describe('a deployment outside of the declared windows', () => {
  it('fires once and is resolved once, with both images; a scale-up does neither', async () => {
    const told = await story(unexpected([missed]));
    const lines = told.map(({ what, labels }) =>
      [what, labels['workload'], labels['image_before'], labels['image_after']].join(' '),
    );
    const each = (what: string): readonly string[] => [
      `${what} daemonset/agent registry/agent:1 registry/agent:2`,
      `${what} deployment/web registry/web:1 registry/web:2`,
      `${what} statefulset/db registry/db:1 registry/db:2`,
    ];
    expect([...lines].sort()).toEqual([...each('firing'), ...each('resolved')]);
  }, 60_000);

  it.each([
    ['no window is open', [missed], all],
    ['one is open on another day', [{ days: weekdays.filter((day) => day !== today) }], all],
    ['one is open for others', [{ match: 'shop/deployment/*' }], [all[0], all[2]]],
    ['one is always open', [{}], []],
    ['one was opened before', [{ from: before, to: after }], []],
    ['several together cover it', [{ match: 'shop/d*' }, { match: '*/db' }], []],
  ] as const)('fires by the windows: %s', async (_, windows, wanted) => {
    expect(await fired(windows as readonly Partial<DeploymentWindow>[])).toEqual(wanted);
  });

  it('is told by the clock of the time zone', async () => {
    // Kolkata is 5:30 ahead, all year.
    const there = (at: string): string => {
      const minutes = Number(at.slice(0, 2)) * 60 + Number(at.slice(3)) + 330;
      return clock(new Date(minutes * minuteMs));
    };
    const timezone = 'Asia/Kolkata';
    expect(await fired([{ from: there(before), to: there(after), timezone }])).toEqual([]);
    expect(await fired([{ from: before, to: after, timezone }])).toEqual(all);
  });

  it('has no rule where no window is declared', () => {
    const ids = alertRules().map(({ id }) => id);
    expect(ids).toContain('deployment-stuck');
    expect(ids).not.toContain('deployment-unexpected');
  });

  it.each([
    [{ timezone: 'Mars/Olympus' }],
    [{ from: '9:00' }],
    [{ days: [] }],
    [{ days: ['monday'] }],
    [{ match: "'; DROP" }],
  ])('cannot be declared as %j', (window) => {
    const parsed = alertsOptions.safeParse({ deployment_windows: [window] });
    expect(parsed.success).toBe(false);
  });
});
