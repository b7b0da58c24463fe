/**
 * KeyValue messages straight into a map column: the key becomes a dictionary index by comparing
 * bytes, the value becomes text. A key that comes twice in one map keeps its last value.
 *
 * Hot path. Allocations per item: none. Copies: one of each value. Owner: the block. Watched by
 * `decode.bench.ts`.
 */
import { putString, type Text } from '../../clickhouse/native/buffers.ts';
import type { LowCardinalityColumn, MapColumn } from '../../clickhouse/native/columns.ts';
import { lengthAt, lengthSize } from '../../clickhouse/native/utf8.ts';
import { putAnyValue } from './any-value.ts';
import { putInt64 } from './text.ts';
import { readLength, readTag, readVarint, skipField, word } from './wire.ts';

/** Where the parts of the last KeyValue were: key start, key end, value start, value end. */
export const parts = new Int32Array(4);

/**
 * Appends the KeyValue at `[from, end)` to the map under way.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | key | 1 | string | keys |
 * | value | 2 | AnyValue | values, the last one when there are several |
 * | key_strindex | 3 | int32 | skipped: only profiles have it |
 */
export function putAttribute(
  map: MapColumn,
  mapStart: number,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  // The form that every sender writes: key, value, lengths of one byte.
  if (end - from >= 4 && source[from] === 0x0a) {
    const keyLength = source[from + 1]!;
    const valueAt = from + 2 + keyLength;
    if (keyLength < 128 && valueAt + 4 <= end && source[valueAt] === 0x12) {
      const valueLength = source[valueAt + 1]!;
      if (valueLength < 128 && valueAt + 2 + valueLength === end) {
        putKey(map, mapStart, source, view, from + 2, keyLength);
        const textLength = source[valueAt + 3]!;
        if (source[valueAt + 2] === 0x0a && textLength === valueLength - 2) {
          putString(map.values, source, view, valueAt + 4, textLength);
        } else if (source[valueAt + 2] === 0x18 && readVarint(source, valueAt + 3, end) === end) {
          putInt64(map.values, word[0]!, word[1]!);
        } else {
          putAnyValue(map.values, source, view, valueAt + 2, end);
        }
        return;
      }
    }
  }
  findParts(source, from, end);
  const valueStart = parts[2]!;
  const valueEnd = parts[3]!;
  putKey(map, mapStart, source, view, parts[0]!, parts[1]! - parts[0]!);
  putAnyValue(map.values, source, view, valueStart, valueEnd);
}

/** Appends a pair of two texts to the map under way. */
export function putTexts(
  map: MapColumn,
  mapStart: number,
  source: Uint8Array,
  view: DataView,
  keyFrom: number,
  keyLength: number,
  valueFrom: number,
  valueLength: number,
): void {
  putKey(map, mapStart, source, view, keyFrom, keyLength);
  putString(map.values, source, view, valueFrom, valueLength);
}

/** Finds key and value of the KeyValue at `[from, end)`; both may be empty. */
export function findParts(source: Uint8Array, from: number, end: number): void {
  parts.fill(from);
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag !== 0x0a && tag !== 0x12) {
      at = skipField(source, at, end, tag);
      continue;
    }
    const start = readLength(source, at, end);
    at = start + word[0]!;
    parts[tag === 0x0a ? 0 : 2] = start;
    parts[tag === 0x0a ? 1 : 3] = at;
  }
}

/**
 * Ends the map under way: its first element is `mapStart`, its first value lies at `valuesStart`.
 * Returns how many repeated keys were dropped.
 */
export function endMap(map: MapColumn, mapStart: number, valuesStart: number): number {
  if (!map.hasRepeats) return 0;
  map.hasRepeats = false;
  return dropRepeats(map.keys, map.values, mapStart, valuesStart);
}

/** Appends a key of the map that begins at `mapStart`; its value is the caller's. */
export function putKey(
  map: MapColumn,
  mapStart: number,
  source: Uint8Array,
  view: DataView,
  from: number,
  length: number,
): void {
  const keys = map.keys;
  const level = keys.level;
  const element = level.count;
  if (element === level.capacity) level.reserve(1);
  const dictionary = keys.dictionary;
  const index = dictionary.lookup(source, view, from, length);
  const positions = dictionary.positions;
  if (positions[index]! > mapStart) map.hasRepeats = true;
  positions[index] = element + 1;
  keys.indexes.words[element] = index;
  level.count = element + 1;
}

/** Keeps of each key the last value; in place, because what stays only moves forward. */
function dropRepeats(
  keys: LowCardinalityColumn,
  values: Text,
  mapStart: number,
  valuesStart: number,
): number {
  const words = keys.indexes.words;
  const positions = keys.dictionary.positions;
  const count = keys.level.count;
  let kept = mapStart;
  let to = valuesStart;
  let at = valuesStart;
  for (let element = mapStart; element < count; element += 1) {
    const length = lengthAt(values.bytes, at);
    const next = at + lengthSize(length) + length;
    if (positions[words[element]!] === element + 1) {
      values.bytes.copyWithin(to, at, next);
      to += next - at;
      words[kept] = words[element]!;
      kept += 1;
    }
    at = next;
  }
  for (let element = mapStart; element < kept; element += 1) {
    positions[words[element]!] = element + 1;
  }
  values.size = to;
  keys.level.count = kept;
  return count - kept;
}
