/**
 * Places on the engine's thread pool. A statement holds a thread of libuv's pool while it runs, so
 * without this a few long queries would hold up inserts and even file reads. Queries and inserts
 * wait in lines of their own; control statements (KILL QUERY, the self-check) take no place, and
 * {@link poolThreads} leaves threads for them and for file work.
 *
 * Invariant: running ≤ places, and nobody waits while a place is free.
 */
import { engineError } from './exception.ts';

/** `UV_THREADPOOL_SIZE` of the engine's process. */
export const poolThreads = 32;
export const querySlots = 14;
export const insertSlots = 10;
/** Beyond this many waiting statements a new one is refused with code 202. */
const waitingMax = 1_000;

type Waiter = { readonly start: () => void };

export class Slots {
  readonly #places: number;
  #running = 0;
  readonly #waiting: Waiter[] = [];

  constructor(places: number) {
    this.#places = places;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs `work` when a place is free. Aborting while it waits takes it out of the line. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#places) this.#running += 1;
    else await this.#wait(signal);
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next.start();
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= waitingMax) {
      throw engineError(
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `Too many simultaneous queries: ${this.#running} run and ${waitingMax} wait`,
      );
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        const index = this.#waiting.indexOf(waiter);
        if (index === -1) return;
        this.#waiting.splice(index, 1);
        reject(engineError('QUERY_WAS_CANCELLED', 'Query was cancelled while it waited'));
      };
      const waiter = {
        start: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      this.#waiting.push(waiter);
      signal.addEventListener('abort', leave, { once: true });
      if (signal.aborted) leave();
    });
  }
}
