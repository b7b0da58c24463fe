import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HashTable } from './hash-table.ts';

type Step = { readonly what: 'insert' | 'find' | 'keep' | 'clear'; readonly key: number };

/** Keys that meet in few places of a table, 0 among them, whose hash is that of no entry. */
const halves = (key: number): [number, number] => [key % 5, key * 1024];

const steps = fc.array(
  fc.record({
    what: fc.constantFrom<Step['what'][]>('insert', 'insert', 'insert', 'find', 'keep', 'clear'),
    key: fc.nat(400),
  }),
  { maxLength: 1500, size: 'max' },
);

describe('a table of hashes', () => {
  it('holds what a map holds, whatever is done to it', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const table = new HashTable(1);
        let model = new Map<number, number>();
        for (const [index, { what, key }] of list.entries()) {
          const place = table.find(...halves(key));
          expect(place < 0 ? undefined : table.words[place]).toBe(model.get(key));
          if (what === 'insert' && place < 0) {
            table.words[table.insert(...halves(key))] = index;
            model.set(key, index);
          } else if (what === 'keep') {
            table.keep((words, at) => words[at]! % 3 !== key % 3);
            model = new Map([...model].filter(([, value]) => value % 3 !== key % 3));
          } else if (what === 'clear' && key < 40) {
            table.clear();
            model.clear();
          }
          expect(table.count).toBe(model.size);
        }
        for (const [key, value] of model)
          expect(table.words[table.find(...halves(key))]).toBe(value);
      }),
      { numRuns: 60 },
    );
  });

  it('grows with what it holds, and gives memory back', () => {
    const table = new HashTable(0);
    const empty = table.bytes;
    for (let key = 0; key < 1_000_000; key += 1) table.insert(key, Math.imul(key, 0x9e3779b1));
    expect(table.bytes).toBe(2 ** 21 * 8);
    table.keep(() => false);
    expect(table.bytes).toBe(empty);
    for (let key = 0; key < 100_000; key += 1) table.insert(key, Math.imul(key, 0x9e3779b1));
    table.clear();
    const afterFull = table.bytes;
    table.insert(1, 1);
    table.clear();
    expect(afterFull).toBe(2 ** 18 * 8);
    expect(table.bytes).toBe(empty);
  });
});
