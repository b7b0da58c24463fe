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
  /** What is durable at `from` or behind. */
  readonly look: (from: number) => Promise<LogPart>;
  readonly units: (seal: Seal) => Promise<HeldUnits>;
  /** Position up to which it is durable. */
  readonly durable: () => number;
};

export type LogPart = {
  /** Seals that cover anything in it, by position. */
  readonly seals: readonly Seal[];
  /** Behind the last record that is no seal; `from` where there is none. */
  readonly itemsEnd: number;
  /** How far the log was durable. */
  readonly to: number;
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
  /** Whether the disk's budget allows more; asked before each seal. Absent: always. */
  readonly hasRoom?: () => boolean;
  /** Everything before `position` is in complete files. */
  readonly onArchived: (position: number) => void;
  /** A batch has become complete, in this life. */
  readonly onComplete?: (batch: Batch) => void;
  /** Fault injection for tests: called at named points, may never return. */
  readonly at?: (point: 'begun' | 'written' | 'complete') => void;
};

/** A record of an hour may be sealed this long after it. */
const settleMs = 60_000;

export class LaneArchive {
  readonly #options: LaneArchiveOptions;
  readonly #book: BatchBook;
  #position: number;
  #open: OpenBatch | undefined;
  /** Until then batches on disk may be ahead of the position, or begun and not complete. */
  #isResumed = false;
  /** Of the last batch. */
  #hour = Number.NEGATIVE_INFINITY;
  #waitingSinceMs: number | undefined;
  /** Of the last look. */
  #seen: Omit<LogPart, 'seals'> | undefined;

  /** `position` is that which the log keeps. */
  constructor(options: LaneArchiveOptions, position: number) {
    this.#options = options;
    this.#book = new BatchBook(join(options.root, 'batches', options.lane));
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  /** Bytes on disk of files that are not closed yet. */
  get openBytes(): number {
    return this.#open?.bytes ?? 0;
  }

  /** When the oldest item came that is in no complete file, epoch ms; undefined: there is none. */
  get waitingSinceMs(): number | undefined {
    return this.#waitingSinceMs;
  }

  /** Hours before this one: their records are in complete files. */
  settledBefore(nowMs: number): number {
    if (this.#open !== undefined) return this.#open.hour;
    return this.#isAll() ? Math.floor((nowMs - settleMs) / hourMs) : this.#hour;
  }

  /** Takes what is new; closes the batch when it is due. After a rejection it may run again. */
  async run(): Promise<void> {
    await this.#guarded(async () => {
      const { log, hasRoom = () => true } = this.#options;
      const from = this.#open?.last ?? this.#position;
      const seen = hasRoom() ? await log.look(from) : undefined;
      if (seen !== undefined) this.#seen = { itemsEnd: seen.itemsEnd, to: seen.to };
      for (const seal of seen?.seals ?? []) {
        if (!hasRoom()) break;
        const hour = Math.floor(seal.firstReceivedMs / hourMs);
        if (this.#open !== undefined && this.#open.hour !== hour) await this.#close();
        this.#open ??= this.#begin(hour, seal.firstReceivedMs);
        await this.#take(this.#open, seal);
        if (this.#open.bytes >= this.#options.fileBytesMax) await this.#close();
      }
      if (this.#isDue()) await this.#close();
      this.#noteWaiting();
    });
  }

  /** Closes the open batch now. */
  async flush(): Promise<void> {
    await this.#guarded(async () => {
      await this.#close();
      this.#noteWaiting();
    });
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
      this.#hour = Math.max(this.#hour, batch.hour);
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
    const open = this.#begin(batch.hour, batch.hour * hourMs);
    for (const seal of (await this.#options.log.look(batch.first)).seals) {
      if (seal.last <= batch.last) await this.#take(open, seal);
    }
    const { gateway, lane, first, last, hour } = batch;
    await this.#complete(open, { gateway, lane, first, last, hour });
  }

  #begin(hour: number, firstReceivedMs: number): OpenBatch {
    const { root, lane, parquet, clock } = this.#options;
    const openedMs = clock.monotonicMs();
    const bounds = { first: this.#position, hour, openedMs, firstReceivedMs };
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
    const { root, at, onComplete } = this.#options;
    const batch = await open.close(root, key);
    at?.('written');
    await this.#book.put(batch);
    at?.('complete');
    this.#hour = Math.max(this.#hour, key.hour);
    this.#advance(key.last);
    onComplete?.(batch);
  }

  #advance(position: number): void {
    this.#position = position;
    this.#options.onArchived(position);
  }

  #keyOf({ first, last, hour }: OpenBatch): BatchKey {
    const { gateway, lane } = this.#options;
    return { gateway, lane, first, last, hour };
  }

  /** What came, but is in no file, may also wait because there is no room. */
  #noteWaiting(): void {
    const { clock } = this.#options;
    if (this.#open !== undefined) this.#waitingSinceMs = this.#open.firstReceivedMs;
    else if (this.#isAll()) this.#waitingSinceMs = undefined;
    else this.#waitingSinceMs ??= clock.nowMs();
  }

  /** Whether everything that is durable is in complete files; seals themselves are not archived. */
  #isAll(): boolean {
    const { itemsEnd, to } = this.#seen ?? { itemsEnd: Number.POSITIVE_INFINITY, to: 0 };
    return this.#position >= itemsEnd && this.#options.log.durable() <= to;
  }

  #isDue(): boolean {
    const { clock, fileAgeMsMax } = this.#options;
    const open = this.#open;
    return open !== undefined && clock.monotonicMs() - open.openedMs >= fileAgeMsMax;
  }
}
