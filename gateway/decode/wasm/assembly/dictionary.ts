/**
 * The distinct strings of one run in order of first appearance. An entry is where its bytes lie
 * in the window; what it gets in the block is decided outside.
 *
 * Hot path. Allocations: none. Copies: each value once. Owner: the module's memory. Watched by
 * `decode.bench.ts`.
 */
import {
  entriesMax,
  inSeedHigh,
  inSeedLow,
  nameIdsAt,
  namesAt,
  slotsCount,
  tableBytes,
  wordsAt,
} from '../layout.ts';

/** Entries so far and the last one that was asked for, by dictionary. */
export let keysCount = 0;
export let namesCount = 0;

/** Empties both. */
export function clearDictionaries(keys: i32, names: i32): void {
  keysCount = 0;
  namesCount = 0;
  lastName = 0;
  memory.fill(keys + 5 * tableBytes, 0, slotsCount * 4);
  memory.fill(names + 5 * tableBytes, 0, slotsCount * 4);
}

/** Forgets entries beyond these counts; only before a run ends, so slots may keep them. */
export function cutDictionaries(keys: i32, names: i32): void {
  keysCount = keys;
  namesCount = names;
}

/** Tables: starts, lengths, hashes, the entry that came next last time, positions. */
function startOf(dictionary: i32, index: i32): i32 {
  return dictionary + index * 4;
}

function lengthOf(dictionary: i32, index: i32): i32 {
  return dictionary + tableBytes + index * 4;
}

function hashOf(dictionary: i32, index: i32): i32 {
  return dictionary + 2 * tableBytes + index * 4;
}

function nextOf(dictionary: i32, index: i32): i32 {
  return dictionary + 3 * tableBytes + index * 4;
}

/** One more than the element that had the entry last. */
export function positionOf(dictionary: i32, index: i32): i32 {
  return dictionary + 4 * tableBytes + index * 4;
}

/** Whether the bytes are those of entry `index`. Reads up to seven bytes behind both. */
function isEntry(dictionary: i32, index: i32, from: i32, length: i32): bool {
  if (load<i32>(lengthOf(dictionary, index)) !== length) return false;
  const own = load<i32>(startOf(dictionary, index));
  if (length >= 8) {
    const last = length - 8;
    for (let at = 0; at < last; at += 8) {
      if (load<u64>(own + at) !== load<u64>(from + at)) return false;
    }
    return load<u64>(own + last) === load<u64>(from + last);
  }
  if (length === 0) return true;
  return (load<u64>(own) ^ load<u64>(from)) << (64 - 8 * <u64>length) === 0;
}

/** What came after entry `last`, if it is this string; else -1. */
export function guess(dictionary: i32, count: i32, last: i32, from: i32, length: i32): i32 {
  const index = load<i32>(nextOf(dictionary, last));
  return index < count && isEntry(dictionary, index, from, length) ? index : -1;
}

/**
 * Finds the string or enters it at `count`; -1 when the dictionary is full. `last` learns what
 * came after it.
 */
export function search(dictionary: i32, count: i32, last: i32, from: i32, length: i32): i32 {
  const hash = hashBytes(from, length);
  const slots = dictionary + 5 * tableBytes;
  let slot = hash & (slotsCount - 1);
  for (;;) {
    const index = load<i32>(slots + slot * 4) - 1;
    if (index < 0) break;
    if (load<i32>(hashOf(dictionary, index)) === hash && isEntry(dictionary, index, from, length)) {
      store<i32>(nextOf(dictionary, last), index);
      return index;
    }
    slot = (slot + 1) & (slotsCount - 1);
  }
  if (count === entriesMax) return -1;
  store<i32>(slots + slot * 4, count + 1);
  store<i32>(startOf(dictionary, count), from);
  store<i32>(lengthOf(dictionary, count), length);
  store<i32>(hashOf(dictionary, count), hash);
  store<i32>(nextOf(dictionary, count), 0);
  store<i32>(positionOf(dictionary, count), 0);
  store<i32>(nextOf(dictionary, last), count);
  return count;
}

export function countKey(): void {
  keysCount += 1;
}

/** The name that was asked for last. */
let lastName = 0;

/** Gives row `row` its name; false when the dictionary is full. */
export function putName(row: i32, from: i32, length: i32): bool {
  const count = namesCount;
  let index = guess(namesAt, count, lastName, from, length);
  if (index < 0) {
    index = search(namesAt, count, lastName, from, length);
    if (index < 0) return false;
    if (index === count) namesCount += 1;
  }
  lastName = index;
  store<i32>(nameIdsAt + row * 4, index);
  return true;
}

/** HalfSipHash-1-3, as in `clickhouse/native/hash.ts`: the strings come from strangers. */
function hashBytes(from: i32, length: i32): i32 {
  let v0 = load<u32>(wordsAt + inSeedLow * 4);
  let v1 = load<u32>(wordsAt + inSeedHigh * 4);
  let v2 = 0x6c796765 ^ v0;
  let v3 = 0x74656462 ^ v1;
  const words = length >> 2;
  for (let turn = 0; turn < words + 4; turn += 1) {
    let word: u32 = 0;
    if (turn < words) word = load<u32>(from + turn * 4);
    else if (turn === words) {
      const left = <u32>(length & 3);
      word = <u32>(length << 24);
      if (left > 0) word |= load<u32>(from + words * 4) & (0x00ffffff >> (24 - 8 * left));
    } else if (turn === words + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 += v1;
    v1 = rotl<u32>(v1, 5) ^ v0;
    v0 = rotl<u32>(v0, 16);
    v2 += v3;
    v3 = rotl<u32>(v3, 8) ^ v2;
    v0 += v3;
    v3 = rotl<u32>(v3, 7) ^ v0;
    v2 += v1;
    v1 = rotl<u32>(v1, 13) ^ v2;
    v2 = rotl<u32>(v2, 16);
    v0 ^= word;
  }
  return <i32>(v1 ^ v3);
}
