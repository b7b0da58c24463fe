/**
 * The message of a native histogram, read and judged (PRW2-13). Integer histograms have differences
 * between neighbouring buckets, float ones the counts themselves; from here on both are counts.
 *
 * Allocations: none a histogram; tables that grow to the widest one. Copies: one of each value.
 * Owner: the histogram under way. Watched by `remote-write.bench.ts`.
 */
import { Malformed, need, readLength, readTag, readVarint, skipField, word } from '../wire.ts';
import { isStaleMarker } from './rows.ts';

const schemaMin = -4;
const schemaMax = 8;
const twoTo32 = 4_294_967_296;
const countMax = Number.MAX_SAFE_INTEGER;
const tableInitial = 256;
/** Indexes beyond are no doubles at any schema; so two of them are apart by a 32-bit integer. */
const indexMax = 2 ** 30;

/** Doubles that grow. */
class Doubles {
  length = 0;
  #values = new Float64Array(tableInitial);

  at(index: number): number {
    return this.#values[index]!;
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }
}

/** The buckets of one sign: spans say where they lie, one of the others how many are in each. */
export class Buckets {
  readonly spanOffsets: Doubles = new Doubles();
  readonly spanLengths: Doubles = new Doubles();
  /** Of an integer histogram. */
  readonly deltas: Doubles = new Doubles();
  /** Of a float one. */
  readonly counts: Doubles = new Doubles();
  readonly #indexes = new Doubles();
  readonly #counts = new Doubles();
  /** What they hold together. */
  total = 0;
  /** Whether every count is an integer that a double holds exactly. */
  areWhole = true;

  get size(): number {
    return this.#indexes.length;
  }

  clear(): void {
    this.spanOffsets.length = 0;
    this.spanLengths.length = 0;
    this.deltas.length = 0;
    this.counts.length = 0;
    this.#indexes.length = 0;
    this.#counts.length = 0;
    this.total = 0;
    this.areWhole = true;
  }

  /** Prometheus' index of the bucket. */
  indexAt(bucket: number): number {
    return this.#indexes.at(bucket);
  }

  countAt(bucket: number): number {
    return this.#counts.at(bucket);
  }

  /** Brings spans and values together; says what is wrong with them. */
  settle(areDeltas: boolean): string {
    const { spanOffsets, spanLengths } = this;
    const values = areDeltas ? this.deltas : this.counts;
    let taken = 0;
    let index = 0;
    let running = 0;
    for (let span = 0; span < spanOffsets.length; span += 1) {
      const offset = spanOffsets.at(span);
      if (span > 0 && offset < 0) return 'a span of its buckets lies before the one in front of it';
      index += offset;
      if (Math.abs(index) > indexMax) return 'its buckets lie too far out';
      if (taken + spanLengths.at(span) > values.length)
        return 'its spans have more buckets than it';
      for (let inner = 0; inner < spanLengths.at(span); inner += 1) {
        running = areDeltas ? running + values.at(taken) : values.at(taken);
        if (!(running >= 0)) return 'a bucket holds less than nothing';
        if (areDeltas && running > countMax) return 'a bucket holds more than 2^53';
        if (running === Number.POSITIVE_INFINITY) return 'a bucket holds no number';
        if (!Number.isSafeInteger(running)) this.areWhole = false;
        this.#indexes.push(index);
        this.#counts.push(running);
        this.total += running;
        taken += 1;
        index += 1;
      }
    }
    if (taken < values.length) return 'it has more buckets than its spans';
    return index > indexMax ? 'its buckets lie too far out' : '';
  }
}

/** The histogram under way. */
class NativeHistogram {
  readonly positive = new Buckets();
  readonly negative = new Buckets();
  readonly bounds = new Doubles();
  count = 0;
  zeroCount = 0;
  zeroThreshold = 0;
  schema = 0;
  resetHint = 0;
  sumLow = 0;
  sumHigh = 0;
  /** Every histogram on the wire has one. */
  hasSum = true;
  isSumNaN = false;
  isStale = false;
  isFloat = false;
  timeLow = 0;
  timeHigh = 0;
  startLow = 0;
  startHigh = 0;

