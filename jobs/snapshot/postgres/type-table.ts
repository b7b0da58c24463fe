/**
 * The type table (research: protocols.md §4.7): which ClickHouse types a PostgreSQL type may
 * become, and how its values are asked for. A value goes as binary where its bytes are known, and
 * as the text that `psql` shows where the type is String and its bytes are not that text.
 */
import type { EdgePolicy, MappedType } from '../source.ts';
import { numericLimits, type PgType } from './pg-types.ts';

/** How the SELECT asks for a value: as it is, or cast to what a decoder reads. */
export type Wire = 'binary' | 'text' | 'texts' | 'reals' | 'numeric' | 'numeric text';

const precisionMax = 76;
const dimensionsMax = 3;
const label = "DateTime64(6, 'UTC')";
/** Bytes of these are the text itself. */
const texts = new Set(['text', 'varchar', 'bpchar', 'name', 'citext', 'json', 'jsonb', 'bytea']);
/** Of these types values may meet an edge. */
type Row = readonly [types: readonly string[], edge: EdgePolicy];

const base: Readonly<Record<string, Row>> = {
  bool: [['Bool', 'UInt8', 'String'], 'fail'],
  int2: [['Int16', 'Int32', 'Int64', 'String'], 'fail'],
  int4: [['Int32', 'Int64', 'String'], 'fail'],
  int8: [['Int64', 'String'], 'fail'],
  oid: [['UInt32', 'UInt64', 'Int64', 'String'], 'fail'],
  float4: [['Float32', 'Float64', 'String'], 'fail'],
  float8: [['Float64', 'String'], 'fail'],
  date: [['Date32', 'Int32', 'String'], 'fail'],
  timestamp: [[label, 'Int64', 'String'], 'fail'],
  timestamptz: [[label, 'Int64', 'String'], 'fail'],
  time: [['Time64(6)', 'Int64', 'String'], 'fail'],
  timetz: [['String', 'Tuple(time Time64(6), offset Int32)'], 'fail'],
  interval: [['String', 'Tuple(months Int32, days Int32, microseconds Int64)'], 'fail'],
  uuid: [['UUID', 'String'], 'fail'],
  hstore: [['Map(String, Nullable(String))', 'String'], 'fail'],
  inet: [['String', 'Tuple(address IPv6, prefix UInt8)'], 'fail'],
  cidr: [['String', 'Tuple(address IPv6, prefix UInt8)'], 'fail'],
  json: [['String', 'LowCardinality(String)', 'JSON'], 'fail'],
  jsonb: [['String', 'LowCardinality(String)', 'JSON'], 'fail'],
  xid8: [['String', 'UInt64'], 'fail'],
  pg_lsn: [['String', 'UInt64'], 'fail'],
  point: [['Point', 'String'], 'fail'],
  polygon: [['Array(Point)', 'String'], 'fail'],
  vector: [['Array(Float32)', 'String'], 'fail'],
};

/** @param dimensions `attndims`: what was declared, which the server does not hold values to */
export function mapType(type: PgType, dimensions: number): MappedType {
  const [types, edge] = rowOf(type, dimensions);
  return {
    type: types[0] ?? 'String',
    types,
    edge,
    canBeNull: holdsNull(types[0] ?? 'String'),
    anyDecimal: type.form === 'base' && ['numeric', 'money'].includes(type.name),
  };
}

/** How values of `type` are asked for when they are to land in `target`. */
export function wireOf(type: PgType, target: string): Wire {
  const plain = withoutNull(target);
  if (type.form === 'array' && plain.startsWith('Array(')) {
    return /String\)*$/.test(plain) && !/[ ,]/.test(plain) && !isText(type.element)
      ? 'texts'
      : 'binary';
  }
  // Its own text is in the money of a country, and its own bytes know no other scale.
  if (type.form === 'base' && type.name === 'money') {
    return plain === 'String' ? 'numeric text' : 'numeric';
  }
  if (type.form === 'base' && type.name === 'vector' && plain !== 'String') return 'reals';
  return /^(Fixed)?String/.test(plain) && !isText(type) ? 'text' : 'binary';
}

/** The type with room for NULL, where ClickHouse has such. */
export function nullable(type: string): string {
  const dictionary = /^LowCardinality\((?!Nullable)(.*)\)$/.exec(type);
  if (dictionary !== null) return `LowCardinality(Nullable(${dictionary[1]}))`;
  return holdsNull(type) ? `Nullable(${type})` : type;
}

function withoutNull(type: string): string {
  return type.replace(/^LowCardinality\((.*)\)$/, '$1').replace(/^Nullable\((.*)\)$/, '$1');
}

