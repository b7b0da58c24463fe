/**
 * What would hold up the event loop, done on a thread of its own, one request at a time, so that
 * bombs delay each other and nobody else (F23, F25): inflating a body that becomes more than a
 * mebibyte, and reading JSON of more than 256 KiB. What is smaller costs less here than the way
 * there and back. The thread has a heap of its own, too: pieces of an inflated body are memory
 * outside of it, and every bomb had all of the lane's heap collected (11 ms each).
 *
 * Allocations: a copy of the request under way, and the result. Copies: one of the request.
 * Owner: the caller owns what is returned, and leaves what it gave untouched until then. The
 * thread starts with the first large request and ends when none has come for a while. Watched by
 * `receive.bench.ts`, and `hostile.bench.ts` for what it is good for.
 */
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../../core/clock.ts';
import type { ContentEncoding, Signal, Transcoding } from '../answer.ts';
import { type Inflated, inflate } from '../decode/inflate.ts';

/** About a millisecond of work. */
const inflatedHereBytesMax = 1024 ** 2;
const jsonHereBytesMax = 256 * 1024;
const idleMsMax = 60_000;
const youngMegabytesMax = 2;

export type Task = { readonly bytes: Uint8Array } & (
  | { readonly kind: 'inflate'; readonly encoding: ContentEncoding; readonly bytesMax: number }
  | { readonly kind: 'transcode'; readonly signal: Signal }
);

export type Done = Inflated | Transcoding;

export class Aside {
  readonly #clock: Clock;
  /** Settles when the thread is free. */
  #last: Promise<unknown> = Promise.resolve();
  #worker: Worker | undefined;
  #idle: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  inflate(
    encoding: ContentEncoding,
    wire: Uint8Array,
    bytesMax: number,
  ): Inflated | Promise<Inflated> {
    // Snappy grows 22 times at most, so its work is bounded by the body on the wire.
    if (encoding === 'identity' || encoding === 'snappy' || bytesMax <= inflatedHereBytesMax) {
      return inflate(encoding, wire, bytesMax);
    }
    const first = inflate(encoding, wire, inflatedHereBytesMax);
    if (first.ok || first.reason === 'corrupt') return first;
    const task = { kind: 'inflate', encoding, bytes: wire, bytesMax } as const;
    return this.#later(task) as Promise<Inflated>;
  }

  /** JSON as protobuf; undefined when it is so short that the lane may read it itself. */
  transcode(signal: Signal, json: Uint8Array): Promise<Transcoding> | undefined {
    if (json.byteLength <= jsonHereBytesMax) return undefined;
    return this.#later({ kind: 'transcode', signal, bytes: json }) as Promise<Transcoding>;
  }

  #later(task: Task): Promise<Done> {
    const turn = this.#last.then(() => this.#run(task));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #run(task: Task): Promise<Done> {
    this.#idle?.cancel();
    this.#worker ??= startThread();
    const worker = this.#worker;
    const done = Promise.withResolvers<Done>();
    const end = (cause: unknown): void => {
      this.#worker = undefined;
      done.reject(new Error('the thread for large requests ended', { cause }));
    };
    worker.once('message', done.resolve).once('error', end).once('exit', end);
    // Only now: of the requests that wait none is there twice.
    const bytes = new Uint8Array(task.bytes);
    worker.postMessage({ ...task, bytes }, [bytes.buffer]);
    try {
      return await done.promise;
    } finally {
      worker.off('message', done.resolve).off('error', end).off('exit', end);
      this.#idle = this.#clock.after(idleMsMax, () => this.#rest());
    }
  }

  #rest(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }
}

function startThread(): Worker {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const worker = new Worker(new URL(`./aside-worker${extension}`, import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: youngMegabytesMax },
  });
  // Whoever waits for it listens, too; without anybody it would end the lane.
  worker.on('error', () => {});
  worker.unref();
  return worker;
}
