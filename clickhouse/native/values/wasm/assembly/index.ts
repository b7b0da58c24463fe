/**
 * Digests of values, 64 bits each, and their sums: the arithmetic of `../../checksum.ts`, a window
 * of a column at a time. Hashes are ClickHouse's `intHash64` and `cityHash64`, bit for bit.
 *
 * Hot path. Allocations: none. Copies: none. Owner: the module's memory. Watched by
 * `values.bench.ts`.
 */

/** What stands for NULL among digests; `nullDigest` of `checksum-sql.ts`. */
const nullDigest: u64 = ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15;

const intMask: u64 = ((<u64>0x4cf2d2ba) << 32) | 0xae6da887;
const intFactor1: u64 = ((<u64>0xff51afd7) << 32) | 0xed558ccd;
const intFactor2: u64 = ((<u64>0xc4ceb9fe) << 32) | 0x1a85ec53;

// CityHash 1.0.2.
const city0: u64 = ((<u64>0xc3a5c85c) << 32) | 0x97cb3127;
const city1: u64 = ((<u64>0xb492b66f) << 32) | 0xbe98f273;
const city2: u64 = ((<u64>0x9ae16a3b) << 32) | 0x2f90404f;
const city3: u64 = ((<u64>0xc949d7c7) << 32) | 0x509e6557;
const pairFactor: u64 = ((<u64>0x9ddfea08) << 32) | 0xeb382d69;

/** Strings that the last call of {@link strings} has hashed. */
let hashed: i32 = 0;

// What a long string has come to, after whole blocks of 64 bytes.
let stateX: u64 = 0;
let stateY: u64 = 0;
let stateZ: u64 = 0;
let stateV: u64 = 0;
let stateV2: u64 = 0;
let stateW: u64 = 0;
let stateW2: u64 = 0;
/** The two halves of what {@link weak} gives. */
let weakFirst: u64 = 0;
let weakSecond: u64 = 0;

function intHash64(value: u64): u64 {
  let x = value ^ intMask;
  x ^= x >>> 33;
  x *= intFactor1;
  x ^= x >>> 33;
  x *= intFactor2;
  return x ^ (x >>> 33);
}

/** 16 bytes into 8. */
function hashPair(low: u64, high: u64): u64 {
  let a = (low ^ high) * pairFactor;
  a ^= a >>> 47;
  let b = (high ^ a) * pairFactor;
  b ^= b >>> 47;
  return b * pairFactor;
}

function shiftMix(value: u64): u64 {
  return value ^ (value >>> 47);
}

/** From 9 to 16 bytes. */
function hash9(from: usize, bytes: usize): u64 {
  const last = load<u64>(from + bytes - 8);
  return hashPair(load<u64>(from), rotr<u64>(last + <u64>bytes, <u64>bytes)) ^ last;
}

function hashUpTo8(from: usize, bytes: usize): u64 {
  if (bytes >= 4) {
    const head = <u64>bytes + ((<u64>load<u32>(from)) << 3);
    return hashPair(head, <u64>load<u32>(from + bytes - 4));
  }
  if (bytes === 0) return city2;
  const y = <u32>load<u8>(from) + ((<u32>load<u8>(from + (bytes >> 1))) << 8);
  const z = <u32>bytes + ((<u32>load<u8>(from + bytes - 1)) << 2);
  return shiftMix((<u64>y * city2) ^ (<u64>z * city3)) * city2;
}

/** From 17 to 32 bytes. */
function hash17(from: usize, bytes: usize): u64 {
  const a = load<u64>(from) * city1;
  const b = load<u64>(from, 8);
  const end = from + bytes;
  const c = load<u64>(end - 8) * city2;
  const d = load<u64>(end - 16) * city0;
  const low = rotr<u64>(a - b, 43) + rotr<u64>(c, 30) + d;
  return hashPair(low, a + rotr<u64>(b ^ city3, 20) - c + <u64>bytes);
}

