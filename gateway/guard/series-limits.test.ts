import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import {
  generationMs,
  KnownSeries,
  type SeriesIdentity,
  type SeriesLimit,
  SeriesLimits,
} from './series-limits.ts';

/** A series by two small numbers. */
function identity(metric: number, series: number): SeriesIdentity {
  const seriesLow = Math.imul(metric * 1000 + series + 1, 0x9e3779b1);
  return { seriesHigh: metric, seriesLow, metricHigh: 7, metricLow: metric };
}

const step = fc.oneof(
  { weight: 20, arbitrary: fc.record({ metric: fc.nat(3), series: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.constant('turn' as const) },
);

describe('series that are known', () => {
  it.each<SeriesLimit>([
    { seriesMax: 12 },
    { seriesMax: 12, seriesPerMetricMax: 4 },
    { seriesMax: 40, seriesPerMetricMax: 4 },
  ])('are admitted as a list of all of them would have it: %j', (limit) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (list) => {
        const known = new KnownSeries(limit);
        /** By series, the generation in which it came last. */
        const model = new Map<string, number>();
        let generation = 0;
        for (const one of list) {
          if (one === 'turn') {
            known.turn();
            generation += 1;
            continue;
          }
          const live = [...model].filter(([, seen]) => seen >= generation - 1);
          const key = `${one.metric} ${one.series}`;
          const ofMetric = live.filter(([name]) => name.startsWith(`${one.metric} `)).length;
          const isKnown = live.some(([name]) => name === key);
          let refusal: string | undefined;
          if (!isKnown && ofMetric >= (limit.seriesPerMetricMax ?? Number.POSITIVE_INFINITY)) {
            refusal = 'metric';
          } else if (!isKnown && live.length >= limit.seriesMax) refusal = 'tenant';
          expect(known.admit(identity(one.metric, one.series))).toBe(refusal);
          if (refusal === undefined) model.set(key, generation);
          const size = [...model.values()].filter((seen) => seen >= generation - 1).length;
          expect(known.count).toBe(size);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('take the bytes that the header says', () => {
    const known = new KnownSeries({ seriesMax: 1_000_000, seriesPerMetricMax: 1_000_000 });
    for (let hour = 0; hour < 3; hour += 1) {
      for (let series = 0; series < 1_000_000; series += 1) {
        const seriesLow = Math.imul(series, 0x9e3779b1);
        const metricLow = Math.imul(series % 10_000, 0x85ebca6b);
        known.admit({ seriesHigh: series, seriesLow, metricHigh: 0, metricLow });
      }
      known.turn();
    }
    expect(known.count).toBe(1_000_000);
    expect(known.bytes).toBeLessThan(44_000_000);
  });
});

describe('limits of series', () => {
  const limitOf = (tenant: string) => (tenant === 'free' ? undefined : { seriesMax: 1 });

  it('are each tenant’s own, and nobody’s where there are none', () => {
    const limits = new SeriesLimits(limitOf, simulatedClock());
    expect(limits.of('free')).toBeUndefined();
    expect(limits.of('shop')?.admit(identity(0, 1))).toBeUndefined();
    expect(limits.of('shop')?.admit(identity(0, 2))).toBe('tenant');
    expect(limits.of('cart')?.admit(identity(0, 2))).toBeUndefined();
  });

  it('forget a series that stays away after one hour to two, not before', () => {
    const clock = simulatedClock();
    const limits = new SeriesLimits(limitOf, clock);
    const admit = (series: number) => limits.of('shop')?.admit(identity(0, series));
    expect(admit(1)).toBeUndefined();
    clock.advance(generationMs);
    expect(admit(2)).toBe('tenant');
    expect(admit(1)).toBeUndefined();
    clock.advance(generationMs);
    expect(admit(2)).toBe('tenant');
    clock.advance(generationMs - 1);
    expect(admit(2)).toBe('tenant');
    clock.advance(1);
    expect(admit(2)).toBeUndefined();
    expect(admit(1)).toBe('tenant');
  });

  it('forget all of a tenant of whom nothing came for two hours', () => {
    const clock = simulatedClock();
    const limits = new SeriesLimits(limitOf, clock);
    limits.of('shop')?.admit(identity(0, 1));
    clock.advance(10 * generationMs + 5);
    expect(limits.of('shop')?.count).toBe(0);
    expect(limits.of('shop')?.admit(identity(0, 2))).toBeUndefined();
    // Generations begin at whole hours, also behind a long pause.
    clock.advance(generationMs - 5);
    expect(limits.of('shop')?.admit(identity(0, 3))).toBe('tenant');
    clock.advance(generationMs);
    expect(limits.of('shop')?.admit(identity(0, 3))).toBeUndefined();
  });
});
