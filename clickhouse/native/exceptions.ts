/**
 * A column that holds one number nearly everywhere: only the rows that differ cost memory.
 *
 * Hot path only where rows differ. Allocations per item: none. Copies: one, when the column is
 * encoded. Owner: the block. Watched by `gateway/decode/decode.bench.ts`.
 */
import type { Fixed, Level } from './buffers.ts';
import { type Chunks, Scratch } from './chunks.ts';
import { type Column, repeat } from './columns.ts';

const width = 8;

/** Float64 values; rows that were never put have the usual one. */
export class ExceptionsColumn implements Column {
  readonly type = 'Float64';
  readonly #rows: Level;
  /** The rows that differ, in order. */
  readonly #level: Level;
  readonly #row: Fixed;
  readonly #value: Fixed;
  readonly #usual: Uint8Array;
  readonly #scratch = new Scratch();

  /** `exceptions` is a level of the same parts, so that it is cut back with the rows. */
  constructor(rows: Level, exceptions: Level, usual: number) {
    this.#rows = rows;
    this.#level = exceptions;
    this.#row = exceptions.fixed(4);
    this.#value = exceptions.fixed(width);
    this.#usual = new Uint8Array(new Float64Array([usual]).buffer);
  }

  /** Row `row`, which comes behind those that were put before, has `value`. */
  put(row: number, value: number): void {
    const level = this.#level;
    if (level.count === level.capacity) level.reserve(1);
    this.#row.words[level.count] = row;
    this.#value.view.setFloat64(level.count * width, value, true);
    level.count += 1;
  }

  prefix(): void {}

  data(out: Chunks): void {
    const count = this.#rows.count;
    const bytes = this.#scratch.take(count * width);
    repeat(bytes, 0, this.#usual, count);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let index = 0; index < this.#level.count; index += 1) {
      const value = this.#value.view.getFloat64(index * width, true);
      view.setFloat64(this.#row.words[index]! * width, value, true);
    }
    out.view(bytes);
  }
}