/** From 33 to 64 bytes. */
function hash33(from: usize, bytes: usize): u64 {
  const end = from + bytes;
  const third = load<u64>(from, 16);
  let z = load<u64>(from, 24);
  let a = load<u64>(from) + (<u64>bytes + load<u64>(end - 16)) * city0;
  let b = rotr<u64>(a + z, 52);
  let c = rotr<u64>(a, 37);
  a += load<u64>(from, 8);
  c += rotr<u64>(a, 7);
  a += third;
  const first = a + z;
  const second = b + rotr<u64>(a, 31) + c;
  a = third + load<u64>(end - 32);
  z = load<u64>(end - 8);
  b = rotr<u64>(a + z, 52);
  c = rotr<u64>(a, 37);
  a += load<u64>(end - 24);
  c += rotr<u64>(a, 7);
  a += load<u64>(end - 16);
  const last = b + rotr<u64>(a, 31) + c;
  const mix = shiftMix((first + last) * city2 + (a + z + second) * city0);
  return shiftMix(mix * city0 + second) * city2;
}

/** 32 bytes and two seeds into two words. */
function weak(from: usize, low: u64, high: u64): void {
  const fourth = load<u64>(from, 24);
  const first = low + load<u64>(from);
  const sum = first + load<u64>(from, 8) + load<u64>(from, 16);
  weakFirst = sum + fourth;
  weakSecond = rotr<u64>(high + first + fourth, 21) + rotr<u64>(sum, 44) + first;
}

/** ClickHouse's `cityHash64` of a string. */
function cityHash64(from: usize, bytes: usize): u64 {
  if (bytes > 64) {
    begin(load<u64>(from), from + bytes - 64, <f64>bytes);
    more(from, (bytes - 1) & ~63);
    return ended();
  }
  if (bytes > 32) return hash33(from, bytes);
  if (bytes > 16) return hash17(from, bytes);
  return bytes > 8 ? hash9(from, bytes) : hashUpTo8(from, bytes);
}

/** A string of more than 64 bytes begins; its first word and where its last 64 bytes are. */
function begin(first: u64, last: usize, total: f64): void {
  const bytes = <u64>total;
  const y = load<u64>(last, 48) ^ city1;
  weak(last, bytes, y);
  stateV = weakFirst;
  stateV2 = weakSecond;
  weak(last + 32, bytes * city1, city0);
  stateW = weakFirst;
  stateW2 = weakSecond;
  stateZ = (load<u64>(last, 8) ^ city0) + shiftMix(stateV2) * city1;
  stateX = rotr<u64>(stateZ + first, 39) * city1;
  stateY = rotr<u64>(y, 33) * city1;
}

/** Begins with the last 64 bytes at `last`, before which the first 8 are. */
export function beginLarge(last: usize, total: f64): void {
  begin(load<u64>(last - 8), last, total);
}

/** More of it, from its start: a multiple of 64 bytes, all but the last 1 to 64 at the end. */
export function more(from: usize, bytes: usize): void {
  for (let at = from; at < from + bytes; at += 64) {
    const x = (rotr<u64>(stateX + stateY + stateV + load<u64>(at, 16), 37) * city1) ^ stateW2;
    const y = (rotr<u64>(stateY + stateV2 + load<u64>(at, 48), 42) * city1) ^ stateV;
    const z = rotr<u64>(stateZ ^ stateW, 33);
    weak(at, stateV2 * city1, x + stateW);
    stateV = weakFirst;
    stateV2 = weakSecond;
    weak(at + 32, z + stateW2, y);
    stateW = weakFirst;
    stateW2 = weakSecond;
    stateX = z;
    stateY = y;
    stateZ = x;
  }
}

function ended(): u64 {
  const low = hashPair(stateV, stateW) + shiftMix(stateY) * city1 + stateZ;
  return hashPair(low, hashPair(stateV2, stateW2) + stateX);
}

export function endLarge(out: usize): void {
  store<u64>(out, ended());
}

/** Values of 1, 2 or 4 bytes, with zeros before them. */
export function widen(from: usize, out: usize, count: i32, width: i32): void {
  if (width === 1) {
    for (let i = 0; i < count; i += 1) store<u64>(out + (i << 3), <u64>load<u8>(from + i));
  } else if (width === 2) {
    for (let i = 0; i < count; i += 1) store<u64>(out + (i << 3), <u64>load<u16>(from + (i << 1)));
  } else {
    for (let i = 0; i < count; i += 1) store<u64>(out + (i << 3), <u64>load<u32>(from + (i << 2)));
  }
}

