/**
 * Types with values at and between their edges, how a value is pushed, and what the engine prints
 * for it, computed here without any of the columns' code.
 */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { ValueColumn } from '../types.ts';

export type Kind<V = unknown> = {
  readonly type: string;
  readonly value: fc.Arbitrary<V>;
  readonly push: (column: ValueColumn, value: V) => void;
  /** What `JSONCompactEachRow` has for the value, see {@link printSettings}. */
  readonly printed: (value: V) => unknown;
  /** What the parsed JSON is turned into before it is compared. */
  readonly read?: (json: unknown) => unknown;
};

/** Settings with which the engine prints every value whole. */
export const printSettings = {
  output_format_json_quote_64bit_integers: '1',
  output_format_json_quote_decimals: '1',
  output_format_json_quote_denormals: '1',
  output_format_decimal_trailing_zeros: '1',
  output_format_json_map_as_array_of_tuples: '1',
  output_format_json_named_tuples_as_objects: '0',
  allow_suspicious_low_cardinality_types: '1',
  session_timezone: 'UTC',
  async_insert: '0',
};

type Of<K extends ValueColumn['kind']> = Extract<ValueColumn, { kind: K }>;

function as<K extends ValueColumn['kind']>(column: ValueColumn, kind: K): Of<K> {
  assert.equal(column.kind, kind, column.type);
  return column as Of<K>;
}

function int(type: string, min: number, max: number): Kind<number> {
  const edges = fc.constantFrom(min, max, 0, min + 1, max - 1);
  return {
    type,
    value: fc.oneof(edges, fc.integer({ min, max })),
    push: (column, value) => as(column, 'number').pushNumber(value),
    printed: (value) => value,
  };
}

function big(type: string, bits: bigint, isSigned: boolean): Kind<bigint> {
  const min = isSigned ? -(2n ** (bits - 1n)) : 0n;
  const max = isSigned ? 2n ** (bits - 1n) - 1n : 2n ** bits - 1n;
  return {
    type,
    value: bigBetween(min, max),
    push: bits === 64n ? pushLong : pushWide,
    printed: String,
  };
}

function bigBetween(min: bigint, max: bigint): fc.Arbitrary<bigint> {
  const inside = [0n, 1n, -1n, 2n ** 32n, 2n ** 64n].filter((one) => one >= min && one <= max);
  return fc.oneof(fc.constantFrom(min, max, ...inside), fc.bigInt({ min, max }));
}

/** By halves and by bigint in turn: both have to give the same. */
function pushLong(column: ValueColumn, value: bigint): void {
  const long = as(column, 'long');
  if (value % 2n === 0n) long.pushBigInt(value);
  else long.pushHalves(Number(value & 0xffff_ffffn), Number(BigInt.asIntN(64, value) >> 32n));
}

function pushWide(column: ValueColumn, value: bigint): void {
  as(column, 'wide').pushBigInt(value);
}

function float(type: string, value: fc.Arbitrary<number>): Kind<number> {
  const tiny = type === 'Float32' ? 2 ** -149 : Number.MIN_VALUE;
  const edges = fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, tiny, 0.1, -1.5);
  const same = (one: number): number => (type === 'Float32' ? Math.fround(one) : one);
  return {
    type,
    value: fc.oneof(edges, value),
    push: (column, one) => as(column, 'number').pushNumber(one),
    printed: same,
    read: (json) => same(doubleOf(json)),
  };
}

function doubleOf(json: unknown): number {
  return typeof json === 'number' ? json : Number(String(json).replace('inf', 'Infinity'));
}

function decimal(digits: number, scale: number, type = ''): Kind<bigint> {
  const most = 10n ** BigInt(digits) - 1n;
  return {
    type: type || `Decimal(${digits}, ${scale})`,
    value: bigBetween(-most, most),
    push: (column, value) => {
      if (digits <= 9) as(column, 'number').pushNumber(Number(value));
      else if (digits <= 18) pushLong(column, value);
      else pushWide(column, value);
    },
    printed: (value) => scaled(value, scale),
  };
}

function scaled(value: bigint, scale: number): string {
  const sign = value < 0n ? '-' : '';
  const text = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const point = text.length - scale;
  return sign + text.slice(0, point) + (scale === 0 ? '' : `.${text.slice(point)}`);
}

function days(type: string, first: string, last: string): Kind<number> {
  const dayOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 86_400_000;
  const printed = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);
  return { ...int(type, dayOf(first), dayOf(last)), printed };
}

function moments(type: string, digits: number): Kind<bigint> {
  const unit = 10n ** BigInt(digits);
  const second = (date: string): bigint => BigInt(Date.parse(date) / 1000);
  const first = second('1900-01-01T00:00:00Z') * unit;
  const end = second(digits === 9 ? '2262-01-01T00:00:00Z' : '2300-01-01T00:00:00Z') * unit;
  return {
    type,
    value: bigBetween(first, end - 1n),
    push: pushLong,
    printed: (ticks) => {
      const rest = ((ticks % unit) + unit) % unit;
      const text = new Date(Number((ticks - rest) / unit) * 1000).toISOString();
      const fraction = digits === 0 ? '' : `.${String(rest).padStart(digits, '0')}`;
      return `${text.slice(0, 10)} ${text.slice(11, 19)}${fraction}`;
    },
  };
}

