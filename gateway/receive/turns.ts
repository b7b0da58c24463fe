/**
 * In which order whole requests are worked on: those of one signal of one tenant after each other,
 * and these in turn, so many bytes a round (deficit round robin). One that floods waits in its own
 * queue; what others send is next, between two reads of the sockets.
 *
 * Nothing waits while there is no more than a slice of work in one turn of the event loop.
 * Bounded by admission: what waits holds its bytes. Allocations: one promise a request that
 * waits. Copies: none. Owner: nothing is returned but a promise. Watched by `fairness.bench.ts`.
 */

/** Work between two looks at the sockets: about a millisecond. */
const sliceBytes = 512 * 1024;
/** What each may add to its account in a round; a typical request of a small sender. */
const quantumBytes = 64 * 1024;

type Waiting = { readonly bytes: number; readonly go: () => void };

type Flow = {
  readonly name: string;
  readonly queue: Waiting[];
  accountBytes: number;
};

export class Turns {
  readonly #defer: (task: () => void) => void;
  readonly #flows = new Map<string, Flow>();
  /** Those that wait, in the order of their turns. */
  readonly #ring: Flow[] = [];
  #spentBytes = 0;
  #isDeferred = false;

  /** `defer` runs a task after the sockets were looked at. */
  constructor(defer: (task: () => void) => void = setImmediate) {
    this.#defer = defer;
  }

  /** Resolves when the next request of `name`, of `bytes`, is next; undefined: at once. */
  take(name: string, bytes: number): Promise<void> | undefined {
    this.#runLater();
    if (this.#ring.length === 0 && this.#spentBytes < sliceBytes) {
      this.#spentBytes += bytes;
      return undefined;
    }
    let flow = this.#flows.get(name);
    if (flow === undefined) {
      flow = { name, queue: [], accountBytes: 0 };
      this.#flows.set(name, flow);
      this.#ring.push(flow);
    }
    const { queue } = flow;
    return new Promise((go) => queue.push({ bytes, go }));
  }

  /** Requests that wait. */
  get waitingCount(): number {
    return this.#ring.reduce((sum, { queue }) => sum + queue.length, 0);
  }

  #runLater(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#defer(() => this.#run());
  }

  #run(): void {
    this.#isDeferred = false;
    this.#spentBytes = 0;
    while (this.#spentBytes < sliceBytes) {
      const flow = this.#ring[0];
      const next = flow?.queue[0];
      if (flow === undefined || next === undefined) break;
      if (flow.accountBytes < next.bytes && this.#ring.length > 1) {
        flow.accountBytes += quantumBytes;
        this.#ring.push(flow);
        this.#ring.shift();
        continue;
      }
      flow.accountBytes = Math.max(0, flow.accountBytes - next.bytes);
      flow.queue.shift();
      this.#spentBytes += next.bytes;
      if (flow.queue.length === 0) this.#leave(flow);
      next.go();
    }
    if (this.#ring.length > 0) this.#runLater();
  }

  /** Who waits no more keeps no account: being idle earns nothing. */
  #leave(flow: Flow): void {
    this.#ring.shift();
    this.#flows.delete(flow.name);
  }
}
