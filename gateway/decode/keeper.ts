/**
 * Which items of a request become rows, and how many items each row stands for. What decides is in
 * the record (its threshold, its bytes, its receive time), so replay decides the same.
 *
 * A span's random number is `rv` of its tracestate, else the last seven bytes of its trace id; a
 * log record's is its trace id, else a hash of its bytes and receive time. `th` in a tracestate
 * says what was left out before us: the row stands for those, too.
 *
 * Hot path. Allocations per item: none. Copies: none. Owner: nothing is returned but numbers.
 * Watched by `decode.bench.ts`.
 */
import { highOf, lowOf, weightOf } from '../sampling/threshold.ts';
import type { DecodeInput } from './decode-types.ts';
import { isZero } from './envelope.ts';

const traceIdBytes = 16;
/** Where the random part of a trace id begins. */
const randomOffset = 9;
const thDigitsMax = 14;

/** The random number of the item under way: 24 bits, then 32. */
const drawn = new Uint32Array(2);
/** What the tracestate under way says: threshold, random number, and which of them it has. */
const stated = new Uint32Array(4);
let hasTh = false;
let hasRv = false;

export class Keeper {
  /** Whether anything may be left out. */
  isThrottling = false;
  /** Items that are kept whatever they drew. */
  exempted = 0;
  /** Items that were left out. */
  leftOut = 0;
  #readsTraceState = false;
  #keepsErrors = false;
  #high = 0;
  #low = 0;
  #weight = 1;
  #salt = 0;

  /** Begins a request; its salt only has to differ from others'. */
  begin(sampling: DecodeInput['sampling'], salt: number): void {
    const threshold = sampling?.threshold ?? 0n;
    this.isThrottling = threshold > 0n;
    this.#readsTraceState = sampling !== undefined;
    this.#keepsErrors = sampling?.keepsErrors ?? false;
    this.#high = highOf(threshold);
    this.#low = lowOf(threshold);
    this.#weight = weightOf(this.#high, this.#low);
    this.#salt = salt;
    this.exempted = 0;
    this.leftOut = 0;
  }

