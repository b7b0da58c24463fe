/**
 * The open blocks of one table, one a day and shard. The current day is remembered with its bounds
 * and its blocks, so that finding the block of a row is two comparisons.
 *
 * Hot path. Allocations per item: none. Copies: none. Owner: the lane. Watched by
 * `decode.bench.ts`.
 */
import { BlockFull } from '../../clickhouse/native/buffers.ts';
import type { Context } from './context.ts';
import { dayNs, type SignalBlock } from './signal-block.ts';

/** Blocks that all tables of a lane may have open together. */
export class OpenCount {
  readonly max: number;
  count = 0;

  constructor(max: number) {
    this.max = max;
  }
}

export class Days<Block extends SignalBlock> {
  readonly #create: () => Block;
  readonly #context: Context;
  readonly #openCount: OpenCount;
  readonly #open: Block[] = [];
  /** Cleared blocks, one a shard, that keep their buffers for the next day that comes. */
  readonly #spare: Block[] = [];
  /** Of the current day, by shard. */
  readonly #current: (Block | undefined)[];
  /** First time of the current day and of the next: low and high words. */
  readonly bounds = new Uint32Array(4);

  constructor(create: () => Block, context: Context, openCount: OpenCount) {
    this.#create = create;
    this.#context = context;
    this.#openCount = openCount;
    this.#current = Array.from({ length: context.shards }, () => undefined);
  }

  /** The block of a time, marked for this request; the time must be one the context accepts. */
  select(low: number, high: number, shard: number): Block {
    const bounds = this.bounds;
    const block = this.#current[shard];
    if (
      block !== undefined &&
      block.requestSerial === this.#context.serial &&
      (high > bounds[1]! || (high === bounds[1] && low >= bounds[0]!)) &&
      (high < bounds[3]! || (high === bounds[3] && low < bounds[2]!))
    ) {
      return block;
    }
    return this.#switch(low, high, shard);
  }

  /** The block of the day of the row before, which {@link bounds} says; undefined without rows. */
  current(shard: number): Block | undefined {
    const block = this.#current[shard];
    return block?.requestSerial === this.#context.serial ? block : undefined;
  }

  /** Blocks with rows, by day and shard. */
  filled(): Block[] {
    return this.#open.filter((block) => block.rows.count > 0).sort(byPlace);
  }

  /** Blocks with rows, or with items that only rollups count, by day and shard. */
  counted(): Block[] {
    return this.#open.filter((block) => !block.isEmpty()).sort(byPlace);
  }

  /** All open blocks, in order of opening. */
  open(): readonly Block[] {
    return this.#open;
  }

  /** Takes back what this request wrote. */
  cutRequest(): void {
    for (const block of this.#open) {
      if (block.requestSerial === this.#context.serial) block.cut(block.requestMark);
    }
  }

  /** Empties all blocks and keeps the buffers of the fullest, one a shard. */
  clear(): void {
    const byRows = this.#open.toSorted((left, right) => right.rows.count - left.rows.count);
    const kept = [...byRows, ...this.#spare].slice(0, this.#context.shards);
    for (const block of byRows) if (!kept.includes(block)) block.release();
    for (const block of this.#spare) if (!kept.includes(block)) block.release();
    for (const block of kept) block.clear();
    this.#spare.splice(0, this.#spare.length, ...kept);
    this.#close();
  }

  /** Empties all blocks and gives their buffers back. */
  release(): void {
    for (const block of this.#open) block.release();
    for (const block of this.#spare) block.release();
    this.#spare.length = 0;
    this.#close();
  }

  #close(): void {
    this.#openCount.count -= this.#open.length;
    this.#open.length = 0;
    this.#current.fill(undefined);
  }

  #switch(low: number, high: number, shard: number): Block {
    const timeNs = (BigInt(high) << 32n) | BigInt(low);
    const day = Number(timeNs / dayNs);
    const block = this.#find(day, shard);
    if (block.requestSerial !== this.#context.serial) {
      block.mark(block.requestMark);
      block.requestSerial = this.#context.serial;
    }
    if (this.#current.some((other) => other !== undefined && other.day !== day)) {
      this.#current.fill(undefined);
    }
    this.#current[shard] = block;
    this.#setBound(0, BigInt(day) * dayNs);
    this.#setBound(2, BigInt(day + 1) * dayNs);
    return block;
  }

  #find(day: number, shard: number): Block {
    for (const block of this.#open) if (block.day === day && block.shard === shard) return block;
    if (this.#openCount.count >= this.#openCount.max && !this.#dropEmpty()) {
      throw new BlockFull('too many days are open');
    }
    const block = this.#spare.shift() ?? this.#create();
    block.setPlace(day, shard);
    this.#open.push(block);
    this.#openCount.count += 1;
    return block;
  }

  /**
   * Closes a day whose rows were all taken back. It is given up, not used again for another day:
   * a mark may still know it.
   */
  #dropEmpty(): boolean {
    const index = this.#open.findIndex(
      (block) => block.isEmpty() && block.requestSerial !== this.#context.serial,
    );
    if (index < 0) return false;
    this.#open[index]!.release();
    this.#open.splice(index, 1);
    this.#openCount.count -= 1;
    return true;
  }

  #setBound(place: number, valueNs: bigint): void {
    this.bounds[place] = Number(valueNs & 0xffffffffn);
    this.bounds[place + 1] = Number(valueNs >> 32n);
  }
}

function byPlace(left: SignalBlock, right: SignalBlock): number {
  return left.day - right.day || left.shard - right.shard;
}
