/**
 * DogStatsD, from datagrams to points in the gateway:
 *
 *     take ─▶ batch ─▶ RAW durable ─▶ fold          (Intake: windows)
 *                                       │ a window is over
 *                                       └─▶ RESULT…, CLOSE durable ─▶ emit ─▶ DONE durable
 *
 * A datagram is in the log before it counts, and what was emitted is in the log before it is sent,
 * so a kill at any point leaves the results as they would have been without it (`../recover.ts`).
 * Invariant: datagrams are folded in the order of the log.
 */
import type { Clock } from '../../../core/clock.ts';
import type { OwnTarget } from '../../own-post.ts';
import { isWalFailure } from '../../wal/wal-failure.ts';
import { emissionOf } from '../emission.ts';
import type { Closing, Intake, IntakeOptions } from '../intake.ts';
import { recoverIntake } from '../recover.ts';
import type { WrapCounts, Wrapper } from '../wrap/wrapper.ts';
import { type Batch, Batches } from './batch.ts';
import { Emitter } from './emitter.ts';
import type { RawLog } from './raw-log.ts';
import { datagramsOf, type ResultPlace } from './records.ts';

export type ServiceOptions = {
  readonly log: RawLog;
  readonly clock: Clock;
  readonly intake: IntakeOptions;
  readonly wrapper: Wrapper;
  readonly target: OwnTarget;
  readonly say: (level: 'info' | 'warn' | 'error', text: string) => void;
  /** Fault injection for tests: called at named points, may never return. */
  readonly at?: (point: 'closed' | 'emitted') => void;
};

/** Grows only. */
export type ServiceCounts = {
  /** Datagrams that are in the log. */
  logged: number;
  /** Datagrams that the log could not take, or that came too fast for it. */
  refused: number;
  /** Closings that had results. */
  closings: number;
  /** Results that the gateway would not take. */
  rejected: number;
};

/** How long after its end a window is closed: what came in time is folded by then. */
const closeDelayNs = 1_000_000_000n;
/** Results of more windows wait: nothing more is closed until the gateway takes them. */
const waitingClosingsMax = 8;
/** What may be on its way to the log; beyond it datagrams are refused. */
const pendingBytesMax = 16 * 1024 ** 2;
const resultBytesMax = 1024 * 1024;
const writeRetryMs = 1_000;
/** A wall clock that stands still between datagrams is helped along by so much. */
const tickNs = 1_000n;
const standstillNs = 1_000_000_000n;

export class DogstatsdService {
  readonly counts: ServiceCounts = { logged: 0, refused: 0, closings: 0, rejected: 0 };
  readonly wrapCounts: WrapCounts = { series: 0, points: 0, failed: 0, lastFailure: '' };
  readonly #options: ServiceOptions;
  readonly #intake: Intake;
  readonly #batches: Batches;
  readonly #emitter: Emitter;
  #lastNs = 0n;
  #pendingBytes = 0;
  #isClosing = false;
  /** Batches on their way to the log, in order. */
  #folding: Promise<void> = Promise.resolve();

