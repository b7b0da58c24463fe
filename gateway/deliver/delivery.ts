/**
 * Brings sealed batches to one destination, oldest first, at most `couriersMax` seals at once:
 *
 *     enqueue ─▶ [queue] ─▶ courier ─▶ units (≤ unitsAtOnceMax) ─▶ receipts ─▶ onDelivered
 *                              ▲  │ retryable: give up the columns, wait, decode again
 *                              └──┘ permanent: dead letter, the rest goes on
 *
 * Invariant: a seal is delivered only when each of its units is acknowledged, known to be there
 * already, or set aside (`unit-carrier.ts`), and its receipts are written.
 */
import type { Seal } from '../lane/seal.ts';
import {
  giveUpColumns,
  type HeldUnits,
  type Job,
  newJob,
  type SealedBatch,
  unitKey,
  waiting,
} from './job.ts';
import { type CarrierOptions, UnitCarrier } from './unit-carrier.ts';

export type DeliveryOptions = CarrierOptions & {
  /** Decodes the seal's records again. Rejects when the log cannot be read. */
  readonly replay: (seal: Seal) => Promise<HeldUnits>;
  /** Called for seals in log order, once all before them are delivered. */
  readonly onDelivered: (seal: Seal) => Promise<void>;
};

export const couriersMax = 2;
const unitsAtOnceMax = 4;
const backoffMsMin = 250;
const backoffMsMax = 15_000;

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #carrier: UnitCarrier;
  /** Seals not yet acknowledged, in log order. */
  readonly #jobs: Job[] = [];
  readonly #abort = new AbortController();
  #active = 0;
  #isUp = true;
  #settled: Promise<void> = Promise.resolve();
  #onIdle: (() => void)[] = [];

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#carrier = new UnitCarrier(
      options,
      (isUp, message) => this.#setUp(isUp, message),
      this.#abort.signal,
    );
  }

  enqueue(batch: SealedBatch): void {
    this.#jobs.push(newJob(batch));
    this.#startCouriers();
  }

  /** Whether a batch sealed now would leave at once. */
  hasFreeCourier(): boolean {
    return this.#isUp && this.#active < couriersMax && !this.#jobs.some((job) => waiting(job));
  }

  backlogCount(): number {
    return this.#jobs.length;
  }

  isUp(): boolean {
    return this.#isUp;
  }

  oldestReceivedMs(): number | undefined {
    return this.#jobs[0]?.seal.firstReceivedMs;
  }

  /** Frees the columns of the batch that would wait longest; false when none waits. */
  releaseOneWaiting(): boolean {
    const job = this.#jobs.findLast((entry) => waiting(entry) && entry.held !== undefined);
    if (job === undefined) return false;
    giveUpColumns(job);
    return true;
  }

  /** Resolves when nothing is left to deliver, or `signal` aborts. */
  whenIdle(signal?: AbortSignal): Promise<void> {
    if (this.#jobs.length === 0 || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Starts nothing new and ends waits; what is under way is left to the connections' end. */
  stop(): void {
    this.#abort.abort();
  }

  #startCouriers(): void {
    while (this.#active < couriersMax && !this.#abort.signal.aborted) {
      const job = this.#jobs.find(waiting);
      if (job === undefined) return;
      job.isActive = true;
      this.#active += 1;
      void this.#carry(job);
    }
  }

  async #carry(job: Job): Promise<void> {
    while (!this.#abort.signal.aborted) {
      if (await this.#attempt(job)) {
        job.isDelivered = true;
        this.#setUp(true, '');
        break;
      }
      giveUpColumns(job);
      job.attempts += 1;
      await this.#waitForDestination(job.attempts);
    }
    giveUpColumns(job);
    job.isActive = false;
    this.#active -= 1;
    if (job.isDelivered) this.#acknowledgeFront();
    this.#startCouriers();
  }

  /** One try at everything that is missing; true when the seal is complete. */
  async #attempt(job: Job): Promise<boolean> {
    try {
      job.held ??= await this.#replay(job);
    } catch (error) {
      this.#setUp(false, Error.isError(error) ? error.message : String(error));
      return false;
    }
    const open = job.held.units.filter((unit) => !job.done.has(unitKey(unit)));
    let isComplete = true;
    let next = 0;
    const lanes = Array.from({ length: Math.min(unitsAtOnceMax, open.length) }, async () => {
      for (let unit = open[next++]; unit !== undefined && isComplete; unit = open[next++]) {
        if (await this.#carrier.bring(job, unit)) {
          job.done.add(unitKey(unit));
        } else isComplete = false;
      }
    });
    await Promise.all(lanes);
    if (!isComplete || this.#abort.signal.aborted) return false;
    giveUpColumns(job);
    return await this.#carrier.writeReceipts(job);
  }

  async #replay(job: Job): Promise<HeldUnits> {
    const held = await this.#options.replay(job.seal);
    for (const sealed of job.seal.units) {
      const again = held.units.find(
        (unit) => unit.table === sealed.table && unit.partition === sealed.partition,
      );
      if (again === undefined) {
        job.missing.add(unitKey(sealed));
        this.#options.events.differs(job.seal, sealed.table, 'missing');
      } else if (again.crc !== sealed.crc) {
        // The token is bound to other bytes: the count of rows decides, not the token.
        job.inDoubt = true;
        this.#options.events.differs(job.seal, sealed.table, 'other checksum');
      }
    }
    return held;
  }

  /** Positions are acknowledged in log order, whatever order the couriers came home in. */
  #acknowledgeFront(): void {
    while (this.#jobs[0]?.isDelivered === true) {
      const job = this.#jobs.shift();
      if (job === undefined) break;
      // Side by side: a checkpoint takes a fifth of a second, and the later one covers the rest.
      const delivered = this.#options.onDelivered(job.seal);
      this.#settled = Promise.all([this.#settled, delivered]).then(() => {});
    }
    if (this.#jobs.length > 0) return;
    const waiters = this.#onIdle;
    this.#onIdle = [];
    void this.#settled.then(() => {
      for (const resolve of waiters) resolve();
    });
  }

  /** Backs off with jitter, then looks until the destination answers again. */
  async #waitForDestination(attempts: number): Promise<void> {
    const { clock, destination, random } = this.#options;
    const { signal } = this.#abort;
    let delayMs = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(attempts - 1, 10));
    while (!signal.aborted) {
      await clock.sleep(delayMs * (0.5 + random()), signal);
      if (signal.aborted || (await destination.reachable())) return;
      this.#setUp(false, 'not reachable');
      delayMs = Math.min(backoffMsMax, delayMs * 2);
    }
  }

  #setUp(isUp: boolean, message: string): void {
    if (isUp !== this.#isUp || (!isUp && message !== '')) this.#options.events.up(isUp, message);
    this.#isUp = isUp;
  }
}
