/** Wrappers: their settings, and what a faulty one costs (H16, H24, H25, H28). */
import { describe, expect, it } from '@jest/globals';
import { isProblem } from '../../../core/problem.ts';
import type { ClosedSeries } from '../aggregate/closed-series.ts';
import { parseAggregates, parsePercentiles } from './settings.ts';
import { pointsPerSeriesMax, type Wrapper, wrapSeries } from './wrapper.ts';

function problemOf(task: () => unknown): string {
  try {
    task();
  } catch (error) {
    if (isProblem(error)) return `${error.code} ${error.where}: ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('aggregates', () => {
  it('are the six that there are, each once, in order', () => {
    expect(parseAggregates(' max, min,sum,max ', 'key')).toEqual(['max', 'min', 'sum']);
    expect(parseAggregates('', 'key')).toEqual([]);
  });

  it('refuse another word and name the nearest', () => {
    expect(problemOf(() => parseAggregates('max,mediann', 'histogram_aggregates'))).toBe(
      'OBS-1003 histogram_aggregates: mediann is no aggregate; ' +
        'there are max, median, avg, count, min, sum; did you mean median?',
    );
  });
});

describe('percentiles', () => {
  it('have names that no other has', () => {
    const names = (text: string) => parsePercentiles(text, 'key').map(({ name }) => name);
    expect(names('0.95')).toEqual(['95percentile']);
    expect(names('0.99, .999, 0.9990, 0.9, 0.5, 0.29')).toEqual([
      '99percentile',
      '99.9percentile',
      '90percentile',
      '50percentile',
      '29percentile',
    ]);
    expect(names('0.05,0.005,0.050,0.0999,0.999999')).toEqual([
      '5percentile',
      '0.5percentile',
      '9.99percentile',
      '99.9999percentile',
    ]);
  });

  it.each(['0', '1', '0.0', '1.5', '-0.5', '95', 'p95', '0.9999999', 'NaN', '1e-2', '0,5x'])(
    'refuse %s and say what is expected',
    (text) => {
      expect(problemOf(() => parsePercentiles(text, 'histogram_percentiles'))).toMatch(
        /^OBS-1003 histogram_percentiles: \S+ is no percentile; expected a number above 0/,
      );
    },
  );

  it('are at most 32', () => {
    const many = Array.from({ length: 33 }, (_, index) => `0.${10 + index}`).join(',');
    expect(problemOf(() => parsePercentiles(many, 'key'))).toBe(
      'OBS-1003 key: more than 32 percentiles',
    );
  });
});

const count: ClosedSeries = {
  type: 'count',
  sum: 3,
  name: 'x',
  attributes: [],
  resource: [],
  resourceKey: '[]',
  startNs: 1n,
  windowSeconds: 10,
};

/** What becomes of three series when a wrapper returns `value` for the second. */
function outcome(second: () => unknown): readonly [points: number, failure: string] {
  let calls = 0;
  const wrapper: Wrapper = {
    name: 'mine',
    wrap: ({ name }) => {
      calls += 1;
      return (calls === 2 ? second() : [{ kind: 'gauge', name, value: 1 }]) as never;
    },
  };
  const counts = { series: 0, points: 0, failed: 0, lastFailure: '' };
  const placed = wrapSeries(
    wrapper,
    [count, { ...count, name: 'y' }, { ...count, name: 'z' }],
    counts,
  );
  expect([counts.series, counts.points, calls]).toEqual([3, placed.length, 3]);
  expect(counts.failed).toBe(counts.lastFailure === '' ? 0 : 1);
  expect(placed.map(({ series }) => series.name)).toEqual(
    counts.failed === 1 ? ['x', 'z'] : placed.map(({ series }) => series.name),
  );
  return [placed.length, counts.lastFailure];
}

describe('a wrapper', () => {
  it('that throws, or returns no points, costs that series and is counted', () => {
    const buckets = {
      scale: 0,
      zeroCount: 1,
      positive: { offset: 0, counts: [1] },
      negative: { offset: 0, counts: [] },
    };
    const whole = { kind: 'distribution', name: 'n', count: 2, sum: 1, min: 0, max: 1, buckets };
    const gauge = { kind: 'gauge', name: 'n', value: 1 };
    const table: readonly (readonly [() => unknown, string])[] = [
      [() => JSON.parse('{'), 'Expected property name'],
      [() => undefined, 'it returned no array of points'],
      [async () => [], 'it returned no array of points'],
      [() => [null], 'a point is no object'],
      [() => [{ ...gauge, name: '' }], 'a point has no name'],
      [() => [{ ...gauge, kind: 'rate' }], 'the kind of n is none of gauge, sum, distribution'],
      [() => [{ ...gauge, value: Number.NaN }], 'the value of n is no finite number'],
      [() => [{ ...gauge, value: '1' }], 'the value of n is no finite number'],
      [() => [{ ...gauge, unit: 5 }], 'the unit of n is no text'],
      [() => [{ ...gauge, attributes: { a: 'b' } }], 'the attributes of n are no list of pairs'],
      [() => [{ ...gauge, attributes: [['a', 1]] }], 'the attributes of n are no list of pairs'],
      [() => [{ ...gauge, members: [1] }], 'wrong members of n'],
      [() => [{ ...gauge, kind: 'sum', members: new Float64Array(1) }], 'wrong members of n'],
      [() => [{ ...whole, min: undefined }], 'count, sum, min or max of n is no finite number'],
      [
        () => [{ ...whole, buckets: undefined }],
        'the buckets of n have no scale, offsets or counts',
      ],
      [() => [{ ...whole, count: 3 }], 'the buckets of n do not add up to its count'],
      [
        () => [{ ...whole, buckets: { ...buckets, zeroCount: 0.5 } }],
        'the buckets of n have counts that are no whole numbers',
      ],
      [
        () => Array.from({ length: pointsPerSeriesMax + 1 }, () => gauge),
        `it returned more than ${pointsPerSeriesMax} points`,
      ],
    ];
    for (const [second, why] of table) {
      const [points, failure] = outcome(second);
      expect([why, points]).toEqual([why, 2]);
      expect(failure.startsWith('wrapper mine, series y: ')).toBe(true);
      expect(failure).toContain(why);
    }
    expect(outcome(() => [whole, gauge])).toEqual([4, '']);
    expect(outcome(() => [])).toEqual([2, '']);
  });
});
