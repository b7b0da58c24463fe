/**
 * `numeric` in its binary form (`numeric_send`): i16 count of digits, i16 weight, u16 sign, u16
 * dscale, then digits of base 10000; the first stands for 10000^weight. Exact: below 2^53 in
 * plain numbers, above with bigint.
 */
import type { ValueColumn } from '../../../../clickhouse/native/values/types.ts';
import { int16, pushSafe, uint16 } from './binary.ts';
import type { Decode, Edge } from './edge.ts';

const negative = 0x4000;
const special: Readonly<Record<number, string>> = {
  49152: 'NaN',
  53248: 'Infinity',
  61440: '-Infinity',
};
const groupDigits = 4;
const headerBytes = 8;
/** Groups of four digits that a double surely holds: 10^15 < 2^53. */
const safeGroups = 3;
/** By exponent; at most 131072 digits before the point and 16383 behind it. */
const powers: bigint[] = [];

export type Decimal = { readonly precision: number; readonly scale: number };

/** The limits of `Decimal(P, S)`, or undefined when the type is another. */
export function decimalOf(type: string): Decimal | undefined {
  const found = /^Decimal\((\d+), *(\d+)\)$/.exec(type);
  return found === null ? undefined : { precision: Number(found[1]), scale: Number(found[2]) };
}

export function decodeNumeric(column: ValueColumn, decimal: Decimal, edge: Edge): Decode {
  const { precision, scale } = decimal;
  const push = pusher(column);
  const bound = powerOfTen(precision);
  const boundNumber = precision <= 15 ? 10 ** precision : Number.POSITIVE_INFINITY;
  const fractionGroups = Math.ceil(scale / groupDigits);
  const surplus = 10 ** (fractionGroups * groupDigits - scale);
  return (bytes, from, to) => {
    const sign = uint16(bytes, from + 4);
    const count = uint16(bytes, from);
    const weight = int16(bytes, from + 2);
    const isPlain = sign === 0 || sign === negative;
    // Only zeros can stand behind the last group that counts, and then it is the slow way's.
    if (
      isPlain &&
      weight + 1 + fractionGroups <= safeGroups &&
      count <= weight + 1 + fractionGroups
    ) {
      let units = 0;
      for (let group = 0; group <= weight + fractionGroups; group += 1) {
        units =
          units * 10_000 + (group < count ? uint16(bytes, from + headerBytes + 2 * group) : 0);
      }
      const scaled = units / surplus;
      if (Number.isInteger(scaled) && scaled < boundNumber) {
        push.safe(sign === negative ? -scaled : scaled);
        return true;
      }
    }
    if (!isPlain) {
      const name = special[sign] ?? 'NaN';
      if (!edge.meet(name, name !== 'NaN')) return false;
      push.big(name === 'Infinity' ? bound - 1n : 1n - bound);
      return true;
    }
    const exact = scaledValue(bytes, from, scale);
    if (exact.isExact && exact.value < bound && exact.value > -bound) {
      push.big(exact.value);
      return true;
    }
    if (!edge.meet(numericText(bytes, from, to), true)) return false;
    push.big(clampTo(exact.value, bound));
    return true;
  };
}

/** What `numeric::text` prints. */
export function numericText(bytes: Uint8Array, from: number, _to: number): string {
  const sign = uint16(bytes, from + 4);
  const name = special[sign];
  if (name !== undefined) return name;
  const dscale = uint16(bytes, from + 6);
  const { value } = scaledValue(bytes, from, dscale);
  const digits = String(value < 0n ? -value : value).padStart(dscale + 1, '0');
  const point = digits.length - dscale;
  const minus = sign === negative && value !== 0n ? '-' : '';
  return `${minus}${digits.slice(0, point)}${dscale > 0 ? `.${digits.slice(point)}` : ''}`;
}

type Push = { readonly safe: (value: number) => void; readonly big: (value: bigint) => void };

function pusher(column: ValueColumn): Push {
  switch (column.kind) {
    case 'number':
      return {
        safe: (value) => column.pushNumber(value),
        big: (value) => column.pushNumber(Number(value)),
      };
    case 'long':
      return {
        safe: (value) => pushSafe(column, value),
        big: (value) => column.pushBigInt(value),
      };
    case 'wide':
      return {
        safe: (value) => column.pushBigInt(BigInt(value)),
        big: (value) => column.pushBigInt(value),
      };
    default:
      throw new TypeError(`a numeric cannot go into ${column.type}`);
  }
}

/** Times 10^scale; rounded half away from zero, as PostgreSQL does, where that leaves a rest. */
function scaledValue(
  bytes: Uint8Array,
  from: number,
  scale: number,
): { value: bigint; isExact: boolean } {
  const count = uint16(bytes, from);
  const weight = int16(bytes, from + 2);
  let units = 0n;
  for (let group = 0; group < count; group += safeGroups) {
    let part = 0;
    let size = 0;
    for (; size < safeGroups && group + size < count; size += 1) {
      part = part * 10_000 + uint16(bytes, from + headerBytes + 2 * (group + size));
    }
    units = units * powerOfTen(size * groupDigits) + BigInt(part);
  }
  const shift = (weight - count + 1) * groupDigits + scale;
  let isExact = true;
  if (shift >= 0) {
    units *= powerOfTen(shift);
  } else {
    const unit = powerOfTen(-shift);
    const rest = units % unit;
    isExact = rest === 0n;
    units = units / unit + (rest * 2n >= unit ? 1n : 0n);
  }
  return { value: uint16(bytes, from + 4) === negative ? -units : units, isExact };
}

function clampTo(value: bigint, bound: bigint): bigint {
  if (value >= bound) return bound - 1n;
  return value <= -bound ? 1n - bound : value;
}

function powerOfTen(exponent: number): bigint {
  const known = powers[exponent];
  if (known !== undefined) return known;
  const power = 10n ** BigInt(exponent);
  powers[exponent] = power;
  return power;
}
