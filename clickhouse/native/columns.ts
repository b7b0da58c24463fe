/**
 * Column writers of the Native format, one class a layout. The hot path writes their levels and
 * texts directly; the methods here run once a seal. Byte order is the machine's, which must be
 * little-endian (x64, arm64).
 *
 * Allocations per item: none. Copies: dictionary indexes, when they are narrowed. Owner: the
 * block. Watched by `gateway/decode/decode.bench.ts`.
 */
import type { Fixed, Level, Text } from './buffers.ts';
import { type Chunks, Scratch } from './chunks.ts';
import type { Dictionary } from './dictionary.ts';

/** How a column goes into a block; `prefix` of all nested parts comes before any data. */
export type Column = {
  /** Type text in the block's header. */
  readonly type: string;
  readonly prefix: (out: Chunks) => void;
  readonly data: (out: Chunks) => void;
};

/** LowCardinality key version, the only one there is. */
const keyVersion = 1;
/** Additional keys follow, no global dictionary; the low byte is the index width. */
const flagsBase = 0x600;

/** Values of one width: numbers, dates, enums, FixedString; also strings that all fill a width. */
export class FixedColumn implements Column {
  readonly type: string;
  readonly level: Level;
  readonly values: Fixed;

  constructor(type: string, level: Level, width: number) {
    this.type = type;
    this.level = level;
    this.values = level.fixed(width);
  }

  prefix(): void {}

  data(out: Chunks): void {
    out.view(this.values.bytes.subarray(0, this.level.count * this.values.width));
  }
}

/** Strings in Native form. */
export class TextColumn implements Column {
  readonly type = 'String';
  readonly text: Text;

  constructor(text: Text) {
    this.text = text;
  }

  prefix(): void {}

  data(out: Chunks): void {
    out.view(this.text.bytes.subarray(0, this.text.size));
  }
}

/** Strings by dictionary index; indexes are four bytes here and narrowed on the wire. */
export class LowCardinalityColumn implements Column {
  readonly type = 'LowCardinality(String)';
  readonly level: Level;
  readonly indexes: Fixed;
  readonly dictionary: Dictionary;
  readonly #scratch = new Scratch();

  constructor(level: Level, dictionary: Dictionary) {
    this.level = level;
    this.indexes = level.fixed(4);
    this.dictionary = dictionary;
  }

  prefix(out: Chunks): void {
    out.uint64(keyVersion);
  }

