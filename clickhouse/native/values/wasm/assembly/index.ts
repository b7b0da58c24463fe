/**
 * Digests of values, 64 bits each, and their sums: the arithmetic of `../../checksum.ts`, a window
 * of a column at a time. Hashes are ClickHouse's `intHash64` and `xxHash64`, bit for bit.
 *
 * Hot path. Allocations: none. Copies: none. Owner: the module's memory. Watched by
 * `values.bench.ts`.
 */

/** What stands for NULL among digests; `nullDigest` of `checksum-sql.ts`. */
const nullDigest: u64 = ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15;

const intMask: u64 = ((<u64>0x4cf2d2ba) << 32) | 0xae6da887;
const intFactor1: u64 = ((<u64>0xff51afd7) << 32) | 0xed558ccd;
const intFactor2: u64 = ((<u64>0xc4ceb9fe) << 32) | 0x1a85ec53;

const prime1: u64 = ((<u64>0x9e3779b1) << 32) | 0x85ebca87;
const prime2: u64 = ((<u64>0xc2b2ae3d) << 32) | 0x27d4eb4f;
const prime3: u64 = ((<u64>0x165667b1) << 32) | 0x9e3779f9;
const prime4: u64 = ((<u64>0x85ebca77) << 32) | 0xc2b2ae63;
const prime5: u64 = ((<u64>0x27d4eb2f) << 32) | 0x165667c5;

/** Strings that the last call of {@link strings} has hashed. */
let hashed: i32 = 0;

// Lanes of a string that comes in several windows.
let lane1: u64 = 0;
let lane2: u64 = 0;
let lane3: u64 = 0;
let lane4: u64 = 0;

function intHash64(value: u64): u64 {
  let x = value ^ intMask;
  x ^= x >>> 33;
  x *= intFactor1;
  x ^= x >>> 33;
  x *= intFactor2;
  return x ^ (x >>> 33);
}

function round(lane: u64, word: u64): u64 {
  return rotl<u64>(lane + word * prime2, 31) * prime1;
}

function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * prime1 + prime4;
}

/** What the lanes come to, before the length. */
function merged(a: u64, b: u64, c: u64, d: u64): u64 {
  let hash = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18);
  hash = merge(hash, a);
  hash = merge(hash, b);
  hash = merge(hash, c);
  return merge(hash, d);
}

/** The end of xxHash64: up to 31 bytes from `from` on. */
function tail(start: u64, from: usize, bytes: usize): u64 {
  let hash = start;
  let at = from;
  const end = from + bytes;
  while (at + 8 <= end) {
    hash = rotl<u64>(hash ^ round(0, load<u64>(at)), 27) * prime1 + prime4;
    at += 8;
  }
  if (at + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(at) * prime1), 23) * prime2 + prime3;
    at += 4;
  }
  while (at < end) {
    hash = rotl<u64>(hash ^ (<u64>load<u8>(at) * prime5), 11) * prime1;
    at += 1;
  }
  hash = (hash ^ (hash >>> 33)) * prime2;
  hash = (hash ^ (hash >>> 29)) * prime3;
  return hash ^ (hash >>> 32);
}

function xxHash64(from: usize, bytes: usize): u64 {
  if (bytes < 32) return tail(prime5 + <u64>bytes, from, bytes);
  let a: u64 = prime1 + prime2;
  let b: u64 = prime2;
  let c: u64 = 0;
  let d: u64 = 0 - prime1;
  let at = from;
  const end = from + bytes;
  while (at + 32 <= end) {
    a = round(a, load<u64>(at));
    b = round(b, load<u64>(at, 8));
    c = round(c, load<u64>(at, 16));
    d = round(d, load<u64>(at, 24));
    at += 32;
  }
  return tail(merged(a, b, c, d) + <u64>bytes, at, end - at);
}

/** A string that is larger than a window begins. */
export function begin(): void {
  lane1 = prime1 + prime2;
  lane2 = prime2;
  lane3 = 0;
  lane4 = 0 - prime1;
}

/** More of it; a multiple of 32 bytes. */
export function more(from: usize, bytes: usize): void {
  for (let at = from; at < from + bytes; at += 32) {
    lane1 = round(lane1, load<u64>(at));
    lane2 = round(lane2, load<u64>(at, 8));
    lane3 = round(lane3, load<u64>(at, 16));
    lane4 = round(lane4, load<u64>(at, 24));
  }
}

/** Its last bytes, fewer than 32; `total` is its whole size. */
export function finish(from: usize, bytes: usize, total: f64, out: usize): void {
  store<u64>(out, tail(merged(lane1, lane2, lane3, lane4) + <u64>total, from, bytes));
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
  for (let i = 0; i < count; i += 1) {
    store<u64>(out + (i << 3), xxHash64(from + i * width, width));
  }
}

/** Up to `count` strings in Native form that are whole in `[from, end)`; returns where it ends. */
export function strings(from: usize, end: usize, out: usize, count: i32): usize {
  let at = from;
  let done = 0;
  while (done < count) {
    let start = at;
    let size: usize = 0;
    let shift: usize = 0;
    let byte: usize = 0x80;
    while (byte >= 0x80 && start < end) {
      byte = <usize>load<u8>(start);
      size |= (byte & 0x7f) << shift;
      shift += 7;
      start += 1;
    }
    // Compared so that no sum wraps.
    if (byte >= 0x80 || size > end - start) break;
    store<u64>(out + (done << 3), xxHash64(start, size));
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
  for (let i = 0; i < count; i += 1) {
    const at = i << 3;
    const sum = load<u64>(sums + at) + intHash64(load<u64>(digests + at) ^ salt);
    store<u64>(sums + at, sum);
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
  for (let i = 0; i < count; i += 1) sum += intHash64(load<u64>(sums + (i << 3)));
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
