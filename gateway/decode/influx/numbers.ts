/**
 * The numbers of line protocol (INF-10): `1`, `-1.5e3`, `7i`, `18446744073709551615u`, and the
 * digits of timestamps. Integers are exact, doubles are rounded as IEEE 754 demands, and none of
 * them becomes a string on the way, but for the few that need more than 22 digits or a power of
 * ten beyond 22.
 *
 * Hot path. Allocations per item: none; one string where the text above says so. Copies: none.
 * Owner: results are in {@link number}, until the next call. Watched by `influx.bench.ts`.
 */

/** What the last number is: its kind, and the halves of an integer or of a double's bits. */
export const number = { kind: 0, low: 0, high: 0 };

export const kindDouble = 1;
/** Fits a signed 64-bit integer. */
export const kindInteger = 2;
/** Only fits an unsigned one. */
export const kindUnsigned = 3;
/** A number that its type cannot hold. */
export const kindTooLarge = 4;

/** Digits behind leading zeros that are followed exactly; more go the slow way. */
const headDigitsMax = 15;
const digitsMax = 22;
/** Digits that a 32-bit integer holds. */
const smallDigitsMax = 9;
/** Of text for a double. Leading zeros count: nobody writes so many. */
const textCharsMax = 400;
const exponentMax = 9999;

const two31 = 2 ** 31;
const two32 = 2 ** 32;
/** Of an integer of 64 bits. */
const integerDigitsMax = 20;
const minus = 0x2d;
const plus = 0x2b;
const dot = 0x2e;

const powersOfTen = Float64Array.from({ length: digitsMax + 1 }, (_, power) => 10 ** power);
const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/**
 * The digits of the number under way: the first 15 as one integer, and those behind them as
 * another. In an array, because a variable of a module allocates for each value beyond 2^31.
 */
const digits = new Float64Array(2);
/** How many digits the second one has. */
let tailDigits = 0;
/** Digits behind leading zeros, also those that neither holds. */
let digitCount = 0;
let hasDigits = false;
let exponent = 0;
/** Halves of an unsigned integer under way, each below 2^32. */
const word = new Float64Array(2);

/**
 * Reads the number at `at` into {@link number}; returns where it ends, or -1 when there is none.
 * What stands behind it is the caller's to judge.
 */
export function readNumber(source: Uint8Array, from: number, end: number): number {
  let at = from;
  const isNegative = source[at] === minus;
  if (isNegative) at += 1;
  beginDigits();
  at = takeDigits(source, at, end);
  let fraction = 0;
  let isDecimal = false;
  if (at < end && source[at] === dot) {
    isDecimal = true;
    const start = at + 1;
    at = takeDigits(source, start, end);
    fraction = at - start;
  }
  if (!hasDigits) return -1;
  if (at < end) {
    const suffix = source[at]!;
    if (suffix === 0x65 || suffix === 0x45) {
      at = readExponent(source, at + 1, end);
      if (at < 0) return -1;
      putDouble(source, from, at, isNegative, exponent - fraction);
      return at;
    }
    if (!isDecimal && (suffix === 0x69 || suffix === 0x75)) {
      putInteger(isNegative, suffix === 0x75);
      return at + 1;
    }
  }
  putDouble(source, from, at, isNegative, -fraction);
  return at;
}

function beginDigits(): void {
  digits[0] = 0;
  digits[1] = 0;
  tailDigits = 0;
  digitCount = 0;
  hasDigits = false;
}

/** Adds the digits from `from` on to those under way; returns where they end. */
function takeDigits(source: Uint8Array, from: number, end: number): number {
  let at = from;
  // Leading zeros say nothing.
  if (digitCount === 0) while (at < end && source[at] === 0x30) at += 1;
  while (digitCount < headDigitsMax) {
    const room = headDigitsMax - digitCount;
    const taken = takeSome(source, at, end, Math.min(room, smallDigitsMax), 0);
    digitCount += taken;
    at += taken;
    if (taken < smallDigitsMax) break;
  }
  if (digitCount >= headDigitsMax) at = takeTail(source, at, end);
  if (at > from) hasDigits = true;
  return at;
}

