/**
 * Sums that do not depend on the order of their values: what was added is kept exactly, and
 * rounded to a double once, when it is asked for.
 *
 * Integers below 2^53 in all, which is what counters nearly always have, are one addition. Anything
 * else goes into a list of doubles that do not overlap, whose exact sum is the sum so far (Shewchuk
 * 1997): a few additions for each entry, of which there are seldom more than three. Values are
 * bounded (`magnitudeMax` in `parse/number.ts`), so that no part of a sum overflows.
 *
 * Hot path. Allocations per value: none for integers; an entry of a list at times. Copies: none.
 * Owner: the cell. Watched by `gateway/dogstatsd/dogstatsd.bench.ts`.
 */

/** Integers below are added exactly, and no sum of them is rounded to below. */
const exactEnd = 2 ** 53;

export class ExactSum {
  #whole = 0;
  /** Ascending in size, none zero, none overlapping another. */
  #parts: number[] | undefined;

  add(value: number): void {
    const whole = this.#whole + value;
    if (Math.trunc(value) === value && whole < exactEnd && whole > -exactEnd) {
      this.#whole = whole;
      return;
    }
    this.#parts ??= [];
    addTo(this.#parts, value);
  }

  /** The sum, rounded once to the nearest double. */
  total(): number {
    if (this.#parts === undefined) return this.#whole;
    const parts = this.#parts.slice();
    addTo(parts, this.#whole);
    return roundOnce(parts);
  }
}

/** Adds `value` to an exact list: what each addition loses stays as an entry of its own. */
function addTo(parts: number[], value: number): void {
  let carry = value;
  let count = 0;
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index]!;
    const sum = carry + part;
    // What the addition lost, exactly, whichever of the two is larger (Knuth's two-sum).
    const seen = sum - carry;
    const lost = carry - (sum - seen) + (part - seen);
    if (lost !== 0) parts[count++] = lost;
    carry = sum;
  }
  parts.length = count;
  if (carry !== 0) parts.push(carry);
}

/** The double nearest to the sum of the list; ties go to even, by what lies below the tie. */
function roundOnce(parts: readonly number[]): number {
  let index = parts.length - 1;
  if (index < 0) return 0;
  let high = parts[index]!;
  let low = 0;
  while (index > 0 && low === 0) {
    index -= 1;
    const sum = high + parts[index]!;
    low = parts[index]! - (sum - high);
    high = sum;
  }
  // `low` is all that `high` lost, or half a unit of it: then what is below decides.
  const isUndecided = index > 0 && low !== 0 && parts[index - 1]! < 0 === low < 0;
  if (!isUndecided) return high;
  const twice = 2 * low;
  const next = high + twice;
  return next - high === twice ? next : high;
}
