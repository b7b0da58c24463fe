/** What *Objectives* says, against plain arithmetic over the seeded shop. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SeededShop, startSeededShop } from '../../test/support/seeded-shop.ts';
import type { Objective } from '../alerts/slo.ts';
import { sloReportDashboard } from './slo-report.ts';

let shop: SeededShop;
beforeAll(async () => {
  shop = await startSeededShop(7);
}, 120_000);
afterAll(() => shop?.engine.stop());

const isEntry = (span: { readonly kind: string }): boolean =>
  span.kind === 'Server' || span.kind === 'Consumer';
const services = (): string[] =>
  [...new Set(shop.seeded.spans.filter(isEntry).map(({ service }) => service))].sort();
const requestsOf = (service: string) =>
  shop.seeded.spans.filter((span) => isEntry(span) && span.service === service);

async function rowsOf(title: string, objectives: readonly Objective[], set = {}) {
  const dashboard = sloReportDashboard(objectives);
  const panel = dashboard.panels.find((one) => one.title === title);
  const query = panel?.targets?.[0]?.rawSql ?? '';
  return await shop.ask(shop.expandFor(dashboard, query, { set, intervalMs: 60_000 }));
}

describe('Objectives', () => {
  const file: readonly Objective[] = [
    { service: 'pay*', objective: 80, latency: { thresholdMs: 100, objective: 90 } },
    { service: 'checkout', objective: 99 },
  ];
  const set = { objective: '99.5', latencyMs: '50', latencyObjective: '95' };

  it('counts what was promised and kept, from the file or as typed', async () => {
    const rows = await rowsOf('Objectives', file, set);
    expect(rows.map((row) => row['Service']).sort()).toEqual(services());
    for (const row of rows) {
      const service = String(row['Service']);
      const spans = requestsOf(service);
      const bad = spans.filter(({ failed }) => failed).length;
      const objective = service === 'payment' ? 0.8 : service === 'checkout' ? 0.99 : 0.995;
      expect(row['Objective']).toBeCloseTo(objective, 9);
      expect([row['requests'], row['bad']]).toEqual([spans.length, bad]);
      expect(row['Attained']).toBeCloseTo(1 - bad / spans.length, 9);
      expect(row['Budget left']).toBeCloseTo(1 - bad / spans.length / (1 - objective), 6);
      // All of it lies within an hour.
      expect(row['Burn 1 h']).toBeCloseTo(bad / spans.length / (1 - objective), 6);
      expect(row['Burn 6 h']).toBeCloseTo(Number(row['Burn 1 h']), 9);
    }
    const left = rows.map((row) => Number(row['Budget left']));
    expect(left).toEqual(left.toSorted((a, b) => a - b));
  });

  it('counts slow requests from the edge of the bucket that is next to the threshold', async () => {
    const rows = await rowsOf('Objectives', file, set);
    const row = (service: string) => rows.find((one) => one['Service'] === service);
    const fast = (service: string, thresholdMs: number): number => {
      const edge = Math.round(Math.log2(thresholdMs * 1e6) * 8);
      const spans = requestsOf(service);
      const ok = spans.filter((one) => Math.floor(Math.log2(one.durationNs) * 8) < edge);
      return ok.length / spans.length;
    };
    expect(row('payment')?.['Fast enough']).toBeCloseTo(fast('payment', 100), 9);
    expect(row('storefront')?.['Fast enough']).toBeCloseTo(fast('storefront', 50), 9);
    // Nothing was promised for it.
    expect(row('checkout')?.['Latency budget left']).toBeNull();
  });

  it('draws the budget down to what the table says is left', async () => {
    const table = await rowsOf('Objectives', file, set);
    const chart = await rowsOf('Budget left', file, set);
    for (const service of services()) {
      const line = chart.filter((row) => row['service'] === service);
      const left = table.find((row) => row['Service'] === service)?.['Budget left'];
      expect(Number(line.at(-1)?.['left'])).toBeCloseTo(Number(left), 6);
      const values = line.map((row) => Number(row['left']));
      expect(values).toEqual(values.toSorted((a, b) => b - a));
    }
  });

  it('takes any text for a number', async () => {
    const rows = await rowsOf('Objectives', [], { objective: '100', latencyMs: 'x' });
    expect(rows.length).toBe(services().length);
  });
});
