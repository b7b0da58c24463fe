/**
 * The archive of all lanes of a gateway: rounds over the lanes, one budget of the disk, manifests
 * of hours that are over. Where the budget is used up nothing more is taken from the logs: they
 * grow, and when they are full, requests are told to come back. No file is removed here.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LaneLog } from '../lane/lane-types.ts';
import type { ArchiveCounters } from '../telemetry/archive-counters.ts';
import { type Batch, BatchBook } from './batch-book.ts';
import { DiskUse } from './disk-use.ts';
import { LaneArchive, type LaneArchiveOptions } from './lane-archive.ts';
import { Manifests } from './manifests.ts';

export type ArchivedLane = Pick<LaneArchiveOptions, 'lane' | 'log' | 'onArchived'> & {
  /** That which the log keeps. */
  readonly position: number;
};

/** `undefined`: nothing was ever written to its log, which has no id before that. */
export type FindLane = () => Promise<ArchivedLane | undefined>;

export type ArchiveOptions = Pick<
  LaneArchiveOptions,
  'root' | 'gateway' | 'clock' | 'fileBytesMax' | 'fileAgeMsMax' | 'parquet'
> & {
  readonly bytesMax: number;
  readonly lanes: readonly FindLane[];
  readonly counters: ArchiveCounters;
  readonly log: LaneLog;
};

/** Whoever makes this file in the archive's directory has open files closed; it is removed then. */
export const flushFile = 'flush';

const lookPeriodMs = 600_000;
/** While it is full, somebody is about to make room. */
const lookPeriodFullMs = 10_000;

/** The failure that was said last; empty: it works. */
type Told = { fault: string };
type Lane = Told & { readonly archive: LaneArchive; readonly book: BatchBook };

export class Archive {
  readonly #options: ArchiveOptions;
  readonly #lanes: Lane[] = [];
  readonly #unfound: Set<FindLane>;
  readonly #use: DiskUse;
  readonly #manifests: Manifests;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #isFull = false;
  readonly #findTold: Told = { fault: '' };
  readonly #lookTold: Told = { fault: '' };
  readonly #manifestsTold: Told = { fault: '' };

  constructor(options: ArchiveOptions) {
    const { root, gateway, lanes } = options;
    this.#options = options;
    this.#unfound = new Set(lanes);
    this.#use = new DiskUse(root);
    this.#manifests = new Manifests(root, gateway);
  }

  /** Takes what is new, of every lane. Failures are said, counted and tried again. */
  async round(): Promise<void> {
    await this.#guarded(this.#findTold, async () => await this.#findLanes());
    await this.#guarded(this.#lookTold, async () => await this.#look());
    const isFlushed = existsSync(this.#flushPath);
    for (const lane of this.#lanes) {
      await this.#guarded(lane, async () => {
        await lane.archive.run();
        if (isFlushed) await lane.archive.flush();
      });
    }
    if (isFlushed) await rm(this.#flushPath, { force: true });
    await this.#writeManifests();
    this.#count();
  }

  /** Closes every open file. */
  async flush(): Promise<void> {
    for (const lane of this.#lanes) {
      await this.#guarded(lane, async () => await lane.archive.flush());
    }
    await this.#writeManifests();
    this.#count();
  }

  get #flushPath(): string {
    return join(this.#options.root, flushFile);
  }

  #hasRoom(): boolean {
    const open = this.#lanes.reduce((sum, { archive }) => sum + archive.openBytes, 0);
    const isFull = this.#use.bytes + open >= this.#options.bytesMax;
    if (isFull !== this.#isFull) this.#sayFull(isFull);
    this.#isFull = isFull;
    return !isFull;
  }

  #sayFull(isFull: boolean): void {
    const { log, bytesMax } = this.#options;
    if (!isFull) log('info', 'there is room again, files are written');
    else {
      const text = `its files take the ${bytesMax} bytes that they may: ship or remove some`;
      log('error', `${text}; until then the log keeps everything, and is full one day`);
    }
  }

  /** What is on disk; forgets batches of which nothing is there any more. */
  async #look(): Promise<void> {
    const { clock, root } = this.#options;
    const period = this.#isFull ? lookPeriodFullMs : lookPeriodMs;
    if (clock.monotonicMs() - this.#lookedMs < period) return;
    await this.#use.refresh();
    for (const { book, archive } of this.#lanes) {
      for (const batch of await book.batches()) {
        const isNeeded = batch.state === 'begun' || batch.last > archive.position;
        if (isNeeded || !this.#manifests.isWritten(batch.hour)) continue;
        if (!batch.files.some(({ name }) => existsSync(join(root, name)))) await book.remove(batch);
      }
    }
    this.#lookedMs = clock.monotonicMs();
  }

  /** Logs that have begun since, with what earlier lives left of them. */
  async #findLanes(): Promise<void> {
    const { root } = this.#options;
    for (const find of this.#unfound) {
      const found = await find();
      if (found === undefined) continue;
      const book = new BatchBook(join(root, 'batches', found.lane));
      const batches = await book.batches();
      for (const batch of batches) this.#manifests.add(batch);
      this.#lanes.push({ archive: this.#openLane(found), book, fault: '' });
      this.#unfound.delete(find);
    }
  }

  #openLane({ position, ...lane }: ArchivedLane): LaneArchive {
    const onComplete = (batch: Batch): void => {
      this.#manifests.add(batch);
      for (const { table, rows, bytes } of batch.files) {
        this.#use.add(bytes);
        this.#options.counters.file(table, rows, bytes);
      }
    };
    const hasRoom = (): boolean => this.#hasRoom();
    return new LaneArchive({ ...this.#options, ...lane, hasRoom, onComplete }, position);
  }

  async #writeManifests(): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const settled = this.#lanes.map(({ archive }) => archive.settledBefore(nowMs));
    await this.#guarded(this.#manifestsTold, async () => {
      this.#use.add(await this.#manifests.write(Math.min(...settled)));
    });
  }

  async #guarded(told: Told, task: () => Promise<void>): Promise<void> {
    const { log, counters } = this.#options;
    try {
      await task();
      if (told.fault !== '') log('info', 'files are written again');
      told.fault = '';
    } catch (error) {
      const text = textOf(error);
      counters.failed();
      // Once: the disk may stay full for hours.
      if (text !== told.fault) log('error', `not written, the log keeps everything: ${text}`);
      told.fault = text;
    }
  }

  #count(): void {
    const { counters, bytesMax, clock } = this.#options;
    const nowMs = clock.nowMs();
    const waiting = this.#lanes.map(({ archive }) => archive.waitingSinceMs ?? nowMs);
    const open = this.#lanes.reduce((sum, { archive }) => sum + archive.openBytes, 0);
    counters.state({
      bytes: this.#use.bytes + open,
      bytesMax,
      lagSeconds: Math.max(0, nowMs - Math.min(...waiting)) / 1000,
    });
  }
}

function textOf(error: unknown): string {
  return Error.isError(error) ? error.message : String(error);
}