  data(out: Chunks): void {
    const count = this.level.count;
    if (count === 0) return;
    const width = indexWidth(this.dictionary.count);
    putDictionary(out, this.dictionary, width, count);
    out.view(narrowed(this.indexes, count, width, this.#scratch));
  }
}

/** Strings out of a fixed, short list; one byte a value. */
export class NamedColumn implements Column {
  readonly type = 'LowCardinality(String)';
  readonly names: readonly string[];
  readonly level: Level;
  readonly values: Fixed;

  constructor(level: Level, names: readonly string[]) {
    this.names = names;
    this.level = level;
    this.values = level.fixed(1);
  }

  prefix(out: Chunks): void {
    out.uint64(keyVersion);
  }

  data(out: Chunks): void {
    if (this.level.count === 0) return;
    out.uint64(flagsBase);
    out.uint64(this.names.length);
    for (const name of this.names) out.string(name);
    out.uint64(this.level.count);
    out.view(this.values.bytes.subarray(0, this.level.count));
  }
}

/** Cumulative ends of arrays or maps, shared by the columns of one Nested. */
export class Offsets {
  readonly level: Level;
  readonly values: Fixed;

  constructor(level: Level) {
    this.level = level;
    this.values = level.fixed(8);
  }

  data(out: Chunks): void {
    out.view(this.values.bytes.subarray(0, this.level.count * 8));
  }
}

/** Arrays: where each ends, then all elements as one column. */
export class ArrayColumn implements Column {
  readonly type: string;
  readonly offsets: Offsets;
  readonly elements: Column;

  constructor(offsets: Offsets, elements: Column) {
    this.type = `Array(${elements.type})`;
    this.offsets = offsets;
    this.elements = elements;
  }

  prefix(out: Chunks): void {
    this.elements.prefix(out);
  }

  data(out: Chunks): void {
    this.offsets.data(out);
    this.elements.data(out);
  }
}

/** `Map(LowCardinality(String), String)`: where each map ends, all keys, all values. */
export class MapColumn implements Column {
  readonly type = 'Map(LowCardinality(String), String)';
  readonly offsets: Offsets;
  readonly keys: LowCardinalityColumn;
  readonly values: Text;
  /** Set when a key came twice in the map under way (see `dropRepeats`). */
  hasRepeats = false;

  constructor(offsets: Offsets, keys: LowCardinalityColumn, values: Text) {
    this.offsets = offsets;
    this.keys = keys;
    this.values = values;
  }

  prefix(out: Chunks): void {
    this.keys.prefix(out);
  }

  data(out: Chunks): void {
    this.offsets.data(out);
    this.keys.data(out);
    out.view(this.values.bytes.subarray(0, this.values.size));
  }
}

/** The same value in every row. */
export class ConstantColumn implements Column {
  readonly type: string;
  readonly level: Level;
  readonly #scratch = new Scratch();
  #value: Uint8Array;

  constructor(type: string, level: Level, value: Uint8Array) {
    this.type = type;
    this.level = level;
    this.#value = value;
  }

  /** Changes the value of all rows. */
  set(value: Uint8Array): void {
    this.#value = value;
  }

  prefix(): void {}

  data(out: Chunks): void {
    const bytes = this.#scratch.take(this.level.count * this.#value.length);
    repeat(bytes, 0, this.#value, this.level.count);
    out.view(bytes);
  }
}

/** The same string in every row, as a dictionary of one. */
export class ConstantNameColumn implements Column {
  readonly type = 'LowCardinality(String)';
  readonly level: Level;
  readonly #name: string;
  readonly #scratch = new Scratch();

  constructor(level: Level, name: string) {
    this.level = level;
    this.#name = name;
  }

  prefix(out: Chunks): void {
    out.uint64(keyVersion);
  }

  data(out: Chunks): void {
    if (this.level.count === 0) return;
    out.uint64(flagsBase);
    out.uint64(1);
    out.string(this.#name);
    out.uint64(this.level.count);
    out.view(this.#scratch.take(this.level.count).fill(0));
  }
}

/** Bytes of an index into a dictionary of `count` entries. */
export function indexWidth(count: number): 1 | 2 | 4 {
  if (count <= 0x100) return 1;
  return count <= 0x10000 ? 2 : 4;
}

/** A LowCardinality body up to its indexes; `blanks` empty keys stand before the dictionary's. */
export function putDictionary(
  out: Chunks,
  dictionary: Dictionary,
  width: 1 | 2 | 4,
  rows: number,
  blanks = 0,
): void {
  out.uint64(flagsBase + (width >> 1));
  out.uint64(blanks + dictionary.count);
  for (let index = 0; index < blanks; index += 1) out.varuint(0);
  out.view(dictionary.text.bytes.subarray(0, dictionary.text.size));
  out.uint64(rows);
}

/** Fills `target` from `at` on with `count` copies of `value`, doubling; returns the end. */
export function repeat(target: Uint8Array, at: number, value: Uint8Array, count: number): number {
  const total = value.length * count;
  if (total === 0) return at;
  target.set(value, at);
  let done = value.length;
  while (done < total) {
    const step = Math.min(done, total - done);
    target.copyWithin(at + done, at, at + step);
    done += step;
  }
  return at + total;
}

function narrowed(indexes: Fixed, count: number, width: 1 | 2 | 4, scratch: Scratch): Uint8Array {
  if (width === 4) return indexes.bytes.subarray(0, count * 4);
  const words = indexes.words;
  const bytes = scratch.take(count * width);
  if (width === 1) {
    for (let row = 0; row < count; row += 1) bytes[row] = words[row]!;
    return bytes;
  }
  const halves = new Uint16Array(bytes.buffer, 0, count);
  for (let row = 0; row < count; row += 1) halves[row] = words[row]!;
  return bytes;
}
