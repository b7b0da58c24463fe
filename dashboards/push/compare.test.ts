import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../core/json.ts';
import { dashboards } from '../catalog.ts';
import { compareJson } from './compare.ts';

const paths = (before: JsonValue, after: JsonValue) =>
  compareJson(before, after).map(({ path }) => path);

const panel = (id: number, title: string, ...letters: readonly string[]) => ({
  id,
  title,
  targets: letters.map((refId) => ({ refId, rawSql: `SELECT ${refId}` })),
});

describe('comparing JSON', () => {
  it('names a panel by id and title, and a target by its letter', () => {
    const before = { panels: [panel(1, 'Rate', 'A'), panel(2, 'Errors', 'A', 'B')] };
    const after = structuredClone(before);
    const [, errors] = after.panels;
    if (errors?.targets[1]) errors.targets[1].rawSql = 'SELECT 2';
    expect(compareJson(before, after)).toEqual([
      { path: 'panels[2 "Errors"].targets[B].rawSql', before: 'SELECT B', after: 'SELECT 2' },
    ]);
  });

  it('finds a panel that was added, taken away or moved', () => {
    const [one, two, three] = [panel(1, 'Rate'), panel(2, 'Errors'), panel(3, 'Time')];
    expect(paths([one, three], [one, two])).toEqual(['[2 "Errors"]', '[3 "Time"]']);
    expect(paths([one, two], [two, one])).toEqual([' (order)']);
  });

  it('compares by place where names repeat', () => {
    const item = { id: 'organize', options: { a: 1 } };
    const other = { id: 'organize', options: { a: 2 } };
    expect(paths([item, item], [item, other])).toEqual(['[1].options.a']);
  });

  it('takes what is empty for absent, and a spelled-out default of Grafana for none', () => {
    const before = { list: [], text: '', nothing: null, map: { list: [] }, live: false };
    expect(compareJson(before, {})).toEqual([]);
    expect(compareJson({}, { list: [], text: '', nothing: null })).toEqual([]);
  });

  it('does not take a false of ours for nothing', () => {
    expect(paths({}, { editable: false })).toEqual(['editable']);
    expect(paths({ editable: true }, {})).toEqual(['editable']);
  });

  it('leaves alone what only the other side has, when asked for a part', () => {
    const options = { subset: true };
    expect(compareJson({ a: 1, dialTimeout: 5 }, { a: 1 }, options)).toEqual([]);
    expect(compareJson({ a: 2, dialTimeout: 5 }, { a: 1 }, options)).toHaveLength(1);
  });

  it('finds every dashboard equal to itself after a way through JSON', () => {
    for (const dashboard of dashboards()) {
      const [one, two] = [1, 2].map(() => JSON.parse(JSON.stringify(dashboard)));
      expect(compareJson(one, two)).toEqual([]);
    }
  });

  it('finds two values different exactly when there is a place where they differ', () => {
    const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
    const plain = value.filter((each) => !/(false|null|""|\[\]|\{\})/.test(JSON.stringify(each)));
    fc.assert(
      fc.property(plain, plain, (one, two) => {
        expect(compareJson(one, one)).toEqual([]);
        // Keys have no order, and -0 is 0 in JSON.
        const same = canonical(one) === canonical(two);
        expect(compareJson(one, two).length === 0).toBe(same);
      }),
    );
  });
});

function canonical(value: JsonValue): string {
  return JSON.stringify(value, (_key, each) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
