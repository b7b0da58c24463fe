/**
 * The message of a native histogram, read and judged (PRW2-13). Integer histograms have differences
 * between neighbouring buckets, float ones the counts themselves; from here on both are counts.
 *
 * Hot path. Allocations per item: none; text only for a fault. Copies: one of each value.
 * Owner: the histogram under way. Watched by `remote-write.bench.ts`.
 */
import { Malformed, need, readLength, readTag, readVarint, skipField, word } from '../wire.ts';
import { Buckets, Doubles } from './buckets.ts';
import { isStaleMarker } from './rows.ts';

const schemaMin = -4;
const schemaMax = 8;
const twoTo32 = 4_294_967_296;
const countMax = Number.MAX_SAFE_INTEGER;

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
    this.bounds.clear();
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
  if (bounds.isOverfull) return 'it has too many bounds';
  for (let index = 0; index < bounds.length; index += 1) {
    const bound = bounds.values[index]!;
    if (index > 0 && !(bound > bounds.values[index - 1]!)) return 'its bounds do not rise';
    if (!Number.isFinite(bound)) return 'a bound of it is no finite number';
  }
  const { size, indexes } = positive;
  const isOutside = size > 0 && (indexes[0]! < 0 || indexes[size - 1]! > bounds.length);
  if (isOutside) return 'a bucket lies outside its bounds';
  if (read.isFloat || read.isStale) return '';
  const agrees = read.isSumNaN ? positive.total <= read.count : positive.total === read.count;
  return agrees ? '' : `it counts ${read.count}, and ${positive.total} are in its buckets`;
}

function readNumber(source: Uint8Array, from: number, end: number, field: number): number {
  const at = readVarint(source, from, end);
  const low = word[0]!;
  const high = word[1]!;
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
    readDeltas(source, start, end, field === 9 ? read.negative.deltas : read.positive.deltas);
  } else if (field === 10 || field === 13 || field === 16) {
    if ((end - start) % 8 !== 0) throw new Malformed('packed doubles end inside of one', start);
    for (let at = start; at < end; ) at = readDouble(view, at, end, field);
  }
}

function readDeltas(source: Uint8Array, start: number, end: number, deltas: Doubles): void {
  for (let at = start; at < end; ) {
    const byte = source[at]!;
    if (byte < 0x80) {
      // In place: neighbours differ by little.
      at += 1;
      deltas.push((byte >>> 1) ^ -(byte & 1));
      continue;
    }
    at = readVarint(source, at, end);
    deltas.push(zigzag(word[0]!, word[1]!));
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
  if (high === 0) return low & 1 ? -((low >>> 1) + 1) : low >>> 1;
  const value = unsigned(low, high);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
