/**
 * Bytes in flight: what requests that were not yet answered hold in memory. Declared lengths are
 * reserved before a byte is read, inflated sizes before the body reaches the lane; what does not
 * fit is told to come back. Invariant: 0 <= inFlight <= limit, and every reservation is given
 * back exactly once by the request that made it.
 */
import { assert } from '../../core/assert.ts';

export class Admission {
  readonly bytesMax: number;
  #inFlightBytes = 0;
  #peakBytes = 0;
  #refusedCount = 0;

  constructor(bytesMax: number) {
    assert(bytesMax > 0, 'the limit of bytes in flight is positive');
    this.bytesMax = bytesMax;
  }

  /** Whether `bytes` fit when nothing else is in flight; otherwise trying again is no use. */
  canEverFit(bytes: number): boolean {
    return bytes <= this.bytesMax;
  }

  /** Takes `bytes` when they fit. The caller owes one `release` of the same number. */
  tryReserve(bytes: number): boolean {
    if (this.#inFlightBytes + bytes > this.bytesMax) {
      this.#refusedCount += 1;
      return false;
    }
    this.#inFlightBytes += bytes;
    if (this.#inFlightBytes > this.#peakBytes) this.#peakBytes = this.#inFlightBytes;
    return true;
  }

  release(bytes: number): void {
    this.#inFlightBytes -= bytes;
    assert(this.#inFlightBytes >= 0, 'no reservation is given back twice');
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /** Highest `inFlightBytes` so far. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  get refusedCount(): number {
    return this.#refusedCount;
  }
}