  clear(): void {
    this.positive.clear();
    this.negative.clear();
    this.bounds.length = 0;
    this.count = 0;
    this.zeroCount = 0;
    this.zeroThreshold = 0;
    this.schema = 0;
    this.resetHint = 0;
    this.sumLow = 0;
    this.sumHigh = 0;
    this.hasSum = true;
    this.isSumNaN = false;
    this.isStale = false;
    this.isFloat = false;
    this.timeLow = 0;
    this.timeHigh = 0;
    this.startLow = 0;
    this.startHigh = 0;
  }
}

export const read: NativeHistogram = new NativeHistogram();

/**
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | count_int, count_float | 1, 2 | uint64, double | Count |
 * | sum | 3 | double | Sum |
 * | schema | 4 | sint32 | Scale |
 * | zero_threshold | 5 | double | ZeroThreshold |
 * | zero_count_int, zero_count_float | 6, 7 | uint64, double | ZeroCount |
 * | negative_spans, negative_deltas, negative_counts | 8, 9, 10 | | NegativeBucketCounts |
 * | positive_spans, positive_deltas, positive_counts | 11, 12, 13 | | PositiveBucketCounts |
 * | reset_hint | 14 | enum | Flags, bits 8 and 9; gauges have no temporality |
 * | timestamp | 15 | int64, milliseconds | TimeUnix |
 * | custom_values | 16 | packed double | ExplicitBounds |
 * | start_timestamp | 17 | int64, milliseconds | StartTimeUnix |
 */
export function readHistogram(source: Uint8Array, view: DataView, from: number, end: number): void {
  read.clear();
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    const field = tag >>> 3;
    const wireType = tag & 7;
    if (wireType === 0) at = readNumber(source, at, end, field);
    else if (wireType === 1) at = readDouble(view, at, end, field);
    else if (wireType === 2 && field >= 8) {
      const start = readLength(source, at, end);
      at = start + word[0]!;
      readList(source, view, start, at, field);
    } else at = skipField(source, at, end, tag);
  }
}

/** What is wrong with it, empty when nothing is. */
export function histogramFault(customSchema: number): string {
  const { positive, negative, isFloat, schema } = read;
  const isCustom = schema === customSchema;
  if (!isCustom && (schema < schemaMin || schema > schemaMax)) {
    return `its schema is ${schema}: there are ${schemaMin} to ${schemaMax} and ${customSchema}`;
  }
  const fault = positive.settle(!isFloat) || negative.settle(!isFloat);
  if (fault !== '') return fault;
  if (!isCount(read.count) || !isCount(read.zeroCount)) return 'what it counts is no number';
  const isLarge = read.count > countMax || read.zeroCount > countMax;
  if (isLarge && !isFloat) return 'it counts more than 2^53';
  if (isCustom) return customFault();
  if (read.bounds.length > 0) return 'it has bounds and an exponential schema';
  if (isFloat || read.isStale) return '';
  const inBuckets = positive.total + negative.total + read.zeroCount;
  const agrees = read.isSumNaN ? inBuckets <= read.count : inBuckets === read.count;
  return agrees ? '' : `it counts ${read.count}, and ${inBuckets} are in its buckets`;
}

function isCount(count: number): boolean {
  return count >= 0 && count < Number.POSITIVE_INFINITY;
}

/** Whether its counts are no integers, so that the columns of integers do not hold them. */
export function isFractional(): boolean {
  const { positive, negative, count, zeroCount } = read;
  const areWhole = Number.isSafeInteger(count) && Number.isSafeInteger(zeroCount);
  return !areWhole || !positive.areWhole || !negative.areWhole;
}

