/**
 * One request's body while it arrives. With a declared length the memory is taken once; without,
 * it doubles. Every byte of capacity is reserved with admission first, so the sum over all
 * requests is bounded, however small the pieces are that it comes in.
 *
 * Allocations: a buffer a request where the pool has none.
 * Copies: one, from the socket's chunks (and log2 of the size when it is not declared).
 * Memory: belongs to the request until `release`, and is another one's after it.
 * Watched by `receive.bench.ts`.
 */
import { assert } from '../../core/assert.ts';
import type { Reserving } from './admission.ts';
import type { BodyPool } from './body-pool.ts';
import { bodyBytesInitial } from './limits.ts';

const nothing: Buffer = Buffer.alloc(0);

export type BodyFault = 'too_large' | 'memory';

export class BodyBuffer {
  #reserving: Reserving;
  readonly #pool: BodyPool;
  readonly #bytesMax: number;
  #bytes: Buffer = nothing;
  #size = 0;
  #reservedBytes = 0;

  constructor(reserving: Reserving, pool: BodyPool, bytesMax: number) {
    this.#reserving = reserving;
    this.#pool = pool;
    // What can never be admitted is too large, not busy: the sender would try for ever.
    this.#bytesMax = Math.min(bytesMax, reserving.bytesMax);
  }

  /** Reserves elsewhere from now on; only while nothing is reserved. */
  reserveFrom(reserving: Reserving): void {
    assert(this.#reservedBytes === 0, 'a body moves before its first byte');
    this.#reserving = reserving;
  }

  /** Takes memory for a declared length. */
  declare(bytes: number): BodyFault | undefined {
    if (bytes > this.#bytesMax) return 'too_large';
    return this.#grow(bytes);
  }

  /** Copies `chunk[from..to)` to the end. */
  append(chunk: Buffer, from: number, to: number): BodyFault | undefined {
    const needed = this.#size + to - from;
    if (needed > this.#reservedBytes) {
      if (needed > this.#bytesMax) return 'too_large';
      const doubled = Math.max(bodyBytesInitial, this.#reservedBytes * 2, needed);
      const fault = this.#grow(Math.min(doubled, this.#bytesMax));
      if (fault !== undefined) return fault;
    }
    chunk.copy(this.#bytes, this.#size, from, to);
    this.#size = needed;
    return undefined;
  }

  get size(): number {
    return this.#size;
  }

  /** The bytes so far, until `release`. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Gives memory and reservation back; further calls do nothing. */
  release(): void {
    if (this.#reservedBytes > 0) this.#reserving.release(this.#reservedBytes, true);
    this.#pool.give(this.#bytes);
    this.#reservedBytes = 0;
    this.#bytes = nothing;
    this.#size = 0;
  }

  #grow(capacityBytes: number): BodyFault | undefined {
    const more = capacityBytes - this.#reservedBytes;
    if (more <= 0) return undefined;
    if (!this.#reserving.tryReserve(more, this.#reservedBytes === 0)) return 'memory';
    this.#reservedBytes = capacityBytes;
    const grown = this.#pool.take(capacityBytes);
    this.#bytes.copy(grown, 0, 0, this.#size);
    this.#pool.give(this.#bytes);
    this.#bytes = grown;
    return undefined;
  }
}
