/**
 * A Native block taken apart, so that some of its rows can be sent without the others. Only what
 * was refused comes here, so it is plain rather than fast: no allocation a row, one copy a column.
 *
 * Reads what our own writers make (`clickhouse/native`), which is Native without a protocol
 * revision: columns, rows, then name, type, prefixes and data of each column.
 */
import {
  elementOf,
  fixedWidth,
  indexTypeMask,
  keyVersionBytes,
  mapValueOf,
  nestedDepthMax,
  readText,
  readVarint,
  type Source,
  take,
} from '../../clickhouse/native/source.ts';
import { assert } from '../../core/assert.ts';

/** Which rows, ascending. */
export type RowPick = Uint32Array;

type Column = {
  readonly rows: number;
  /** What stands before the data of a whole column, of this type and the ones inside it. */
  readonly prefix: (out: Buffer[]) => void;
  readonly data: (out: Buffer[]) => void;
  readonly pick: (rows: RowPick) => Column;
};

type Reader = {
  readonly skipPrefix: (source: Source) => void;
  readonly read: (source: Source, rows: number) => Column;
};

export class NativeRows {
  readonly rows: number;
  readonly #columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly column: Column;
  }[];

  private constructor(rows: number, columns: NativeRows['columns']) {
    this.rows = rows;
    this.#columns = columns;
  }

  get columns() {
    return this.#columns;
  }

  static parse(chunks: readonly Uint8Array[]): NativeRows {
    const source: Source = { bytes: Buffer.concat(chunks), at: 0 };
    const columnCount = readVarint(source);
    const rows = readVarint(source);
    const columns = Array.from({ length: columnCount }, () => {
      const name = readText(source);
      const type = readText(source);
      const reader = readerOf(type, 0);
      reader.skipPrefix(source);
      return { name, type, column: reader.read(source, rows) };
    });
    assert(source.at === source.bytes.byteLength, 'a block ends behind its last column');
    return new NativeRows(rows, columns);
  }

  pick(rows: RowPick): NativeRows {
    const columns = this.#columns.map(({ name, type, column }) => ({
      name,
      type,
      column: column.pick(rows),
    }));
    return new NativeRows(rows.length, columns);
  }

  encode(): readonly Buffer[] {
    const out = [varint(this.#columns.length), varint(this.rows)];
    for (const { name, type, column } of this.#columns) {
      out.push(text(name), text(type));
      column.prefix(out);
      if (this.rows > 0) column.data(out);
    }
    return out;
  }
}

function readerOf(type: string, depth: number): Reader {
  assert(depth <= nestedDepthMax, 'types nest as deep as ours');
  const width = fixedWidth(type);
  if (width !== undefined) return fixedReader(width);
  if (type === 'String') return { skipPrefix: () => {}, read: readStrings };
  if (type === 'LowCardinality(String)') return lowCardinality;
  const element = elementOf(type);
  if (element !== undefined) return arrayReader([readerOf(element, depth + 1)]);
  const value = mapValueOf(type);
  assert(value !== undefined, `a column type that our writers know, not ${type}`);
  return arrayReader([lowCardinality, readerOf(value, depth + 1)]);
}

function fixedReader(width: number): Reader {
  const wrap = (bytes: Buffer): Column => ({
    rows: bytes.byteLength / width,
    prefix: () => {},
    data: (out) => void out.push(bytes),
    pick: (rows) => {
      const picked = Buffer.allocUnsafe(rows.length * width);
      let at = 0;
      for (const row of rows) {
        bytes.copy(picked, at, row * width, (row + 1) * width);
        at += width;
      }
      return wrap(picked);
    },
  });
  return { skipPrefix: () => {}, read: (source, rows) => wrap(take(source, rows * width)) };
}

/** Strings with their lengths, as they lie on the wire; `ends` are ends in `bytes`. */
function strings(bytes: Buffer, ends: Float64Array): Column {
  return {
    rows: ends.length,
    prefix: () => {},
    data: (out) => void out.push(bytes),
    pick: (rows) => {
      const begin = (row: number): number => (row === 0 ? 0 : (ends[row - 1] ?? 0));
      const pickedEnds = new Float64Array(rows.length);
      let total = 0;
      for (const [index, row] of rows.entries()) {
        total += (ends[row] ?? 0) - begin(row);
        pickedEnds[index] = total;
      }
      const picked = Buffer.allocUnsafe(total);
      let at = 0;
      for (const row of rows) at += bytes.copy(picked, at, begin(row), ends[row]);
      return strings(picked, pickedEnds);
    },
  };
}

function readStrings(source: Source, rows: number): Column {
  const from = source.at;
  const ends = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const length = readVarint(source);
    source.at += length;
    ends[row] = source.at - from;
  }
  assert(source.at <= source.bytes.byteLength, 'strings end inside the block');
  return strings(source.bytes.subarray(from, source.at), ends);
}

