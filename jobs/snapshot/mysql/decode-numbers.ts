/** Numbers, from their decimal text. */
import type { LongColumn, ValueColumn } from '../../../clickhouse/native/values/types.ts';
import type { Decode } from './decoders.ts';
import type { Slot } from './slot.ts';

const minus = 0x2d;
const dot = 0x2e;
const zero = 0x30;
/** Digits of which any count fits a double exactly. */
const safeDigits = 15;
/** Powers of ten that a double holds exactly. */
const exactPowers: readonly number[] = Array.from({ length: 23 }, (_, power) => 10 ** power);

/** tinyint to bigint, signed or not, year; Bool by 0 and 1, other values at the edge. */
export function decodeInteger(inner: ValueColumn, slot: Slot): Decode | undefined {
  if (inner.kind === 'long') return decodeLong(inner, slot, 0);
  if (inner.kind !== 'number') return undefined;
  if (inner.type === 'Bool') {
    return (bytes) => {
      const value = digitsOf(bytes, bytes.length);
      if (value !== 0 && value !== 1 && slot.meetEdge(bytes)) return;
      slot.valid();
      inner.pushNumber(value === 0 ? 0 : 1);
    };
  }
  return (bytes) => {
    slot.valid();
    inner.pushNumber(digitsOf(bytes, bytes.length));
  };
}

/** Its own scale on both sides, so that unscaled digits go as they are. */
export function decodeDecimal(inner: ValueColumn, slot: Slot, scale: number): Decode | undefined {
  if (inner.kind === 'number') {
    return (bytes) => {
      slot.valid();
      inner.pushNumber(digitsOf(bytes, bytes.length));
    };
  }
  if (inner.kind === 'long') return decodeLong(inner, slot, scale);
  if (inner.kind !== 'wide') return undefined;
  return (bytes) => {
    slot.valid();
    inner.pushBigInt(unscaledOf(bytes));
  };
}

/** Into halves without a BigInt where 15 digits suffice, and in two parts where they do not. */
function decodeLong(inner: LongColumn, slot: Slot, scale: number): Decode {
  const hasDot = scale > 0;
  return (bytes) => {
    slot.valid();
    const digits = bytes.length - (hasDot ? 1 : 0) - (bytes[0] === minus ? 1 : 0);
    if (digits <= safeDigits) {
      const value = digitsOf(bytes, bytes.length);
      inner.pushHalves(value, Math.floor(value / 2 ** 32));
    } else {
      inner.pushBigInt(unscaledOf(bytes));
    }
  };
}

/** `0.1`, `-1e-7`, `1.7976931348623157e308`: exactly the double that the server has. */
export function decodeFloat(inner: ValueColumn, slot: Slot): Decode | undefined {
  if (inner.kind !== 'number') return undefined;
  return (bytes) => {
    slot.valid();
    inner.pushNumber(floatOf(bytes));
  };
}

/** Big end first, 1 to 8 bytes. */
export function decodeBit(inner: ValueColumn, slot: Slot): Decode | undefined {
  if (inner.kind === 'number') {
    return (bytes) => {
      slot.valid();
      inner.pushNumber(bytes.readUIntBE(0, Math.min(bytes.length, 6)) === 0 ? 0 : 1);
    };
  }
  if (inner.kind !== 'long') return undefined;
  return (bytes) => {
    let low = 0;
    let high = 0;
    for (const byte of bytes) {
      high = (high << 8) | (low >>> 24);
      low = (low << 8) | byte;
    }
    slot.valid();
    inner.pushHalves(low, high);
  };
}

/** The digits as one integer, the dot left out; at most 15 of them. */
function digitsOf(bytes: Buffer, to: number): number {
  const isNegative = bytes[0] === minus;
  let value = 0;
  for (let at = isNegative ? 1 : 0; at < to; at += 1) {
    const byte = bytes[at]!;
    if (byte !== dot) value = value * 10 + (byte - zero);
  }
  return isNegative ? -value : value;
}

function unscaledOf(bytes: Buffer): bigint {
  return BigInt(bytes.toString('latin1').replace('.', ''));
}

/** Clinger's fast path: digits and a power of ten that are both exact give an exact quotient. */
function floatOf(bytes: Buffer): number {
  const isNegative = bytes[0] === minus;
  const start = isNegative ? 1 : 0;
  let value = 0;
  let dotAt = -1;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (byte === dot) dotAt = at;
    else if (byte < zero || at > safeDigits) return Number(bytes.toString('latin1'));
    else if (byte > zero + 9) return Number(bytes.toString('latin1'));
    else value = value * 10 + (byte - zero);
  }
  if (dotAt >= 0) value /= exactPowers[bytes.length - 1 - dotAt]!;
  return isNegative ? -value : value;
}
