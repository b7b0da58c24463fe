/**
 * Dates and times, from their text: `2024-02-29`, `2024-02-29 23:59:59.123456`, `-838:59:59`. At
 * the edge: zero and partial dates (`0000-00-00`, `2024-00-10`), the year 0, and days that do not
 * exist, which MySQL keeps under ALLOW_INVALID_DATES; for Date32 also what it cannot hold.
 */
import type { ValueColumn } from '../../../clickhouse/native/values/types.ts';
import type { Decode } from './decoders.ts';
import type { Slot } from './slot.ts';

const minus = 0x2d;
const zero = 0x30;
const dateLength = 10;
const secondsADay = 86_400;
/** Date32: 1900-01-01 to 2299-12-31. */
const date32Min = daysOf(1900, 1, 1);
const date32Max = daysOf(2299, 12, 31);

export function decodeDate(inner: ValueColumn, slot: Slot): Decode | undefined {
  if (inner.kind !== 'number') return undefined;
  return (bytes) => {
    const isReal = isRealDate(bytes);
    const days = isReal ? daysIn(bytes) : daysNear(bytes);
    const isOutside = days < date32Min || days > date32Max;
    if ((!isReal || isOutside) && slot.meetEdge(bytes)) return;
    slot.valid();
    inner.pushNumber(isOutside ? (days < date32Min ? date32Min : date32Max) : days);
  };
}

/** Ticks of 10^-scale seconds since 1970: years 1 to 9999 fit 64 bits up to microseconds. */
export function decodeDateTime(inner: ValueColumn, slot: Slot, scale: number): Decode | undefined {
  if (inner.kind !== 'long') return undefined;
  const ticksASecond = 10 ** scale;
  return (bytes) => {
    const isReal = isRealDate(bytes);
    if (!isReal && slot.meetEdge(bytes)) return;
    const days = isReal ? daysIn(bytes) : daysNear(bytes);
    const at = dateLength + 1;
    const seconds = days * secondsADay + secondsIn(bytes, at, 2);
    slot.valid();
    pushTicks(inner, seconds, ticksASecond, fractionIn(bytes, at + 9));
  };
}

/** Time64 in ticks of the source's scale; Int64 in microseconds. */
export function decodeTime(inner: ValueColumn, slot: Slot, scale: number): Decode | undefined {
  if (inner.kind !== 'long') return undefined;
  const isTime = inner.type.startsWith('Time64');
  const ticksASecond = isTime ? 10 ** scale : 1e6;
  const ticksAUnit = isTime ? 1 : 10 ** (6 - scale);
  return (bytes) => {
    const start = bytes[0] === minus ? 1 : 0;
    const hourDigits = bytes[start + 2] === 0x3a ? 2 : 3;
    const seconds = secondsIn(bytes, start, hourDigits);
    const fraction = fractionIn(bytes, start + hourDigits + 7) * ticksAUnit;
    slot.valid();
    // At most 3.1e12: exact in a double.
    const ticks = (seconds * ticksASecond + fraction) * (start === 1 ? -1 : 1);
    inner.pushHalves(ticks, Math.floor(ticks / 2 ** 32));
  };
}

/** A date as its own text, counted where it is none: what policy `string` does. */
export function textWithEdges(push: Decode, slot: Slot): Decode {
  return (bytes) => {
    if (!isRealDate(bytes)) slot.count(bytes);
    push(bytes);
  };
}

/**
 * Seconds and ticks that together may pass 2^53: years after 2255 in microseconds. Two halves by
 * the high and the low part of the product, each exact.
 */
function pushTicks(
  inner: Extract<ValueColumn, { kind: 'long' }>,
  seconds: number,
  ticksASecond: number,
  fraction: number,
): void {
  const ticks = seconds * ticksASecond + fraction;
  if (Number.isSafeInteger(ticks)) {
    inner.pushHalves(ticks, Math.floor(ticks / 2 ** 32));
    return;
  }
  inner.pushBigInt(BigInt(seconds) * BigInt(ticksASecond) + BigInt(fraction));
}

function isRealDate(bytes: Buffer): boolean {
  const year = yearIn(bytes);
  const month = pairAt(bytes, 5);
  const day = pairAt(bytes, 8);
  return year > 0 && month > 0 && day > 0 && day <= daysInMonth(year, month);
}

function daysIn(bytes: Buffer): number {
  return daysOf(yearIn(bytes), pairAt(bytes, 5), pairAt(bytes, 8));
}

/** The nearest date that exists: month and day 0 are 1, the 31st of a short month is its last. */
function daysNear(bytes: Buffer): number {
  const year = Math.max(yearIn(bytes), 1);
  const month = Math.max(pairAt(bytes, 5), 1);
  return daysOf(year, month, Math.min(Math.max(pairAt(bytes, 8), 1), daysInMonth(year, month)));
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, days_from_civil). */
function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const leaps = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * 146_097 + yearOfEra * 365 + leaps + dayOfYear - 719_468;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function yearIn(bytes: Buffer): number {
  return pairAt(bytes, 0) * 100 + pairAt(bytes, 2);
}

/** `HH:MM:SS` or `HHH:MM:SS` at `at`. */
function secondsIn(bytes: Buffer, at: number, hourDigits: number): number {
  const hours =
    hourDigits === 2 ? pairAt(bytes, at) : pairAt(bytes, at) * 10 + bytes[at + 2]! - zero;
  const minutes = pairAt(bytes, at + hourDigits + 1);
  return hours * 3600 + minutes * 60 + pairAt(bytes, at + hourDigits + 4);
}

/** The digits from `at` to the end as one integer; 0 when there are none. */
function fractionIn(bytes: Buffer, at: number): number {
  let value = 0;
  for (let index = at; index < bytes.length; index += 1) value = value * 10 + bytes[index]! - zero;
  return value;
}

function pairAt(bytes: Buffer, at: number): number {
  return (bytes[at]! - zero) * 10 + bytes[at + 1]! - zero;
}
