/**
 * Columns whose values come in runs: a resource or a scope is decoded once a block and each row
 * keeps its number. The columns are spread out run by run when the block is encoded, as
 * dictionary indexes, so that a row costs a few bytes however many attributes its resource has.
 *
 * Hot path. Allocations per item: none. Copies: one doubling `copyWithin` a run and column.
 * Owner: the block. Watched by `gateway/decode/decode.bench.ts`.
 */
import type { Fixed, Level } from './buffers.ts';
import { type Chunks, Scratch } from './chunks.ts';
import {
  type Column,
  indexWidth,
  LowCardinalityColumn,
  Offsets,
  putDictionary,
  repeat,
} from './columns.ts';
import type { Dictionary } from './dictionary.ts';

/** Which of a few distinct entries each row has. */
export class Repeated {
  readonly rows: Level;
  /** The entry of each row. */
  readonly ids: Fixed;
  /** The distinct entries. */
  readonly entries: Level;
  #runs = new Uint32Array(0);
  #runCount = 0;
  #runRows = -1;

  constructor(rows: Level, entries: Level) {
    this.rows = rows;
    this.ids = rows.fixed(4);
    this.entries = entries;
  }

  /** Finds the runs of equal entries; before the columns of a block are written. */
  prepare(): void {
    const count = this.rows.count;
    const ids = this.ids.words;
    let runs = 0;
    for (let row = 0; row < count; row += 1) {
      if (row > 0 && ids[row] === ids[row - 1]) continue;
      if (runs * 2 + 2 > this.#runs.length) {
        const grown = new Uint32Array(Math.max(64, this.#runs.length * 2));
        grown.set(this.#runs);
        this.#runs = grown;
      }
      this.#runs[runs * 2] = ids[row]!;
      this.#runs[runs * 2 + 1] = row;
      runs += 1;
    }
    this.#runCount = runs;
    this.#runRows = count;
  }

  get runCount(): number {
    return this.#runCount;
  }

  /** The entry of run `run`. */
  entryOf(run: number): number {
    return this.#runs[run * 2]!;
  }

  /** How many rows run `run` has. */
  lengthOf(run: number): number {
    const end = run + 1 < this.#runCount ? this.#runs[run * 2 + 3]! : this.#runRows;
    return end - this.#runs[run * 2 + 1]!;
  }
}

/** One string an entry: service name, schema URL, scope name. */
export class RepeatedNameColumn implements Column {
  readonly type = 'LowCardinality(String)';
  readonly repeated: Repeated;
  readonly dictionary: Dictionary;
  /** Dictionary index of each entry. */
  readonly indexes: Fixed;
  readonly #scratch = new Scratch();

  constructor(repeated: Repeated, dictionary: Dictionary) {
    this.repeated = repeated;
    this.dictionary = dictionary;
    this.indexes = repeated.entries.fixed(4);
  }

  prefix(out: Chunks): void {
    out.uint64(1);
  }

  data(out: Chunks): void {
    const { repeated, dictionary } = this;
    const rows = repeated.rows.count;
    if (rows === 0) return;
    const width = indexWidth(dictionary.count);
    putDictionary(out, dictionary, width, rows);
    const bytes = this.#scratch.take(rows * width);
    let at = 0;
    for (let run = 0; run < repeated.runCount; run += 1) {
      at = putRun(
        bytes,
        at,
        this.indexes.bytes,
        repeated.entryOf(run) * 4,
        width,
        repeated.lengthOf(run),
      );
    }
    out.view(bytes);
  }
}

/** One number of fixed width an entry. */
export class RepeatedFixedColumn implements Column {
  readonly type: string;
  readonly repeated: Repeated;
  readonly values: Fixed;
  readonly #scratch = new Scratch();

  constructor(type: string, repeated: Repeated, width: number) {
    this.type = type;
    this.repeated = repeated;
    this.values = repeated.entries.fixed(width);
  }

  prefix(): void {}

  data(out: Chunks): void {
    const { repeated, values } = this;
    const bytes = this.#scratch.take(repeated.rows.count * values.width);
    let at = 0;
    const { width } = values;
    for (let run = 0; run < repeated.runCount; run += 1) {
      const start = repeated.entryOf(run) * width;
      at = putRun(bytes, at, values.bytes, start, width, repeated.lengthOf(run));
    }
    out.view(bytes);
  }
}

/** One map an entry; keys and values both by dictionary, which the server widens. */
export class RepeatedMapColumn implements Column {
  readonly type = 'Map(LowCardinality(String), LowCardinality(String))';
  readonly repeated: Repeated;
  readonly offsets: Offsets;
  readonly keys: LowCardinalityColumn;
  /** In the same level as the keys. */
  readonly values: LowCardinalityColumn;
  readonly #offsets = new Scratch();
  readonly #keys = new Scratch();
  readonly #values = new Scratch();

  constructor(repeated: Repeated, pairs: Level, keys: Dictionary, values: Dictionary) {
    this.repeated = repeated;
    this.offsets = new Offsets(repeated.entries);
    this.keys = new LowCardinalityColumn(pairs, keys);
    this.values = new LowCardinalityColumn(pairs, values);
  }

  prefix(out: Chunks): void {
    this.keys.prefix(out);
    this.values.prefix(out);
  }

  data(out: Chunks): void {
    const total = this.#putOffsets(out);
    if (total === 0) return;
    this.#putIndexes(out, this.keys, this.#keys, total);
    this.#putIndexes(out, this.values, this.#values, total);
  }

  /** First pair of entry `entry`. */
  #startOf(entry: number): number {
    return entry === 0 ? 0 : this.offsets.values.words[entry * 2 - 2]!;
  }

  #putOffsets(out: Chunks): number {
    const { repeated } = this;
    const bytes = this.#offsets.take(repeated.rows.count * 8);
    const words = new Uint32Array(bytes.buffer, 0, bytes.length >>> 2);
    let total = 0;
    let row = 0;
    for (let run = 0; run < repeated.runCount; run += 1) {
      const entry = repeated.entryOf(run);
      const pairs = this.offsets.values.words[entry * 2]! - this.#startOf(entry);
      for (let left = repeated.lengthOf(run); left > 0; left -= 1) {
        total += pairs;
        words[row] = total;
        words[row + 1] = 0;
        row += 2;
      }
    }
    out.view(bytes);
    return total;
  }

  #putIndexes(out: Chunks, column: LowCardinalityColumn, scratch: Scratch, total: number): void {
    const { repeated } = this;
    const width = indexWidth(column.dictionary.count);
    putDictionary(out, column.dictionary, width, total);
    const bytes = scratch.take(total * width);
    const indexes = column.indexes.bytes;
    let at = 0;
    for (let run = 0; run < repeated.runCount; run += 1) {
      const entry = repeated.entryOf(run);
      const end = this.offsets.values.words[entry * 2]!;
      const first = at;
      for (let pair = this.#startOf(entry); pair < end; pair += 1) {
        for (let part = 0; part < width; part += 1) bytes[at++] = indexes[pair * 4 + part]!;
      }
      const count = repeated.lengthOf(run);
      if (count > 1) at = repeat(bytes, first, bytes.subarray(first, at), count);
    }
    out.view(bytes);
  }
}

/** Writes the `width` bytes at `start` of `source`, `count` times; returns where they end. */
function putRun(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  width: number,
  count: number,
): number {
  // Where several resources take turns a run is one row, and a view of it costs more than itself.
  if (count > 1) return repeat(target, at, source.subarray(start, start + width), count);
  for (let part = 0; part < width; part += 1) target[at + part] = source[start + part]!;
  return at + width;
}
