/**
 * Numbers in the syntax of Go's `strconv.ParseFloat`, which is what DogStatsD's agent takes
 * (DSD-8): decimal, exponent, hexadecimal; all correctly rounded. Underscores are not taken: no
 * client writes them. `inf` and `nan` are understood and refused, as the agent refuses them later.
 *
 * Hot path. Allocations per number: none for up to 15 digits without an exponent, one string
 * otherwise. Copies: none. Owner: none. Watched by `gateway/dogstatsd/dogstatsd.bench.ts`.
 */
import { fault } from './counts.ts';

/** What {@link readNumber} read. */
export const number: Float64Array = new Float64Array(1);

/** What {@link readNumber} returns when all is well. */
export const noFault = -1;

/** Bytes that a number may have. */
const numberBytesMax = 512;
/** So many digits are below 2^53, whatever they are. */
const exactDigitsMax = 15;
/** Powers of ten that doubles hold exactly; a quotient of two exact numbers is rounded once. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));
/**
 * Numbers beyond are refused: 2^53 of them, each divided by the least rate, still have a finite sum
 * and finite parts of it, so that a sum never depends on the order in which its values came.
 */
export const magnitudeMax: number = 2 ** 938;

/** Both have one way to match each text, so the time they take grows with its length only. */
const decimalForm = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const hexForm = /^([+-]?)0[xX]([\da-fA-F]*)(?:\.([\da-fA-F]*))?[pP]([+-]?\d+)$/;
const notFiniteForm = /^([+-]?inf(inity)?|nan)$/i;

/** Reads `source[from, end)` into {@link number}; returns {@link noFault} or a fault's place. */
export function readNumber(source: Uint8Array, from: number, end: number): number {
  let at = from;
  let isNegative = false;
  const first = at < end ? source[at]! : 0;
  if (first === 0x2d || first === 0x2b) {
    isNegative = first === 0x2d;
    at += 1;
  }
  const start = at;
  let mantissa = 0;
  let point = -1;
  for (; at < end; at += 1) {
    const digit = source[at]! - 0x30;
    if (digit >= 0 && digit <= 9) mantissa = mantissa * 10 + digit;
    else if (digit === -2 && point < 0) point = at;
    else return readOther(source, from, end);
  }
  const digits = at - start - (point < 0 ? 0 : 1);
  if (digits === 0 || digits > exactDigitsMax) return readOther(source, from, end);
  if (point >= 0) mantissa /= powersOfTen[end - point - 1]!;
  // Not a minus in front of zero: there is one zero.
  number[0] = isNegative ? 0 - mantissa : mantissa;
  return noFault;
}

/** Everything that is not a few digits. */
function readOther(source: Uint8Array, from: number, end: number): number {
  if (end - from > numberBytesMax) return fault.value;
  const text = String.fromCharCode(...source.subarray(from, end));
  if (notFiniteForm.test(text)) return fault.notFinite;
  const value = decimalForm.test(text) ? Number(text) : hexValue(text);
  if (value === undefined) return fault.value;
  if (Math.abs(value) > magnitudeMax) return fault.outOfRange;
  number[0] = value + 0;
  return noFault;
}

/** A hexadecimal number, to the nearest double, ties to even; undefined when it is none. */
function hexValue(text: string): number | undefined {
  const match = hexForm.exec(text);
  const [, sign = '', whole = '', part = '', power = ''] = match ?? [];
  if (match === null || whole.length + part.length === 0) return undefined;
  const mantissa = BigInt(`0x${whole}${part}`);
  if (mantissa === 0n) return 0;
  // A power that no digits can make up for is cut: what it gives is infinite or zero anyway.
  const exponent = Math.max(-1e6, Math.min(1e6, Number(power))) - 4 * part.length;
  const value = rounded(mantissa, exponent);
  return sign === '-' ? -value : value;
}

/** `mantissa` times 2^`exponent`, rounded once. */
function rounded(mantissa: bigint, exponent: number): number {
  const bits = mantissa.toString(2).length;
  const leading = bits - 1 + exponent;
  if (leading > 1023) return Number.POSITIVE_INFINITY;
  const kept = leading >= -1022 ? 53 : leading + 1075;
  if (kept < 0) return 0;
  const drop = Math.max(0, bits - kept);
  const half = drop === 0 ? 0n : 1n << BigInt(drop - 1);
  const rest = mantissa & ((1n << BigInt(drop)) - 1n);
  let quotient = mantissa >> BigInt(drop);
  if (drop > 0 && (rest > half || (rest === half && (quotient & 1n) === 1n))) quotient += 1n;
  return scaled(Number(quotient), exponent + drop);
}

/** An exact product, in two steps where one power of two would not be a double. */
function scaled(value: number, exponent: number): number {
  const step = Math.max(-1000, Math.min(1000, exponent));
  return value * 2 ** step * 2 ** (exponent - step);
}
