/**
 * The open blocks of one lane: all tables, one block a (table, day, shard).
 *
 * Bounds: bytes of all buffers, open blocks, rows and bytes of a block (`signal-block.ts`). Rows
 * only enter at the end, so a mark is a list of counts and cutting back is setting them.
 * Invariant: what `encode` gives depends on the accepted requests since `clear` and on nothing
 * else: not on the hash seed, on buffers kept, or on requests that were rolled back.
 *
 * Hot path by its parts. Allocations: one array a block and mark. Copies: none. Owner: encoded
 * views belong to the blocks and are valid until `clear`. Watched by `decode.bench.ts`.
 */
import { randomBytes } from 'node:crypto';
import { blockRowsMax } from '../../clickhouse/native/block.ts';
import { BlockFull, Budget } from '../../clickhouse/native/buffers.ts';
import type { HashSeed } from '../../clickhouse/native/hash.ts';
import { assert } from '../../core/assert.ts';
import { Context } from './context.ts';
import { Days, OpenCount } from './days.ts';
import type { BlocksMark, EncodedUnit, OpenBlocks } from './decode-types.ts';
import { LogBlock } from './log-block.ts';
import {
  ExponentialBlock,
  HistogramBlock,
  type MetricDays,
  NumberBlock,
  SummaryBlock,
} from './metric-blocks.ts';
import { RedSeconds } from './red-seconds.ts';
import { partitionOf } from './shard.ts';
import { type BlockOptions, dayNs, type SignalBlock } from './signal-block.ts';
import { TraceBlock } from './trace-block.ts';
import { TraceRanges, weekOf } from './trace-ranges.ts';

export type OpenBlocksOptions = {
  /** Bytes that all buffers may hold; beyond it a request is answered `full`. */
  readonly bytesMax?: number;
  /** Blocks, one a (table, day), that may be open together. */
  readonly partitionsMax?: number;
  /** Items older than this at their receive time are rejected. */
  readonly ageMsMax?: number;
  /** Items further ahead of their receive time than this are rejected. */
  readonly aheadMsMax?: number;
  /** Seed of the dictionaries' hash; random when absent. Never decides what is stored. */
  readonly hashSeed?: HashSeed;
  /** Shards that rows are spread over; 1 when absent. */
  readonly shards?: number;
};

const defaultBytesMax = 256 * 1024 * 1024;
const defaultPartitionsMax = 64;
const defaultAgeMsMax = 400 * 86_400_000;
const defaultAheadMsMax = 86_400_000;
const nsPerMs = 1_000_000n;

/** The end of one block at some time. */
type BlockMark = { readonly block: SignalBlock; readonly ends: Float64Array };

/** A mark, as {@link Blocks} keeps it. */
class Mark implements BlocksMark {
  readonly blocksMark = true;
  readonly generation: number;
  readonly blocks: readonly BlockMark[];

  constructor(generation: number, blocks: readonly BlockMark[]) {
    this.generation = generation;
    this.blocks = blocks;
  }
}

/** What was mended while decoding, since the blocks were made. */
export type DecodeCounts = {
  /** Keys that came twice in one map; the last value was kept. */
  repeatedKeys: number;
  /** Strings that were not well-formed UTF-8. */
  repairedStrings: number;
};

export class Blocks implements OpenBlocks {
  readonly context: Context;
  readonly counts: DecodeCounts = { repeatedKeys: 0, repairedStrings: 0 };
  readonly traces: Days<TraceBlock>;
  readonly logs: Days<LogBlock>;
  readonly metrics: MetricDays;
  readonly ageNsMax: bigint;
  readonly aheadNsMax: bigint;
  readonly #budget: Budget;
  readonly #tables: readonly Days<SignalBlock>[];
  readonly #seed: HashSeed;
  /** One a week and shard of the last seal: their encoded views must live side by side. */
  readonly #ranges: TraceRanges[] = [];
  /** One a trace block, which it shares its dictionaries with. */
  readonly #red = new WeakMap<TraceBlock, RedSeconds>();
  #generation = 0;

  constructor(options: OpenBlocksOptions) {
    const shards = options.shards ?? 1;
    this.context = new Context(shards);
    this.#budget = new Budget(options.bytesMax ?? defaultBytesMax);
    this.ageNsMax = BigInt(options.ageMsMax ?? defaultAgeMsMax) * nsPerMs;
    this.aheadNsMax = BigInt(options.aheadMsMax ?? defaultAheadMsMax) * nsPerMs;
    this.#seed = options.hashSeed ?? randomSeed();
    const blockOptions: BlockOptions = {
      budget: this.#budget,
      seed: this.#seed,
    };
    const openCount = new OpenCount((options.partitionsMax ?? defaultPartitionsMax) * shards);
    const context = this.context;
    const days = <Block extends SignalBlock>(create: () => Block): Days<Block> =>
      new Days(create, context, openCount);
    this.traces = days(() => new TraceBlock(blockOptions));
    this.logs = days(() => new LogBlock(blockOptions));
    this.metrics = {
      gauge: days(() => new NumberBlock('gauge', blockOptions)),
      sum: days(() => new NumberBlock('sum', blockOptions)),
      histogram: days(() => new HistogramBlock(blockOptions)),
      exponential: days(() => new ExponentialBlock(blockOptions)),
      summary: days(() => new SummaryBlock(blockOptions)),
    };
    const { gauge, sum, histogram, exponential, summary } = this.metrics;
    this.#tables = [this.traces, this.logs, gauge, sum, histogram, exponential, summary];
  }

