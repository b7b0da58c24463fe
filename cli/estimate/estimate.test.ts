/** The calculator, against the benches' own pages and by properties. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadStack } from '../../stack/load.ts';
import { estimate, type Question } from './estimate.ts';
import { figures, signals } from './figures.ts';
import { estimateText, sizingRow } from './print.ts';

const docs = join(import.meta.dirname, '../../docs');
const page = (name: string): string => readFileSync(join(docs, name), 'utf8');

const question: Question = {
  eventsPerSecond: 1_000,
  mix: { spans: 40, logs: 40, points: 20 },
  retentionDays: { spans: 7, logs: 7, points: 30 },
  replicas: 1,
  coresPerServer: 16,
  outageMs: 4 * 3_600_000,
};

describe('the figures', () => {
  it.each([
    ['spans', 'spans, 100 a request', 'spans 16 against'],
    ['logs', 'log records, 100', 'log records 10 against'],
    ['points', 'data points, 100', 'points 10 against'],
  ] as const)('of %s are those of docs/performance.md', (signal, gateway, engine) => {
    const text = page('performance.md');
    const [, cpu] = new RegExp(`^\\| ${gateway} \\| ([\\d.]+) \\|`, 'm').exec(text) ?? [];
    expect(Number(cpu)).toBe(figures[signal].gatewayCpu);
    expect(text).toContain(engine);
    expect(engine).toContain(` ${figures[signal].engineCpu} `);
  });

  it.each([
    ['spans', 'otel_traces'],
    ['logs', 'otel_logs'],
    ['points', 'otel_metrics_gauge'],
  ] as const)('of %s on disk are those of the storage bench', (signal, table) => {
    const { tables }: { tables: { table: string; bytesPerRow: number }[] } = JSON.parse(
      page('performance-storage.json'),
    );
    const measured = tables.find((one) => one.table === table)?.bytesPerRow;
    expect(figures[signal].bytes[0]).toBeCloseTo(measured ?? 0, 1);
  });
});

describe('an estimate', () => {
  it.each([
    [1_000, 1],
    [1_000_000, 3],
  ])('for %d events a second and %d replicas is said as a stack file', (rate, replicas) => {
    const asked = { ...question, eventsPerSecond: rate, replicas };
    const estimated = estimate(asked);
    const said = estimateText(asked, estimated);
    const lines = /^Stack file {2}(.*)\n {12}(.*)$/m.exec(said)?.slice(1) ?? [];
    const loaded = loadStack(['name: shop', ...lines].join('\n'), 'obs.yaml');
    if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults));
    const { topology } = loaded.stack.clickhouse;
    const { shards } = estimated.clickhouse;
    expect(topology).toEqual({ shards, replicas, keepers: shards * replicas === 1 ? 0 : 3 });
    expect(loaded.stack.gateway.replicas).toBe(estimated.gateways.count);
  });

  it('grows in step with the rate, up to the next whole server', () => {
    const rates = fc.tuple(fc.integer({ min: 1, max: 1e7 }), fc.integer({ min: 2, max: 9 }));
    fc.assert(
      fc.property(rates, ([eventsPerSecond, times]) => {
        const one = estimate({ ...question, eventsPerSecond });
        const more = estimate({ ...question, eventsPerSecond: eventsPerSecond * times });
        for (const [index, { engineCores, bytesKept }] of one.signals.entries()) {
          expect(more.signals[index]?.engineCores).toBeCloseTo(engineCores * times, 6);
          expect((more.signals[index]?.bytesKept ?? 0) / bytesKept).toBeCloseTo(times, 6);
        }
        const busy = more.signals.reduce((sum, { engineCores }) => sum + engineCores, 0);
        const { shards, coresEach } = more.clickhouse;
        expect(shards * coresEach).toBeGreaterThanOrEqual(busy * 2);
        expect((shards - 1) * coresEach).toBeLessThan(Math.max(busy * 2, 1e-9));
      }),
    );
  });

  it('counts by hand what it counts', () => {
    const mix = { spans: 0, logs: 1, points: 0 };
    const { signals: all } = estimate({ ...question, mix });
    const logs = all.find(({ signal }) => signal === 'logs');
    // 1000 rows of 54.1, 0.084 and 0.008 bytes for 86 400 seconds and 7 days.
    expect(logs?.bytesKept).toBeCloseTo(1000 * 54.192 * 86_400 * 7, 0);
    expect(logs?.gatewayCores).toBeCloseTo(0.0017, 6);
    expect(logs?.engineCores).toBeCloseTo((10 + 1.41 + 2.7) / 1000, 6);
    expect(all.filter(({ perSecond }) => perSecond > 0)).toHaveLength(1);
    expect(all.map(({ signal }) => signal)).toEqual(signals);
  });

  it('is what the guide shows', () => {
    const guide = page('guide/scaling.md');
    for (const eventsPerSecond of [1_000, 10_000, 100_000, 1_000_000]) {
      const asked = { ...question, eventsPerSecond, replicas: 2 };
      expect(guide).toContain(`\n${sizingRow(asked, estimate(asked))}\n`);
    }
  });
});
