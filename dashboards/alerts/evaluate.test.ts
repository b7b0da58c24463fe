import { describe, expect, it } from '@jest/globals';
import { type Change, evaluate, type RuleState, samplesOf, summaryOf } from './evaluate.ts';

const rule = { threshold: { above: 10 }, for: '2m', keep_firing_for: '3m' } as const;
const labels = { service: 'shop' };

/** What is told, minute by minute, for values of one series; `undefined` is no row. */
function tell(
  values: readonly (number | undefined)[],
  watched: Parameters<typeof evaluate>[0] = rule,
) {
  let state: RuleState = {};
  const told: [number, Change['what']][] = [];
  values.forEach((value, minute) => {
    const samples = value === undefined ? [] : [{ labels, value }];
    const step = evaluate(watched, state, samples, minute * 60_000);
    // What a file would give back.
    state = JSON.parse(JSON.stringify(step.state));
    for (const { what } of step.changes) told.push([minute, what]);
  });
  return { told, state };
}

describe('an alert', () => {
  it('fires once it has been over for as long as the rule says', () => {
    expect(tell([11, 11, 11, 11]).told).toEqual([[2, 'firing']]);
  });

  it('is forgotten without a word when it was over for a shorter time', () => {
    expect(tell([11, 11, 9, 11, 11])).toMatchObject({ told: [] });
    expect(tell([11, 11, 9]).state).toEqual({});
  });

  it('is not over at the threshold itself', () => {
    expect(tell([10, 10, 10, 10]).told).toEqual([]);
  });

  it('goes on firing for a while, and is resolved once', () => {
    const { told, state } = tell([11, 11, 11, 9, 9, 9, 9]);
    expect(told).toEqual([
      [2, 'firing'],
      [5, 'resolved'],
    ]);
    expect(state).toEqual({});
  });

  it('that flaps within that while is one alert', () => {
    expect(tell([11, 11, 11, 9, 9, 11, 9, 9, 11]).told).toEqual([[2, 'firing']]);
  });

  it('is not over when its series is gone', () => {
    expect(tell([11, 11, 11, undefined, undefined, undefined]).told).toEqual([
      [2, 'firing'],
      [5, 'resolved'],
    ]);
  });

  it('without `for` fires at once, and below a threshold too', () => {
    const below = { threshold: { below: 1 }, for: '0s', keep_firing_for: '0s' } as const;
    expect(tell([2, 0, 2, 1], below).told).toEqual([
      [1, 'firing'],
      [2, 'resolved'],
    ]);
  });

  it('says since when, and the value that it has now', () => {
    const first = evaluate({ ...rule, for: '0s' }, {}, [{ labels, value: 12 }], 5000);
    const last = evaluate(rule, first.state, [{ labels, value: 3 }], 5000 + 180_000);
    expect(last.changes).toEqual([
      { what: 'resolved', labels, value: 3, atMs: 185_000, sinceMs: 5000 },
    ]);
  });

  it('is the same whatever the order of its labels', () => {
    const always = { ...rule, for: '0s' } as const;
    const first = evaluate(always, {}, [{ labels: { a: '1', b: '2' }, value: 12 }], 0);
    const next = evaluate(always, first.state, [{ labels: { b: '2', a: '1' }, value: 12 }], 1);
    expect(next.changes).toEqual([]);
  });
});

describe('rows of a query', () => {
  const of = { id: 'x', labels: ['service'] };

  it.each([
    ['no number', { service: 'a', value: '1' }],
    ['two numbers', { service: 'a', other: 2, value: 1 }],
    ['no label', { value: 1 }],
    ['a label that is no text', { service: 1, value: 1 }],
    ['no finite number', { service: 'a', value: null }],
  ])('with %s are no samples', (_, row) => {
    expect(() => samplesOf(of, [row])).toThrow('no sample');
  });

  it('with labels and one number are', () => {
    expect(samplesOf(of, [{ service: 'a', value: 1 }])).toEqual([
      { labels: { service: 'a' }, value: 1 },
    ]);
  });
});

describe('the sentence of an alert', () => {
  it('has its labels and its value in the unit of the rule', () => {
    const summary = '{service} uses {value}';
    const say = (unit: Parameters<typeof summaryOf>[0]['unit'], value: number): string =>
      summaryOf({ summary, unit }, { labels, value });
    expect(say('ratio', 0.834)).toBe('shop uses 83.4 %');
    expect(say('seconds', 90)).toBe('shop uses 90 s');
    expect(say('seconds', 1800)).toBe('shop uses 30 min');
    expect(say('seconds', 0.5312)).toBe('shop uses 0.53 s');
    expect(say('per_second', 7.4321)).toBe('shop uses 7.43 a second');
    expect(say('times', 14.44)).toBe('shop uses 14.4 times');
    expect(say('days', 3.21)).toBe('shop uses 3.2 days');
    expect(say('count', 12)).toBe('shop uses 12');
  });
});
