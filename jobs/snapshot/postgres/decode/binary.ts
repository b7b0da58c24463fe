/** Numbers in network order, and 64 bits pushed as two halves or as a number. No allocation. */
import type { LongColumn } from '../../../../clickhouse/native/values/types.ts';

const two32 = 0x1_0000_0000;

export function int16(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number);
}

export function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function int32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

export function bigInt64(bytes: Uint8Array, at: number): bigint {
  return (BigInt(int32(bytes, at)) << 32n) | BigInt(int32(bytes, at + 4) >>> 0);
}

/** Exact only for what is below 2^53 on both sides of zero. */
export function safeInt64(bytes: Uint8Array, at: number): number {
  return int32(bytes, at) * two32 + (int32(bytes, at + 4) >>> 0);
}

/** Whether the 64 bits are within ±2^52, so that a number holds them and what is near. */
export function isSafe64(bytes: Uint8Array, at: number): boolean {
  const high = int32(bytes, at);
  return high < 0x100000 && high >= -0x100000;
}

/** `value` is an integer below 2^53 on both sides of zero. */
export function pushSafe(column: LongColumn, value: number): void {
  const high = Math.floor(value / two32);
  column.pushHalves(value - high * two32, high);
}

const scratch = new DataView(new ArrayBuffer(8));

export function float32(bytes: Uint8Array, at: number): number {
  scratch.setInt32(0, int32(bytes, at));
  return scratch.getFloat32(0);
}

export function float64(bytes: Uint8Array, at: number): number {
  scratch.setInt32(0, int32(bytes, at));
  scratch.setInt32(4, int32(bytes, at + 4));
  return scratch.getFloat64(0);
}
