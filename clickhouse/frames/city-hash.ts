/**
 * CityHash128 of version 1.0.2, which ClickHouse uses for the checksums of compressed blocks.
 * Later versions of CityHash give other values.
 *
 * BigInt arithmetic cut to 64 bits after every step: V8 compiles that to machine integers without
 * allocating once the function is hot. Reads only; nothing is kept.
 */
const k0 = 0xc3a5c85c97cb3127n;
const k1 = 0xb492b66fbe98f273n;
const k2 = 0x9ae16a3b2f90404fn;
const k3 = 0xc949d7c7509e6557n;
const kMul = 0x9ddfea08eb382d69n;

export type Hash128 = { readonly low: bigint; readonly high: bigint };

/** The hash of `bytes`; ClickHouse writes `low` before `high`, little endian. */
export function cityHash128(bytes: Uint8Array): Hash128 {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length;
  if (length >= 16) {
    return hashWithSeed(view, 16, length - 16, fetch64(view, 0) ^ k3, fetch64(view, 8));
  }
  if (length >= 8) {
    const low = fetch64(view, 0) ^ u64(BigInt(length) * k0);
    return hashWithSeed(view, 0, 0, low, fetch64(view, length - 8) ^ k1);
  }
  return hashWithSeed(view, 0, length, k0, k1);
}

function hashWithSeed(
  view: DataView,
  start: number,
  size: number,
  seedLow: bigint,
  seedHigh: bigint,
): Hash128 {
  if (size < 128) return murmur(view, start, size, seedLow, seedHigh);
  let at = start;
  let length = size;
  let x = seedLow;
  let y = seedHigh;
  let z = u64(BigInt(size) * k1);
  let v1 = u64(u64(rotate(y ^ k1, 49n) * k1) + fetch64(view, at));
  let v2 = u64(u64(rotate(v1, 42n) * k1) + fetch64(view, at + 8));
  let w1 = u64(u64(rotate(u64(y + z), 35n) * k1) + x);
  let w2 = u64(rotate(u64(x + fetch64(view, at + 88)), 53n) * k1);
  // Two rounds of 64 bytes at a time; `count` is even by construction.
  const rounds = Math.floor(length / 128) * 2;
  for (let round = 0; round < rounds; round += 1) {
    x = u64(rotate(u64(u64(x + y) + u64(v1 + fetch64(view, at + 16))), 37n) * k1);
    y = u64(rotate(u64(u64(y + v2) + fetch64(view, at + 48)), 42n) * k1);
    x ^= w2;
    y ^= v1;
    z = rotate(z ^ w1, 33n);
    // Weak hash of 32 bytes into v, written out: a returned pair would allocate.
    let a = u64(u64(v2 * k1) + fetch64(view, at));
    let b = rotate(u64(u64(u64(x + w1) + a) + fetch64(view, at + 24)), 21n);
    let c = a;
    a = u64(u64(a + fetch64(view, at + 8)) + fetch64(view, at + 16));
    b = u64(b + rotate(a, 44n));
    v1 = u64(a + fetch64(view, at + 24));
    v2 = u64(b + c);
    // And of the next 32 into w.
    a = u64(u64(z + w2) + fetch64(view, at + 32));
    b = rotate(u64(u64(y + a) + fetch64(view, at + 56)), 21n);
    c = a;
    a = u64(u64(a + fetch64(view, at + 40)) + fetch64(view, at + 48));
    b = u64(b + rotate(a, 44n));
    w1 = u64(a + fetch64(view, at + 56));
    w2 = u64(b + c);
    const swap = z;
    z = x;
    x = swap;
    at += 64;
    length -= 64;
  }
  y = u64(y + u64(u64(rotate(w1, 37n) * k0) + z));
  x = u64(x + u64(rotate(u64(v1 + z), 49n) * k0));
  for (let done = 0; done < length; ) {
    done += 32;
    const tail = at + length - done;
    y = u64(u64(rotate(u64(y - x), 42n) * k0) + v2);
    w1 = u64(w1 + fetch64(view, tail + 16));
    x = u64(u64(rotate(x, 49n) * k0) + w1);
    w1 = u64(w1 + v1);
    const weak = weakHash(view, tail, v1, v2);
    v1 = weak.low;
    v2 = weak.high;
  }
  x = hashLen16(x, v1);
  y = hashLen16(y, w1);
  return {
    low: u64(hashLen16(u64(x + v2), w2) + y),
    high: hashLen16(u64(x + w2), u64(y + v2)),
  };
}

