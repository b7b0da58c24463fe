/**
 * Unix datagrams on their way from the main thread to DogStatsD's own: the addon that reads them
 * knows the event loop of the main thread only. What the other thread has not taken is bounded, as
 * it is in the kernel where a thread reads by itself.
 */

const waitingBytesMax = 16 * 1024 ** 2;

/** Words of the shared memory: bytes that were posted and not taken, and datagrams refused. */
const waitingWord = 0;
const refusedWord = 1;

export function createRelayMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

/** The main thread's end. */
export class UnixRelay {
  readonly #words: Int32Array;
  readonly #post: (datagrams: readonly Uint8Array[]) => void;
  #pending: Uint8Array[] = [];

  constructor(memory: SharedArrayBuffer, post: (datagrams: readonly Uint8Array[]) => void) {
    this.#words = new Int32Array(memory);
    this.#post = post;
  }

  /** Takes a datagram, which is the relay's from now on. */
  take(datagram: Uint8Array): void {
    if (Atomics.load(this.#words, waitingWord) + datagram.length > waitingBytesMax) {
      Atomics.add(this.#words, refusedWord, 1);
      return;
    }
    Atomics.add(this.#words, waitingWord, datagram.length);
    // Those that came together go together.
    if (this.#pending.length === 0) setImmediate(() => this.flush());
    this.#pending.push(datagram);
  }

  flush(): void {
    if (this.#pending.length === 0) return;
    this.#post(this.#pending);
    this.#pending = [];
  }
}

/** The other end: says that datagrams were taken. */
export function releaseRelayed(memory: SharedArrayBuffer, datagrams: readonly Uint8Array[]): void {
  const bytes = datagrams.reduce((sum, datagram) => sum + datagram.length, 0);
  Atomics.sub(new Int32Array(memory), waitingWord, bytes);
}

/** Datagrams that came faster than they were taken. */
export function refusedByRelay(memory: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(memory), refusedWord);
}
