/**
 * A lane: one log, its open blocks and its delivery. It takes requests in, answers them when they
 * are on disk, and closes the blocks into seals (house, section 3, steps 4 to 8):
 *
 *     submit ─▶ decode into the open set ─▶ append ─▶ durable ─▶ answer
 *                        │ rows, bytes or age
 *                        └─▶ seal: swap sets, wait until durable, write the seal, enqueue
 *
 * Invariants: acknowledged <= sealed <= durable <= written; every record of the log behind
 * `acknowledged` lies in exactly one of: a seal, a closing set, the open set (`sealer.ts`).
 */
import { assert } from '../../core/assert.ts';
import type { Acceptor, Answer, BusyReason, Submission } from '../answer.ts';
import { type DecodeResult, noSampling } from '../decode/decode-types.ts';
import { Delivery } from '../deliver/delivery.ts';
import type { Admitted } from '../guard/series-guard.ts';
import { isWalFailure } from '../wal/wal-failure.ts';
import { busyAnswer } from './busy.ts';
import { deliveryEvents } from './delivery-events.ts';
import type { LaneParts } from './lane-types.ts';
import { recordMeta } from './record-meta.ts';
import { recoverLane } from './recovery.ts';
import { Replayer } from './replay.ts';
import { digestOf, type Stored, unstored } from './resends.ts';
import type { Seal } from './seal.ts';
import { Sealer } from './sealer.ts';
import { aborted } from './waiting.ts';

/** The name under which ClickHouse's position is kept in the log. */
export const destinationName = 'clickhouse';

/** Beyond its bounds times this, a set takes nothing more until another one is free. */
const overfillMax = 2;
/** How long requests are refused after a failed write before the disk is tried again. */
const diskErrorMs = 1_000;
/** The same after the log said that it is full. */
const fullMs = 200;
/** A request meets a full set at most this often: each time another one has been swapped in. */
const fullSetsMax = 4;

export type LaneState = {
  readonly openRows: number;
  readonly backlogSeals: number;
  readonly parkedSeals: number;
  readonly oldestReceivedMs: number | undefined;
  readonly written: number;
  readonly durable: number;
  readonly sealed: number;
  readonly acknowledged: number;
  readonly walBytes: number;
  readonly isClickHouseUp: boolean;
  readonly refusal: BusyReason | undefined;
};

/** A request in the open set: with its end in the log, or with what the log said. */
type Taken = DecodeResult & { readonly end?: number; readonly failure?: unknown };