/** Few different strings and an index a row: the strings stay, the indexes are picked. */
const lowCardinality: Reader = {
  skipPrefix: (source) => {
    source.at += keyVersionBytes;
  },
  read: (source, rows) => {
    const none = { dictionary: Buffer.alloc(0), indexes: fixedReader(1).read(source, 0) };
    if (rows === 0) return lowCardinalityColumn(none.dictionary, none.indexes);
    const from = source.at;
    const flags = take(source, 8).readUInt32LE(0);
    const keys = Number(take(source, 8).readBigUInt64LE(0));
    readStrings(source, keys);
    const dictionary = source.bytes.subarray(from, source.at);
    const count = Number(take(source, 8).readBigUInt64LE(0));
    assert(count === rows, 'an index a row');
    const width = 1 << (flags & indexTypeMask);
    return lowCardinalityColumn(dictionary, fixedReader(width).read(source, rows));
  },
};

function lowCardinalityColumn(dictionary: Buffer, indexes: Column): Column {
  return {
    rows: indexes.rows,
    prefix: (out) => void out.push(uint64(1)),
    data: (out) => {
      if (indexes.rows === 0) return;
      out.push(dictionary, uint64(indexes.rows));
      indexes.data(out);
    },
    pick: (rows) => lowCardinalityColumn(dictionary, indexes.pick(rows)),
  };
}

/** Arrays have one column inside, maps have two; both have ends before. */
function arrayReader(inside: readonly Reader[]): Reader {
  return {
    skipPrefix: (source) => {
      for (const reader of inside) reader.skipPrefix(source);
    },
    read: (source, rows) => {
      const raw = take(source, rows * 8);
      const ends = new Float64Array(rows);
      for (let row = 0; row < rows; row += 1) ends[row] = Number(raw.readBigUInt64LE(row * 8));
      const elements = ends[rows - 1] ?? 0;
      return arrays(
        ends,
        inside.map((reader) => reader.read(source, elements)),
      );
    },
  };
}

function arrays(ends: Float64Array, inside: readonly Column[]): Column {
  return {
    rows: ends.length,
    prefix: (out) => {
      for (const column of inside) column.prefix(out);
    },
    data: (out) => {
      const raw = Buffer.allocUnsafe(ends.length * 8);
      for (const [row, end] of ends.entries()) raw.writeBigUInt64LE(BigInt(end), row * 8);
      out.push(raw);
      for (const column of inside) column.data(out);
    },
    pick: (rows) => {
      const pickedEnds = new Float64Array(rows.length);
      let total = 0;
      for (const [index, row] of rows.entries()) {
        total += (ends[row] ?? 0) - (row === 0 ? 0 : (ends[row - 1] ?? 0));
        pickedEnds[index] = total;
      }
      const elements = new Uint32Array(total);
      let at = 0;
      for (const row of rows) {
        const from = row === 0 ? 0 : (ends[row - 1] ?? 0);
        for (let element = from; element < (ends[row] ?? 0); element += 1) elements[at++] = element;
      }
      return arrays(
        pickedEnds,
        inside.map((column) => column.pick(elements)),
      );
    },
  };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left = Math.floor(left / 128)) bytes.push((left & 0x7f) | 0x80);
  return Buffer.from([...bytes, left]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.byteLength), bytes]);
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