const hoursMost = 838n * 3600n + 59n * 60n + 59n;

/** Times of MySQL: up to 838 hours, to both sides. */
function times(digits: number): Kind<bigint> {
  const most = hoursMost * 10n ** BigInt(digits) + 10n ** BigInt(digits) - 1n;
  return {
    type: `Time64(${digits})`,
    value: bigBetween(-most, most),
    push: pushLong,
    printed: (ticks) => {
      const [whole = '', fraction] = scaled(ticks < 0n ? -ticks : ticks, digits).split('.');
      const seconds = Number(whole);
      const parts = [seconds / 3600, (seconds / 60) % 60, seconds % 60];
      const text = parts.map((part) => String(Math.floor(part)).padStart(2, '0')).join(':');
      return `${ticks < 0n ? '-' : ''}${text}${fraction === undefined ? '' : `.${fraction}`}`;
    },
  };
}

function pushText(column: ValueColumn, value: string): void {
  pushBytes(column, Buffer.from(value));
}

/** Half of them out of the middle of a larger buffer, as readers have them. */
function pushBytes(column: ValueColumn, value: Uint8Array): void {
  const writer = as(column, 'bytes');
  if (value.length % 2 === 0) return writer.pushBytes(value, 0, value.length);
  const larger = Buffer.alloc(value.length + 300, 0x7e);
  larger.set(value, 11);
  writer.pushBytes(larger, 11, 11 + value.length);
}

function strings(type: string): Kind<string> {
  return { type, value: text, push: pushText, printed: (value) => value };
}

const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 9 }).map((one) => one.toWellFormed()),
  fc.constantFrom('', 'a', 'b', "it's", 'é\0', 'z'.repeat(31), 'z'.repeat(32), 'z'.repeat(127)),
  fc.integer({ min: 0, max: 600 }).map((length) => 'abc'.repeat(length)),
);

const bytes = (size: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.constantFrom(new Uint8Array(size), new Uint8Array(size).fill(0xff)),
    fc.uint8Array({ minLength: size, maxLength: size }),
  );
const hexOf = (value: Uint8Array): string => Buffer.from(value).toString('hex');

const uuid: Kind<Uint8Array> = {
  type: 'UUID',
  value: bytes(16),
  push: pushBytes,
  printed: (value) => hexOf(value).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
};

const ipv4: Kind<Uint8Array> = {
  type: 'IPv4',
  value: bytes(4),
  push: pushBytes,
  printed: (value) => value.join('.'),
};

const ipv6: Kind<Uint8Array> = {
  type: 'IPv6',
  value: bytes(16),
  push: pushBytes,
  printed: hexOf,
  read: (json) => expanded(String(json)),
};

/** `::ffff:1.2.3.4` as 32 digits. */
function expanded(address: string): string {
  const groups = (part: string): string[] =>
    part
      .split(':')
      .filter(Boolean)
      .flatMap((group) => {
        if (!group.includes('.')) return [group.padStart(4, '0')];
        const hex = hexOf(Uint8Array.from(group.split('.').map(Number)));
        return [hex.slice(0, 4), hex.slice(4)];
      });
  const [head = '', tail = ''] = address.split('::');
  const [first, last] = [groups(head), groups(tail)];
  return [...first, ...Array(8 - first.length - last.length).fill('0000'), ...last].join('');
}

/** ASCII, some of it shorter than the column is wide. */
const fixedString: Kind<string> = {
  type: 'FixedString(9)',
  value: fc.string({ unit: fc.constantFrom('a', 'Z', '0', '\0'), maxLength: 9 }),
  push: pushText,
  printed: (value) => value.padEnd(9, '\0'),
};

const bool: Kind<boolean> = {
  type: 'Bool',
  value: fc.boolean(),
  push: (column, value) => as(column, 'number').pushNumber(value ? 1 : 0),
  printed: (value) => value,
};