export class Lane implements Acceptor {
  readonly #parts: LaneParts;
  readonly #delivery: Delivery;
  readonly #replayer: Replayer;
  readonly #sealer: Sealer;
  #diskErrorUntilMs = 0;
  #fullUntilMs = 0;
  #isDiskFailing = false;
  /** Until then the log holds records that are neither sealed nor in a set. */
  #isRecovered = false;
  #isStopping = false;
  #isClosed = false;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    this.#replayer = new Replayer(parts);
    this.#delivery = new Delivery({
      shards: parts.shards,
      deadLetter: parts.deadLetter,
      order: parts.order,
      replay: (seal) => this.#replayer.replay(seal),
      onDelivered: (seal) => this.#onDelivered(seal),
      clock: parts.clock,
      random: parts.random,
      gateway: parts.gateway,
      lane: parts.id,
      events: deliveryEvents(parts),
    });
    this.#sealer = new Sealer(parts, this.#delivery);
    parts.wal.onFailure((durable) => this.#onLogFailure(durable));
  }

  /** Takes up what the log holds: seals go to delivery, unsealed records into the open set. */
  async recover(): Promise<void> {
    const { wal } = this.#parts;
    this.#sealer.sealedPosition = await recoverLane({
      parts: this.#parts,
      replayer: this.#replayer,
      delivery: this.#delivery,
      open: this.#sealer.open,
      acknowledged: wal.acknowledged(destinationName),
      writeSeal: (seal) => this.#sealer.write(seal),
    });
    this.#isRecovered = true;
    // Not waited for: a start does not depend on a checkpoint that the disk may refuse.
    void this.#acknowledgeIdle();
  }

  async submit(submission: Submission): Promise<Answer> {
    const { counters, redaction } = this.#parts;
    if (redaction === undefined) return await this.#storeOnce(submission);
    // First of all: what a request is known by is what the log will have of it.
    const redacted = redaction.redact(submission);
    if (redacted.outcome !== 'redacted') return redacted;
    redaction.tell((kind, values) => counters.redacted(kind, values));
    const answer = await this.#storeOnce(redacted.submission);
    if (answer.outcome !== 'stored') return answer;
    counters.rejected(submission.signal, redacted.rejected);
    const message = answer.message === '' ? redacted.warning : answer.message;
    return { ...answer, rejected: answer.rejected + redacted.rejected, message };
  }

  async #storeOnce(submission: Submission): Promise<Answer> {
    const { resends } = this.#parts;
    if (resends !== undefined) {
      return await resends.guard(submission, () => this.#store(submission));
    }
    return (await this.#store(submission)).answer;
  }

  async #store(submission: Submission): Promise<Stored> {
    const refusal = this.refusal();
    if (refusal !== undefined) return unstored(this.#busy(submission, refusal));
    const { signal } = submission;
    const { counters, series, wal } = this.#parts;
    const admitted = series?.admit(submission) ?? { submission, refused: 0, message: '' };
    let taken = this.#take(admitted, submission);
    for (let fullSets = 0; taken.outcome === 'full' && !this.#sealer.open.isEmpty(); ) {
      if (fullSets === fullSetsMax) break;
      fullSets += 1;
      await this.#sealer.makeRoom();
      taken = this.#take(admitted, submission);
    }
    if (taken.outcome === 'malformed') return unstored(taken);
    if (taken.outcome === 'full' && !this.#sealer.open.isEmpty())
      return unstored(this.#busy(submission, 'memory'));
    if (taken.outcome === 'full') {
      const message = 'the request has more rows or days than one insert may hold';
      return unstored({ outcome: 'too_large', message });
    }
    const { accepted, written } = taken;
    const rejected = taken.rejected + admitted.refused;
    const message = [admitted.message, taken.message].filter((text) => text !== '').join('; ');
    counters.received(signal, accepted + rejected);
    this.#parts.onDecoded?.(submission.tenant, accepted + rejected);
    try {
      if (taken.failure !== undefined) throw taken.failure;
      if (taken.end !== undefined) {
        await wal.durable(taken.end);
        this.#parts.at?.('durable');
        this.#onDurable();
      }
    } catch (error) {
      return unstored(this.#refuse(submission, accepted, error));
    }
    counters.durable(signal, accepted);
    counters.answered(signal, accepted);
    counters.rejected(signal, rejected);
    if (signal !== 'metrics') counters.sampled(signal, accepted, taken.leftOut);
    const isRepeatable = taken.hasOwnTimes && taken.end !== undefined;
    return { answer: { outcome: 'stored', rejected, message, written }, isRepeatable };
  }

  /**
   * Decodes into the open set and appends to the log without a pause between: another set may
   * not be swapped in while rows are in columns whose record has no position yet. `came` is the
   * request before series were refused.
   */
  #take({ submission, refused }: Admitted, came: Submission): Taken {
    if (this.#isOverfull()) return { outcome: 'full' };
    const { clock, decoder, limits, throttles, wal } = this.#parts;
    const { signal, contentType, body, tenant, parameters = '', transcoding } = submission;
    const [receivedAtNs, ageDaysMax] = [clock.nowNs(), limits.retentionDays[signal]];
    const sampling = throttles?.current(signal, tenant) ?? noSampling;
    const content = { signal, contentType, tenant, parameters, body, transcoding };
    const input = { ...content, receivedAtNs, ageDaysMax, sampling };
    const decoded = decoder.decode(this.#sealer.open.blocks, input);
    if (decoded.outcome !== 'decoded') return decoded;
    const { accepted: items, exempted, leftOut } = decoded;
    throttles?.count(signal, tenant, items, exempted);
    // What holds nothing that can be stored needs no record; spans are counted in any case.
    if (items === 0 || (leftOut === items && signal !== 'traces')) return decoded;
    try {
      const { hasOwnTimes, rejected } = decoded;
      const counted = { hasOwnTimes, rejected: rejected + refused };
      const origin = refused > 0 ? digestOf(came.wire) : '';
      const end = wal.append(
        recordMeta(submission, receivedAtNs, counted, ageDaysMax, sampling, origin),
        submission.wire,
      );
      this.#parts.shares?.appended(tenant, end, submission.wire.byteLength);
      this.#sealer.open.appended({
        end,
        signal,
        tenant,
        items,
        logRecords: decoded.logRecords ?? 0,
        leftOut,
        receivedMs: clock.nowMs(),
        monotonicMs: clock.monotonicMs(),
      });
      this.#sealWhenFull();
      return { ...decoded, end };
    } catch (failure) {
      this.#sealer.open.cutLast();
      return { ...decoded, failure };
    }
  }

  /** Called a few times a second: seals by age while ClickHouse takes inserts. */
  tick(): void {
    if (this.#isClosed || !this.#sealer.isDue()) return;
    if (this.#delivery.hasFreeCourier()) this.#sealer.close();
  }

  state(): LaneState {
    const { wal } = this.#parts;
    const sets = this.#sealer.unsealedSets().filter((set) => !set.isEmpty());
    const ages = sets.map((set) => set.firstReceivedMs);
    const sealed = this.#delivery.oldestReceivedMs();
    if (sealed !== undefined) ages.push(sealed);
    return {
      openRows: this.#sealer.open.blocks.rowCount(),
      backlogSeals: this.#delivery.backlogCount(),
      parkedSeals: this.#delivery.parkedCount(),
      oldestReceivedMs: ages.length === 0 ? undefined : Math.min(...ages),
      written: wal.writtenPosition(),
      durable: wal.durablePosition(),
      sealed: this.#sealer.sealedPosition,
      acknowledged: wal.acknowledged(destinationName),
      walBytes: wal.sizeBytes(),
      isClickHouseUp: this.#delivery.isUp(),
      refusal: this.refusal(),
    };
  }

  /** Refuses new requests from now on; those under way are finished. */
  stopAccepting(): void {
    this.#isStopping = true;
  }

  /** Seals what is open and delivers until nothing is left or `signal` aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    while (!this.#sealer.open.isEmpty() && !signal.aborted) {
      if (!this.#sealer.close()) await Promise.race([this.#sealer.setFreed(), aborted(signal)]);
      await Promise.race([this.#sealer.whenSealed(), aborted(signal)]);
    }
    // A set that was closed before may still wait for its seal.
    await Promise.race([this.#sealer.whenSealed(), aborted(signal)]);
    await this.#delivery.whenIdle(signal);
  }

  /** Stops delivering and closes the log; what is left stays there. */
  async close(): Promise<void> {
    this.#isStopping = true;
    this.#isClosed = true;
    this.#sealer.stop();
    this.#delivery.stop();
    await this.#parts.wal.close();
  }

  /** How much of the log `tenant` may fill, when it has filled that. */
  fullAt(tenant: string): number | undefined {
    return this.#parts.shares?.fullAt(tenant);
  }

  /** Why a request would be refused right now. */
  refusal(): BusyReason | undefined {
    const { clock } = this.#parts;
    if (this.#isStopping) return 'shutting_down';
    if (this.#isDiskFailing && clock.monotonicMs() < this.#diskErrorUntilMs) return 'disk_error';
    if (clock.monotonicMs() < this.#fullUntilMs) return 'disk_budget';
    return undefined;
  }

  #busy(submission: Submission, reason: BusyReason): Answer {
    this.#parts.counters.refusedRequest(submission.transport, reason);
    return busyAnswer(reason);
  }

  #refuse(submission: Submission, items: number, error: unknown): Answer {
    this.#parts.counters.refused(submission.signal, items);
    if (!isWalFailure(error)) throw error;
    if (error.reason === 'too_large') {
      return { outcome: 'too_large', message: 'the request is larger than a record may be' };
    }
    if (error.reason === 'closed') return this.#busy(submission, 'shutting_down');
    if (error.reason !== 'full') return this.#busy(submission, 'disk_error');
    this.#fullUntilMs = this.#parts.clock.monotonicMs() + fullMs;
    return this.#busy(submission, 'disk_budget');
  }

  #isOverfull(): boolean {
    const { limits } = this.#parts;
    const { blocks } = this.#sealer.open;
    return (
      blocks.rowCount() > limits.sealRowsMax * overfillMax ||
      blocks.byteCount() > limits.sealBytesMax * overfillMax
    );
  }

  #sealWhenFull(): void {
    const { limits } = this.#parts;
    const { blocks } = this.#sealer.open;
    if (blocks.rowCount() >= limits.sealRowsMax || blocks.byteCount() >= limits.sealBytesMax) {
      this.#sealer.close();
    }
  }

  async #onDelivered(seal: Seal): Promise<void> {
    const { wal } = this.#parts;
    try {
      await wal.acknowledge(destinationName, seal.last);
      await this.#acknowledgeIdle();
      this.#parts.shares?.acknowledged(wal.acknowledged(destinationName));
    } catch (error) {
      // A lost checkpoint means a repeat after a restart, which the count by seal removes.
      if (!this.#isClosed) this.#parts.log('warn', `checkpoint: ${String(error)}`);
    }
  }

  /** With nothing to seal or to deliver, the log holds only seals: nobody needs them again. */
  async #acknowledgeIdle(): Promise<void> {
    if (this.#delivery.backlogCount() > 0) return;
    this.#replayer.forgetBlocks();
    const { wal } = this.#parts;
    const written = wal.writtenPosition();
    const isIdle = this.#isRecovered && this.#sealer.isIdle();
    if (!isIdle || wal.durablePosition() !== written) return;
    this.#sealer.open.first = written;
    this.#sealer.sealedPosition = written;
    await wal.acknowledge(destinationName, written);
  }

  #onLogFailure(durable: number): void {
    const { clock, log } = this.#parts;
    this.#isDiskFailing = true;
    this.#diskErrorUntilMs = clock.monotonicMs() + diskErrorMs;
    log('error', `the log could not be written; blocks are cut back to position ${durable}`);
    for (const set of this.#sealer.sets()) set.cutBackTo(durable);
    this.#parts.shares?.cutBackTo(durable);
  }

  #onDurable(): void {
    this.#isDiskFailing = false;
    const durable = this.#parts.wal.durablePosition();
    assert(this.#sealer.sealedPosition <= durable, 'nothing is sealed that is not durable');
    this.#sealer.open.durableUpTo(durable);
  }
}
