/**
 * Numbers, ids and bytes as text, written straight into columns.
 *
 * Hot path. Allocations per item: none, but one string for each double. Copies: none. Owner: the
 * column written to. Watched by `decode.bench.ts`.
 */
import { putLength, type Text } from '../../clickhouse/native/buffers.ts';

const hexDigits = '0123456789abcdef';
/** The two hexadecimal digits of each byte, little-endian; small, so that it stays in a cache. */
const hexDigitsOf = new Uint16Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  hexDigitsOf[byte] = hexDigits.charCodeAt(byte >> 4) | (hexDigits.charCodeAt(byte & 15) << 8);
}

const digitsMax = 20;
/** Digits of a positive integer of 31 bits. */
const shortDigitsMax = 10;
const digits = new Uint8Array(digitsMax);
const zero = 0x30;
const minus = 0x2d;
const base64Digits = new Uint8Array(
  Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'),
);

/** Writes `length` bytes, an even number, as lower-case hexadecimal at `to`. */
export function writeHex(
  target: DataView,
  to: number,
  source: Uint8Array,
  from: number,
  length: number,
): void {
  for (let index = 0; index < length; index += 2) {
    const first = hexDigitsOf[source[from + index]!]!;
    const second = hexDigitsOf[source[from + index + 1]!]!;
    target.setInt32(to + 2 * index, first | (second << 16), true);
  }
}

/** Appends an id as a string: `length` bytes become twice as many digits; none stay empty. */
export function putHex(text: Text, source: Uint8Array, from: number, length: number): void {
  if (text.size + 2 * length + 1 > text.limit) text.reserve(2 * length + 1);
  text.bytes[text.size] = 2 * length;
  writeHex(text.view, text.size + 1, source, from, length);
  text.size += 2 * length + 1;
}

/** Appends an empty string. */
export function putEmpty(text: Text): void {
  if (text.size + 1 > text.limit) text.reserve(1);
  text.bytes[text.size++] = 0;
}

/** Appends ASCII as a string. */
export function putAscii(text: Text, value: string): void {
  text.reserve(value.length + 5);
  putLength(text, value.length);
  putRawAscii(text, value);
}

/** Appends ASCII without a length; for text under construction. */
export function putRawAscii(text: Text, value: string): void {
  text.reserve(value.length);
  for (let index = 0; index < value.length; index += 1) {
    text.bytes[text.size + index] = value.charCodeAt(index);
  }
  text.size += value.length;
}

/** Appends a signed 64-bit integer as a decimal string. */
export function putInt64(text: Text, low: number, high: number): void {
  if (high === 0 && low >= 0) {
    putShortInteger(text, low);
    return;
  }
  const start = formatInt64(low, high);
  const length = digitsMax - start;
  text.reserve(length + 1);
  text.bytes[text.size++] = length;
  copyDigits(text, start);
}

/** Digits are counted first, so that they are written where they stay. */
function putShortInteger(text: Text, value: number): void {
  let length = 1;
  for (let bound = 10; length < shortDigitsMax && value >= bound; bound *= 10) length += 1;
  const start = text.size;
  if (start + length + 1 > text.limit) text.reserve(length + 1);
  const bytes = text.bytes;
  bytes[start] = length;
  let rest = value;
  for (let at = start + length; at > start; at -= 1) {
    const next = (rest / 10) | 0;
    bytes[at] = zero + rest - next * 10;
    rest = next;
  }
  text.size = start + length + 1;
}

/** The same without a length. */
export function putRawInt64(text: Text, low: number, high: number): void {
  const start = formatInt64(low, high);
  text.reserve(digitsMax - start);
  copyDigits(text, start);
}

/** The text of a double: JavaScript's shortest, and `-0`. */
export function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Bytes of `length` bytes in base64 with padding. */
export function base64Size(length: number): number {
  return Math.ceil(length / 3) * 4;
}

/** Appends base64 without a length. */
export function putRawBase64(text: Text, source: Uint8Array, from: number, length: number): void {
  text.reserve(base64Size(length));
  const bytes = text.bytes;
  let at = text.size;
  for (let index = 0; index < length; index += 3) {
    const left = length - index;
    const first = source[from + index]!;
    const second = left > 1 ? source[from + index + 1]! : 0;
    const third = left > 2 ? source[from + index + 2]! : 0;
    bytes[at] = base64Digits[first >> 2]!;
    bytes[at + 1] = base64Digits[((first & 3) << 4) | (second >> 4)]!;
    bytes[at + 2] = left > 1 ? base64Digits[((second & 15) << 2) | (third >> 6)]! : 0x3d;
    bytes[at + 3] = left > 2 ? base64Digits[third & 63]! : 0x3d;
    at += 4;
  }
  text.size = at;
}

/** Writes the digits to the end of `digits`; returns where they begin. */
function formatInt64(low: number, high: number): number {
  let at = digitsMax;
  if (high === 0 && low >= 0) {
    let rest = low;
    do {
      const next = (rest / 10) | 0;
      at -= 1;
      digits[at] = zero + rest - next * 10;
      rest = next;
    } while (rest > 0);
    return at;
  }
  const value = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low >>> 0));
  const text = String(value < 0n ? -value : value);
  at -= text.length;
  for (let index = 0; index < text.length; index += 1) digits[at + index] = text.charCodeAt(index);
  if (value < 0n) digits[--at] = minus;
  return at;
}

function copyDigits(text: Text, start: number): void {
  const bytes = text.bytes;
  let at = text.size;
  for (let index = start; index < digitsMax; index += 1) bytes[at++] = digits[index]!;
  text.size = at;
}
