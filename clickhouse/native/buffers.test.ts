import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Budget, isBlockFull } from './buffers.ts';
import { Dictionary } from './dictionary.ts';
import { Parts } from './parts.ts';

const seed = { low: 3, high: 4 };
const MiB = 1024 * 1024;
const word = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('', 'z'.repeat(127), 'z'.repeat(128), 'q'.repeat(20_000)),
);

function look(dictionary: Dictionary, value: string): number {
  const bytes = new Uint8Array(Buffer.from(value));
  return dictionary.lookup(bytes, new DataView(bytes.buffer), 0, bytes.length);
}

/** Bytes of a string in Native form. */
function sizeOf(value: string): number {
  const bytes = Buffer.byteLength(value);
  if (bytes < 128) return bytes + 1;
  return bytes < 16_384 ? bytes + 2 : bytes + 3;
}

describe('dictionaries', () => {
  it('give the index of first appearance, like a Map, through any cuts and clears', () => {
    const step = fc.oneof(
      fc.record({ word }),
      fc.record({ cut: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.constant({ clear: true }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.nat(), (steps, low) => {
        const dictionary = new Dictionary(new Budget(64 * MiB), { low, high: 1 });
        let model: string[] = [];
        for (const one of steps) {
          if ('word' in one) {
            const word = one.word.toWellFormed();
            if (!model.includes(word)) model.push(word);
            expect(look(dictionary, word)).toBe(model.indexOf(word));
          } else if ('cut' in one) {
            model = model.slice(0, Math.floor(one.cut * model.length));
            dictionary.cut(model.length);
          } else {
            model = [];
            dictionary.clear();
          }
          expect(dictionary.count).toBe(model.length);
        }
        expect(dictionary.text.size).toBe(model.reduce((sum, one) => sum + sizeOf(one), 0));
      }),
    );
  });
});

describe('buffers', () => {
  it('refuse to grow past their budget and leave it as it was', () => {
    const budget = new Budget(100_000);
    const parts = new Parts(budget, seed);
    const target = parts.text();
    target.reserve(50_000);
    const before = budget.bytes;
    let error: unknown;
    try {
      target.reserve(200_000);
    } catch (caught) {
      error = caught;
    }
    expect(isBlockFull(error)).toBe(true);
    expect(budget.bytes).toBe(before);
    target.release();
    expect(budget.bytes).toBe(0);
  });

  it('give memory back on clear when far more is held than was needed', () => {
    const budget = new Budget(64 * MiB);
    const parts = new Parts(budget, seed);
    const target = parts.text();
    target.reserve(20 * MiB);
    target.size = 20 * MiB;
    parts.clear();
    expect(budget.bytes).toBeGreaterThan(20 * MiB);
    parts.clear();
    expect(budget.bytes).toBe(0);
  });
});
