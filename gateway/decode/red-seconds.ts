/**
 * Rate, errors and durations of spans by second: what `otel_red_1s` holds.
 *
 * Computed from the columns of the trace blocks when a seal is encoded, so that it agrees with the
 * rows by construction, whatever was cut back before.
 *
 * Hot path. Allocations per item: none. Copies: none of strings, which stay in
 * the trace block's dictionaries. Owner: encoded views belong to the rollup and are valid until
 * the next `encode` or `clear`. Watched by `decode.bench.ts`.
 */
import { instrumentations } from '../../clickhouse/instrumentation.ts';
import {
  createColumns,
  encodeBlock,
  type NamedColumnWriter,
} from '../../clickhouse/native/block.ts';
import { Budget, type Fixed, type Level } from '../../clickhouse/native/buffers.ts';
import {
  ArrayColumn,
  ConstantColumn,
  FixedColumn,
  LowCardinalityColumn,
  NamedColumn,
  Offsets,
} from '../../clickhouse/native/columns.ts';
import type { HashSeed } from '../../clickhouse/native/hash.ts';
import { Parts } from '../../clickhouse/native/parts.ts';
import { latencyBucketsPerDoubling, redSecond } from '../../clickhouse/schema/ours.ts';
import type { EncodedUnit } from './decode-types.ts';
import { eventsNs, highWord, rollupBytesMax, secondIn } from './rollup.ts';
import { type LeftOut, spanKinds, statusCodes, type TraceBlock } from './trace-block.ts';

/** More buckets than 64 doublings have. */
const bucketsMax = 1024;
/** More than a block has rows, so that a bucket's count packs beside its key below 2^53. */
const countsMax = 2 ** 21;

/** Rate, errors and durations of one day by second, service, name, kind, status and witness. */
export class RedSeconds {
  readonly #parts: Parts;
  readonly #rows: Level;
  readonly #seed: number;
  readonly #columns: readonly NamedColumnWriter[];
  readonly #time: Fixed;
  readonly #service: LowCardinalityColumn;
  readonly #name: LowCardinalityColumn;
  readonly #tenant: LowCardinalityColumn;
  readonly #kind: Fixed;
  readonly #status: Fixed;
  readonly #instrumentation: Fixed;
  readonly #count: Fixed;
  readonly #sum: Fixed;
  readonly #min: Fixed;
  readonly #max: Fixed;
  /** Low and high words of the durations' sum, each exact as a double. */
  readonly #sumLow: Fixed;
  readonly #sumHigh: Fixed;
  readonly #buckets: Level;
  readonly #bucketOffsets: Offsets;
  readonly #bucketIndex: Fixed;
  readonly #bucketCount: Fixed;
  readonly #seal: ConstantColumn;
  /** Open addressing over rows: 0 is free, else row + 1. */
  #slots = new Int32Array(0);
  /** The same over (row, bucket): key + 1, and its count. */
  #pairKeys = new Int32Array(0);
  #pairCounts = new Int32Array(0);

  /** Strings are shared with `block`, whose dictionaries already have them. */
  constructor(seed: HashSeed, block: TraceBlock) {
    const parts = new Parts(new Budget(rollupBytesMax), seed);
    const rows = parts.level(false);
    const buckets = parts.level(false);
    this.#parts = parts;
    this.#rows = rows;
    this.#seed = seed.low;
    this.#buckets = buckets;
    this.#bucketOffsets = new Offsets(rows);
    const time = new FixedColumn('DateTime', rows, 4);
    const kind = new NamedColumn(rows, spanKinds);
    const status = new NamedColumn(rows, statusCodes);
    const instrumentation = new NamedColumn(rows, instrumentations);
    const numbers = ['Count', 'DurationSum', 'DurationMin', 'DurationMax'].map(
      () => new FixedColumn('UInt64', rows, 8),
    );
    const index = new FixedColumn('UInt16', buckets, 2);
    const count = new FixedColumn('UInt64', buckets, 8);
    this.#service = new LowCardinalityColumn(rows, block.resources.service.dictionary);
    this.#name = new LowCardinalityColumn(rows, block.spanName.dictionary);
    this.#tenant = new LowCardinalityColumn(rows, block.resources.tenant.dictionary);
    this.#seal = new ConstantColumn('UInt64', rows, new Uint8Array(8));
    this.#columns = createColumns(redSecond, parts, rows, {
      Time: time,
      ServiceName: this.#service,
      SpanName: this.#name,
      SpanKind: kind,
      StatusCode: status,
      Count: numbers[0]!,
      DurationSum: numbers[1]!,
      DurationMin: numbers[2]!,
      DurationMax: numbers[3]!,
      'Buckets.Index': new ArrayColumn(this.#bucketOffsets, index),
      'Buckets.Count': new ArrayColumn(this.#bucketOffsets, count),
      Tenant: this.#tenant,
      Instrumentation: instrumentation,
      Seal: this.#seal,
    });
    this.#time = time.values;
    this.#kind = kind.values;
    this.#status = status.values;
    this.#instrumentation = instrumentation.values;
    this.#count = numbers[0]!.values;
    this.#sum = numbers[1]!.values;
    this.#min = numbers[2]!.values;
    this.#max = numbers[3]!.values;
    this.#sumLow = rows.fixed(8);
    this.#sumHigh = rows.fixed(8);
    this.#bucketIndex = index.values;
    this.#bucketCount = count.values;
  }