  /** How many spans the one under way stands for; 0 when left out. 1 without a tracestate. */
  weighSpan(
    source: Uint8Array,
    idStart: number,
    stateStart: number,
    stateLength: number,
    isError: boolean,
  ): number {
    hasTh = false;
    hasRv = false;
    if (!this.isThrottling && !this.#readsTraceState) return 1;
    if (stateLength > 0) readTraceState(source, stateStart, stateStart + stateLength);
    if (hasRv) {
      drawn[0] = stated[2]!;
      drawn[1] = stated[3]!;
    } else drawFrom(source, idStart);
    // A threshold that the span itself does not pass is none: somebody changed one of the two.
    if (hasTh && !passes(stated[0]!, stated[1]!)) hasTh = false;
    const isExempt = this.#exempts(isError);
    if (!isExempt && !passes(this.#high, this.#low)) {
      this.leftOut += 1;
      return 0;
    }
    if (!hasTh) return isExempt ? 1 : this.#weight;
    const isHigher =
      stated[0]! > this.#high || (stated[0] === this.#high && stated[1]! > this.#low);
    return isHigher || isExempt ? weightOf(stated[0]!, stated[1]!) : this.#weight;
  }

  /** How many log records the one at `[from, end)` stands for; 0 when it is left out. */
  weighLog(
    source: Uint8Array,
    view: DataView,
    idStart: number,
    idLength: number,
    from: number,
    end: number,
    isError: boolean,
  ): number {
    if (this.#exempts(isError)) return 1;
    if (idLength === traceIdBytes && !isZero(source, idStart, idLength)) drawFrom(source, idStart);
    else hashFrom(source, view, from, end, this.#salt);
    if (passes(this.#high, this.#low)) return this.#weight;
    this.leftOut += 1;
    return 0;
  }

  #exempts(isError: boolean): boolean {
    if (!this.isThrottling) return true;
    if (!isError || !this.#keepsErrors) return false;
    this.exempted += 1;
    return true;
  }
}

function passes(high: number, low: number): boolean {
  return drawn[0]! > high || (drawn[0] === high && drawn[1]! >= low);
}

function drawFrom(source: Uint8Array, id: number): void {
  const at = id + randomOffset;
  drawn[0] = (source[at]! << 16) | (source[at + 1]! << 8) | source[at + 2]!;
  drawn[1] =
    (source[at + 3]! << 24) | (source[at + 4]! << 16) | (source[at + 5]! << 8) | source[at + 6]!;
}

/** Two hashes of the record's bytes; equal lines of one request differ in where they stand. */
function hashFrom(
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
  salt: number,
): void {
  let low = mixed(salt, from);
  let high = mixed(~salt, end - from);
  let at = from;
  for (; at + 4 <= end; at += 4) {
    const value = view.getInt32(at, true);
    low = mixed(low, value);
    high = mixed(high, value ^ low);
  }
  for (; at < end; at += 1) low = mixed(low, source[at]!);
  drawn[0] = finished(high ^ low) >>> 8;
  drawn[1] = finished(low);
}

function mixed(hash: number, value: number): number {
  const word = Math.imul(value, 0xcc9e2d51);
  const next = hash ^ Math.imul((word << 15) | (word >>> 17), 0x1b873593);
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}

function finished(hash: number): number {
  let word = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}

/** Finds `th` and `rv` in the member `ot` of a tracestate; what is malformed is not there. */
function readTraceState(source: Uint8Array, from: number, end: number): void {
  let at = from;
  while (at < end) {
    while (at < end && (source[at] === 0x20 || source[at] === 0x09)) at += 1;
    let stop = at;
    while (stop < end && source[stop] !== 0x2c) stop += 1;
    // `ot=`
    if (
      stop - at > 3 &&
      source[at] === 0x6f &&
      source[at + 1] === 0x74 &&
      source[at + 2] === 0x3d
    ) {
      readOtMember(source, at + 3, stop);
      return;
    }
    at = stop + 1;
  }
}

/** `th:8;rv:0123456789abcd`, and other pairs. */
function readOtMember(source: Uint8Array, from: number, end: number): void {
  let at = from;
  while (at < end) {
    let stop = at;
    while (stop < end && source[stop] !== 0x3b) stop += 1;
    const isPair = stop - at > 3 && source[at + 2] === 0x3a;
    if (isPair && source[at] === 0x74 && source[at + 1] === 0x68) {
      hasTh = readDigits(source, at + 3, valueEnd(source, at + 3, stop), 1, 0);
    } else if (isPair && source[at] === 0x72 && source[at + 1] === 0x76) {
      hasRv = readDigits(source, at + 3, valueEnd(source, at + 3, stop), thDigitsMax, 2);
    }
    at = stop + 1;
  }
}

/** White space behind the last value belongs to the list. */
function valueEnd(source: Uint8Array, from: number, end: number): number {
  let stop = end;
  while (stop > from && (source[stop - 1] === 0x20 || source[stop - 1] === 0x09)) stop -= 1;
  return stop;
}

/** Up to 14 hexadecimal digits, with zeros behind; into two words of {@link stated}. */
function readDigits(
  source: Uint8Array,
  from: number,
  end: number,
  digitsMin: number,
  place: number,
): boolean {
  const digits = end - from;
  if (digits < digitsMin || digits > thDigitsMax) return false;
  let high = 0;
  let low = 0;
  for (let index = 0; index < thDigitsMax; index += 1) {
    const value = index < digits ? hexValue(source[from + index]!) : 0;
    if (value < 0) return false;
    if (index < 6) high = (high << 4) | value;
    else low = (low << 4) | value;
  }
  stated[place] = high;
  stated[place + 1] = low;
  return true;
}

/** -1 for what is no lower-case hexadecimal digit. */
function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
}