  rowCount(): number {
    let rows = 0;
    for (const days of this.#tables) for (const block of days.open()) rows += block.rows.count;
    return rows;
  }

  isEmpty(): boolean {
    for (const days of this.#tables) {
      for (const block of days.open()) if (!block.isEmpty()) return false;
    }
    return true;
  }

  byteCount(): number {
    let bytes = 0;
    for (const days of this.#tables) {
      for (const block of days.open()) if (!block.isEmpty()) bytes += block.parts.bytes();
    }
    return bytes;
  }

  /** Bytes of all buffers, full or not: what these blocks cost in memory. */
  capacityBytes(): number {
    return this.#budget.bytes;
  }

  mark(): BlocksMark {
    const blocks: BlockMark[] = [];
    for (const days of this.#tables) {
      for (const block of days.open()) {
        const ends = new Float64Array(block.requestMark.length);
        block.mark(ends);
        blocks.push({ block, ends });
      }
    }
    return new Mark(this.#generation, blocks);
  }

  cutBack(mark: BlocksMark): void {
    assert(mark instanceof Mark, 'a mark that these blocks gave');
    assert(mark.generation === this.#generation, 'a mark that is not older than the last clear');
    for (const days of this.#tables) {
      for (const block of days.open()) {
        const known = mark.blocks.find((entry) => entry.block === block);
        if (known === undefined) block.clear();
        else block.cut(known.ends);
      }
    }
  }

  encode(seal: bigint): readonly EncodedUnit[] {
    return [...this.encodeSteps(seal)];
  }

  /** The units one by one; nothing may be decoded into the blocks in between. */
  *encodeSteps(seal: bigint): Generator<EncodedUnit> {
    const sealBytes = new Uint8Array(new BigUint64Array([BigInt.asUintN(64, seal)]).buffer);
    for (const days of this.#tables) {
      for (const block of days.filled()) yield block.encode(sealBytes, placeText(block));
    }
    yield* this.#encodeRollups(sealBytes);
  }

  clear(): void {
    for (const days of this.#tables) days.clear();
    for (const ranges of this.#ranges) ranges.clear();
    this.#ranges.length = Math.min(this.#ranges.length, this.context.shards);
    this.#generation += 1;
  }

  /** Gives all buffers back. Only while there are no rows, so that earlier marks still hold. */
  release(): void {
    assert(this.isEmpty(), 'nothing in blocks whose buffers are given back');
    for (const days of this.#tables) days.release();
    this.#ranges.length = 0;
  }

  /**
   * Refuses more spans than one rollup may have rows, counted over all days. Called at the end of
   * a request, because it cannot be known before.
   */
  checkSpans(): void {
    let spans = 0;
    for (const block of this.traces.open()) {
      spans += block.rows.count + block.leftOut.level.count;
    }
    if (spans > blockRowsMax) throw new BlockFull('the trace ranges have all the rows they may');
  }

  /** Takes back what the request under way wrote. */
  cutRequest(): void {
    for (const days of this.#tables) days.cutRequest();
  }

  /** Repairs the text of the request under way; may need room, like writing it. */
  repairRequest(): void {
    const serial = this.context.serial;
    for (const days of this.#tables) {
      for (const block of days.open()) {
        if (block.requestSerial === serial) this.counts.repairedStrings += block.parts.repair();
      }
    }
  }

  *#encodeRollups(seal: Uint8Array): Generator<EncodedUnit> {
    const blocks = this.traces.filled();
    const weeks = Map.groupBy(blocks, weekText);
    for (const [index, [week, ofWeek]] of [...weeks].entries()) {
      const ranges = this.#ranges[index] ?? new TraceRanges(this.#seed);
      this.#ranges[index] = ranges;
      yield ranges.encode(ofWeek, week);
    }
    for (const block of this.traces.counted()) yield this.#encodeRed(block, seal);
  }

  #encodeRed(block: TraceBlock, seal: Uint8Array): EncodedUnit {
    const red = this.#red.get(block) ?? new RedSeconds(this.#seed, block);
    this.#red.set(block, red);
    return red.encode(block, seal, placeText(block));
  }
}

/** Open blocks of a lane, empty. */
export function createOpenBlocks(options: OpenBlocksOptions = {}): Blocks {
  return new Blocks(options);
}

/** `2026-11-21`, or `2026-11-21@1` for the second shard. */
function placeText(block: SignalBlock): string {
  return partitionOf(dayText(block.day), block.shard);
}

/** The same of the week that the block's day lies in. */
function weekText(block: SignalBlock): string {
  return partitionOf(dayText(weekOf(block.day)), block.shard);
}

/** `2026-11-21` of a number of days since 1970. */
function dayText(day: number): string {
  return new Date(Number((BigInt(day) * dayNs) / nsPerMs)).toISOString().slice(0, 10);
}

function randomSeed(): HashSeed {
  const bytes = randomBytes(8);
  return { low: bytes.readInt32LE(0), high: bytes.readInt32LE(4) };
}
