/**
 * HalfSipHash-1-3: a seeded hash for keys that come from strangers, in 32-bit words.
 *
 * Hot path of dictionary misses. Allocations per item: none. Copies: none. Owner: none.
 * Watched by `gateway/decode/decode.bench.ts`.
 */

/** Two secret words; the same seed gives the same hashes. */
export type HashSeed = { readonly low: number; readonly high: number };

/** Hash of `length` bytes from `from` on, as a 32-bit integer. */
export function hashBytes(
  seed: HashSeed,
  source: Uint8Array,
  view: DataView,
  from: number,
  length: number,
): number {
  let v0 = seed.low | 0;
  let v1 = seed.high | 0;
  let v2 = 0x6c796765 ^ v0;
  let v3 = 0x74656462 ^ v1;
  const words = length >>> 2;
  // Three more turns than words: the tail with the length, and two to finish.
  for (let turn = 0; turn < words + 4; turn += 1) {
    let word = 0;
    if (turn < words) word = view.getInt32(from + turn * 4, true);
    else if (turn === words) word = tailWord(source, from, length);
    else if (turn === words + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}

function tailWord(source: Uint8Array, from: number, length: number): number {
  let word = length << 24;
  const start = from + (length & ~3);
  for (let index = 0; index < (length & 3); index += 1) {
    word |= source[start + index]! << (8 * index);
  }
  return word;
}
