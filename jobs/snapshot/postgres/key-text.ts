/** The primary key of a row as a person would write it, out of the bytes that came for it. */
import { bigInt64, float32, float64, int16, int32, safeInt64 } from './decode/binary.ts';
import { numericText } from './decode/numeric.ts';
import { dateText, timestampText, timeText } from './decode/times.ts';
import type { PgType } from './pg-types.ts';

type Print = (bytes: Uint8Array, from: number, to: number) => string;

/** Types whose bytes are not read here are shown as `\x…`, as bytea is. */
export function valueText(type: PgType, bytes: Uint8Array, from: number, to: number): string {
  const print = type.form === 'enum' ? utf8 : type.form === 'base' ? prints[type.name] : undefined;
  return (print ?? hex)(bytes, from, to);
}

function utf8(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.subarray(from, to)).toString('utf8');
}

function hex(bytes: Uint8Array, from: number, to: number): string {
  return `\\x${Buffer.from(bytes.subarray(from, to)).toString('hex')}`;
}

function uuid(bytes: Uint8Array, from: number, to: number): string {
  const digits = hex(bytes, from, to).slice(2);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const prints: Readonly<Record<string, Print>> = {
  bool: (bytes, from) => (bytes[from] === 0 ? 'f' : 't'),
  int2: (bytes, from) => String(int16(bytes, from)),
  int4: (bytes, from) => String(int32(bytes, from)),
  int8: (bytes, from) => String(bigInt64(bytes, from)),
  oid: (bytes, from) => String(int32(bytes, from) >>> 0),
  float4: (bytes, from) => String(float32(bytes, from)),
  float8: (bytes, from) => String(float64(bytes, from)),
  numeric: numericText,
  date: (bytes, from) => dateText(int32(bytes, from)),
  timestamp: (bytes, from) => timestampText(bigInt64(bytes, from)),
  timestamptz: (bytes, from) => `${timestampText(bigInt64(bytes, from))}+00`,
  time: (bytes, from) => timeText(safeInt64(bytes, from)),
  uuid,
  text: utf8,
  varchar: utf8,
  bpchar: utf8,
  name: utf8,
  citext: utf8,
};