export const scalars = [
  bool,
  int('Int8', -128, 127),
  int('UInt8', 0, 255),
  int('Int16', -(2 ** 15), 2 ** 15 - 1),
  int('UInt16', 0, 2 ** 16 - 1),
  int('Int32', -(2 ** 31), 2 ** 31 - 1),
  int('UInt32', 0, 2 ** 32 - 1),
  ...[64n, 128n, 256n].flatMap((bits) => [
    big(`Int${bits}`, bits, true),
    big(`UInt${bits}`, bits, false),
  ]),
  float('Float32', fc.float()),
  float('Float64', fc.double()),
  decimal(1, 0),
  decimal(9, 9),
  decimal(10, 3, 'Decimal(10,3)'),
  decimal(18, 0, 'Decimal(18)'),
  decimal(19, 2),
  decimal(38, 38),
  decimal(39, 1),
  decimal(76, 38),
  days('Date', '1970-01-01', '2149-06-06'),
  days('Date32', '1900-01-01', '2299-12-31'),
  {
    ...int('DateTime', 0, 2 ** 32 - 1),
    printed: (value: number) => new Date(value * 1000).toISOString().slice(0, 19).replace('T', ' '),
  },
  moments('DateTime64(0)', 0),
  moments('DateTime64(3)', 3),
  moments("DateTime64(6, 'UTC')", 6),
  moments("DateTime64(9,'Etc/UTC')", 9),
  times(0),
  times(6),
  strings('String'),
  strings('LowCardinality(String)'),
  fixedString,
  uuid,
  ipv4,
  ipv6,
] as unknown as readonly Kind[];

const point: Kind<[number, number]> = {
  type: 'Point',
  value: fc.tuple(fc.double(), fc.double()),
  push: (column, value) => {
    as(column, 'tuple').parts.forEach((part, index) => {
      as(part, 'number').pushNumber(value[index]!);
    });
  },
  printed: (value) => value,
  read: (json) => (json as unknown[]).map(doubleOf),
};

export function nullable(inner: Kind): Kind {
  const type =
    inner.type === 'LowCardinality(String)'
      ? 'LowCardinality(Nullable(String))'
      : `Nullable(${inner.type})`;
  return {
    type,
    value: fc.option(inner.value, { nil: null, freq: 3 }),
    push: (column, value) => {
      const writer = as(column, 'nullable');
      if (value === null) return writer.pushNull();
      writer.pushValid();
      inner.push(writer.inner, value);
    },
    printed: (value) => (value === null ? null : inner.printed(value)),
    read: (json) => (json === null ? null : readOf(inner, json)),
  };
}

export function arrayOf(inner: Kind): Kind<unknown[]> {
  return {
    type: `Array(${inner.type})`,
    value: fc.array(inner.value, { maxLength: 4 }),
    push: (column, list) => {
      const writer = as(column, 'array');
      writer.pushLength(list.length);
      for (const one of list) inner.push(writer.inner, one);
    },
    printed: (list) => list.map((one) => inner.printed(one)),
    read: (json) => (json as unknown[]).map((one) => readOf(inner, one)),
  };
}

function mapOf(key: Kind, inner: Kind): Kind<[unknown, unknown][]> {
  return {
    type: `Map(${key.type}, ${inner.type})`,
    value: fc.uniqueArray(fc.tuple(key.value, inner.value), {
      maxLength: 3,
      selector: ([one]) => String(key.printed(one)),
    }),
    push: (column, pairs) => {
      const writer = as(column, 'map');
      writer.pushLength(pairs.length);
      for (const [one, value] of pairs) {
        key.push(writer.key, one);
        inner.push(writer.value, value);
      }
    },
    printed: (pairs) => pairs.map(([one, value]) => [key.printed(one), inner.printed(value)]),
    read: (json) =>
      (json as unknown[][]).map(([one, value]) => [readOf(key, one), readOf(inner, value)]),
  };
}

function tupleOf(parts: readonly Kind[], names?: readonly string[]): Kind<unknown[]> {
  const typed = parts.map(({ type }, index) =>
    names === undefined ? type : `\`${names[index]}\` ${type}`,
  );
  return {
    type: `Tuple(${typed.join(', ')})`,
    value: fc.tuple(...parts.map(({ value }) => value)),
    push: (column, values) => {
      const writer = as(column, 'tuple');
      parts.forEach((part, index) => {
        part.push(writer.parts[index]!, values[index]);
      });
    },
    printed: (values) => parts.map((part, index) => part.printed(values[index])),
    read: (json) => parts.map((part, index) => readOf(part, (json as unknown[])[index])),
  };
}

/** What the engine printed for a value, as `kind.printed` gives it. */
export function readOf(kind: Kind, json: unknown): unknown {
  return kind.read === undefined ? json : kind.read(json);
}

const keys = scalars.filter(({ type }) =>
  /^(String|LowCardinality.*|Int\d+|UUID|Date32)$/.test(type),
);

/** Any type, up to `depth` types inside one another. */
export function anyKind(depth: number): fc.Arbitrary<Kind> {
  const scalar = fc.constantFrom(...scalars, ...scalars.map(nullable), point as unknown as Kind);
  if (depth === 0) return scalar;
  const inner = anyKind(depth - 1);
  const lists = inner.map((one) => arrayOf(one) as unknown as Kind);
  const maps = fc.tuple(fc.constantFrom(...keys), inner).map(([key, one]) => mapOf(key, one));
  const tuples = fc
    .tuple(fc.array(inner, { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([parts, isNamed]) =>
      tupleOf(parts, isNamed ? parts.map((_, index) => `n ${index}'(`) : undefined),
    );
  return fc.oneof(scalar, lists, maps as fc.Arbitrary<Kind>, tuples as fc.Arbitrary<Kind>);
}
