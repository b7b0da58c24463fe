/**
 * The sets of columns of a lane, and their closing into seals:
 *
 *     free ─▶ open ─▶ closing ─▶ seal written ─▶ delivery ─▶ free
 *                 close()   durable
 *
 * Invariants: every record behind what is sealed lies in a closing set or in the open one; at most
 * `setsMax` sets hold columns. When all are taken, the batch that would wait longest gives up its
 * own and is decoded again from the log.
 */
import { couriersMax, type Delivery } from '../deliver/delivery.ts';
import type { HeldUnits } from '../deliver/job.ts';
import { isWalFailure } from '../wal/wal-failure.ts';
import { BlockSet, type Encoded, encodeSteps } from './block-set.ts';
import type { LaneParts } from './lane-types.ts';
import { sealMeta } from './record-meta.ts';
import { encodeSeal, type Seal } from './seal.ts';
import { SealPace } from './seal-pace.ts';
import { isDurable } from './waiting.ts';

/** One open, one a courier. */
const setsMax = couriersMax + 1;
const sealRetryMs = 250;

export class Sealer {
  readonly #parts: LaneParts;
  readonly #delivery: Delivery;
  readonly #free: BlockSet[] = [];
  readonly #closing = new Set<BlockSet>();
  readonly #pace: SealPace;
  #open: BlockSet;
  #setCount = 1;
  #setWaiters: (() => void)[] = [];
  #chain: Promise<void> = Promise.resolve();
  /** Sets that are closed and whose seal is not yet with delivery. */
  #unsealed = 0;
  /** Closed, and its seal on the way to the disk: delivery does not know of it yet. */
  #sealing: BlockSet | undefined;
  #isStopped = false;
  /** Up to there every record is sealed. */
  sealedPosition = 0;

  constructor(parts: LaneParts, delivery: Delivery) {
    this.#parts = parts;
    this.#delivery = delivery;
    this.#pace = new SealPace(parts.limits.sealAgeMsMax);
    this.#open = new BlockSet(parts.decoder.createBlocks());
  }

  /** The set that takes rows now. */
  get open(): BlockSet {
    return this.#open;
  }

  /** Open and closing ones. */
  sets(): readonly BlockSet[] {
    return [...this.#closing, this.#open];
  }

  /** All that hold rows which delivery does not have. */
  unsealedSets(): readonly BlockSet[] {
    return this.#sealing === undefined ? this.sets() : [this.#sealing, ...this.sets()];
  }

  /** Whether every row has left for delivery. */
  isIdle(): boolean {
    return this.#open.isEmpty() && this.#unsealed === 0;
  }

  /** Whether the open rows have waited for others as long as they may. */
  isDue(): boolean {
    const { openedMs } = this.#open;
    const ageMs = this.#parts.clock.monotonicMs() - openedMs;
    return !this.#open.isEmpty() && ageMs >= this.#pace.waitMs(openedMs);
  }

  /** Closes the open set when another one can take its place. */
  close(): boolean {
    const next = this.#takeSet();
    if (next === undefined) return false;
    const set = this.#open;
    const written = this.#parts.wal.writtenPosition();
    // Not what is written: after a failed sync that lies in a range that was refused for good, and
    // a set that waits for it to become durable would wait for ever.
    set.last = set.end;
    next.begin(written);
    this.#open = next;
    set.closedMs = this.#parts.clock.monotonicMs();
    this.#pace.closed(set.closedMs);
    this.#closing.add(set);
    this.#unsealed += 1;
    this.#chain = this.#chain.then(async () => {
      await this.#finish(set);
      this.#unsealed -= 1;
    });
    return true;
  }

  /** Resolves when the open set has been swapped for an empty one, by whomever. */
  async makeRoom(): Promise<void> {
    const full = this.#open;
    while (full === this.#open && !this.close()) await this.setFreed();
  }

  /** Resolves when a set is free. */
  setFreed(): Promise<void> {
    if (this.#free.length > 0) return Promise.resolve();
    return new Promise((resolve) => this.#setWaiters.push(resolve));
  }

  /** Resolves when every set that was closed so far is with delivery. */
  whenSealed(): Promise<void> {
    return this.#chain;
  }

  /** Seals wait for a disk no longer. */
  stop(): void {
    this.#isStopped = true;
  }

  /** False when the disk did not take it. */
  async write(seal: Seal): Promise<boolean> {
    const { wal, clock, counters } = this.#parts;
    try {
      await wal.durable(wal.append(sealMeta(clock.nowNs()), encodeSeal(seal), true));
      this.sealedPosition = seal.last;
      counters.sealed(seal.units);
      return true;
    } catch (error) {
      if (!isWalFailure(error)) throw error;
      return false;
    }
  }

  #takeSet(): BlockSet | undefined {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#setCount < setsMax) {
      this.#setCount += 1;
      return new BlockSet(this.#parts.decoder.createBlocks());
    }
    return this.#delivery.releaseOneWaiting() ? this.#free.pop() : undefined;
  }

  #freeSet(set: BlockSet): void {
    this.#free.push(set);
    const waiters = this.#setWaiters;
    this.#setWaiters = [];
    for (const wake of waiters) wake();
  }

  /** Seals follow each other in log order. The seal is synced before its inserts leave. */
  async #finish(set: BlockSet): Promise<void> {
    const { wal, clock } = this.#parts;
    // A failed sync has cut the set back to what is durable: then that much is sealed.
    while (!set.isEmpty() && !(await isDurable(wal.durable(set.last)))) {
      if (this.#isStopped) return;
      await clock.sleep(sealRetryMs);
    }
    this.#closing.delete(set);
    if (set.isEmpty()) {
      this.#freeSet(set);
      return;
    }
    this.#sealing = set;
    const { seal, units } = await encodeInTurns(set);
    while (!(await this.write(seal))) {
      if (this.#isStopped) return;
      await clock.sleep(sealRetryMs);
    }
    this.#sealing = undefined;
    this.#parts.at?.('sealed');
    this.#delivery.enqueue({ seal, inDoubt: false, held: this.#hold(set, units) });
  }

  #hold(set: BlockSet, units: HeldUnits['units']): HeldUnits {
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      this.#pace.delivered(this.#parts.clock.monotonicMs() - set.closedMs);
      this.#freeSet(set);
    };
    return { units, release };
  }
}

/** A unit a turn of the thread, so that whoever waits for an answer waits for one unit at most. */
async function encodeInTurns(set: BlockSet): Promise<Encoded> {
  const steps = encodeSteps(set);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