function customFault(): string {
  const { positive, negative, bounds } = read;
  if (negative.size > 0 || read.zeroCount !== 0 || read.zeroThreshold !== 0) {
    return 'it has bounds of its own and a negative or a zero bucket';
  }
  for (let index = 0; index < bounds.length; index += 1) {
    const isRising = index === 0 || bounds.at(index) > bounds.at(index - 1);
    if (!isRising) return 'its bounds do not rise';
    if (!Number.isFinite(bounds.at(index))) return 'a bound of it is no finite number';
  }
  const last = positive.size === 0 ? 0 : positive.indexAt(positive.size - 1);
  const first = positive.size === 0 ? 0 : positive.indexAt(0);
  if (first < 0 || last > bounds.length) return 'a bucket lies outside its bounds';
  if (read.isFloat || read.isStale) return '';
  const agrees = read.isSumNaN ? positive.total <= read.count : positive.total === read.count;
  return agrees ? '' : `it counts ${read.count}, and ${positive.total} are in its buckets`;
}

function readNumber(source: Uint8Array, from: number, end: number, field: number): number {
  const at = readVarint(source, from, end);
  const [low, high] = [word[0]!, word[1]!];
  if (field === 1) {
    read.count = unsigned(low, high);
    read.isFloat = false;
  } else if (field === 4) read.schema = (low >>> 1) ^ -(low & 1);
  else if (field === 6) read.zeroCount = unsigned(low, high);
  else if (field === 9) read.negative.deltas.push(zigzag(low, high));
  else if (field === 12) read.positive.deltas.push(zigzag(low, high));
  else if (field === 14) read.resetHint = low & 3;
  else if (field === 15) {
    read.timeLow = low;
    read.timeHigh = high;
  } else if (field === 17) {
    read.startLow = low;
    read.startHigh = high;
  }
  return at;
}

function readDouble(view: DataView, at: number, end: number, field: number): number {
  need(at, end, 8);
  const value = view.getFloat64(at, true);
  if (field === 2) {
    read.count = value;
    read.isFloat = true;
  } else if (field === 3) {
    read.sumLow = view.getInt32(at, true);
    read.sumHigh = view.getInt32(at + 4, true);
    read.isSumNaN = Number.isNaN(value);
    read.isStale = isStaleMarker(view, at);
  } else if (field === 5) read.zeroThreshold = value;
  else if (field === 7) read.zeroCount = value;
  else if (field === 10) read.negative.counts.push(value);
  else if (field === 13) read.positive.counts.push(value);
  else if (field === 16) read.bounds.push(value);
  return at + 8;
}

function readList(
  source: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  field: number,
): void {
  if (field === 8) readSpan(source, start, end, read.negative);
  else if (field === 11) readSpan(source, start, end, read.positive);
  else if (field === 9 || field === 12) {
    for (let at = start; at < end; ) at = readNumber(source, at, end, field);
  } else if (field === 10 || field === 13 || field === 16) {
    if ((end - start) % 8 !== 0) throw new Malformed('packed doubles end inside of one', start);
    for (let at = start; at < end; ) at = readDouble(view, at, end, field);
  }
}

/** BucketSpan: offset 1 (sint32), length 2 (uint32). */
function readSpan(source: Uint8Array, start: number, end: number, buckets: Buckets): void {
  let offset = 0;
  let length = 0;
  for (let at = start; at < end; ) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag !== 0x08 && tag !== 0x10) {
      at = skipField(source, at, end, tag);
      continue;
    }
    at = readVarint(source, at, end);
    const value = word[0]!;
    if (tag === 0x08) offset = (value >>> 1) ^ -(value & 1);
    else length = value >>> 0;
  }
  buckets.spanOffsets.push(offset);
  buckets.spanLengths.push(length);
}

function unsigned(low: number, high: number): number {
  return (high >>> 0) * twoTo32 + (low >>> 0);
}

function zigzag(low: number, high: number): number {
  const value = unsigned(low, high);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