function murmur(
  view: DataView,
  start: number,
  length: number,
  seedLow: bigint,
  seedHigh: bigint,
): Hash128 {
  let at = start;
  let a = seedLow;
  let b = seedHigh;
  let c: bigint;
  let d: bigint;
  if (length <= 16) {
    a = u64(shiftMix(u64(a * k1)) * k1);
    c = u64(u64(b * k1) + hashLen0to16(view, at, length));
    d = shiftMix(u64(a + (length >= 8 ? fetch64(view, at) : c)));
  } else {
    c = hashLen16(u64(fetch64(view, at + length - 8) + k1), a);
    d = hashLen16(u64(b + BigInt(length)), u64(c + fetch64(view, at + length - 16)));
    a = u64(a + d);
    for (let left = length - 16; left > 0; left -= 16) {
      a ^= u64(shiftMix(u64(fetch64(view, at) * k1)) * k1);
      a = u64(a * k1);
      b ^= a;
      c ^= u64(shiftMix(u64(fetch64(view, at + 8) * k1)) * k1);
      c = u64(c * k1);
      d ^= c;
      at += 16;
    }
  }
  a = hashLen16(a, c);
  b = hashLen16(d, b);
  return { low: a ^ b, high: hashLen16(b, a) };
}

function weakHash(view: DataView, at: number, seedA: bigint, seedB: bigint): Hash128 {
  let a = u64(seedA + fetch64(view, at));
  const z = fetch64(view, at + 24);
  let b = rotate(u64(u64(seedB + a) + z), 21n);
  const c = a;
  a = u64(u64(a + fetch64(view, at + 8)) + fetch64(view, at + 16));
  b = u64(b + rotate(a, 44n));
  return { low: u64(a + z), high: u64(b + c) };
}

function hashLen0to16(view: DataView, at: number, length: number): bigint {
  const size = BigInt(length);
  if (length > 8) {
    const a = fetch64(view, at);
    const b = fetch64(view, at + length - 8);
    return hashLen16(a, rotate(u64(b + size), size)) ^ b;
  }
  if (length >= 4) {
    const a = BigInt(view.getUint32(at, true));
    return hashLen16(u64(size + (a << 3n)), BigInt(view.getUint32(at + length - 4, true)));
  }
  if (length > 0) {
    const a = view.getUint8(at);
    const b = view.getUint8(at + (length >> 1));
    const c = view.getUint8(at + length - 1);
    const y = BigInt(a + (b << 8));
    const z = BigInt(length + (c << 2));
    return u64(shiftMix(u64(y * k2) ^ u64(z * k3)) * k2);
  }
  return k2;
}

function hashLen16(low: bigint, high: bigint): bigint {
  let a = u64((low ^ high) * kMul);
  a ^= a >> 47n;
  let b = u64((high ^ a) * kMul);
  b ^= b >> 47n;
  return u64(b * kMul);
}

function shiftMix(value: bigint): bigint {
  return value ^ (value >> 47n);
}

/** Rotates right; `shift` is between 1 and 63. */
function rotate(value: bigint, shift: bigint): bigint {
  return u64((value >> shift) | u64(value << (64n - shift)));
}

function fetch64(view: DataView, at: number): bigint {
  return view.getBigUint64(at, true);
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