  private constructor(options: ServiceOptions, intake: Intake) {
    this.#options = options;
    this.#intake = intake;
    const windowNs = BigInt(options.intake.windowMs) * 1_000_000n;
    this.#batches = new Batches(windowNs, (batch) => this.#append(batch));
    this.#emitter = new Emitter({
      target: options.target,
      clock: options.clock,
      onDone: async (position) => {
        options.at?.('emitted');
        await this.#untilWritten(() => options.log.done(position, options.clock.nowNs()));
        this.#free();
      },
      onRejected: (status) => {
        this.counts.rejected += 1;
        options.say('error', `the gateway refused aggregated points for good (${status})`);
      },
    });
  }

  /** Takes up what the log holds: open windows, and results that were not stored. */
  static async start(options: ServiceOptions): Promise<DogstatsdService> {
    const { from, entries, undone } = await options.log.tail();
    const intake = recoverIntake(options.intake, from, entries);
    const service = new DogstatsdService(options, intake);
    for (const { position, results } of undone) {
      service.#emitter.emit({ closePosition: position, results });
    }
    return service;
  }

  get intake(): Intake {
    return this.#intake;
  }

  /** Whether senders that can wait should. */
  get isBehind(): boolean {
    return this.#pendingBytes > pendingBytesMax / 2;
  }

  /** One datagram; its memory is the caller's again at return. */
  take(bytes: Uint8Array): void {
    if (this.#pendingBytes > pendingBytesMax) {
      this.counts.refused += 1;
      return;
    }
    const nowNs = this.#options.clock.nowNs();
    const isStanding = nowNs <= this.#lastNs && this.#lastNs - nowNs < standstillNs;
    this.#lastNs = isStanding ? this.#lastNs + tickNs : nowNs;
    this.#batches.take(this.#lastNs, bytes);
  }

  /** Called every {@link batchAgeMsMax}: writes what was brought together. */
  flush(): void {
    this.#batches.flush();
  }

  /**
   * Called a few times a second: closes what is over. Datagrams on their way to the log are waited
   * for: a disk that is slower than the delay would make them late (issue 6).
   */
  async tick(): Promise<void> {
    if (this.#isClosing || this.#emitter.waiting >= waitingClosingsMax) return;
    this.#isClosing = true;
    try {
      const overNs = this.#options.clock.nowNs() - closeDelayNs;
      this.flush();
      await this.#folding;
      await this.#close(overNs);
    } finally {
      this.#isClosing = false;
    }
  }

  /** Writes what was taken, waits for results under way; open windows stay in the log. */
  async stop(graceMs: number): Promise<void> {
    this.flush();
    await this.#folding;
    await this.#emitter.stop(graceMs);
    await this.#options.log.shut();
  }

  #append(batch: Batch): void {
    const bytes = batch.body.byteLength;
    this.#pendingBytes += bytes;
    const logged = this.#options.log.append(batch);
    // Folding waits for its turn, also when an earlier batch takes longer.
    this.#folding = Promise.allSettled([this.#folding, logged]).then(([, outcome]) => {
      this.#pendingBytes -= bytes;
      if (outcome.status === 'rejected') {
        this.counts.refused += batch.count;
        this.#options.say('warn', `${batch.count} datagrams are lost: ${String(outcome.reason)}`);
      } else this.#fold(outcome.value, batch);
    });
  }

  #fold(position: number, batch: Batch): void {
    let index = 0;
    for (const { receivedAtNs, bytes } of datagramsOf(batch.receivedAtNs, batch.body)) {
      this.#intake.fold(position + index, receivedAtNs, bytes);
      index += 1;
    }
    this.counts.logged += batch.count;
  }

  async #close(timeNs: bigint): Promise<void> {
    const { log, clock } = this.#options;
    if (!this.#intake.hasToClose(timeNs)) return;
    const closing = this.#intake.close(timeNs);
    const bodies = this.#bodiesOf(closing);
    const { position, results } = await this.#untilWritten(() =>
      log.close(closing, bodies, clock.nowNs()),
    );
    this.#intake.closed(position);
    this.#options.at?.('closed');
    if (results.length > 0) {
      this.counts.closings += 1;
      this.#emitter.emit({ closePosition: position, results });
    }
    this.#free();
  }

  /** A disk that fails for a while costs time: what is closed is nowhere else. */
  async #untilWritten<Value>(write: () => Promise<Value>): Promise<Value> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!isWalFailure(error) || error.reason === 'closed') throw error;
        this.#options.say('warn', `results wait for the disk: ${String(error)}`);
        await this.#options.clock.sleep(writeRetryMs);
      }
    }
  }

  #bodiesOf(closing: Closing): readonly {
    readonly signal: ResultPlace['signal'];
    readonly body: Uint8Array;
  }[] {
    const { wrapper, say } = this.#options;
    const failed = this.wrapCounts.failed;
    const { metrics, logs } = emissionOf(closing, wrapper, this.wrapCounts, resultBytesMax);
    if (this.wrapCounts.failed > failed) say('warn', this.wrapCounts.lastFailure);
    return [
      ...metrics.map((body) => ({ signal: 'metrics', body }) as const),
      ...logs.map((body) => ({ signal: 'logs', body }) as const),
    ];
  }

  #free(): void {
    const needed = this.#intake.neededFrom();
    this.#options.log.free(Math.min(needed, this.#emitter.neededFrom ?? needed));
  }
}
