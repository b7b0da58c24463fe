/**
 * Which requests were stored in the last minutes: memory shared by all workers, so that a sender
 * whose answer got lost may come back to any of them. Bounded: buckets of eight places, and in a
 * full bucket the oldest request is forgotten first.
 *
 *     claim ─▶ fresh ────▶ settle(kept) ─▶ stored ─▶ forgotten after the window
 *       ├────▶ pending: another one stores the same bytes right now; wait, then claim again
 *       └────▶ stored: answer, store nothing
 *
 * A request is known by a 128-bit fingerprint under a key that is random for each start: two
 * different requests share one with a chance below 2^-100, and nobody who does not know the key
 * can make two that do (see `resends.ts`).
 *
 * Hot path. Allocations: one claim a request. Locks: one a bucket, held for a few comparisons; no
 * thread waits for another one's disk while it holds one. Watched by `resends.bench.ts`.
 */
import { randomFillSync } from 'node:crypto';
import { assert } from '../../core/assert.ts';

/** Four words: the fingerprint. */
export type Fingerprint = Int32Array;

export type Claim =
  /** Nobody has stored it: the caller does, and says so by `settle`. */
  | { readonly state: 'fresh'; readonly place: number; readonly word: number }
  | { readonly state: 'pending'; readonly place: number; readonly word: number }
  | { readonly state: 'stored'; readonly rejectedItems: number }
  /** The table has no place: stored without being remembered. */
  | { readonly state: 'untracked' };

/** 512 Ki requests, 16 MiB that are touched only as far as they are used. */
const bucketsDefault = 65_536;
const placesABucket = 8;

const headerWords = 16;
/** Words of the header: lanes whose log is not yet read, then the key. */
const recoveringWord = 0;
const keyByte = 16;
export const resendKeyBytes = 16;

/** Words of a place. */
const placeWords = 8;
const secondsAt = 4;
const stateAt = 5;
const rejectedAt = 6;

/** Low bits of a state word; above them a generation, so that an old word never comes again. */
const empty = 0;
const pending = 1;
const stored = 2;
const stateMask = 3;
const generationStep = 4;

const spinsMax = 1_000;
const lockWaitsMax = 100;
const lockWaitMs = 1;

/** Memory of a table, for `lanes` lanes that will read their logs. */
export function createResendMemory(lanes: number, buckets = bucketsDefault): SharedArrayBuffer {
  assert((buckets & (buckets - 1)) === 0, 'the number of buckets is a power of two');
  const words = headerWords + buckets * (1 + placesABucket * placeWords);
  const memory = new SharedArrayBuffer(words * 4);
  new Int32Array(memory)[recoveringWord] = lanes;
  const key = randomFillSync(Buffer.alloc(resendKeyBytes));
  new Uint8Array(memory).set(key, keyByte);
  return memory;
}

export class ResendTable {
  readonly #words: Int32Array;
  readonly #key: Uint8Array;
  readonly #bucketMask: number;
  readonly #firstPlace: number;
  readonly #windowSeconds: number;

