/**
 * Brings sealed batches to one destination, those in doubt first, then the oldest or the newest,
 * at most `couriersMax` seals at once:
 *
 *     enqueue ─▶ [queue] ─▶ courier ─▶ units (≤ unitsAtOnceMax) ─▶ receipts ─▶ onDelivered
 *                 ▲   ▲        ▲  │ retryable: give up the columns, wait, decode again
 *                 │   │        └──┘ refused for good: dead letter, the rest goes on
 *                 │   └─ parked: one table takes no rows; the courier takes the next seal
 *
 * Invariant: a seal is delivered only when each of its units is acknowledged, known to be there
 * already, or set aside (`unit-carrier.ts`), and its receipts are written.
 */
import { hasChecksum } from '../../clickhouse/native/checksum.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import type { Seal, SealUnit } from '../lane/seal.ts';
import {
  giveUpColumns,
  type HeldUnits,
  type Job,
  newJob,
  type SealedBatch,
  unitKey,
  waiting,
} from './job.ts';
import { receiptPlace } from './receipts.ts';
import { isShard, shardName } from './shards.ts';
import { SickTables } from './sick-tables.ts';
import { type Brought, type CarrierOptions, UnitCarrier } from './unit-carrier.ts';

export type DeliveryOrder = 'oldest' | 'newest';

export type DeliveryOptions = CarrierOptions & {
  /** Of seals that are not in doubt; those go first, oldest before newest. */
  readonly order: DeliveryOrder;
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
  readonly #sick: SickTables;
  #active = 0;
  /** What the carrier last heard of a server that takes nothing. */
  #lastFault = '';
  #isUp = true;
  #settled: Promise<void> = Promise.resolve();
  #onIdle: (() => void)[] = [];

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#carrier = new UnitCarrier(
      options,
      (isUp, message) => this.#heard(isUp, message),
      this.#abort.signal,
    );
    this.#sick = new SickTables({
      clock: options.clock,
      onChance: () => this.#startCouriers(),
      onChange: options.events.parked,
    });
  }

  enqueue(batch: SealedBatch): void {
    this.#jobs.push(newJob(batch));
    this.#startCouriers();
  }

  /** Whether a batch sealed now would leave at once. */
  hasFreeCourier(): boolean {
    return (
      this.#isUp && this.#active < couriersMax && !this.#jobs.some((job) => this.#isReady(job))
    );
  }

  backlogCount(): number {
    return this.#jobs.length;
  }

  /** Seals of which a unit waits for a table that takes no rows. */
  parkedCount(): number {
    return this.#jobs.filter((job) => !job.isDelivered && job.parkedOn.size > 0).length;
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
      const job = this.#next();
      if (job === undefined) return;
      job.isActive = true;
      this.#active += 1;
      void this.#carry(job);
    }
  }

  #next(): Job | undefined {
    const isReady = (job: Job): boolean => this.#isReady(job);
    const inDoubt = this.#jobs.find((job) => job.inDoubt && isReady(job));
    if (inDoubt !== undefined) return inDoubt;
    return this.#options.order === 'newest'
      ? this.#jobs.findLast(isReady)
      : this.#jobs.find(isReady);
  }

  #isReady(job: Job): boolean {
    if (!waiting(job)) return false;
    if (job.parkedOn.size === 0) return true;
    for (const table of job.parkedOn) if (this.#sick.isOpen(table)) return true;
    return false;
  }

  async #carry(job: Job): Promise<void> {
    while (!this.#abort.signal.aborted) {
      const outcome = await this.#attempt(job);
      if (outcome === 'delivered') {
        job.isDelivered = true;
        this.#setUp(true, '');
        break;
      }
      giveUpColumns(job);
      job.attempts += 1;
      if (outcome === 'parked') break;
      await this.#waitForDestination(job.attempts);
    }
    giveUpColumns(job);
    job.isActive = false;
    this.#active -= 1;
    if (job.isDelivered) this.#acknowledgeFront();
    this.#startCouriers();
  }

  /** One try at everything that is missing. */
  async #attempt(job: Job): Promise<'delivered' | 'parked' | 'later'> {
    try {
      job.held ??= await this.#replay(job);
    } catch (error) {
      this.#setUp(false, Error.isError(error) ? error.message : String(error));
      return 'later';
    }
    const open = job.held.units.filter((unit) => !job.done.has(unitKey(unit)));
    const parkedOn = new Set<string>();
    let mustWait = false;
    let next = 0;
    const lanes = Array.from({ length: Math.min(unitsAtOnceMax, open.length) }, async () => {
      for (let unit = open[next++]; unit !== undefined && !mustWait; unit = open[next++]) {
        const places = this.#placesOf(unit);
        const closed = places.find((place) => !this.#sick.claim(place));
        if (closed !== undefined) {
          parkedOn.add(closed);
          continue;
        }
        const brought = await this.#carrier.bring(job, unit);
        if (brought === 'done') {
          job.done.add(unitKey(unit));
          for (const place of places) this.#sick.recovered(place);
        } else if (brought === 'later' && this.#options.shards.count === 1) mustWait = true;
        else parkedOn.add(this.#park(unit, brought));
      }
    });
    await Promise.all(lanes);
    job.parkedOn = parkedOn;
    if (mustWait || this.#abort.signal.aborted) return 'later';
    if (parkedOn.size > 0) return 'parked';
    giveUpColumns(job);
    if (await this.#carrier.writeReceipts(job)) return 'delivered';
    if (this.#options.shards.count === 1) return 'later';
    job.parkedOn = new Set([this.#parkShard(receiptPlace(job.seal))]);
    return 'parked';
  }

  /** What must take rows for `unit` to go out: its table, and its shard where there are several. */
  #placesOf(unit: EncodedUnit): readonly string[] {
    if (this.#options.shards.count === 1) return [unit.table];
    return [shardName(unit.partition), unit.table];
  }

  /** A unit waits for its table, or for its shard while the others go on; says for which. */
  #park(unit: EncodedUnit, brought: Exclude<Brought, 'done'>): string {
    if (brought === 'later') return this.#parkShard(unit.partition);
    this.#sick.fell(unit.table, brought.parked);
    return unit.table;
  }

  #parkShard(partition: string): string {
    const place = shardName(partition);
    this.#sick.fell(place, this.#lastFault);
    if (this.#sick.count(isShard) === this.#options.shards.count) {
      this.#setUp(false, this.#lastFault);
    }
    return place;
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
      } else if (isOther(again, sealed)) {
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
    const { clock, shards, random } = this.#options;
    const { signal } = this.#abort;
    let delayMs = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(attempts - 1, 10));
    while (!signal.aborted) {
      await clock.sleep(delayMs * (0.5 + random()), signal);
      if (signal.aborted || (await shards.reachable())) return;
      this.#setUp(false, 'not reachable');
      delayMs = Math.min(backoffMsMax, delayMs * 2);
    }
  }

  /** One shard of several that is away is no outage: what is for it is parked. */
  #heard(isUp: boolean, message: string): void {
    if (!isUp) this.#lastFault = message;
    if (isUp || this.#options.shards.count === 1) this.#setUp(isUp, message);
  }

  #setUp(isUp: boolean, message: string): void {
    if (isUp !== this.#isUp || (!isUp && message !== '')) this.#options.events.up(isUp, message);
    this.#isUp = isUp;
  }
}

/** Whether a unit that was decoded again has other bytes than the seal says. */
function isOther(again: EncodedUnit, sealed: SealUnit): boolean {
  return again.checksum !== sealed.checksum && !hasChecksum(again.chunks, sealed.checksum);
}
