/**
 * One request's body while it arrives. With a declared length the memory is taken once; without,
 * it doubles. Every byte of capacity is reserved with admission first, so the sum over all
 * requests is bounded, however small the pieces are that it comes in.
 *
 * Allocations: one buffer a request (log2 of the size when the length is not declared).
 * Copies: one, from the socket's chunks. Memory: belongs to the request until `release`.
 * Watched by `receive.bench.ts`.
 */
import type { Admission } from './admission.ts';
import { bodyBytesInitial } from './limits.ts';

const nothing: Buffer = Buffer.alloc(0);

export type BodyFault = 'too_large' | 'memory';

export class BodyBuffer {
  readonly #admission: Admission;
  readonly #bytesMax: number;
  #bytes: Buffer = nothing;
  #size = 0;
  #reservedBytes = 0;

  constructor(admission: Admission, bytesMax: number) {
    this.#admission = admission;
    this.#bytesMax = bytesMax;
  }

  /** Takes memory for a declared length. */
  declare(bytes: number): BodyFault | undefined {
    if (bytes > this.#bytesMax) return 'too_large';
    return this.#grow(bytes);
  }

  /** Copies `chunk[from..to)` to the end. */
  append(chunk: Buffer, from: number, to: number): BodyFault | undefined {
    const needed = this.#size + to - from;
    if (needed > this.#bytes.length) {
      if (needed > this.#bytesMax) return 'too_large';
      const doubled = Math.max(bodyBytesInitial, this.#bytes.length * 2, needed);
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

  /** The bytes so far; valid after `release` too, but no longer counted. */
  view(): Buffer {
    return this.#size === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#size);
  }

  /** Gives the reservation back; further calls do nothing. */
  release(): void {
    if (this.#reservedBytes > 0) this.#admission.release(this.#reservedBytes);
    this.#reservedBytes = 0;
    this.#bytes = nothing;
    this.#size = 0;
  }

  #grow(capacityBytes: number): BodyFault | undefined {
    const more = capacityBytes - this.#reservedBytes;
    if (more <= 0) return undefined;
    if (!this.#admission.tryReserve(more)) return 'memory';
    this.#reservedBytes = capacityBytes;
    // Not zeroed: pages of a length that was declared but never sent cost no memory.
    const grown = Buffer.allocUnsafe(capacityBytes);
    this.#bytes.copy(grown, 0, 0, this.#size);
    this.#bytes = grown;
    return undefined;
  }
}
