/**
 * Lengths, strings and numbers as text, in the forms of Native's String.
 *
 * Hot path. Allocations: none. Copies: each value once. Owner: the module's memory. Watched by
 * `decode.bench.ts`.
 */

import { putDouble as hostPutDouble } from './host.ts';

/** Second result of {@link readLength}. */
export let after = 0;

/** Reads a length of up to five bytes; -1 when it is none or lies behind `end`. */
export function readLength(at: i32, end: i32): i32 {
  if (at < end) {
    const byte = <i32>load<u8>(at);
    if (byte < 0x80) {
      after = at + 1;
      return byte;
    }
  }
  let length: u64 = 0;
  let position = at;
  for (let shift: u64 = 0; shift < 35; shift += 7) {
    if (position >= end) return -1;
    const byte = <u64>load<u8>(position);
    position += 1;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (length > 0x3fffffff) return -1;
      after = position;
      return <i32>length;
    }
  }
  return -1;
}

/** The value of {@link readVarint}. */
export let varint: u64 = 0;

/** Reads a varint of up to ten bytes; returns the position after it, or -1. */
export function readVarint(at: i32, end: i32): i32 {
  let value: u64 = 0;
  let position = at;
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    if (position >= end) return -1;
    const byte = <u64>load<u8>(position);
    position += 1;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      varint = value;
      return position;
    }
  }
  return -1;
}

/** Copies `length` bytes; may write up to 16 bytes more. */
function copy(to: i32, from: i32, length: i32): void {
  if (length > 128) {
    memory.copy(to, from, length);
    return;
  }
  for (let index = 0; index < length; index += 16) {
    v128.store(to + index, v128.load(from + index));
  }
}

/** Writes a string with its length at `to`; returns where it ends. */
export function putString(to: i32, from: i32, length: i32): i32 {
  let at = to;
  let rest = length;
  while (rest >= 0x80) {
    store<u8>(at, (rest & 0x7f) | 0x80);
    at += 1;
    rest >>= 7;
  }
  store<u8>(at, rest);
  copy(at + 1, from, length);
  return at + 1 + length;
}

/** Writes eight bytes as 16 hexadecimal digits. */
function putHex8(to: i32, from: i32): void {
  const digits = v128(48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102);
  const bytes = v128.load64_zero(from);
  const high = i8x16.shr_u(bytes, 4);
  const low = v128.and(bytes, i8x16.splat(0x0f));
  const halves = i8x16.shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  v128.store(to, i8x16.swizzle(digits, halves));
}

/** Writes an id of 8 or 16 bytes as a string of hexadecimal digits; returns where it ends. */
export function putId(to: i32, from: i32, bytes: i32): i32 {
  store<u8>(to, 2 * bytes);
  putHex8(to + 1, from);
  if (bytes === 16) putHex8(to + 17, from + 8);
  return to + 1 + 2 * bytes;
}

/** Writes a signed integer as a decimal string. */
export function putInteger(to: i32, value: i64): i32 {
  const isNegative = value < 0;
  let rest: u64 = isNegative ? 0 - <u64>value : <u64>value;
  let count = isNegative ? 2 : 1;
  for (let bound = rest; bound >= 10; bound /= 10) count += 1;
  store<u8>(to, count);
  if (isNegative) store<u8>(to + 1, 0x2d);
  let at = to + count;
  do {
    const next = rest / 10;
    store<u8>(at, <u8>(rest - next * 10) + 0x30);
    at -= 1;
    rest = next;
  } while (rest > 0);
  return to + 1 + count;
}

/** Writes `true` or `false`. */
export function putBoolean(to: i32, value: bool): i32 {
  if (value) {
    store<u8>(to, 4);
    store<u32>(to + 1, 0x65757274);
    return to + 5;
  }
  store<u8>(to, 5);
  store<u32>(to + 1, 0x736c6166);
  store<u8>(to + 5, 0x65);
  return to + 6;
}

export function putDouble(to: i32, value: f64): i32 {
  const length = hostPutDouble(to + 1, value);
  store<u8>(to, length);
  return to + 1 + length;
}
