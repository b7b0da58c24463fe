/**
 * Weights of sampled values: 1/rate, kept as a multiple of 2^-16. Sums of such numbers are exact
 * up to {@link weightMax}, so they do not depend on any order; 1/rate of the usual rates (0.5, 0.1,
 * 0.01) is an integer and not changed at all, any other by less than a hundred-thousandth.
 */

const unitsPerWeight = 2 ** 16;
/** What a series may weigh in one window. */
export const weightMax: number = 2 ** 37;

export function weightOf(rate: number): number {
  return rate === 1 ? 1 : Math.round(unitsPerWeight / rate) / unitsPerWeight;
}

/**
 * The least weight, counted from the least value, at which the quantile `p` of `weight` is
 * reached: p times weight, exactly. With weights of 1 it is the nearest rank, ceil(p * n), as in
 * the Datadog agent, whose target is the same written as floor((100 p * n - 1) / 100) + 1.
 */
export function rankOf(p: number, weight: number): number {
  const [numerator, denominator] = fractionOf(p);
  const units = BigInt(weight * unitsPerWeight) * numerator;
  const rank = (units + denominator - 1n) / denominator;
  return Number(rank) / unitsPerWeight;
}

/** A decimal number as it is written: 0.95 is 95/100, not the double next to it. */
function fractionOf(p: number): readonly [bigint, bigint] {
  const [digits = '0', exponent = '0'] = p.toString().split('e');
  const [whole = '0', part = ''] = digits.split('.');
  const power = BigInt(part.length - Number(exponent));
  return [BigInt(whole + part), 10n ** (power < 0n ? 0n : power)];
}
