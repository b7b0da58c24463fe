/** How often one peer may do what costs us and brings nothing (F24): a burst, then a rate. */
import { sessionFaultsMax, streamResetBurstMax, streamResetsPerSecond } from '../limits.ts';

/** Frames that bring no request: PING, SETTINGS, WINDOW_UPDATE, empty DATA, unknown ones. */
const idleFramesBurst = 2_000;
const idleFramesPerSecond = 500;
/** Clients measure the line and give windows for each call that they make. */
const idleFramesPerCall = 10;

export class PeerBounds {
  readonly #nowMs: () => number;
  readonly #resets: TokenBucket;
  readonly #faults: TokenBucket;
  readonly #idleFrames: TokenBucket;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#resets = new TokenBucket(streamResetBurstMax, streamResetsPerSecond, nowMs());
    this.#faults = new TokenBucket(sessionFaultsMax, 1, nowMs());
    this.#idleFrames = new TokenBucket(idleFramesBurst, idleFramesPerSecond, nowMs());
  }

  /** It makes a call, which is what it is here for. */
  opened(): void {
    this.#idleFrames.give(idleFramesPerCall);
  }

  mayReset(): boolean {
    return this.#resets.take(this.#nowMs());
  }

  mayFault(): boolean {
    return this.#faults.take(this.#nowMs());
  }

  mayIdle(): boolean {
    return this.#idleFrames.take(this.#nowMs());
  }
}

class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #atMs: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  take(nowMs: number): boolean {
    if (this.#tokens < 1) {
      this.give(((nowMs - this.#atMs) / 1000) * this.#perSecond);
      this.#atMs = nowMs;
    }
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  give(count: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + count);
  }
}
