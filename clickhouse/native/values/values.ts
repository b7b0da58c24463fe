/**
 * Values of one fixed width in a buffer that doubles, each column with a count of its own.
 *
 * Hot path. Allocations per value: none; a buffer that is full doubles. Copies: one, when it
 * doubles. Owner: the column; views of it are valid until the next value. Watched by
 * `values.bench.ts`.
 */
import type { Budget } from '../buffers.ts';

const valuesMin = 64;
/** A buffer that is larger than this after `clear`, and was not needed, is given back. */
const keptBytesMax = 1024 * 1024;

export class Values {
  readonly width: number;
  bytes = new Uint8Array(0);
  /** The same memory, where the width allows. */
  halves = new Int16Array(0);
  words = new Int32Array(0);
  floats = new Float32Array(0);
  doubles = new Float64Array(0);
  view = new DataView(this.bytes.buffer);
  count = 0;
  /** Values there is memory for; compare with it before writing value `count`. */
  capacity = 0;
  /** Values whose digests have been made (see `checksum.ts`). */
  read = 0;
  readonly #budget: Budget;

  constructor(budget: Budget, width: number) {
    this.#budget = budget;
    this.width = width;
  }

  grow(): void {
    this.#resize(Math.max(valuesMin, this.capacity * 2));
  }

  cut(count: number): void {
    this.count = count;
  }

  /** The bytes of all values. */
  used(): Uint8Array {
    return this.bytes.subarray(0, this.count * this.width);
  }

  /** Empties it; gives memory back when far more is held than was needed. */
  clear(): void {
    const used = this.count;
    this.count = 0;
    if (this.bytes.length > keptBytesMax && used < this.capacity / 4) this.#resize(0);
  }

  #resize(capacity: number): void {
    // Whole words of eight bytes, so that views of any width fit.
    const size = (capacity * this.width + 7) & ~7;
    this.#budget.take(size - this.bytes.length);
    const bytes = new Uint8Array(size);
    bytes.set(this.bytes.subarray(0, this.count * this.width));
    this.bytes = bytes;
    this.halves = new Int16Array(bytes.buffer);
    this.words = new Int32Array(bytes.buffer);
    this.floats = new Float32Array(bytes.buffer);
    this.doubles = new Float64Array(bytes.buffer);
    this.view = new DataView(bytes.buffer);
    this.capacity = capacity;
  }
}
