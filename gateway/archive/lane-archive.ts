/**
 * The archive of one lane: follows its log from seal to seal, as far as the log is durable, and
 * writes batches of Parquet files. It has a position of its own, which moves when a batch is
 * complete; the log keeps what is behind it.
 *
 *     seals ─▶ open batch ─(size, age, hour, flush)─▶ begun ─▶ files ─▶ complete ─▶ position
 *
 * Invariant: a record is in the files of exactly one complete batch, or behind the position.
 */
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { HeldUnits } from '../deliver/job.ts';
import type { Seal } from '../lane/seal.ts';
import { type Batch, BatchBook } from './batch-book.ts';
import { type BatchKey, hourMs } from './layout.ts';
import { OpenBatch } from './open-batch.ts';
import type { ParquetOptions } from './parquet-file.ts';

/** A lane's log as the archive sees it. */
export type SealedLog = {
  /** Seals that cover anything at `from` or behind and are durable, by position. */
  readonly seals: (from: number) => Promise<readonly Seal[]>;
  readonly units: (seal: Seal) => Promise<HeldUnits>;
};

export type LaneArchiveOptions = {
  readonly root: string;
  readonly gateway: string;
  readonly lane: string;
  readonly log: SealedLog;
  readonly clock: Clock;
  readonly fileBytesMax: number;
  readonly fileAgeMsMax: number;
  readonly parquet: ParquetOptions;
  /** Everything before `position` is in complete files. */
  readonly onArchived: (position: number) => void;
  /** Fault injection for tests: called at named points, may never return. */
  readonly at?: (point: 'begun' | 'written' | 'complete') => void;
};

export class LaneArchive {
  readonly #options: LaneArchiveOptions;
  readonly #book: BatchBook;
  #position: number;
  #open: OpenBatch | undefined;
  /** Until then batches on disk may be ahead of the position, or begun and not complete. */
  #isResumed = false;

  /** `position` is that which the log keeps. */
  constructor(options: LaneArchiveOptions, position: number) {
    this.#options = options;
    this.#book = new BatchBook(join(options.root, 'batches', options.lane));
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  /** Takes what is new; closes the batch when it is due. After a rejection it may run again. */
  async run(): Promise<void> {
    await this.#guarded(async () => {
      const { log } = this.#options;
      const from = this.#open?.last ?? this.#position;
      for (const seal of await log.seals(from)) {
        const hour = Math.floor(seal.firstReceivedMs / hourMs);
        if (this.#open !== undefined && this.#open.hour !== hour) await this.#close();
        this.#open ??= this.#begin(hour);
        await this.#take(this.#open, seal);
        if (this.#open.bytes >= this.#options.fileBytesMax) await this.#close();
      }
      if (this.#isDue()) await this.#close();
    });
  }

  /** Closes the open batch now. */
  async flush(): Promise<void> {
    await this.#guarded(async () => await this.#close());
  }

  /** Leaves the open batch: the log still has it. */
  abandon(): void {
    this.#open?.abandon();
    this.#open = undefined;
  }

  /** What failed half-way is looked at on disk again, as after a crash. */
  async #guarded(task: () => Promise<void>): Promise<void> {
    try {
      if (!this.#isResumed) await this.#resume();
      this.#isResumed = true;
      await task();
    } catch (error) {
      this.abandon();
      this.#isResumed = false;
      throw error;
    }
  }

  /** Goes on where the batches on disk end. */
  async #resume(): Promise<void> {
    for (const batch of await this.#book.batches()) {
      if (batch.last <= this.#position) continue;
      if (batch.state === 'begun') await this.#repeat(batch);
      else this.#advance(batch.last);
    }
  }

  async #close(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    const key = this.#keyOf(open);
    await this.#book.put({ version: 1, state: 'begun', ...key, files: [] });
    this.#options.at?.('begun');
    await this.#complete(open, key);
    this.#open = undefined;
  }

  /** A batch that was begun before a crash, from the log again, with the same bounds. */
  async #repeat(batch: Batch): Promise<void> {
    const open = this.#begin(batch.hour);
    for (const seal of await this.#options.log.seals(batch.first)) {
      if (seal.last <= batch.last) await this.#take(open, seal);
    }
    const { gateway, lane, first, last, hour } = batch;
    await this.#complete(open, { gateway, lane, first, last, hour });
  }

  #begin(hour: number): OpenBatch {
    const { root, lane, parquet, clock } = this.#options;
    const openedMs = clock.monotonicMs();
    const bounds = { first: this.#position, hour, openedMs };
    return new OpenBatch(join(root, 'tmp', lane), parquet, bounds);
  }

  async #take(open: OpenBatch, seal: Seal): Promise<void> {
    const held = await this.#options.log.units(seal);
    try {
      open.take(held.units, seal.last);
    } finally {
      held.release();
    }
  }

  async #complete(open: OpenBatch, key: BatchKey): Promise<void> {
    const { root, at } = this.#options;
    const batch = await open.close(root, key);
    at?.('written');
    await this.#book.put(batch);
    at?.('complete');
    this.#advance(key.last);
  }

  #advance(position: number): void {
    this.#position = position;
    this.#options.onArchived(position);
  }

  #keyOf({ first, last, hour }: OpenBatch): BatchKey {
    const { gateway, lane } = this.#options;
    return { gateway, lane, first, last, hour };
  }

  #isDue(): boolean {
    const { clock, fileAgeMsMax } = this.#options;
    const open = this.#open;
    return open !== undefined && clock.monotonicMs() - open.openedMs >= fileAgeMsMax;
  }
}
