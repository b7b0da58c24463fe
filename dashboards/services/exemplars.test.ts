/** The dots of latency charts on the seeded shop, and stored exemplars beside them. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Asker, findPanel } from '../../test/support/ask-dashboards.ts';
import type { TestEngine } from '../../test/support/engine.ts';
import type { Seeded } from '../../test/support/seed-telemetry.ts';
import { startSeededShop } from '../../test/support/seeded-shop.ts';

let engine: TestEngine;
let seeded: Seeded;
let ask: Asker['ask'];
let expandFor: Asker['expandFor'];

const stored = 'ab'.repeat(16);
const storedMs = 'cd'.repeat(16);

beforeAll(async () => {
  ({ engine, seeded, ask, expandFor } = await startSeededShop(7));
  const at = `toDateTime64(${seeded.fromMs / 1000 + 300}, 9)`;
  const row = (metric: string, unit: string, value: number, traceId: string): string =>
    `('cart', '${metric}', '${unit}', ${at}, [${at}, ${at}], [${value}, 9], ['${traceId}', ''])`;
  await ask(
    'INSERT INTO otel.otel_metrics_histogram (ServiceName, MetricName, MetricUnit, TimeUnix,' +
      ' Exemplars.TimeUnix, Exemplars.Value, Exemplars.TraceId) VALUES' +
      ` ${row('http.server.request.duration', 's', 0.75, stored)},` +
      ` ${row('http.server.duration', 'ms', 250, storedMs)},` +
      ` ${row('queue.size', 's', 5, 'ef'.repeat(16))}`,
  );
}, 120_000);

afterAll(() => engine?.stop());

async function dots(set = {}) {
  const [board, panel] = findPanel('Services', 'p50, p95 and p99');
  const target = panel.targets?.find(({ refId }) => refId === 'exemplars');
  return await ask(expandFor(board, target?.rawSql ?? '', { set, intervalMs: 60_000 }));
}

it('are hidden from Grafana, which would draw them as a line', () => {
  const [, panel] = findPanel('Services', 'p50, p95 and p99');
  expect(panel.targets?.map((target) => [target.refId, 'hide' in target])).toEqual([
    ['A', false],
    ['exemplars', true],
  ]);
});

it('are the slowest request of each bucket', async () => {
  const rows = (await dots()).filter((row) => row['what'] === 'slowest');
  const entries = seeded.spans.filter(({ kind }) => kind === 'Server' || kind === 'Consumer');
  const slowest = new Map<number, number>();
  for (const { startMs, durationNs } of entries) {
    const minute = Math.floor(startMs / 60_000);
    slowest.set(minute, Math.max(slowest.get(minute) ?? 0, durationNs / 1e9));
  }
  const sorted = (values: Iterable<unknown>) => [...values].map(Number).sort((a, b) => a - b);
  expect(sorted(rows.map((row) => row['value']))).toEqual(sorted(slowest.values()));
});

it('are the stored exemplars of requests that name a trace, in seconds', async () => {
  const rows = (await dots()).filter((row) => row['what'] === 'exemplar');
  expect(rows.map((row) => [row['traceId'], row['value']]).sort()).toEqual([
    [stored, 0.75],
    [storedMs, 0.25],
  ]);
});

it('keep to what is chosen', async () => {
  const ofCart = await dots({ service: ['cart'] });
  expect(new Set(ofCart.map((row) => row['service']))).toEqual(new Set(['cart']));
  const ofOperation = await dots({ operation: ['POST /charges'] });
  expect(new Set(ofOperation.map((row) => row['service']))).toEqual(new Set(['payment']));
});
