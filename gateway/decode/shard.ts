/**
 * Which shard of a cluster a row goes to: spans by their trace, so that a trace is on one shard;
 * records and points by their resource, so that all points of a series are together. Made of the
 * row alone: the same request goes to the same shards whenever it is decoded.
 *
 * The shard stands in the partition of a unit (`2026-11-21@1`), and so in its token, in the seal
 * and in receipts: an insert can never be repeated on another shard. The first one is not named, so
 * that a log of a single server is read as one of the first shard.
 *
 * Hot path. Allocations: none. Watched by `decode.bench.ts`.
 */

const mark = '@';
const attributesTag = 0x0a;

/** The partition of a unit, as its shard and its days name it. */
export function partitionOf(days: string, shard: number): string {
  return shard === 0 ? days : `${days}${mark}${shard}`;
}

/** The days of a partition, and its shard counted from 0. */
export function splitPartition(partition: string): {
  readonly days: string;
  readonly shard: number;
} {
  const at = partition.lastIndexOf(mark);
  if (at < 0) return { days: partition, shard: 0 };
  return { days: partition.slice(0, at), shard: Number(partition.slice(at + 1)) };
}

/**
 * The shard of a trace, by the last four bytes of its id: these are random in every generation of
 * ids (W3C Trace Context, section 3.2.2.3; ids of 64 bits are padded in front).
 *
 * @param at where the 16 bytes of the id begin
 */
export function shardOfTrace(source: Uint8Array, at: number, shards: number): number {
  const low =
    ((source[at + 12]! << 24) |
      (source[at + 13]! << 16) |
      (source[at + 14]! << 8) |
      source[at + 15]!) >>>
    0;
  return low % shards;
}

/**
 * The shard of a resource, by its attributes in whatever order they come.
 *
 * @param bytes a Resource message lies in front of `end`; one that is no message has a shard too
 */
export function shardOfResource(bytes: Uint8Array, end: number, shards: number): number {
  let sum = 0;
  let at = 0;
  while (at < end) {
    const tag = bytes[at]!;
    const start = readSmall(bytes, at + 1, end);
    const wireType = tag & 7;
    if (tag >= 0x80 || start < 0 || (wireType !== 0 && wireType !== 2)) break;
    // Behind a number comes the next field: how many were dropped is no attribute.
    const stop = wireType === 0 ? start : start + small[0]!;
    if (stop > end) break;
    if (tag === attributesTag) sum = (sum + hashBytes(bytes, start, stop)) | 0;
    at = stop;
  }
  return shardOfHash(sum, shards);
}

/** What {@link readSmall} read. */
const small = new Uint32Array(1);

/** A varint below 2^28; where it ends, or -1. */
function readSmall(bytes: Uint8Array, from: number, end: number): number {
  let value = 0;
  for (let at = from, shift = 0; at < end && shift < 28; at += 1, shift += 7) {
    value |= (bytes[at]! & 0x7f) << shift;
    if (bytes[at]! >= 0x80) continue;
    small[0] = value;
    return at + 1;
  }
  return -1;
}

export function shardOfHash(hash: number, shards: number): number {
  return mix(hash) % shards;
}

/** FNV-1a, mixed so that sums of it differ where their parts do. The same in every process. */
export function hashBytes(bytes: Uint8Array, from: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return mix(hash);
}

/** The finalizer of MurmurHash3: every bit decides about every other one. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