/** Values of `width` bytes each, as strings. */
export function fixed(from: usize, out: usize, count: i32, width: i32): void {
  if (width === 16) {
    for (let i = 0; i < count; i += 1) store<u64>(out + (i << 3), hash9(from + (i << 4), 16));
    return;
  }
  for (let i = 0; i < count; i += 1) {
    store<u64>(out + (i << 3), cityHash64(from + i * width, width));
  }
}

/** Up to `count` strings in Native form that are whole in `[from, end)`; returns where it ends. */
export function strings(from: usize, end: usize, out: usize, count: i32): usize {
  let at = from;
  let done = 0;
  while (done < count) {
    if (at >= end) break;
    let start = at + 1;
    let size = <usize>load<u8>(at);
    if (size >= 0x80) {
      let byte = size;
      size &= 0x7f;
      for (let shift: usize = 7; byte >= 0x80; shift += 7) {
        // The room behind the window makes one byte too many harmless.
        byte = start < end ? <usize>load<u8>(start) : 0;
        size |= (byte & 0x7f) << shift;
        start += 1;
      }
    }
    // A length that is cut off ends behind the window.
    if (start > end || size > end - start) break;
    store<u64>(out + (done << 3), cityHash64(start, size));
    at = start + size;
    done += 1;
  }
  hashed = done;
  return at;
}

export function hashedStrings(): i32 {
  return hashed;
}

/** Puts the digest of NULL where `nulls` has a 1. */
export function maskNulls(nulls: usize, out: usize, count: i32): void {
  for (let i = 0; i < count; i += 1) {
    const at = out + (i << 3);
    store<u64>(at, load<u8>(nulls + i) === 0 ? load<u64>(at) : nullDigest);
  }
}

export function putNull(out: usize): void {
  store<u64>(out, nullDigest);
}

/** Adds part number `part`, from 1 on, of each tuple to its sum. */
export function add(digests: usize, sums: usize, count: i32, part: i32): void {
  const salt = intHash64(<u64>part);
  // One place for both, as far apart as they are: an addition less for each value.
  const ahead = digests - sums;
  const end = sums + (count << 3);
  for (let at = sums; at < end; at += 8) {
    store<u64>(at, load<u64>(at) + intHash64(load<u64>(at + ahead) ^ salt));
  }
}

/** Sums of tuples into their digests. */
export function close(sums: usize, count: i32): void {
  for (let i = 0; i < count; i += 1) {
    const at = sums + (i << 3);
    store<u64>(at, intHash64(load<u64>(at)));
  }
}

/** The sum of what {@link close} gives. */
export function total(sums: usize, count: i32): u64 {
  let sum: u64 = 0;
  const end = sums + (count << 3);
  for (let at = sums; at < end; at += 8) sum += intHash64(load<u64>(at));
  return sum;
}

/**
 * Adds digests of elements to the sums of their lists; element 0 is number `position` of all.
 * `ends` has where each list ends, the first begins at `first`. Returns the list it came to.
 */
export function fold(
  ends: usize,
  sums: usize,
  list: i32,
  first: f64,
  position: f64,
  digests: usize,
  count: i32,
  isOrdered: bool,
): i32 {
  let row = list;
  let begin = row === 0 ? <u64>first : load<u64>(ends + ((row - 1) << 3));
  let end = load<u64>(ends + (row << 3));
  let at = <u64>position;
  for (let i = 0; i < count; i += 1) {
    while (at >= end) {
      row += 1;
      begin = end;
      end = load<u64>(ends + (row << 3));
    }
    at += 1;
    const digest = load<u64>(digests + (i << 3));
    const sum = sums + (row << 3);
    const one = isOrdered ? intHash64(digest ^ intHash64(at - begin)) : digest;
    store<u64>(sum, load<u64>(sum) + one);
  }
  return row;
}

/** Sums of lists into their digests, with how many elements each has. */
export function closeLists(ends: usize, sums: usize, first: f64, count: i32): void {
  let begin = <u64>first;
  for (let i = 0; i < count; i += 1) {
    const end = load<u64>(ends + (i << 3));
    const sum = sums + (i << 3);
    store<u64>(sum, intHash64(load<u64>(sum) + (end - begin)));
    begin = end;
  }
}
