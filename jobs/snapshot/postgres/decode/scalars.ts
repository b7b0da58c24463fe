/** Values that are one number or a run of bytes; see `decoder.ts`. */
import type { BytesColumn, ValueColumn } from '../../../../clickhouse/native/values/types.ts';
import { bigInt64, float32, float64, int16, int32 } from './binary.ts';
import type { Decode } from './edge.ts';

/** A value of a fixed width that is pushed as a number: bool, int2, int4, oid, float4, float8. */
export function decodeNumber(name: string, column: ValueColumn): Decode | undefined {
  const read = numbers[name];
  if (read === undefined) return undefined;
  if (column.kind === 'number') {
    return (bytes, from) => {
      column.pushNumber(read(bytes, from));
      return true;
    };
  }
  if (column.kind !== 'long') return undefined;
  return (bytes, from) => {
    const value = read(bytes, from);
    column.pushHalves(value, value < 0 ? -1 : 0);
    return true;
  };
}

const numbers: Readonly<Record<string, (bytes: Uint8Array, at: number) => number>> = {
  bool: (bytes, at) => bytes[at] as number,
  int2: int16,
  int4: int32,
  oid: (bytes, at) => int32(bytes, at) >>> 0,
  float4: float32,
  float8: float64,
};

/** int8, and what else is 64 bits: xid8, pg_lsn, money. */
export function decodeLong(column: ValueColumn): Decode | undefined {
  if (column.kind === 'long') {
    return (bytes, from) => {
      column.pushHalves(int32(bytes, from + 4), int32(bytes, from));
      return true;
    };
  }
  if (column.kind !== 'wide') return undefined;
  return (bytes, from) => {
    column.pushBigInt(bigInt64(bytes, from));
    return true;
  };
}

/** The bytes as they are, after `skipped` that are not of the value, as the version of jsonb. */
export function decodeBytes(column: BytesColumn, skipped: number): Decode {
  return (bytes, from, to) => {
    column.pushBytes(bytes, from + skipped, to);
    return true;
  };
}

/** i32 count of bits, then the bits from the highest on; a number as `bit::int8` makes of them. */
export function decodeBits(column: ValueColumn): Decode | undefined {
  if (column.kind !== 'long') return undefined;
  return (bytes, from) => {
    const count = int32(bytes, from);
    let value = 0n;
    for (let bit = 0; bit < count; bit += 1) {
      const byte = bytes[from + 4 + (bit >> 3)] as number;
      value = (value << 1n) | BigInt((byte >> (7 - (bit & 7))) & 1);
    }
    column.pushBigInt(value);
    return true;
  };
}
