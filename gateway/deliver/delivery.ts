/**
 * Brings sealed batches to one destination, oldest first, at most `couriersMax` seals at once:
 *
 *     enqueue ─▶ [queue] ─▶ courier ─▶ units (≤ unitsAtOnceMax) ─▶ receipts ─▶ onDelivered
 *                              ▲  │ retryable: give up the columns, wait, decode again
 *                              └──┘ permanent: dead letter, the rest goes on
 *
 * Invariants: a unit goes out under one token for ever (but see `settle`); a seal is delivered
 * only when each of its units is acknowledged, known to be there already, or set aside; a batch's
 * columns are used only while `release` has not been called.
 */
import type { Clock } from '../../core/clock.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import { type Seal, sealNumber, unitToken } from '../lane/seal.ts';
import type { DeadLetter } from './dead-letter.ts';
import { type Destination, inDoubtRule } from './destination.ts';
import type { StatementResult } from './insert-client.ts';
import { receiptRows, receiptTable } from './receipts.ts';

/** Columns of a sealed batch, held in memory. */
export type HeldUnits = {
  readonly units: readonly EncodedUnit[];
  /** Gives the memory back; the units are dead afterwards. Idempotent. */
  readonly release: () => void;
};

export type SealedBatch = {
  readonly seal: Seal;
  /** Sealed by an earlier process: its inserts may have been carried out. */
  readonly inDoubt: boolean;
  /** Absent: decoded again from the log when its turn comes. */
  readonly held: HeldUnits | undefined;
};

export type DeliveryEvents = {
  readonly insert: (
    unit: { readonly table: string; readonly rows: number; readonly bytes: number },
    outcome: 'acknowledged' | 'already_there' | 'retryable' | 'permanent',
    elapsedMs: number,
  ) => void;
  readonly deadLetter: (unit: EncodedUnit, reason: string) => void;
  /** Units decoded again differ from what was sealed. */
  readonly differs: (seal: Seal, table: string, reason: string) => void;
  readonly up: (isUp: boolean, message: string) => void;
};

export type DeliveryOptions = {
  readonly destination: Destination;
  readonly deadLetter: DeadLetter;
  /** Decodes the seal's records again. Rejects when the log cannot be read. */
  readonly replay: (seal: Seal) => Promise<HeldUnits>;
  /** Called for seals in log order, once all before them are delivered. */
  readonly onDelivered: (seal: Seal) => Promise<void>;
  readonly clock: Clock;
  /** In [0, 1): spreads retries. */
  readonly random: () => number;
  readonly events: DeliveryEvents;
  readonly gateway: string;
  readonly lane: string;
};

export const couriersMax = 2;
const unitsAtOnceMax = 4;
const backoffMsMin = 250;
const backoffMsMax = 15_000;
/** After an insert in doubt whose rows are not there yet, how often and how long to look again. */
const settleLooksMax = 4;
const settleWaitMs = 300;

type Job = {
  readonly seal: Seal;
  held: HeldUnits | undefined;
  /** Whether inserts of this seal may have been carried out without our knowing. */
  inDoubt: boolean;
  /** Tokens' tails of the units that need nothing more. */
  readonly done: Set<string>;
  /** Of these, the ones ClickHouse refused for good: they get no receipt. */
  readonly setAside: Set<string>;
  /** Units that the log did not give back: no receipt either. */
  readonly missing: Set<string>;
  attempts: number;
  isDelivered: boolean;
  isActive: boolean;
};

