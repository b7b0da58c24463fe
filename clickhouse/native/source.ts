/**
 * The words of Native as they are read: what `columns.ts` and `block.ts` wrote, without a protocol
 * revision. Lengths come from our own writers; a block that ends too early is a defect of ours.
 * Allocations: a view a column, a string a text. Measured by the bench `archive`.
 */
import { assert } from '../../core/assert.ts';

/** Bytes of a block, and where the next word begins. */
export type Source = { readonly bytes: Buffer; at: number };

/** What stands before the data of a LowCardinality column: the version of its keys. */
export const keyVersionBytes = 8;
/** The low byte of a LowCardinality column's flags: the index has `1 << it` bytes. */
export const indexTypeMask = 0xff;
/** Deeper than any of our types. */
export const nestedDepthMax = 8;

const lengthBitsMax = 35;
const widths: Readonly<Record<string, number>> = {
  ...{ Bool: 1, Int8: 1, UInt8: 1, Int16: 2, UInt16: 2, Int32: 4, UInt32: 4, Float32: 4 },
  ...{ Date: 2, DateTime: 4, Int64: 8, UInt64: 8, Float64: 8, UUID: 16 },
};

/** Bytes of one value of a plain type; undefined where values differ in length. */
export function fixedWidth(type: string): number | undefined {
  if (type.startsWith('Enum8(')) return 1;
  if (type.startsWith('Enum16(')) return 2;
  if (type.startsWith('DateTime64(')) return 8;
  return Object.hasOwn(widths, type) ? widths[type] : undefined;
}

/** The type inside `Array(…)`. */
export function elementOf(type: string): string | undefined {
  return /^Array\((.*)\)$/.exec(type)?.[1];
}

/** The type of the values of a map; keys are LowCardinality(String) in all of ours. */
export function mapValueOf(type: string): string | undefined {
  return /^Map\(LowCardinality\(String\), (.*)\)$/.exec(type)?.[1];
}

/** A view, not a copy. */
export function take(source: Source, bytes: number): Buffer {
  const from = source.at;
  source.at += bytes;
  assert(source.at <= source.bytes.byteLength, 'a column ends inside the block');
  return source.bytes.subarray(from, source.at);
}

export function readVarint(source: Source): number {
  let value = 0;
  for (let shift = 0; shift < lengthBitsMax; shift += 7) {
    const byte = source.bytes[source.at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  throw new Error(`a length of more than ${lengthBitsMax} bits`);
}

export function readText(source: Source): string {
  return take(source, readVarint(source)).toString('utf8');
}

/** Counts and lengths: below 2^53 in everything that we write. */
export function readUint64(source: Source): number {
  return Number(take(source, 8).readBigUInt64LE(0));
}