  constructor(memory: SharedArrayBuffer, windowMs: number) {
    this.#words = new Int32Array(memory);
    // A copy: the cipher takes no shared memory.
    this.#key = new Uint8Array(memory, keyByte, resendKeyBytes).slice();
    const buckets = (this.#words.length - headerWords) / (1 + placesABucket * placeWords);
    this.#bucketMask = buckets - 1;
    this.#firstPlace = headerWords + buckets;
    this.#windowSeconds = Math.ceil(windowMs / 1000);
  }

  get key(): Uint8Array {
    return this.#key;
  }

  /** Whether a request of that moment is still remembered. */
  covers(receivedSeconds: number, nowSeconds: number): boolean {
    return nowSeconds - receivedSeconds < this.#windowSeconds;
  }

  claim(print: Fingerprint, nowSeconds: number): Claim {
    const words = this.#words;
    const bucket = print[0]! & this.#bucketMask;
    if (!this.#lock(bucket)) return { state: 'untracked' };
    try {
      const first = this.#firstPlace + bucket * placesABucket * placeWords;
      const place = this.#find(first, print, nowSeconds);
      if (place < 0) return { state: 'untracked' };
      const word = Atomics.load(words, place + stateAt);
      const state = word & stateMask;
      if (state === pending) return { state: 'pending', place, word };
      if (state === stored && this.#isHere(place, print) && this.#isFresh(place, nowSeconds)) {
        return { state: 'stored', rejectedItems: words[place + rejectedAt]! >>> 0 };
      }
      words.set(print, place);
      words[place + secondsAt] = nowSeconds | 0;
      const next = ((word & ~stateMask) + generationStep) | pending;
      Atomics.store(words, place + stateAt, next);
      return { state: 'fresh', place, word: next };
    } finally {
      this.#unlock(bucket);
    }
  }

  /** Ends a fresh claim: remembered with what was rejected, or (`undefined`) forgotten. */
  settle(claim: Claim, rejectedItems: number | undefined): void {
    if (claim.state !== 'fresh') return;
    const words = this.#words;
    const { place, word } = claim;
    assert(Atomics.load(words, place + stateAt) === word, 'nobody else touches a pending place');
    words[place + rejectedAt] = (rejectedItems ?? 0) | 0;
    const state = rejectedItems === undefined ? empty : stored;
    Atomics.store(words, place + stateAt, (word & ~stateMask) | state);
    Atomics.notify(words, place + stateAt);
  }

  /** Resolves when a pending claim was settled by whoever has it. */
  async settled(claim: Extract<Claim, { state: 'pending' }>): Promise<void> {
    const waiting = Atomics.waitAsync(this.#words, claim.place + stateAt, claim.word);
    await waiting.value;
  }

  /** A lane has read its log. */
  laneRecovered(): void {
    Atomics.sub(this.#words, recoveringWord, 1);
  }

  /** Whether every lane has read its log: before that, a resend cannot be told. */
  isRecovered(): boolean {
    return Atomics.load(this.#words, recoveringWord) <= 0;
  }

  /** The place that holds `print`, or the one to give up for it; -1 when all are pending. */
  #find(first: number, print: Fingerprint, nowSeconds: number): number {
    const words = this.#words;
    let victim = -1;
    let oldest = Number.MAX_SAFE_INTEGER;
    for (let index = 0; index < placesABucket; index += 1) {
      const place = first + index * placeWords;
      const state = Atomics.load(words, place + stateAt) & stateMask;
      if (state !== empty && this.#isHere(place, print)) return place;
      if (state === pending) continue;
      const isFree = state === empty || !this.#isFresh(place, nowSeconds);
      const seconds = isFree ? -1 : words[place + secondsAt]! >>> 0;
      if (seconds < oldest) {
        oldest = seconds;
        victim = place;
      }
    }
    return victim;
  }

  #isHere(place: number, print: Fingerprint): boolean {
    const words = this.#words;
    return (
      words[place] === print[0] &&
      words[place + 1] === print[1] &&
      words[place + 2] === print[2] &&
      words[place + 3] === print[3]
    );
  }

  #isFresh(place: number, nowSeconds: number): boolean {
    return this.covers(this.#words[place + secondsAt]! >>> 0, nowSeconds);
  }

  #lock(bucket: number): boolean {
    const at = headerWords + bucket;
    const words = this.#words;
    for (let spin = 0; spin < spinsMax; spin += 1) {
      if (Atomics.compareExchange(words, at, 0, 1) === 0) return true;
    }
    // The thread that holds it was taken off its core: it needs a moment, not long.
    for (let wait = 0; wait < lockWaitsMax; wait += 1) {
      Atomics.wait(words, at, 1, lockWaitMs);
      if (Atomics.compareExchange(words, at, 0, 1) === 0) return true;
    }
    return false;
  }

  #unlock(bucket: number): void {
    Atomics.store(this.#words, headerWords + bucket, 0);
  }
}