export class Delivery {
  readonly #options: DeliveryOptions;
  /** Seals not yet acknowledged, in log order. */
  readonly #jobs: Job[] = [];
  readonly #abort = new AbortController();
  #active = 0;
  #isUp = true;
  #settled: Promise<void> = Promise.resolve();
  #onIdle: (() => void)[] = [];

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  enqueue(batch: SealedBatch): void {
    this.#jobs.push({
      seal: batch.seal,
      held: batch.held,
      inDoubt: batch.inDoubt,
      done: new Set(),
      setAside: new Set(),
      missing: new Set(),
      attempts: 0,
      isDelivered: false,
      isActive: false,
    });
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
        if (await this.#bring(job, unit)) {
          job.done.add(unitKey(unit));
        } else isComplete = false;
      }
    });
    await Promise.all(lanes);
    if (!isComplete || this.#abort.signal.aborted) return false;
    giveUpColumns(job);
    return await this.#writeReceipts(job);
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

  /** Brings one unit home; false means try again later. */
  async #bring(job: Job, unit: EncodedUnit): Promise<boolean> {
    const { destination, clock, events } = this.#options;
    const token = unitToken(job.seal.id, unit.table, unit.partition);
    const bySeal = inDoubtRule(unit.table) === 'seal';
    const wasInDoubt = job.inDoubt;
    if (wasInDoubt && bySeal) {
      const there = await this.#isThere(job.seal, unit);
      if (there === 'unknown') return false;
      if (there === 'yes') {
        events.insert(unit, 'already_there', 0);
        return true;
      }
    }
    const startedMs = clock.monotonicMs();
    // Rows that merge to the same values go in again under another token: theirs may lie.
    const sentToken =
      wasInDoubt && !bySeal ? `${token}-${job.attempts}-${this.#options.random()}` : token;
    let sent = await destination.insertUnit(unit, sentToken);
    // A body cut on its way, or a table altered since it was described, looks like bad rows once.
    if (!sent.ok && sent.kind === 'permanent') {
      sent = await destination.insertUnit(unit, sentToken);
    }
    if (!sent.ok) return await this.#onFailure(job, unit, sent, clock.monotonicMs() - startedMs);
    if (wasInDoubt && bySeal && !(await this.#settle(job.seal, unit, token))) return false;
    this.#setUp(true, '');
    events.insert(unit, 'acknowledged', clock.monotonicMs() - startedMs);
    return true;
  }

  async #isThere(
    seal: Seal,
    unit: EncodedUnit,
  ): Promise<'yes' | 'partly' | 'no' | 'cannot_tell' | 'unknown'> {
    const { destination } = this.#options;
    const count = await destination.countSeal(unit.table, unit.partition, sealNumber(seal.id));
    if (count.known && count.rows === 0) return 'no';
    // Where partitions are not ours a unit is several parts: the token tells which are missing.
    if (count.known) return count.rows < unit.rows ? 'partly' : 'yes';
    if (count.reason === 'no_column') return 'cannot_tell';
    this.#setUp(false, count.message);
    return 'unknown';
  }

  /**
   * A plain MergeTree writes the token before it renames the part: killed between the two, it
   * calls the repeat a duplicate and the rows are gone. So an insert in doubt is looked for, and
   * when its rows do not come to light it goes in under a second token.
   */
  async #settle(seal: Seal, unit: EncodedUnit, token: string): Promise<boolean> {
    for (let look = 0; look < settleLooksMax; look += 1) {
      const there = await this.#isThere(seal, unit);
      if (there === 'unknown') return false;
      if (there !== 'no') return true;
      await this.#options.clock.sleep(settleWaitMs, this.#abort.signal);
    }
    // On a replica that lags behind, rows are merely not to be seen yet.
    const mayLie = await this.#options.destination.tokenMayLie(unit.table);
    if (mayLie !== true) return mayLie === false;
    const again = await this.#options.destination.insertUnit(unit, `${token}-again`);
    return again.ok && (await this.#isThere(seal, unit)) === 'yes';
  }

  async #onFailure(
    job: Job,
    unit: EncodedUnit,
    failed: Extract<StatementResult, { ok: false }>,
    elapsedMs: number,
  ): Promise<boolean> {
    this.#options.events.insert(unit, failed.kind, elapsedMs);
    if (failed.kind === 'permanent') {
      if (await this.#putAside(job, unit, failed.message)) {
        job.setAside.add(unitKey(unit));
        this.#options.events.deadLetter(unit, failed.message);
        return true;
      }
    }
    if (failed.ambiguous) job.inDoubt = true;
    this.#setUp(false, failed.message);
    return false;
  }

  /** A disk that does not take the letter is no reason to lose it, or to fall over. */
  async #putAside(job: Job, unit: EncodedUnit, reason: string): Promise<boolean> {
    try {
      return await this.#options.deadLetter.put(job.seal, unit, reason);
    } catch (error) {
      this.#setUp(false, `the dead letter could not be written: ${String(error)}`);
      return false;
    }
  }

  /** The proof of what was stored: rows of their own, under their own token. */
  async #writeReceipts(job: Job): Promise<boolean> {
    const { destination, clock, events, gateway, lane } = this.#options;
    const token = unitToken(job.seal.id, receiptTable, '');
    const nowMs = clock.nowMs();
    if (job.inDoubt) {
      // Of any day: it may have been written before midnight.
      const count = await destination.countSeal(receiptTable, undefined, sealNumber(job.seal.id));
      if (count.known && count.rows > 0) return true;
      if (!count.known && count.reason === 'failed') {
        this.#setUp(false, count.message);
        return false;
      }
    }
    const units = job.seal.units.filter(
      (entry) => !job.setAside.has(unitKey(entry)) && !job.missing.has(unitKey(entry)),
    );
    if (units.length === 0) return true;
    const rows = receiptRows({ ...job.seal, units }, { gateway, lane, nowMs });
    const startedMs = clock.monotonicMs();
    const sent = await destination.insertRows(receiptTable, rows, token);
    const unit = { table: receiptTable, rows: units.length, bytes: rows.length };
    events.insert(unit, sent.ok ? 'acknowledged' : sent.kind, clock.monotonicMs() - startedMs);
    if (!sent.ok) {
      if (sent.ambiguous) job.inDoubt = true;
      this.#setUp(false, sent.message);
    }
    return sent.ok;
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

function unitKey(unit: { readonly table: string; readonly partition: string }): string {
  return `${unit.table} ${unit.partition}`;
}

function waiting(job: Job): boolean {
  return !job.isActive && !job.isDelivered;
}

function giveUpColumns(job: Job): void {
  job.held?.release();
  job.held = undefined;
}