/** Adds up to `room` digits to `digits[place]`: an integer's arithmetic is faster. */
function takeSome(
  source: Uint8Array,
  from: number,
  end: number,
  room: number,
  place: number,
): number {
  const stop = Math.min(from + room, end);
  let at = from;
  let value = 0;
  for (; at < stop; at += 1) {
    const digit = source[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    value = (value * 10 + digit) | 0;
  }
  digits[place] = digits[place]! * powersOfTen[at - from]! + value;
  return at - from;
}

/** The digits behind the first ones. */
function takeTail(source: Uint8Array, from: number, end: number): number {
  let at = from;
  if (digitCount < digitsMax) {
    const taken = takeSome(source, at, end, digitsMax - digitCount, 1);
    tailDigits += taken;
    digitCount += taken;
    at += taken;
  }
  for (; at < end; at += 1) {
    const digit = source[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    digitCount += 1;
  }
  return at;
}

/** Reads `+3`, `-3` or `3` into {@link exponent}; returns where it ends, or -1. */
function readExponent(source: Uint8Array, from: number, end: number): number {
  let at = from;
  const sign = at < end ? source[at]! : 0;
  if (sign === minus || sign === plus) at += 1;
  const start = at;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = source[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    if (value < exponentMax) value = value * 10 + digit;
  }
  exponent = sign === minus ? -value : value;
  return at === start ? -1 : at;
}

/** Digits as an integer of 64 bits, or {@link kindTooLarge}. */
function putInteger(isNegative: boolean, isUnsigned: boolean): void {
  number.kind = kindTooLarge;
  if (digitCount > integerDigitsMax || !joinDigits()) return;
  const low = word[0]!;
  const high = word[1]!;
  if (isUnsigned) {
    if (isNegative && (low !== 0 || high !== 0)) return;
    putHalves(high < two31 ? kindInteger : kindUnsigned, low, high, false);
  } else if (high < two31 || (isNegative && high === two31 && low === 0)) {
    putHalves(kindInteger, low, high, isNegative);
  }
}

/** Two's complement of a magnitude. */
function putHalves(kind: number, low: number, high: number, isNegative: boolean): void {
  number.kind = kind;
  number.low = isNegative ? -low | 0 : low | 0;
  number.high = isNegative ? (~high + (low === 0 ? 1 : 0)) | 0 : high | 0;
}

/** The digits as one integer in {@link word}; false beyond 64 bits. */
function joinDigits(): boolean {
  const head = digits[0]!;
  const high = Math.floor(head / two32);
  word[0] = head - high * two32;
  word[1] = high;
  return tailDigits === 0 || scale(powersOfTen[tailDigits]!, digits[1]!);
}

/** Times `factor`, which is below 2^21, plus `more`, below 2^52; false beyond 64 bits. */
function scale(factor: number, more: number): boolean {
  const low = word[0]! * factor + more;
  const carry = Math.floor(low / two32);
  word[0] = low - carry * two32;
  word[1] = word[1]! * factor + carry;
  return word[1]! < two32;
}

/** The double nearest to the digits times a power of ten. */
function putDouble(
  source: Uint8Array,
  from: number,
  end: number,
  isNegative: boolean,
  power: number,
): void {
  let value = Number.NaN;
  if (digitCount <= headDigitsMax && power >= -digitsMax && power <= digitsMax) {
    const head = digits[0]!;
    // Both are exact, so one operation rounds once.
    value = power < 0 ? head / powersOfTen[-power]! : head * powersOfTen[power]!;
  } else if (digitCount <= digitsMax && power >= -digitsMax && power <= 0) {
    value = quotient(powersOfTen[-power]!);
  }
  // biome-ignore lint/suspicious/noSelfCompare: NaN is the only value that differs from itself
  if (value !== value) value = slowDouble(source, from, end);
  else if (isNegative) value = -value;
  double[0] = value;
  number.kind = value - value === 0 ? kindDouble : kindTooLarge;
  number.low = halves[0]!;
  number.high = halves[1]!;
}

/**
 * The digits, as the exact sum of two doubles, divided by an exact one: the quotient's first
 * double, the exact remainder divided again for the second, and their sum unless it lies so near
 * to the middle of two doubles that the second one's own rounding could decide; NaN then.
 */
function quotient(divisor: number): number {
  const factor = powersOfTen[tailDigits]!;
  const head = digits[0]!;
  const tail = digits[1]!;
  const product = head * factor;
  const productRest = restOfProduct(head, factor, product);
  const high = product + tail;
  const low = product - high + tail + productRest;
  const first = high / divisor;
  const back = first * divisor;
  const remainder = high - back - restOfProduct(first, divisor, back) + low;
  const second = remainder / divisor;
  const sum = first + second;
  const margin = second * 2 ** -40;
  return sum === first + (second + margin) && sum === first + (second - margin) ? sum : Number.NaN;
}

/** What `product`, the rounded product of both, lacks to the exact one (Dekker 1971). */
function restOfProduct(left: number, right: number, product: number): number {
  const splitter = 2 ** 27 + 1;
  const leftBig = left * splitter - (left * splitter - left);
  const leftSmall = left - leftBig;
  const rightBig = right * splitter - (right * splitter - right);
  const rightSmall = right - rightBig;
  const big = leftBig * rightBig - product;
  return big + leftBig * rightSmall + leftSmall * rightBig + leftSmall * rightSmall;
}

function slowDouble(source: Uint8Array, from: number, end: number): number {
  if (end - from > textCharsMax) return Number.NaN;
  return Number(textOf(source, from, end));
}

/** Bytes that are digits and signs, as text. */
export function textOf(source: Uint8Array, from: number, end: number): string {
  return Buffer.from(source.buffer, source.byteOffset + from, end - from).toString('latin1');
}

/** What one unit of a precision is in nanoseconds, as factors below 2^21 (INF-1). */
export const precisions = {
  ns: [],
  us: [1000],
  ms: [1_000_000],
  s: [1_000_000, 1000],
  m: [1_000_000, 60_000],
  h: [1_000_000, 1000, 3600],
} as const;

export type Precision = keyof typeof precisions | 'auto';

/** Up to there a time without a precision is seconds, milliseconds, microseconds (INF-15). */
const secondsMax = 5e9;
const millisecondsMax = 5e12;
const microsecondsMax = 5e15;

/**
 * Reads the timestamp at `at` into {@link number}, as nanoseconds since 1970; returns where it
 * ends, or -1 when there is none. {@link kindTooLarge} outside of ±(2^63 - 2) ns (INF-11).
 */
export function readTime(
  source: Uint8Array,
  from: number,
  end: number,
  precision: Precision,
): number {
  const isNegative = source[from] === minus;
  beginDigits();
  const at = takeDigits(source, isNegative ? from + 1 : from, end);
  if (!hasDigits) return -1;
  number.kind = kindTooLarge;
  if (digitCount > integerDigitsMax || !joinDigits()) return at;
  const factors = precisions[precision === 'auto' ? guessed() : precision];
  for (let index = 0; index < factors.length; index += 1) {
    if (!scale(factors[index]!, 0)) return at;
  }
  const low = word[0]!;
  const high = word[1]!;
  if (high >= two31 || (high === two31 - 1 && low === two32 - 1)) return at;
  putHalves(kindInteger, low, high, isNegative);
  return at;
}

function guessed(): keyof typeof precisions {
  const value = word[1]! * two32 + word[0]!;
  if (value < secondsMax) return 's';
  if (value < millisecondsMax) return 'ms';
  return value < microsecondsMax ? 'us' : 'ns';
}
