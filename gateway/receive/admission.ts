/**
 * Bytes in flight: what requests that were not yet answered hold in memory. Declared lengths are
 * reserved before a byte is read, inflated sizes before the body reaches the lane; what does not
 * fit is told to come back. Invariant: 0 <= inFlight <= limit, and every reservation is given
 * back exactly once by the request that made it.
 *
 * Each signal of each tenant has a share that shrinks as the rest fills: beyond its first request
 * it may hold three times what is free. So one that floods holds three quarters at most, and there
 * is always room for another; several that flood share alike. And each has its turns (`turns.ts`).
 */
import { assert } from '../../core/assert.ts';
import type { Signal } from '../answer.ts';
import { Turns } from './turns.ts';

/** A share may hold so many times what is free. */
const sharePerFree = 3;

/** Where a request's bytes are reserved. */
export type Reserving = {
  readonly bytesMax: number;
  /** Takes `bytes` when they fit; `isFirst`: the request holds none yet. */
  readonly tryReserve: (bytes: number, isFirst: boolean) => boolean;
  /** Gives back all that the request holds, or, when it is not the last, a part of it. */
  readonly release: (bytes: number, isLast: boolean) => void;
};

export class Admission implements Reserving {
  readonly bytesMax: number;
  readonly turns: Turns;
  /** One a signal and tenant that was ever seen; tenants are few, and named by the operator. */
  readonly #shares = new Map<string, Share>();
  #inFlightBytes = 0;
  #peakBytes = 0;
  #refusedCount = 0;

  constructor(bytesMax: number, turns = new Turns()) {
    assert(bytesMax > 0, 'the limit of bytes in flight is positive');
    this.bytesMax = bytesMax;
    this.turns = turns;
  }

  /** The share of a signal of a tenant, for one request. */
  of(signal: Signal, tenant: string): Share {
    const name = `${signal} ${tenant}`;
    let share = this.#shares.get(name);
    if (share === undefined) {
      share = new Share(this, name);
      this.#shares.set(name, share);
    }
    return share;
  }

  /** Whether `bytes` fit when nothing else is in flight; otherwise trying again is no use. */
  canEverFit(bytes: number): boolean {
    return bytes <= this.bytesMax;
  }

  /** Takes `bytes` when they fit. The caller owes one `release` of the same number. */
  tryReserve(bytes: number): boolean {
    if (this.#inFlightBytes + bytes > this.bytesMax) {
      this.refused();
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

  /** A share turned a request away. */
  refused(): void {
    this.#refusedCount += 1;
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

/** What one signal of one tenant holds of the bytes in flight. */
export class Share implements Reserving {
  readonly bytesMax: number;
  readonly #admission: Admission;
  readonly #name: string;
  #requestCount = 0;
  #bytes = 0;

  constructor(admission: Admission, name: string) {
    this.bytesMax = admission.bytesMax;
    this.#admission = admission;
    this.#name = name;
  }

  tryReserve(bytes: number, isFirst: boolean): boolean {
    const others = isFirst ? this.#requestCount : this.#requestCount - 1;
    const free = this.bytesMax - this.#admission.inFlightBytes;
    // Its only request is always let in when it fits: else a large one would come back for ever.
    if (others > 0 && this.#bytes + bytes > sharePerFree * (free - bytes)) {
      this.#admission.refused();
      return false;
    }
    if (!this.#admission.tryReserve(bytes)) return false;
    if (isFirst) this.#requestCount += 1;
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number, isLast: boolean): void {
    this.#admission.release(bytes);
    this.#bytes -= bytes;
    if (isLast) this.#requestCount -= 1;
    assert(this.#bytes >= 0 && this.#requestCount >= 0, 'a share gives back what it holds');
  }

  /** Resolves when a request of `bytes` is next; undefined: at once. */
  turn(bytes: number): Promise<void> | undefined {
    return this.#admission.turns.take(this.#name, bytes);
  }
}
