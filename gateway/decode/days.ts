/**
 * The open blocks of one table, one a day. The current day is remembered with its bounds, so that
 * finding the block of a row is two comparisons.
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
  /** A cleared block that keeps its buffers for the next day that comes. */
  #spare: Block | undefined;
  #current: Block | undefined;
  /** First time of the current day and of the next: low and high words. */
  readonly bounds = new Uint32Array(4);

  constructor(create: () => Block, context: Context, openCount: OpenCount) {
    this.#create = create;
    this.#context = context;
    this.#openCount = openCount;
  }

  /** The block of a time, marked for this request; the time must be one the context accepts. */
  select(low: number, high: number): Block {
    const bounds = this.bounds;
    const block = this.#current;
    if (
      block !== undefined &&
      block.requestSerial === this.#context.serial &&
      (high > bounds[1]! || (high === bounds[1] && low >= bounds[0]!)) &&
      (high < bounds[3]! || (high === bounds[3] && low < bounds[2]!))
    ) {
      return block;
    }
    return this.#switch(low, high);
  }

  /** The block of the row before, whose day {@link bounds} says; undefined before the first. */
  current(): Block | undefined {
    const block = this.#current;
    return block?.requestSerial === this.#context.serial ? block : undefined;
  }

  /** Blocks with rows, by day. */
  filled(): Block[] {
    return this.#open
      .filter((block) => block.rows.count > 0)
      .sort((left, right) => left.day - right.day);
  }

  /** Blocks with rows, or with items that only rollups count, by day. */
  counted(): Block[] {
    return this.#open
      .filter((block) => !block.isEmpty())
      .sort((left, right) => left.day - right.day);
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

  /** Empties all blocks and keeps the buffers of the fullest. */
  clear(): void {
    let kept: Block | undefined = this.#spare;
    let rowsMax = -1;
    for (const block of this.#open) {
      if (block.rows.count > rowsMax) {
        rowsMax = block.rows.count;
        kept = block;
      }
    }
    for (const block of this.#open) if (block !== kept) block.release();
    if (this.#spare !== undefined && this.#spare !== kept) this.#spare.release();
    kept?.clear();
    this.#spare = kept;
    this.#close();
  }

  /** Empties all blocks and gives their buffers back. */
  release(): void {
    for (const block of this.#open) block.release();
    this.#spare?.release();
    this.#spare = undefined;
    this.#close();
  }

  #close(): void {
    this.#openCount.count -= this.#open.length;
    this.#open.length = 0;
    this.#current = undefined;
  }

  #switch(low: number, high: number): Block {
    const timeNs = (BigInt(high) << 32n) | BigInt(low);
    const day = Number(timeNs / dayNs);
    const block = this.#find(day);
    if (block.requestSerial !== this.#context.serial) {
      block.mark(block.requestMark);
      block.requestSerial = this.#context.serial;
    }
    this.#current = block;
    this.#setBound(0, BigInt(day) * dayNs);
    this.#setBound(2, BigInt(day + 1) * dayNs);
    return block;
  }

  #find(day: number): Block {
    for (const block of this.#open) if (block.day === day) return block;
    if (this.#openCount.count >= this.#openCount.max && !this.#dropEmpty()) {
      throw new BlockFull('too many days are open');
    }
    const block = this.#spare ?? this.#create();
    this.#spare = undefined;
    block.setDay(day);
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
