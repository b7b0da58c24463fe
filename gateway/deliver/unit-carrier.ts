/**
 * One unit of a seal into its table, and the seal's receipts behind it. Says `later` when it must
 * be tried again, whether the destination is away, slow, or may have taken what it did not answer;
 * `parked` when only this table does not take rows.
 *
 * Invariant: a unit goes out under one token for ever (but see `settle`), and a row that a dead
 * letter holds goes out with that letter alone.
 */
import type { Clock } from '../../core/clock.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import { describeUnit, type Seal, sealNumber, unitToken } from '../lane/seal.ts';
import type { DeadLetter, HeldRows } from './dead-letter.ts';
import { type Destination, inDoubtRule } from './destination.ts';
import { isOfTable, isPushingToView } from './exceptions.ts';
import type { Failed } from './insert-client.ts';
import { type Job, unitKey } from './job.ts';
import { receiptPlace, receiptRows, receiptTable } from './receipts.ts';
import {
  heldRows,
  narrowed,
  type Presence,
  presence,
  type Rest,
  rangesOf,
  wholeUnit,
  withoutRows,
} from './rest.ts';
import type { Shards } from './shards.ts';
import { sift } from './sift.ts';

export type Brought = 'done' | 'later' | { readonly parked: string };

export type DeliveryEvents = {
  readonly insert: (
    unit: { readonly table: string; readonly rows: number; readonly bytes: number },
    outcome: 'acknowledged' | 'already_there' | 'retryable' | 'permanent',
    elapsedMs: number,
  ) => void;
  readonly deadLetter: (
    unit: { readonly table: string; readonly rows: number },
    reason: string,
  ) => void;
  /** A table takes no rows while others do, or takes them again. */
  readonly parked: (table: string, isParked: boolean, message: string) => void;
  /** Units decoded again differ from what was sealed. */
  readonly differs: (seal: Seal, table: string, reason: string) => void;
  readonly up: (isUp: boolean, message: string) => void;
};

