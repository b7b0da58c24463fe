/**
 * Thresholds of consistent probability sampling, as OpenTelemetry's tracestate has them (`th`,
 * `rv`): an item draws a random number of 56 bits, its trace id's last seven bytes, and is kept
 * when that is at least the threshold. Whoever uses the same threshold keeps the same traces, and
 * whoever uses a higher one keeps some of them.
 *
 * Pure. A threshold has 56 bits: in loops its high 24 and low 32, elsewhere one bigint.
 */

const thresholdBits = 56n;
/** One more than the largest threshold: the one that would keep nothing. */
export const thresholdEnd = 1n << thresholdBits;
const lowMask = 0xffff_ffffn;
const highEnd = 2 ** 24;
const lowEnd = 2 ** 32;
/** Doubles count this far exactly, so a probability has no more bits. */
const probabilityEnd = 2 ** 52;
const bitsBelowProbability = 4n;

/** The threshold that keeps `probability` of all items; at most one in 2^52 is always kept. */
export function thresholdOf(probability: number): bigint {
  if (!(probability < 1)) return 0n;
  const kept = Math.max(1, Math.round(probability * probabilityEnd));
  return thresholdEnd - (BigInt(kept) << bitsBelowProbability);
}

/** How many of all items a threshold keeps. */
export function probabilityOf(threshold: bigint): number {
  return 1 / weightOf(highOf(threshold), lowOf(threshold));
}

export function highOf(threshold: bigint): number {
  return Number(threshold >> 32n);
}

export function lowOf(threshold: bigint): number {
  return Number(threshold & lowMask);
}

/** How many items stand behind one that passed the threshold. */
export function weightOf(high: number, low: number): number {
  return (highEnd * lowEnd) / ((highEnd - high) * lowEnd - low);
}
