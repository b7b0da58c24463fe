/**
 * Moves the destinations' positions forward in memory at once and on disk lazily: at most one
 * checkpoint every 200 ms, so that a busy lane does not pay a file a batch. Only what is durable
 * here lets segments go. Invariant: durable positions <= positions in memory.
 */
import { channel } from 'node:diagnostics_channel';

import { assert } from '../../core/assert.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import { writeCheckpoint } from './checkpoint.ts';
import type { WalFs } from './wal-fs.ts';

export type CheckpointKeeperOptions = {
  readonly fs: WalFs;
  readonly clock: Clock;
  readonly directory: string;
  readonly logId: string;
  readonly positions: ReadonlyMap<string, number>;
  /** What the checkpoint on disk says: never ahead of the positions. */
  readonly stored: ReadonlyMap<string, number>;
  /** After each durable checkpoint, with the lowest durable position. */
  readonly onDurable: (lowest: number) => Promise<void>;
  /** After a checkpoint that could not be written; it is tried again by itself. */
  readonly onFailure: (error: unknown) => void;
};

type Waiter = {
  readonly destination: string;
  readonly position: number;
  readonly resolve: () => void;
};

const CHECKPOINT_INTERVAL_MS = 200;
const CHECKPOINT_RETRY_MS = 1000;

const failureChannel = channel('obsctl:wal:checkpoint-failure');

export class CheckpointKeeper {
  readonly #options: CheckpointKeeperOptions;
  readonly #positions: Map<string, number>;
  #durable: ReadonlyMap<string, number>;
  #waiters: Waiter[] = [];
  #dirty = false;
  #closed = false;
  #writing: Promise<void> | undefined;
  #timer: Timer | undefined;
  #lastWriteMs = Number.NEGATIVE_INFINITY;

  constructor(options: CheckpointKeeperOptions) {
    this.#options = options;
    this.#positions = new Map(options.positions);
    this.#durable = new Map(options.stored);
    // A position that recovery moved over a gap: until it is on disk, the file behind the gap must
    // stay, or the next start would take the gap for a loss.
    for (const [name, position] of this.#positions) {
      if (position > (this.#durable.get(name) ?? 0)) this.#dirty = true;
    }
    if (this.#dirty) this.#schedule(0);
  }

  position(destination: string): number {
    const position = this.#positions.get(destination);
    assert(position !== undefined, `a destination of this log, not ${destination}`);
    return position;
  }

  /** The lowest position of all destinations, as in memory. */
  get lowest(): number {
    return lowestOf(this.#positions);
  }

  get lowestDurable(): number {
    return lowestOf(this.#durable);
  }

  /** Never backwards. Resolves when the position is durable or the keeper is closed. */
  advance(destination: string, position: number): Promise<void> {
    if (position > this.position(destination)) {
      this.#positions.set(destination, position);
      this.#dirty = true;
    }
    if (this.#closed || position <= (this.#durable.get(destination) ?? 0)) {
      return Promise.resolve();
    }
    const sinceMs = this.#options.clock.monotonicMs() - this.#lastWriteMs;
    this.#schedule(Math.max(0, CHECKPOINT_INTERVAL_MS - sinceMs));
    return new Promise((resolve) => this.#waiters.push({ destination, position, resolve }));
  }

  /** Writes what is not yet written, once; a failure then costs repeats after the next start. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    if (this.#writing !== undefined) await this.#writing;
    if (this.#dirty) await this.#write();
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  /** Asserts the invariant. */
  invariants(): void {
    for (const [name, position] of this.#durable) {
      assert(position <= this.position(name), 'a durable position is not ahead of memory');
    }
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#writing = this.#write();
    });
  }

  async #write(): Promise<void> {
    const { fs, directory, logId, clock, onDurable, onFailure } = this.#options;
    const positions = new Map(this.#positions);
    this.#dirty = false;
    this.#lastWriteMs = clock.monotonicMs();
    let delayMs = CHECKPOINT_INTERVAL_MS;
    try {
      await writeCheckpoint(fs, directory, { logId, positions });
      this.#durable = positions;
      this.#settle();
      await onDurable(lowestOf(positions));
    } catch (error) {
      if (failureChannel.hasSubscribers) failureChannel.publish({ error });
      onFailure(error);
      this.#dirty = true;
      delayMs = CHECKPOINT_RETRY_MS;
    }
    this.#writing = undefined;
    if (this.#dirty && !this.#closed) this.#schedule(delayMs);
  }

  #settle(): void {
    const waiting: Waiter[] = [];
    for (const waiter of this.#waiters) {
      if ((this.#durable.get(waiter.destination) ?? 0) >= waiter.position) waiter.resolve();
      else waiting.push(waiter);
    }
    this.#waiters = waiting;
  }
}

function lowestOf(positions: ReadonlyMap<string, number>): number {
  return Math.min(Number.MAX_SAFE_INTEGER, ...positions.values());
}
