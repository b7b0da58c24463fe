/** Sums, judged by exact fractions of integers. */
import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../../test/support/random.ts';
import { magnitudeMax } from '../parse/number.ts';
import { shuffled } from '../testdata/intakes.ts';
import { ExactSum } from './exact-sum.ts';

const seed = 1 + (Date.now() % 1_000_000);
/** Every double is a multiple of 2^-1074. */
const unitBits = 1074n;

function sumOf(values: readonly number[]): number {
  const sum = new ExactSum();
  for (const value of values) sum.add(value);
  return sum.total();
}

/** A double as an exact number of units. */
function unitsOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & ((1n << 52n) - 1n);
  const units = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return bits >> 63n === 1n ? -units : units;
}

/** The double nearest to a number of units, ties to even. */
function nearest(units: bigint): number {
  const size = units < 0n ? -units : units;
  const drop = BigInt(Math.max(0, size.toString(2).length - 53));
  const rest = size & ((1n << drop) - 1n);
  let kept = size >> drop;
  const half = drop === 0n ? 1n : 1n << (drop - 1n);
  if (rest > half || (rest === half && drop > 0n && (kept & 1n) === 1n)) kept += 1n;
  // Twice, because 2^-1074 times 2^n may leave the range on the way.
  const power = Number(drop - unitBits);
  const value = Number(kept) * 2 ** Math.max(power, -1000) * 2 ** Math.min(0, power + 1000);
  return units < 0n ? -value : value;
}

describe('a sum', () => {
  it('is exact where doubles are not', () => {
    expect(sumOf([0.1, 0.2, 0.3])).toBe(0.6);
    expect(sumOf([1e100, 1, -1e100])).toBe(1);
    expect(sumOf([2 ** 53, 1, 1])).toBe(2 ** 53 + 2);
    expect(sumOf([2 ** 53, 1, -(2 ** 53)])).toBe(1);
    expect(sumOf([-(2 ** 53), -1, 2 ** 53])).toBe(-1);
    expect(sumOf([1, 2 ** -53, 2 ** -1074])).toBe(1 + 2 ** -52);
    expect(sumOf([])).toBe(0);
  });

  it(`is the double nearest to the exact sum, in any order (seed ${seed})`, () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 400; round += 1) {
      const spread = [4, 40, 400, 1800][round % 4]!;
      const values = Array.from({ length: 1 + random.below(60) }, () => {
        const sign = random.oneIn(2) ? 1 : -1;
        if (random.oneIn(3)) return sign * random.below(2 ** 31) * 2 ** random.below(30);
        const power = random.below(spread) - spread / 2;
        return sign * (1 + random.below(2 ** 31) / 2 ** 31) * 2 ** power;
      });
      const exact = nearest(values.reduce((sum, value) => sum + unitsOf(value), 0n));
      expect([sumOf(values), sumOf(shuffled(values, random))]).toEqual([exact, exact]);
    }
  });

  it('stays finite at the largest numbers there are', () => {
    const many = Array.from({ length: 1000 }, () => magnitudeMax * 2 ** 32);
    expect(sumOf(many)).toBe(1000 * magnitudeMax * 2 ** 32);
    expect(sumOf([...many, ...many.map((value) => -value), 3])).toBe(3);
  });
});
