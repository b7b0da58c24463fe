/**
 * Native blocks read back into values, a column at a time: for whoever writes rows in another
 * format than ClickHouse's. Pure. Numbers of 64 bits stay exact (bigint); texts that repeat are
 * one string. Not on the way of an answer, so it is plain rather than fast. Allocations: an array
 * a column, a value a row; one copy of the block. Measured by the bench `archive`.
 */
import { assert } from '../../core/assert.ts';
import {
  elementOf,
  fixedWidth,
  indexTypeMask,
  keyVersionBytes,
  mapValueOf,
  nestedDepthMax,
  readText,
  readUint64,
  readVarint,
  type Source,
  take,
} from './source.ts';

/** One entry of a map, in the order in which it was sent. */
export type MapEntry = { readonly key: string; readonly value: unknown };

/** A value a row: numbers, bigints, texts, arrays of them, or arrays of {@link MapEntry}. */
export type Values = ArrayLike<unknown> & { slice: (from: number, to: number) => Values };

export type ReadColumn = { readonly name: string; readonly type: string; readonly values: Values };

type Reader = {
  readonly skipPrefix: (source: Source) => void;
  readonly read: (source: Source, rows: number) => Values;
};

/** Columns in the block's order. */
export function readBlock(chunks: readonly Uint8Array[]): readonly ReadColumn[] {
  const source: Source = { bytes: Buffer.concat(chunks), at: 0 };
  const columnCount = readVarint(source);
  const rows = readVarint(source);
  const columns = Array.from({ length: columnCount }, () => {
    const name = readText(source);
    const type = readText(source);
    const reader = readerOf(type, 0);
    reader.skipPrefix(source);
    return { name, type, values: reader.read(source, rows) };
  });
  assert(source.at === source.bytes.byteLength, 'a block ends behind its last column');
  return columns;
}

function readerOf(type: string, depth: number): Reader {
  assert(depth <= nestedDepthMax, 'types nest as deep as ours');
  if (type === 'String') return plain(readStrings);
  if (type === 'LowCardinality(String)') return lowCardinality;
  const width = fixedWidth(type);
  if (width !== undefined) {
    return plain((source, rows) => numbersOf(type, take(source, rows * width), rows));
  }
  const element = elementOf(type);
  if (element !== undefined) return arraysOf(readerOf(element, depth + 1));
  const value = mapValueOf(type);
  assert(value !== undefined, `a column type that our writers know, not ${type}`);
  return mapsOf(readerOf(value, depth + 1));
}

function plain(read: Reader['read']): Reader {
  return { skipPrefix: () => {}, read };
}

/** Copied, so that it lies as the machine wants numbers to lie. */
function numbersOf(type: string, bytes: Buffer, rows: number): Values {
  const own = Uint8Array.from(bytes).buffer;
  if (type === 'Bool') return Array.from(new Uint8Array(own), (byte) => byte !== 0);
  if (type === 'Int8') return new Int8Array(own);
  if (type === 'UInt8') return new Uint8Array(own);
  if (type === 'Int16') return new Int16Array(own);
  if (type === 'UInt16' || type === 'Date') return new Uint16Array(own);
  if (type === 'Int32') return new Int32Array(own);
  if (type === 'UInt32' || type === 'DateTime') return new Uint32Array(own);
  if (type === 'Float32') return withOneNaN(new Float32Array(own));
  if (type === 'Float64') return withOneNaN(new Float64Array(own));
  if (type === 'UInt64') return new BigUint64Array(own);
  if (type === 'Int64' || type.startsWith('DateTime64(')) return new BigInt64Array(own);
  assert(type.startsWith('Enum'), `${type} of ${rows} rows has a reader`);
  const names = enumNames(type);
  const numbers = type.startsWith('Enum8(') ? new Int8Array(own) : new Int16Array(own);
  return Array.from(numbers, (number) => names.get(number) ?? '');
}

/**
 * JavaScript has one NaN, and may or may not keep the bits of another: so that the same block
 * always gives the same bytes, all become that one.
 */
function withOneNaN<Numbers extends Float32Array | Float64Array>(numbers: Numbers): Numbers {
  for (const [at, number] of numbers.entries()) if (Number.isNaN(number)) numbers[at] = Number.NaN;
  return numbers;
}

/** `Enum8('None' = 0, …)`: names by number. Ours have no quotes in them. */
function enumNames(type: string): ReadonlyMap<number, string> {
  const found = type.matchAll(/'([^']*)' = (-?\d+)/g);
  return new Map(Array.from(found, ([, name = '', number]) => [Number(number), name]));
}

function readStrings(source: Source, rows: number): string[] {
  return Array.from({ length: rows }, () => readText(source));
}

const lowCardinality: Reader = {
  skipPrefix: (source) => {
    source.at += keyVersionBytes;
  },
  read: (source, rows) => {
    if (rows === 0) return [];
    const flags = readUint64(source);
    const names = readStrings(source, readUint64(source));
    assert(readUint64(source) === rows, 'an index a row');
    const width = 1 << (flags & indexTypeMask);
    const bytes = take(source, rows * width);
    return Array.from({ length: rows }, (_, row) => names[bytes.readUIntLE(row * width, width)]);
  },
};

function arraysOf(elements: Reader): Reader {
  return {
    skipPrefix: elements.skipPrefix,
    read: (source, rows) => {
      const ends = readEnds(source, rows);
      const all = elements.read(source, ends[rows - 1] ?? 0);
      return cut(ends, (from, to) => Array.from(all.slice(from, to)));
    },
  };
}

function mapsOf(values: Reader): Reader {
  return {
    skipPrefix: (source) => {
      lowCardinality.skipPrefix(source);
      values.skipPrefix(source);
    },
    read: (source, rows) => {
      const ends = readEnds(source, rows);
      const count = ends[rows - 1] ?? 0;
      const keys = lowCardinality.read(source, count) as readonly string[];
      const all = values.read(source, count);
      const entryAt = (at: number): MapEntry => ({ key: keys[at] ?? '', value: all[at] });
      return cut(ends, (from, to) =>
        Array.from({ length: to - from }, (_, at) => entryAt(from + at)),
      );
    },
  };
}

function readEnds(source: Source, rows: number): readonly number[] {
  return Array.from({ length: rows }, () => readUint64(source));
}

function cut(ends: readonly number[], part: (from: number, to: number) => unknown): unknown[] {
  return ends.map((end, row) => part(row === 0 ? 0 : (ends[row - 1] ?? 0), end));
}
