/**
 * One unit of a seal into its table, and the seal's receipts behind it. Says `false` for "try again
 * later": whether the destination is away, slow, or may have taken what it did not answer.
 *
 * Invariant: a unit goes out under one token for ever (but see `settle`).
 */
import type { Clock } from '../../core/clock.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import { type Seal, sealNumber, unitToken } from '../lane/seal.ts';
import type { DeadLetter } from './dead-letter.ts';
import { type Destination, inDoubtRule } from './destination.ts';
import type { StatementResult } from './insert-client.ts';
import { type Job, unitKey } from './job.ts';
import { receiptRows, receiptTable } from './receipts.ts';

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

export type CarrierOptions = {
  readonly destination: Destination;
  readonly deadLetter: DeadLetter;
  readonly clock: Clock;
  /** In [0, 1): spreads retries. */
  readonly random: () => number;
  readonly events: DeliveryEvents;
  readonly gateway: string;
  readonly lane: string;
};

/** After an insert in doubt whose rows are not there yet, how often and how long to look again. */
const settleLooksMax = 4;
const settleWaitMs = 300;

export class UnitCarrier {
  readonly #options: CarrierOptions;
  /** Whether the destination answered, for a person. */
  readonly #setUp: (isUp: boolean, message: string) => void;
  readonly #stop: AbortSignal;

  constructor(
    options: CarrierOptions,
    setUp: (isUp: boolean, message: string) => void,
    stop: AbortSignal,
  ) {
    this.#options = options;
    this.#setUp = setUp;
    this.#stop = stop;
  }

  /** Brings one unit home; false means try again later. */
  async bring(job: Job, unit: EncodedUnit): Promise<boolean> {
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
      await this.#options.clock.sleep(settleWaitMs, this.#stop);
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
  async writeReceipts(job: Job): Promise<boolean> {
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
    const rows = receiptRows(job.seal, units, { gateway, lane, nowMs });
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
}
