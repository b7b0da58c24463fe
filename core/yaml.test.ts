import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { nearestWord } from './nearest.ts';
import { readPlainScalar, readYaml, yamlLengthMax } from './yaml.ts';

describe('YAML with places', () => {
  it('gives the values that another reader of YAML gives', () => {
    const any = fc.jsonValue({ maxDepth: 4 });
    // The other one takes a merge key for a name.
    const map = fc
      .dictionary(fc.string({ minLength: 1 }), any, { minKeys: 1 })
      .filter((value) => !JSON.stringify(value).includes('"<<":'));
    fc.assert(
      fc.property(map, (value) => {
        const text = stringify(value);
        expect(readYaml(text).tree?.value).toEqual(parse(text));
      }),
      { numRuns: 200 },
    );
  });

  it('knows where keys and values stand', () => {
    const { tree } = readYaml('a:\n  b: [1, two]\n');
    expect(tree?.keyPlace(['a', 'b'])).toEqual({ line: 2, column: 3, length: 1 });
    expect(tree?.valuePlace(['a', 'b', 1])).toEqual({ line: 2, column: 10, length: 3 });
    expect(tree?.valuePlace(['a', 'c'])).toBeUndefined();
  });

  it('takes `__proto__` for a key like any other', () => {
    const value = readYaml('__proto__: {polluted: true}\n').tree?.value;
    expect(Object.hasOwn(Object(value), '__proto__')).toBe(true);
    expect(Object({}).polluted).toBeUndefined();
  });

  it('keeps a key as it is written, also one that looks like a number', () => {
    expect(readYaml('1.30: a\nyes: b\n').tree?.value).toEqual({ '1.30': 'a', yes: 'b' });
  });

  it('ends at its bounds instead of running on', () => {
    const deep = '['.repeat(50_000);
    const levels = 'abcdefg'.split('');
    const bomb = levels.map((name, index) => {
      const items = index === 0 ? 'x' : `*${levels[index - 1]}`;
      return `${name}: &${name} [${Array(10).fill(items).join(', ')}]`;
    });
    for (const text of [deep, bomb.join('\n'), ' '.repeat(yamlLengthMax + 1)]) {
      expect(readYaml(text).faults.map(({ kind }) => kind)).toContain('bounds');
    }
  });

  it('reads a plain scalar as it would stand without quotes', () => {
    expect(['3', '-1.5', 'true', '7d', '007', ''].map(readPlainScalar)).toEqual([
      3,
      -1.5,
      true,
      '7d',
      '007',
      '',
    ]);
  });
});

describe('the nearest word', () => {
  const known = ['pod_logs', 'host_metrics', 'kubelet_metrics'];

  it.each([
    ['podLogs', 'pod_logs'],
    ['pod-log', 'pod_logs'],
    ['hots_metrics', 'host_metrics'],
    ['kublet_metrics', 'kubelet_metrics'],
  ])('to %s is %s', (word, nearest) => {
    expect(nearestWord(word, known)).toBe(nearest);
  });

  it('is none for another word', () => {
    expect(nearestWord('frobnicate', known)).toBeUndefined();
    expect(nearestWord('', known)).toBeUndefined();
  });

  it('to a long word is found without work that grows with it', () => {
    expect(nearestWord('x'.repeat(1_000_000), known)).toBeUndefined();
  });
});
