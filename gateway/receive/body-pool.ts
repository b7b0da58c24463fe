/**
 * Memory of bodies, used again. A fresh buffer a request is external memory to V8, and that is
 * what drives its collections: a third of the receiver's CPU at 560 KB a request.
 *
 * Allocations: none while the pool has a buffer of the size. Copies: none. Memory: a buffer
 * belongs to the request from `take` to `give`; what lies in the pool is bounded.
 * Watched by `receive.bench.ts`.
 */
import { poolBytesMax, pooledBodyBytesMax, pooledBodyBytesMin } from './limits.ts';

export class BodyPool {
  readonly #free = new Map<number, Buffer[]>();
  #heldBytes = 0;

  /** At least `bytes`, with whatever was in it before. */
  take(bytes: number): Buffer {
    // Not zeroed: pages of a length that was declared but never sent cost no memory.
    if (bytes < pooledBodyBytesMin || bytes > pooledBodyBytesMax) return Buffer.allocUnsafe(bytes);
    const size = classBytes(bytes);
    const buffer = this.#free.get(size)?.pop();
    if (buffer === undefined) return Buffer.allocUnsafe(size);
    this.#heldBytes -= size;
    return buffer;
  }

  /** The caller may not touch it any more. */
  give(buffer: Buffer): void {
    const size = buffer.length;
    if (size < pooledBodyBytesMin || classBytes(size) !== size) return;
    if (size > pooledBodyBytesMax || this.#heldBytes + size > poolBytesMax) return;
    this.#heldBytes += size;
    const list = this.#free.get(size);
    if (list === undefined) this.#free.set(size, [buffer]);
    else list.push(buffer);
  }

  /** Bytes that wait to be used again. */
  get heldBytes(): number {
    return this.#heldBytes;
  }
}

/** Four sizes a doubling: at most a quarter is never touched, and there are few classes. */
function classBytes(bytes: number): number {
  const step = 2 ** (31 - Math.clz32(bytes) - 2);
  return Math.ceil(bytes / step) * step;
}
