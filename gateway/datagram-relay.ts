/**
 * Datagrams on their way from the main thread to DogStatsD's own: those that came to the port
 * before that thread listened, and Unix datagrams, because the addon that reads them knows the
 * event loop of the main thread only. What the other thread has not taken is bounded, and what
 * exceeds it is counted, as in the kernel.
 */

const waitingBytesMax = 16 * 1024 ** 2;

/** Words of the shared memory: bytes posted and not taken, datagrams dropped, and refused. */
const waitingWord = 0;
const droppedWord = 1;
const refusedWords = { udp: 2, unixgram: 3 } as const;

export type RelayedSocket = keyof typeof refusedWords;

/** What the main thread lost. */
export type RelayLosses = {
  /** Received, and refused for want of room here, by socket. */
  readonly refused: Readonly<Record<RelayedSocket, number>>;
  /** Dropped by the kernel at the main thread's own socket. */
  readonly dropped: number;
};

export function createRelayMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * Int32Array.BYTES_PER_ELEMENT);
}

/** The main thread's end. */
export class DatagramRelay {
  readonly #words: Int32Array;
  readonly #refusedWord: number;
  readonly #post: (datagrams: readonly Uint8Array[]) => void;
  #pending: Uint8Array[] = [];

  constructor(
    memory: SharedArrayBuffer,
    socket: RelayedSocket,
    post: (datagrams: readonly Uint8Array[]) => void,
  ) {
    this.#words = new Int32Array(memory);
    this.#refusedWord = refusedWords[socket];
    this.#post = post;
  }

  /** Takes a datagram, which is the relay's from now on. */
  take(datagram: Uint8Array): void {
    if (Atomics.load(this.#words, waitingWord) + datagram.length > waitingBytesMax) {
      Atomics.add(this.#words, this.#refusedWord, 1);
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

  /** Says what the kernel dropped at the main thread's socket, all in all. */
  setDropped(datagrams: number): void {
    Atomics.store(this.#words, droppedWord, datagrams);
  }
}

/** The other end: says that datagrams were taken. */
export function releaseRelayed(memory: SharedArrayBuffer, datagrams: readonly Uint8Array[]): void {
  const bytes = datagrams.reduce((sum, datagram) => sum + datagram.length, 0);
  Atomics.sub(new Int32Array(memory), waitingWord, bytes);
}

export function lossesOfRelay(memory: SharedArrayBuffer): RelayLosses {
  const words = new Int32Array(memory);
  const refusedAt = (socket: RelayedSocket): number => Atomics.load(words, refusedWords[socket]);
  return {
    refused: { udp: refusedAt('udp'), unixgram: refusedAt('unixgram') },
    dropped: Atomics.load(words, droppedWord),
  };
}
