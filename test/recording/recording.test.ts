/**
 * Every panel over thirty minutes that real Collectors have sent of the demo shop, a machine and a
 * cluster, today and on earlier days: what has data answers in the shape its panel draws.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { rebuildEdges } from '../../clickhouse/edges.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { dashboards } from '../../dashboards/catalog.ts';
import type { CompactAnswer } from '../../dashboards/preview/page/model.ts';
import { sources } from '../../dashboards/vocabulary/sources.ts';
import { type Asker, askerOf } from '../support/ask-dashboards.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { countHours, countPoints } from '../support/hour-rollups.ts';
import { type Replayed, recordingOf, replay } from './replay.ts';
import { shapeFaults } from './shapes.ts';

const limitMs = 900_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** The recording is played so often, each a day before the other, oldest first. */
const days = [1, 0];
/** What no recording has: what else has no data is a fault. */
const withoutData: ReadonlySet<string> = new Set<keyof typeof sources>([
  // Processes of a machine tell what their users do: they are not recorded.
  'host_process',
  'aws_vpc_cni',
  'calico',
  'cilium',
  'control_plane',
  'controller_manager',
  'coredns',
  'etcd',
  'scheduler',
  'kubernetes_events',
  'kubernetes_logs',
  'kubernetes_reasons',
  'kubernetes_spans',
  'kubernetes_usage',
  'snapshots',
  // No API server was watched, no agent of ours reported, no traffic was counted.
  'agents',
  'costs',
  'entities',
  'flows',
  'tagged_spans',
]);

let engine: TestEngine;
let gateway: TestGateway;
let asker: Asker;
let week: Asker;

/** What panels over tagged rows ask; a gateway makes none. */
async function makeLookups(): Promise<void> {
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  try {
    await migrate(clickhouse, { lookups: {} });
  } finally {
    await clickhouse.close();
  }
}

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({ clickhouseUrl: engine.url, telemetryIntervalMs: 1_000 });
  const [shop, cluster] = [recordingOf('shop'), recordingOf('cluster')];
  const nowMs = Date.now();
  let played: Replayed = { fromMs: nowMs, toMs: nowMs };
  for (const day of days) {
    await replay(gateway.http, cluster, nowMs - day * dayMs);
    played = await replay(gateway.http, shop, nowMs - day * dayMs);
  }
  // Ending writes everything. The gateway joins and counts every minute; here, once.
  await gateway.stop();
  await makeLookups();
  const toMs = Date.now();
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  for (const day of days) {
    const fromHour = Math.floor((played.fromMs - day * dayMs) / hourMs);
    for (const hour of [fromHour, fromHour + 1]) {
      await rebuildEdges(clickhouse, { hour: hour * 3600, fromMinute: 0 });
    }
  }
  await countHours(clickhouse);
  await countPoints(clickhouse);
  await clickhouse.close();
  asker = askerOf(engine.url, { fromMs: played.fromMs, toMs });
  week = askerOf(engine.url, { fromMs: toMs - 7 * dayMs, toMs });
}, limitMs);

afterAll(async () => {
  await gateway?.stop();
  await engine?.stop();
});

async function answerOf(sql: string): Promise<CompactAnswer> {
  const url = `${engine.url}/?database=otel&default_format=JSONCompact`;
  const answer = await fetch(url, { method: 'POST', body: sql });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${text}\n${sql}`);
  return JSON.parse(text);
}

describe('what was played', () => {
  // Half an hour, and what this test has taken until here.
  const minutes = 40;
  const isPlayed = (column: string): string =>
    days
      .map((day) => `(${column} > now() - INTERVAL ${day * 1440 + minutes} MINUTE`)
      .map((since, index) => `${since} AND ${column} <= now() - INTERVAL ${days[index]} DAY)`)
      .join(' OR ');
  it.each([
    ['otel_traces', 'Timestamp'],
    ['otel_logs', 'Timestamp'],
    ['otel_metrics_gauge', 'TimeUnix'],
    ['otel_metrics_sum', 'TimeUnix'],
    ['otel_metrics_histogram', 'TimeUnix'],
  ])('has moved all times of %s', async (table, column) => {
    const [row] = await asker.ask(
      `SELECT count() > 0 AS hasRows, countIf(NOT (${isPlayed(column)})) AS strays
        FROM otel.${table} WHERE ServiceName != 'obsctl-gateway'`,
    );
    expect(row).toEqual({ hasRows: 1, strays: 0 });
  });
});

describe('the cluster', () => {
  it('was rolled out four times, once back; scaling up was none', async () => {
    const rows = await asker.panelRows('Deployments', 'Deployments');
    const told = rows
      .toSorted((left, right) => String(left['Started']).localeCompare(String(right['Started'])))
      .map((row) => ['State', 'Workload', 'Image before', 'Image after'].map((key) => row[key]));
    const image = (name: string): string => `registry.example/${name}`;
    expect(told).toEqual([
      ['finished', 'deployment/checkout', image('checkout:1.4.2'), image('checkout:1.5.0')],
      ['finished', 'statefulset/orders-db', image('postgres:18.0'), image('postgres:18.1')],
      ['finished', 'daemonset/log-router', image('router:2.0.0'), image('router:2.1.0')],
      [
        'rollback, finished',
        'deployment/checkout',
        image('checkout:1.5.0'),
        image('checkout:1.4.2'),
      ],
    ]);
  });
});

/** Rows by query: hundreds of panels ask after few sources, and nothing is written meanwhile. */
const known = new Map<string, Promise<readonly Record<string, unknown>[]>>();

function askOnce(sql: string): Promise<readonly Record<string, unknown>[]> {
  const rows = known.get(sql) ?? asker.ask(sql);
  known.set(sql, rows);
  return rows;
}

const panels = dashboards().flatMap((dashboard) =>
  dashboard.panels
    .filter((panel) => panel.type !== 'row')
    .map((panel) => ({ name: `${dashboard.title} / ${panel.title}`, dashboard, panel })),
);

describe.each(panels)('$name', ({ dashboard, panel }) => {
  it.each([
    ['half an hour', () => asker, 10_000],
    ['a week', () => week, 600_000],
  ] as const)('over %s answers in the shape that it draws', async (_, askerFor, intervalMs) => {
    const { source, empty } = panel.options?.obsctl ?? {};
    if (source === undefined) throw new Error('no source');
    const { expandFor } = askerFor();
    const [trace] = await askOnce('SELECT any(TraceId) AS id FROM otel.otel_traces');
    const set = dashboard.title === 'Traces' ? { traceId: String(trace?.['id']) } : {};
    const probed = await askOnce(expandFor(dashboard, sources[source].probe, { set }));
    expect({ source, hasData: probed.length > 0 }).toEqual({
      source,
      hasData: !withoutData.has(source),
    });
    const answers: Record<string, CompactAnswer> = {};
    for (const { rawSql, refId } of panel.targets ?? []) {
      answers[refId] = await answerOf(expandFor(dashboard, rawSql, { set, intervalMs }));
    }
    expect(shapeFaults(panel, answers)).toEqual([]);
    if (probed.length === 0 || empty === 'fine') return;
    for (const { data } of Object.values(answers)) expect(data.length).toBeGreaterThan(0);
  });
});