function holdsNull(type: string): boolean {
  return !/^(Array|Map|Tuple|Point|Nullable)\b/.test(type);
}

function isText(type: PgType): boolean {
  return type.form === 'enum' || (type.form === 'base' && texts.has(type.name));
}

function rowOf(type: PgType, dimensions: number): Row {
  switch (type.form) {
    case 'base':
      return baseRow(type.name, type.modifier);
    case 'enum':
      return [['LowCardinality(String)', 'String'], 'fail'];
    case 'array':
      return arrayRow(type.element, dimensions);
    case 'composite':
    case 'range':
    case 'multirange': {
      const binary = binaryType(type);
      return [binary === undefined ? ['String'] : [binary, 'String'], 'fail'];
    }
    default:
      return [['String'], 'fail'];
  }
}

function baseRow(name: string, modifier: number): Row {
  if (name === 'numeric') {
    const decimal = numericType(modifier);
    return decimal === undefined
      ? [['String', 'Decimal(38, 9)', 'Decimal(76, 38)'], 'fail']
      : [[decimal, 'String'], 'null'];
  }
  if (name === 'money') return [[moneyType(modifier), 'String'], 'fail'];
  if (name === 'bit' && modifier > 0 && modifier <= 64) return [['String', 'UInt64'], 'fail'];
  return base[name] ?? [['String', 'LowCardinality(String)'], 'fail'];
}

function arrayRow(element: PgType, dimensions: number): Row {
  const inner = binaryType(element) ?? 'String';
  const wanted = Math.min(Math.max(dimensions, 1), dimensionsMax);
  const arrays = [1, 2, 3].map((count) => nest(nullable(inner), count));
  const first = arrays[wanted - 1] ?? 'String';
  return [[first, ...arrays.filter((type) => type !== first), 'String'], edgeOf(element)];
}

function edgeOf(element: PgType): EdgePolicy {
  return element.form === 'base' ? baseRow(element.name, element.modifier)[1] : 'fail';
}

function nest(inner: string, count: number): string {
  return count === 0 ? inner : `Array(${nest(inner, count - 1)})`;
}

/**
 * `Decimal` for `numeric(p, s)`: `s` may be above `p` or below zero since PostgreSQL 15.
 * Undefined without limits and beyond 76 digits.
 */
function numericType(modifier: number): string | undefined {
  const limits = numericLimits(modifier);
  if (limits === undefined) return undefined;
  const scale = Math.max(limits.scale, 0);
  const precision = Math.max(limits.precision - Math.min(limits.scale, 0), scale);
  return precision <= precisionMax ? `Decimal(${precision}, ${scale})` : undefined;
}

/** `scale` by `lc_monetary`. */
function moneyType(scale: number): string {
  return `Decimal(19, ${scale})`;
}

/** The type of a value inside another, whose bytes must be read as they are. */
function binaryType(type: PgType): string | undefined {
  switch (type.form) {
    case 'enum':
      return 'LowCardinality(String)';
    case 'range':
    case 'multirange': {
      const bound = binaryType(type.bound);
      if (bound === undefined || !holdsNull(bound)) return undefined;
      const range = `Tuple(lower ${nullable(bound)}, upper ${nullable(bound)}, bounds String)`;
      return type.form === 'range' ? range : `Array(${range})`;
    }
    case 'composite': {
      const fields = type.fields.map(({ name, type: field }) => {
        const inner = binaryType(field);
        return inner === undefined ? undefined : `${identifier(name)} ${nullable(inner)}`;
      });
      if (fields.length === 0 || fields.includes(undefined)) return undefined;
      return `Tuple(${fields.join(', ')})`;
    }
    case 'array': {
      const inner = type.element.form === 'array' ? undefined : binaryType(type.element);
      return inner === undefined ? undefined : `Array(${nullable(inner)})`;
    }
    case 'base':
      return binaryBase(type.name, type.modifier);
    default:
      return undefined;
  }
}

/** Those of the table that read bytes, and those whose text we can make of them. */
function binaryBase(name: string, modifier: number): string | undefined {
  if (name === 'numeric') return numericType(modifier) ?? 'String';
  if (name === 'money') return moneyType(modifier);
  if (texts.has(name)) return 'String';
  const first = base[name]?.[0][0];
  return first === 'String' || name === 'vector' ? undefined : first;
}

function identifier(name: string): string {
  return /^[a-zA-Z_]\w*$/.test(name) ? name : `\`${name.replace(/[\\`]/g, '\\$&')}\``;
}