  clear(): void {
    this.#parts.clear();
  }

  /** The unit of the day that `block` holds. */
  encode(block: TraceBlock, seal: Uint8Array, partition: string): EncodedUnit {
    this.#parts.clear();
    const { leftOut } = block;
    this.#makeTables(block.rows.count + leftOut.level.count);
    const pairs =
      this.#add(block, block.rows.count, {
        time: block.time,
        resource: block.resources.repeated.ids,
        name: block.spanName.indexes,
        kind: block.spanKind,
        status: block.statusCode,
        duration: block.duration,
      }) + this.#add(block, leftOut.level.count, leftOut);
    this.#putSums();
    this.#putBuckets(pairs);
    this.#seal.set(seal);
    const rows = this.#rows.count;
    let first = Number.POSITIVE_INFINITY;
    let last = 0;
    for (let group = 0; group < rows; group += 1) {
      first = Math.min(first, this.#time.words[group]! >>> 0);
      last = Math.max(last, this.#time.words[group]! >>> 0);
    }
    const encoded = encodeBlock(this.#columns, rows);
    return { table: redSecond.name, partition, rows, ...encoded, ...eventsNs(first, last) };
  }

  #makeTables(rows: number): void {
    const size = 2 ** Math.ceil(Math.log2(Math.max(64, rows * 2)));
    if (this.#slots.length < size || this.#slots.length > size * 8) {
      this.#slots = new Int32Array(size);
      this.#pairKeys = new Int32Array(size);
      this.#pairCounts = new Int32Array(size);
      return;
    }
    this.#slots.fill(0);
    this.#pairKeys.fill(0);
  }

  /** Counts `rows` spans; returns how many buckets are new. */
  #add(block: TraceBlock, rows: number, spans: Omit<LeftOut, 'level'>): number {
    let pairs = 0;
    for (let row = 0; row < rows; row += 1) {
      const group = this.#group(block, spans, row);
      const low = spans.duration.words[2 * row]! >>> 0;
      const high = spans.duration.words[2 * row + 1]! >>> 0;
      this.#addDuration(group, low, high);
      if (this.#addBucket(group, bucketOf(high * highWord + low))) pairs += 1;
    }
    return pairs;
  }

  /** The rollup row that span `row` counts in. */
  #group(block: TraceBlock, spans: Omit<LeftOut, 'level'>, row: number): number {
    const second = secondIn(block, spans.time.words, row);
    const resource = spans.resource.words[row]!;
    const service = block.resources.service.indexes.words[resource]!;
    const tenant = block.resources.tenant.indexes.words[resource]!;
    const name = spans.name.words[row]!;
    const kind = spans.kind.bytes[row]!;
    const status = spans.status.bytes[row]!;
    const ebpf = block.resources.ebpf.bytes[resource]!;
    const mask = this.#slots.length - 1;
    const kinds = service * 31 + tenant * 131 + ebpf * 37 + kind * 4 + status;
    const hash = mixed(mixed(mixed(this.#seed, second), kinds), name);
    let slot = hash & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const group = this.#slots[slot]! - 1;
      if (
        this.#time.words[group] === (second | 0) &&
        this.#name.indexes.words[group] === name &&
        this.#service.indexes.words[group] === service &&
        this.#tenant.indexes.words[group] === tenant &&
        this.#kind.bytes[group] === kind &&
        this.#status.bytes[group] === status &&
        this.#instrumentation.bytes[group] === ebpf
      ) {
        return group;
      }
    }
    const rows = this.#rows;
    rows.reserve(1);
    const group = rows.count;
    this.#slots[slot] = group + 1;
    this.#time.words[group] = second;
    this.#service.indexes.words[group] = service;
    this.#tenant.indexes.words[group] = tenant;
    this.#name.indexes.words[group] = name;
    this.#kind.bytes[group] = kind;
    this.#status.bytes[group] = status;
    this.#instrumentation.bytes[group] = ebpf;
    for (const column of [this.#count, this.#sumLow, this.#sumHigh, this.#max]) {
      column.words[2 * group] = 0;
      column.words[2 * group + 1] = 0;
    }
    this.#min.words[2 * group] = -1;
    this.#min.words[2 * group + 1] = -1;
    rows.count = group + 1;
    return group;
  }

  #addDuration(group: number, low: number, high: number): void {
    this.#count.words[2 * group] = this.#count.words[2 * group]! + 1;
    const lows = this.#sumLow.view;
    const highs = this.#sumHigh.view;
    lows.setFloat64(8 * group, lows.getFloat64(8 * group, true) + low, true);
    highs.setFloat64(8 * group, highs.getFloat64(8 * group, true) + high, true);
    const min = this.#min.words;
    const minHigh = min[2 * group + 1]! >>> 0;
    if (high < minHigh || (high === minHigh && low < min[2 * group]! >>> 0)) {
      min[2 * group] = low;
      min[2 * group + 1] = high;
    }
    const max = this.#max.words;
    const maxHigh = max[2 * group + 1]! >>> 0;
    if (high > maxHigh || (high === maxHigh && low > max[2 * group]! >>> 0)) {
      max[2 * group] = low;
      max[2 * group + 1] = high;
    }
  }

  /** Counts one span in a bucket; true when it is the first there. */
  #addBucket(group: number, bucket: number): boolean {
    const key = group * bucketsMax + bucket + 1;
    const mask = this.#pairKeys.length - 1;
    let slot = mixed(this.#seed, key) & mask;
    while (this.#pairKeys[slot] !== 0) {
      if (this.#pairKeys[slot] === key) {
        this.#pairCounts[slot] = this.#pairCounts[slot]! + 1;
        return false;
      }
      slot = (slot + 1) & mask;
    }
    this.#pairKeys[slot] = key;
    this.#pairCounts[slot] = 1;
    return true;
  }

  #putSums(): void {
    for (let group = 0; group < this.#rows.count; group += 1) {
      const low = this.#sumLow.view.getFloat64(8 * group, true);
      const carry = Math.floor(low / highWord);
      this.#sum.words[2 * group] = low % highWord;
      this.#sum.words[2 * group + 1] =
        (this.#sumHigh.view.getFloat64(8 * group, true) + carry) % highWord;
    }
  }

  /** Buckets by row, then ascending. */
  #putBuckets(pairs: number): void {
    const sorted = new Float64Array(pairs);
    let found = 0;
    for (let slot = 0; slot < this.#pairKeys.length; slot += 1) {
      if (this.#pairKeys[slot] === 0) continue;
      sorted[found++] = (this.#pairKeys[slot]! - 1) * countsMax + this.#pairCounts[slot]!;
    }
    sorted.sort();
    this.#buckets.reserve(pairs);
    const ends = this.#bucketOffsets.values.words;
    for (let pair = 0; pair < pairs; pair += 1) {
      const key = Math.floor(sorted[pair]! / countsMax);
      this.#bucketIndex.view.setUint16(2 * pair, key % bucketsMax, true);
      this.#bucketCount.words[2 * pair] = sorted[pair]! % countsMax;
      this.#bucketCount.words[2 * pair + 1] = 0;
      const group = Math.floor(key / bucketsMax);
      ends[2 * group] = pair + 1;
      ends[2 * group + 1] = 0;
    }
    this.#buckets.count = pairs;
  }
}

/** `floor(log2(nanoseconds) * 8)`, the rule that `ours.ts` states. */
function bucketOf(durationNs: number): number {
  return durationNs < 1 ? 0 : Math.floor(Math.log2(durationNs) * latencyBucketsPerDoubling);
}

/** Mixes `value` into a hash; all bits of both decide. */
function mixed(hash: number, value: number): number {
  let word = Math.imul(value, 0xcc9e2d51);
  word = (word << 15) | (word >>> 17);
  let next = hash ^ Math.imul(word, 0x1b873593);
  next = Math.imul(next ^ (next >>> 16), 0x85ebca6b);
  return next ^ (next >>> 13);
}
