/**
 * Rows into columns of any types, and blocks out of them in ClickHouse's Native format.
 *
 * Invariant: between rows every column has as many values as there are rows; `take` asserts it.
 *
 * Hot path. Allocations per row: none; buffers double. Copies: one, into the columns; a block is
 * views of them. Owner: the writer; a block is valid until the next value. Watched by
 * `values.bench.ts`.
 */
import { assert } from '../../../core/assert.ts';
import { Budget } from '../buffers.ts';
import { Chunks } from '../chunks.ts';
import type { HashSeed } from '../hash.ts';
import { checksumOf } from './checksum.ts';
import { type Column, Meter } from './column.ts';
import { Kernel } from './kernel.ts';
import { openColumn } from './open.ts';
import type { RowWriter } from './types.ts';

export type RowLimits = {
  readonly rowsMax: number;
  /** Of values in the block; the last row may go beyond it by its own size. */
  readonly bytesMax: number;
};

export type RowBlock = {
  readonly rows: number;
  /** For `INSERT … FORMAT Native`; valid until the next value is pushed. Empty without rows. */
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
  /** The sum of its rows (see `checksum.ts`): what `checksumSql` gives when they are stored. */
  readonly checksum: bigint;
};

export type BlockWriter = RowWriter & {
  /** Bytes of memory the columns hold at present. */
  readonly heldBytes: number;
  /** The block of all ended rows, with the names of its columns; the writer starts anew. */
  readonly take: (names: readonly string[]) => RowBlock;
};

/** A writer for columns of `types`. Throws `TypeTextError` for a type no column can hold. */
export function openRowWriter(types: readonly string[], limits: RowLimits): BlockWriter {
  assert(types.length > 0, 'at least one column in a table');
  return new Rows(types, limits);
}

class Rows implements BlockWriter {
  readonly columns: readonly Column[];
  readonly #meter: Meter;
  readonly #kernel = new Kernel();
  readonly #limits: RowLimits;
  /** Bytes that every row has. */
  readonly #width: number;
  /** What the meter said when the last row ended. */
  #bytesBefore = 0;

  constructor(types: readonly string[], limits: RowLimits) {
    this.#meter = new Meter(new Budget(Number.MAX_SAFE_INTEGER), newSeed());
    this.#limits = limits;
    this.columns = types.map((type) => openColumn(type, this.#meter));
    this.#width = this.columns.reduce((sum, { width }) => sum + width, 0);
  }

  get rows(): number {
    return this.#meter.rows;
  }

  get heldBytes(): number {
    return this.#meter.budget.bytes;
  }

  endRow(): void {
    this.#meter.rows += 1;
    this.#bytesBefore = this.#meter.bytes;
  }

  cutRow(): void {
    for (const column of this.columns) column.cut(this.#meter.rows);
    this.#meter.bytes = this.#bytesBefore;
  }

  isFull(): boolean {
    const { rows, bytes, isDictionaryFull } = this.#meter;
    const { rowsMax, bytesMax } = this.#limits;
    return rows >= rowsMax || rows * this.#width + bytes >= bytesMax || isDictionaryFull;
  }

  take(names: readonly string[]): RowBlock {
    const { rows } = this;
    assert(names.length === this.columns.length, 'a name for each column');
    for (const [index, column] of this.columns.entries()) {
      assert(column.isWhole(rows), `one value a row in ${names[index]} ${column.type}`);
    }
    const block = rows === 0 ? { chunks: [], bytes: 0 } : this.#encode(names);
    const checksum = checksumOf(this.#kernel, this.columns, rows);
    for (const column of this.columns) column.clear();
    this.#meter.clear();
    this.#bytesBefore = 0;
    return { rows, chunks: block.chunks, bytes: block.bytes, checksum };
  }

  #encode(names: readonly string[]): Pick<RowBlock, 'chunks' | 'bytes'> {
    const out = new Chunks();
    out.varuint(this.columns.length);
    out.varuint(this.rows);
    for (const [index, column] of this.columns.entries()) {
      out.string(names[index]!);
      out.string(column.type);
      column.prefix(out);
      column.data(out);
    }
    return out.views();
  }
}

/** Dictionaries are hashed with a secret, so that nobody's strings can make them slow. */
function newSeed(): HashSeed {
  const words = crypto.getRandomValues(new Int32Array(2));
  return { low: words[0]!, high: words[1]! };
}