export type CarrierOptions = {
  readonly shards: Shards;
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

/**
 * For how long a replicated table is trusted to know a token: it does for 7 days, and for 100 000
 * inserts, which are 27 hours of one a second. Beyond, rows that are there are taken as stored:
 * rather on too few replicas than twice.
 */
const tokenAgeMsMax = 24 * 3_600_000;
const dayMs = 24 * 3_600_000;
const dayChars = '2026-11-23'.length;

const nothingHeld: HeldRows = { ranges: [], replayed: 0, begun: [] };

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

  /** Brings one unit home, or what of it no dead letter holds. */
  async bring(job: Job, whole: EncodedUnit): Promise<Brought> {
    let rest: Rest;
    try {
      rest = await this.#restOf(job, whole);
    } catch (error) {
      return { parked: `its dead letters could not be read: ${String(error)}` };
    }
    return rest.unit.rows === 0 ? 'done' : await this.#bringRest(job, rest);
  }

  /** Only an earlier attempt can have written letters. */
  async #restOf(job: Job, whole: EncodedUnit): Promise<Rest> {
    if (!job.inDoubt && job.attempts === 0) return wholeUnit(whole);
    const token = unitToken(job.seal.id, whole.table, whole.partition);
    const { ranges } = await this.#options.deadLetter.held(token, whole.rows);
    if (ranges.length === 0) return wholeUnit(whole);
    const rest = withoutRows(whole, ranges);
    job.setAside.set(unitKey(whole), heldRows(rest));
    return rest;
  }

  async #bringRest(job: Job, rest: Rest): Promise<Brought> {
    const { clock, deadLetter, events } = this.#options;
    const { unit } = rest;
    const destination = this.#serverOf(unit);
    const token = unitToken(job.seal.id, unit.table, unit.partition);
    const owed = { table: unit.table, token };
    const bySeal = inDoubtRule(unit.table) === 'seal';
    const wasInDoubt = job.inDoubt;
    let isHere = false;
    if (wasInDoubt && bySeal) {
      const there = await this.#isThere(job.seal, rest);
      if (there === 'unknown') return 'later';
      if (there === 'untold') return { parked: interrupted(job.seal) };
      // A view that has not had the rows gets them by the same token: the table knows them. So do
      // replicas that were not heard of: this one has the rows, which is not what was asked for.
      isHere = there === 'yes';
      const again =
        this.#mustBeConfirmed(job.seal, destination) || (await deadLetter.owesView(owed));
      if (isHere && !again) {
        events.insert(unit, 'already_there', 0);
        return 'done';
      }
    }
    const startedMs = clock.monotonicMs();
    // Rows that merge to the same values go in again under another token: theirs may lie, but not
    // where replicas share it, and waiting for them would store the rows with each attempt.
    const mayLie = wasInDoubt && !bySeal && !destination.hasQuorum;
    const sentToken = mayLie ? `${token}-${job.attempts}-${this.#options.random()}` : token;
    let sent = await destination.insertUnit(unit, sentToken);
    // A body cut on its way, or a table altered since it was described, looks like bad rows once.
    if (!sent.ok && sent.kind === 'permanent') {
      sent = await destination.insertUnit(unit, sentToken);
    }
    const elapsedMs = clock.monotonicMs() - startedMs;
    if (!sent.ok) {
      events.insert(unit, sent.kind, elapsedMs);
      // Rows that are there are in no dead letter: its replay would double them.
      if (isHere && sent.kind === 'permanent') return { parked: sent.message };
      return sent.kind === 'permanent'
        ? await this.#onRefused(job, rest, sentToken, sent)
        : await this.#onRetryable(job, token, unit, sent);
    }
    if (wasInDoubt && bySeal && !(await this.#settle(job.seal, rest, token))) return 'later';
    if (job.inDoubt) await deadLetter.paidView(owed);
    this.#setUp(true, '');
    events.insert(unit, 'acknowledged', elapsedMs);
    return 'done';
  }

  /** Whether rows that are there must still be said to be on other replicas, by their token. */
  #mustBeConfirmed({ firstReceivedMs }: Seal, destination: Destination): boolean {
    const ageMs = this.#options.clock.nowMs() - firstReceivedMs;
    return destination.hasQuorum && ageMs < tokenAgeMsMax;
  }

  #serverOf(unit: EncodedUnit): Destination {
    return this.#options.shards.of(unit.partition);
  }

  async #isThere(seal: Seal, rest: Rest): Promise<Presence | 'cannot_tell' | 'unknown'> {
    const { unit } = rest;
    const server = this.#serverOf(unit);
    let held = await this.#heldBy(seal, rest);
    for (let look = 0; look < settleLooksMax; look += 1) {
      const count = await server.countSeal(unit.table, unit.partition, sealNumber(seal.id));
      if (!count.known) {
        if (count.reason === 'no_column') return 'cannot_tell';
        this.#setUp(false, count.message);
        return 'unknown';
      }
      // A letter that was replayed beside us is in the count or is not.
      const again = await this.#heldBy(seal, rest);
      if (held === undefined || again === undefined) return 'unknown';
      if (isSame(held, again)) return presence(rest, count.rows, held);
      held = again;
    }
    return 'unknown';
  }

  async #heldBy(seal: Seal, { unit, ...rest }: Rest): Promise<HeldRows | undefined> {
    if (unit.rows === rest.wholeRows) return nothingHeld;
    try {
      const token = unitToken(seal.id, unit.table, unit.partition);
      return await this.#options.deadLetter.held(token, rest.wholeRows);
    } catch (error) {
      this.#setUp(false, `dead letters could not be read: ${String(error)}`);
      return undefined;
    }
  }

  /**
   * A plain MergeTree writes the token before it renames the part: killed between the two, it
   * calls the repeat a duplicate and the rows are gone. So an insert in doubt is looked for, and
   * when its rows do not come to light it goes in under a second token.
   */
  async #settle(seal: Seal, rest: Rest, token: string): Promise<boolean> {
    const { unit } = rest;
    for (let look = 0; look < settleLooksMax; look += 1) {
      const there = await this.#isThere(seal, rest);
      if (there === 'unknown') return false;
      if (there !== 'no') return true;
      await this.#options.clock.sleep(settleWaitMs, this.#stop);
    }
    // On a replica that lags behind, rows are merely not to be seen yet.
    const mayLie = await this.#serverOf(unit).tokenMayLie(unit.table);
    if (mayLie !== true) return mayLie === false;
    const again = await this.#serverOf(unit).insertUnit(unit, `${token}-again`);
    return again.ok && (await this.#isThere(seal, rest)) === 'yes';
  }

  async #onRetryable(
    job: Job,
    token: string,
    { table }: EncodedUnit,
    failed: Failed,
  ): Promise<Brought> {
    if (failed.ambiguous) job.inDoubt = true;
    if (isPushingToView(failed.message)) {
      await this.#options.deadLetter.oweView({ table, token }).catch(() => {});
    }
    if (isOfTable(failed.code, failed.message)) return { parked: failed.message };
    this.#setUp(false, failed.message);
    return 'later';
  }

  /** Finds the bad rows, sets them aside and brings the others home under the same token. */
  async #onRefused(job: Job, rest: Rest, token: string, refused: Failed): Promise<Brought> {
    const { clock } = this.#options;
    const destination = this.#serverOf(rest.unit);
    const tag = sealNumber(job.seal.id).toString(16);
    const sifted = await sift(rest.unit, { destination, clock, tag });
    if (sifted === 'later') {
      this.#setUp(false, refused.message);
      return 'later';
    }
    // What refused them was repaired meanwhile, or refuses them only together.
    if (sifted === 'good') return await this.#bringGood(job, rest, token);
    if (sifted === undefined || sifted.good.rows === 0) {
      return await this.#setAside(job, rest, sifted?.reason ?? refused.message);
    }
    const { bad, badRows, good, goodRows, reason } = sifted;
    const aside = await this.#setAside(job, narrowed(rest, badRows, bad), reason);
    if (aside !== 'done') return aside;
    return await this.#bringGood(job, narrowed(rest, goodRows, good), token);
  }

  /** Rows that were found to be good, each by itself. */
  async #bringGood(job: Job, good: Rest, token: string): Promise<Brought> {
    const { unit } = good;
    const destination = this.#serverOf(unit);
    if (job.inDoubt && inDoubtRule(unit.table) === 'seal') {
      const there = await this.#isThere(job.seal, good);
      if (there === 'unknown') return 'later';
      if (there === 'untold') return { parked: interrupted(job.seal) };
      if (there === 'yes' && !this.#mustBeConfirmed(job.seal, destination)) return 'done';
    }
    const { clock, events } = this.#options;
    const startedMs = clock.monotonicMs();
    const sent = await destination.insertUnit(unit, token);
    events.insert(unit, sent.ok ? 'acknowledged' : sent.kind, clock.monotonicMs() - startedMs);
    if (sent.ok) {
      this.#setUp(true, '');
      return 'done';
    }
    if (sent.kind === 'retryable') return await this.#onRetryable(job, token, unit, sent);
    // What passed in parts is refused together: then nothing of it is good.
    return await this.#setAside(job, good, sent.message);
  }

  /** A disk that does not take the letter is no reason to lose it, or to fall over. */
  async #setAside(job: Job, { unit, wholeRows, picked }: Rest, reason: string): Promise<Brought> {
    const { deadLetter, events } = this.#options;
    try {
      const isWritten = await deadLetter.put({
        ...{ seal: job.seal, chunks: unit.chunks, reason },
        unit: describeUnit(unit),
        unitRows: wholeRows,
        unitRanges: picked === undefined ? [[0, wholeRows]] : rangesOf(picked),
      });
      if (!isWritten) return { parked: 'the folder of dead letters has reached its limit' };
    } catch (error) {
      return { parked: `the dead letter could not be written: ${String(error)}` };
    }
    const key = unitKey(unit);
    job.setAside.set(key, (job.setAside.get(key) ?? 0) + unit.rows);
    events.deadLetter({ table: unit.table, rows: unit.rows }, reason);
    return 'done';
  }

  /** The proof of what was stored: rows of their own, under their own token. */
  async writeReceipts(job: Job): Promise<boolean> {
    const { shards, clock, events, gateway, lane } = this.#options;
    const destination = shards.of(receiptPlace(job.seal));
    const token = unitToken(job.seal.id, receiptTable, '');
    // The same at each attempt, because a token is known within its day alone.
    job.receiptsAtMs ??= clock.nowMs();
    if (job.inDoubt) {
      // Of any day: it may have been written before midnight.
      const count = await destination.countSeal(receiptTable, undefined, sealNumber(job.seal.id));
      if (count.known && count.rows > 0) {
        const atMs = await this.#confirmReceiptsAt(job, destination, job.receiptsAtMs);
        if (atMs === undefined) return true;
        job.receiptsAtMs = atMs;
      }
      if (!count.known && count.reason === 'failed') {
        this.#setUp(false, count.message);
        return false;
      }
    }
    const units = job.seal.units
      .filter((entry) => !job.missing.has(unitKey(entry)))
      .map((entry) => ({ ...entry, rows: entry.rows - (job.setAside.get(unitKey(entry)) ?? 0) }))
      .filter((entry) => entry.rows > 0);
    if (units.length === 0) return true;
    const rows = receiptRows(job.seal, units, { gateway, lane, nowMs: job.receiptsAtMs });
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

  /** On which day receipts that are there were written, when they must be sent once more. */
  async #confirmReceiptsAt(
    { seal }: Job,
    destination: Destination,
    nowMs: number,
  ): Promise<number | undefined> {
    if (!this.#mustBeConfirmed(seal, destination)) return undefined;
    for (const atMs of [nowMs, nowMs - dayMs]) {
      const day = new Date(atMs).toISOString().slice(0, dayChars);
      const count = await destination.countSeal(receiptTable, day, sealNumber(seal.id));
      if (count.known && count.rows > 0) return atMs;
    }
    return undefined;
  }
}

function interrupted({ id }: Seal): string {
  return (
    `a replay of dead letters of seal ${id} was interrupted, and as many rows may be of it as ` +
    `of the rest: run obsctl replay --seal ${id} to its end`
  );
}

function isSame(left: HeldRows, right: HeldRows): boolean {
  return left.replayed === right.replayed && left.begun.join() === right.begun.join();
}
