/**
 * KeyValue messages: the key's entry and the value as text, in the forms that senders write.
 *
 * Hot path. Allocations: none. Copies: each value once. Owner: the module's memory. Watched by
 * `decode.bench.ts`.
 */
import { elementKeysAt, elementsMax, keysAt, textAt } from '../layout.ts';
import { countKey, guess, keysCount, positionOf, search } from './dictionary.ts';
import {
  after,
  putBoolean,
  putDouble,
  putInteger,
  putString,
  readLength,
  readVarint,
  varint,
} from './strings.ts';

/** Elements so far, and where the next value goes. */
export let elements = 0;
export let valuesEnd = textAt;
/** The key that was asked for last. */
let lastKey = 0;

export function clearAttributes(): void {
  elements = 0;
  valuesEnd = textAt;
  lastKey = 0;
}

/** Forgets what an item wrote that is left to the other decoder. */
export function cutAttributes(count: i32, end: i32): void {
  elements = count;
  valuesEnd = end;
}

/** Whether all bytes of a short key are ASCII; others may be changed when they are stored. */
function isAscii(from: i32, length: i32): bool {
  let seen: u8 = 0;
  for (let index = 0; index < length; index += 1) seen |= load<u8>(from + index);
  return seen < 0x80;
}

/** Takes the attributes, of field `tag`, which stand together; returns where they end, or -1. */
export function putAttributes(tag: i32, from: i32, end: i32): i32 {
  const mapStart = elements;
  let at = from;
  while (at < end && <i32>load<u8>(at) === tag) {
    const length = readLength(at + 1, end);
    if (length < 0 || after + length > end) return -1;
    const start = after;
    at = start + length;
    if (!putAttribute(start, at, mapStart)) return -1;
  }
  return at;
}

/** Appends the KeyValue at `[from, end)`; false when it is not an ordinary one. */
function putAttribute(from: i32, end: i32, mapStart: i32): bool {
  if (end - from < 4 || load<u8>(from) !== 0x0a) return false;
  const keyLength = <i32>load<u8>(from + 1);
  const valueAt = from + 2 + keyLength;
  if (keyLength >= 0x80 || valueAt + 2 > end || load<u8>(valueAt) !== 0x12) return false;
  const length = readLength(valueAt + 1, end);
  if (length < 0 || after + length !== end) return false;
  const start = after;
  if (elements === elementsMax) return false;
  const count = keysCount;
  let index = guess(keysAt, count, lastKey, from + 2, keyLength);
  if (index < 0) {
    index = search(keysAt, count, lastKey, from + 2, keyLength);
    if (index < 0) return false;
    if (index === count) {
      if (!isAscii(from + 2, keyLength)) return false;
      countKey();
    }
  }
  lastKey = index;
  const position = positionOf(keysAt, index);
  if (load<i32>(position) > mapStart) return false;
  const element = elements;
  store<i32>(position, element + 1);
  store<i32>(elementKeysAt + element * 4, index);
  const valueEnd = putValue(valuesEnd, start, end);
  if (valueEnd < 0) return false;
  valuesEnd = valueEnd;
  elements = element + 1;
  return true;
}

/** Writes the AnyValue at `[from, end)` as text; returns where it ends, or -1. */
function putValue(to: i32, from: i32, end: i32): i32 {
  if (from === end) {
    store<u8>(to, 0);
    return to + 1;
  }
  const tag = load<u8>(from);
  if (tag === 0x0a) {
    const length = readLength(from + 1, end);
    return length < 0 || after + length !== end ? -1 : putString(to, after, length);
  }
  if (tag === 0x18 || tag === 0x10) {
    if (readVarint(from + 1, end) !== end) return -1;
    return tag === 0x18 ? putInteger(to, <i64>varint) : putBoolean(to, varint !== 0);
  }
  if (tag === 0x21 && from + 9 === end) return putDouble(to, load<f64>(from + 1));
  return -1;
}
