/**
 * The type table of MySQL and MariaDB (research: protocols.md §4.7). Everything is drawn from the
 * type as `information_schema.columns.COLUMN_TYPE` writes it, so that a plan needs nothing else.
 */
import type { EdgePolicy, MappedType } from '../source.ts';
import { quoteName } from './session.ts';

/** What a column of the source is; one decoder family each. */
export type SourceKind =
  | 'integer'
  | 'float'
  | 'decimal'
  | 'bit'
  | 'year'
  | 'date'
  | 'datetime'
  | 'time'
  | 'text'
  | 'bytes'
  | 'enum'
  | 'set'
  | 'point'
  | 'geometry'
  | 'uuid'
  | 'ip'
  | 'vector';

export type SourceType = {
  readonly kind: SourceKind;
  /** `bigint`, `varchar`, in lower case. */
  readonly base: string;
  /** The numbers in parentheses: `[12, 2]`. */
  readonly sizes: readonly number[];
  readonly isUnsigned: boolean;
  /** Where a set has '' among its members, which its text may not show; else -1. */
  readonly emptyMember: number;
};

const integerBits: Readonly<Record<string, number>> = {
  tinyint: 8,
  smallint: 16,
  mediumint: 32,
  int: 32,
  integer: 32,
  bigint: 64,
};

const kinds: readonly (readonly [SourceKind, RegExp])[] = [
  ['integer', /^(tiny|small|medium|big)?int(eger)?$/],
  ['float', /^(float|double|real)$/],
  ['decimal', /^(decimal|numeric|dec|fixed)$/],
  ['bit', /^bit$/],
  ['year', /^year$/],
  ['date', /^date$/],
  ['datetime', /^(datetime|timestamp)$/],
  ['time', /^time$/],
  ['enum', /^enum$/],
  ['set', /^set$/],
  ['point', /^point$/],
  ['geometry', /^(geometry|linestring|polygon|multi\w+|geometrycollection|geomcollection)$/],
  ['uuid', /^uuid$/],
  ['ip', /^inet[46]$/],
  ['vector', /^vector$/],
  ['bytes', /^((var)?binary|(tiny|medium|long)?blob)$/],
];

/** What is not in the table is read as text: the server gives every type one. */
export function parseSourceType(text: string): SourceType {
  const [, base = '', inner = '', rest = ''] = /^(\w+)(?:\((.*)\))?([^)]*)$/s.exec(text) ?? [];
  const kind = kinds.find(([, pattern]) => pattern.test(base))?.[0] ?? 'text';
  return {
    kind,
    base,
    sizes: kind === 'enum' || kind === 'set' ? [] : inner.split(',').filter(Boolean).map(Number),
    isUnsigned: /\bunsigned\b/.test(rest),
    emptyMember: kind === 'set' ? membersOf(inner).indexOf("''") : -1,
  };
}

/** The row of the type table for a column of this type. */
export function mapType(sourceType: string): MappedType {
  const source = parseSourceType(sourceType);
  const types = typesOf(source);
  return {
    type: types[0] ?? 'String',
    types: [...new Set([...types, 'String'])],
    edge: edgeOf(source.kind),
    // Point is a tuple, which older servers refuse inside Nullable; see `select`.
    canBeNull: source.kind !== 'set' && source.kind !== 'vector' && source.kind !== 'point',
  };
}

/**
 * How a column is asked for, when it goes into `type` (without Nullable). Floats are multiplied
 * by one in double precision: as they are, six digits would come.
 */
export function selectExpression(name: string, sourceType: string, type: string): string {
  const source = parseSourceType(sourceType);
  const column = quoteName(name);
  if (source.kind === 'float') return `${column} * 1e0`;
  if (type === 'UUID' && source.kind === 'uuid') return `CAST(${column} AS BINARY(16))`;
  if (type === 'IPv4') return `CAST(${column} AS BINARY(4))`;
  if (type === 'IPv6' && source.base === 'inet6') return `CAST(${column} AS BINARY(16))`;
  if (source.kind === 'set' && type !== 'String' && source.emptyMember >= 0) {
    const bit = 2n ** BigInt(source.emptyMember);
    return `CONCAT(IF(CAST(${column} AS UNSIGNED) & ${bit}, '+', '-'), ${column})`;
  }
  return column;
}

/** With their quotes; a quote inside is doubled. */
function membersOf(inner: string): readonly string[] {
  return inner.match(/'(?:[^']|'')*'/g) ?? [];
}

function edgeOf(kind: SourceKind): EdgePolicy {
  return kind === 'date' || kind === 'datetime' ? 'null' : 'fail';
}

function typesOf(source: SourceType): readonly string[] {
  const [size = 0, scale = 0] = source.sizes;
  switch (source.kind) {
    case 'integer':
      return integerTypes(source);
    case 'float':
      return source.base === 'float' ? ['Float32', 'Float64'] : ['Float64'];
    case 'decimal':
      return [`Decimal(${size || 10}, ${scale})`];
    case 'bit':
      return size <= 1 ? ['UInt64', 'Bool'] : ['UInt64'];
    case 'year':
      return ['UInt16'];
    case 'date':
      return ['Date32'];
    case 'datetime': {
      const both = [`DateTime64(${size})`, `DateTime64(${size}, 'UTC')`];
      return source.base === 'timestamp' ? both.reverse() : both;
    }
    case 'time':
      return [`Time64(${size})`, 'Int64'];
    case 'enum':
      return ['LowCardinality(String)'];
    case 'set':
      return ['Array(LowCardinality(String))', 'Array(String)'];
    case 'point':
      return ['Point'];
    case 'geometry':
      return ['String', 'Tuple(UInt32, String)'];
    case 'uuid':
      return ['UUID'];
    case 'ip':
      return source.base === 'inet4' ? ['IPv4'] : ['IPv6'];
    case 'vector':
      return ['Array(Float32)'];
    case 'bytes':
      return bytesTypes(source.base, size || 1);
    default:
      return ['String', 'LowCardinality(String)', ...(jsonTypes.has(source.base) ? ['JSON'] : [])];
  }
}

/** That of MariaDB's `json` is told as `longtext`. */
const jsonTypes: ReadonlySet<string> = new Set(['json', 'longtext']);

function bytesTypes(base: string, size: number): readonly string[] {
  if (base !== 'binary' || size === 0) return ['String'];
  return [`FixedString(${size})`, ...(size === 16 ? ['UUID', 'IPv6'] : [])];
}

function integerTypes(source: SourceType): readonly string[] {
  const bits = integerBits[source.base] ?? 64;
  const wider = [8, 16, 32, 64].filter((one) => one >= bits);
  const own = wider.map((one) => `${source.isUnsigned ? 'UInt' : 'Int'}${one}`);
  const signed = source.isUnsigned ? wider.slice(1).map((one) => `Int${one}`) : [];
  const isFlag = source.base === 'tinyint' && source.sizes[0] === 1 && !source.isUnsigned;
  return [...own, ...signed, ...(isFlag ? ['Bool'] : [])];
}
