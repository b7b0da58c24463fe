/**
 * OTLP histograms, with explicit bounds and exponential: one row a data point.
 *
 * Hot path. Allocations per item: none. Copies: one of each value. Owner: the block. Watched by
 * `decode.bench.ts`.
 */
import type { Fixed } from '../../clickhouse/native/buffers.ts';
import { putAttribute } from './attributes.ts';
import type { Context } from './context.ts';
import type { Days } from './days.ts';
import { keepFixed64, putOffset } from './envelope.ts';
import type {
  DistributionBlock,
  ExponentialBlock,
  HistogramBlock,
  Numbers,
} from './metric-blocks.ts';
import {
  aggregation,
  beginPoint,
  endNumbers,
  endPoint,
  point,
  pointTime,
  putExemplar,
  putFixed64,
  putPacked,
  putPackedVarints,
  putVarint,
  zigzag32,
} from './points.ts';
import { readLength, readTag, readVarint, skipField, word } from './wire.ts';

/** Which of sum, min and max came; bits. */
const hasSum = 1;
const hasMin = 2;
const hasMax = 4;

/** Places in {@link point} of what both kinds have: count, sum, min, max. */
const countPlace = 8;
const sumPlace = 10;

/**
 * One row: HistogramDataPoint.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | start_time_unix_nano | 2 | fixed64 | StartTimeUnix |
 * | time_unix_nano | 3 | fixed64 | TimeUnix; receive time when zero |
 * | count | 4 | fixed64 | Count |
 * | sum | 5 | double | Sum, HasSum |
 * | bucket_counts | 6 | repeated fixed64 | BucketCounts |
 * | explicit_bounds | 7 | repeated double | ExplicitBounds |
 * | exemplars | 8 | repeated Exemplar | Exemplars |
 * | attributes | 9 | repeated KeyValue | Attributes |
 * | flags | 10 | uint32 | Flags |
 * | min | 11 | double | Min, HasMin |
 * | max | 12 | double | Max, HasMax |
 */
export function putHistogramPoint(
  days: Days<HistogramBlock>,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  const block = beginPoint(days, context, source, view, from, end);
  if (block === undefined) return;
  const mapStart = block.attributes.keys.level.count;
  const valuesStart = block.attributes.values.size;
  let flags = 0;
  let present = 0;
  let at = from;
  while (at < end) {
    // Tags and lengths of one byte in place, as in `traces.ts`.
    let tag = source[at]!;
    if (tag >= 8 && tag < 0x80) at += 1;
    else {
      at = readTag(source, at, end);
      tag = word[0]!;
    }
    if (tag === 0x4a || tag === 0x42) {
      let start = at + 1;
      const length = at < end ? source[at]! : 0x80;
      if (length < 0x80 && start + length <= end) at = start + length;
      else {
        start = readLength(source, at, end);
        at = start + word[0]!;
      }
      if (tag === 0x4a) putAttribute(block.attributes, mapStart, source, view, start, at);
      else putExemplar(block.exemplars, context, source, view, start, at);
    } else if (tag === 0x32) at = putPacked(block.bucketCounts, source, view, at, end);
    else if (tag === 0x31) at = putFixed64(block.bucketCounts, view, at, end);
    else if (tag === 0x3a) at = putPacked(block.explicitBounds, source, view, at, end);
    else if (tag === 0x39) at = putFixed64(block.explicitBounds, view, at, end);
    else if (tag === 0x21 || tag === 0x29 || tag === 0x59 || tag === 0x61) {
      at = keepFixed64(point, 2 * (tag >>> 3), view, at, end);
      if (tag !== 0x21) present |= tag === 0x29 ? hasSum : tag === 0x59 ? hasMin : hasMax;
    } else if (tag === 0x11 || tag === 0x19) at = pointTime(view, at, end, tag);
    else if (tag === 0x50) {
      at = readVarint(source, at, end);
      flags = word[0]!;
    } else at = skipField(source, at, end, tag);
  }
  if (!endPoint(block, context, flags, mapStart, valuesStart)) return;
  const row = block.rows.count;
  putDistribution(block, present, 22, 24);
  endNumbers(block.bucketCounts, row);
  endNumbers(block.explicitBounds, row);
  block.endRow();
}

/**
 * One row: ExponentialHistogramDataPoint.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | attributes | 1 | repeated KeyValue | Attributes |
 * | start_time_unix_nano | 2 | fixed64 | StartTimeUnix |
 * | time_unix_nano | 3 | fixed64 | TimeUnix; receive time when zero |
 * | count | 4 | fixed64 | Count |
 * | sum | 5 | double | Sum, HasSum |
 * | scale | 6 | sint32 | Scale |
 * | zero_count | 7 | fixed64 | ZeroCount |
 * | positive | 8 | Buckets | PositiveOffset, PositiveBucketCounts |
 * | negative | 9 | Buckets | NegativeOffset, NegativeBucketCounts |
 * | flags | 10 | uint32 | Flags |
 * | exemplars | 11 | repeated Exemplar | Exemplars |
 * | min | 12 | double | Min, HasMin |
 * | max | 13 | double | Max, HasMax |
 * | zero_threshold | 14 | double | ZeroThreshold |
 */
export function putExponentialPoint(
  days: Days<ExponentialBlock>,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  const block = beginPoint(days, context, source, view, from, end);
  if (block === undefined) return;
  const mapStart = block.attributes.keys.level.count;
  const valuesStart = block.attributes.values.size;
  const row = block.rows.count;
  block.scale.words[row] = 0;
  block.positiveOffset.words[row] = 0;
  block.negativeOffset.words[row] = 0;
  let flags = 0;
  let present = 0;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x0a || tag === 0x5a || tag === 0x42 || tag === 0x4a) {
      const start = readLength(source, at, end);
      at = start + word[0]!;
      if (tag === 0x0a) putAttribute(block.attributes, mapStart, source, view, start, at);
      else if (tag === 0x5a) putExemplar(block.exemplars, context, source, view, start, at);
      else if (tag === 0x42) {
        putBuckets(block.positiveCounts, block.positiveOffset, row, source, start, at);
      } else putBuckets(block.negativeCounts, block.negativeOffset, row, source, start, at);
    } else if (tag === 0x21 || tag === 0x29 || tag === 0x39) {
      at = keepFixed64(point, 2 * (tag >>> 3), view, at, end);
      if (tag === 0x29) present |= hasSum;
    } else if (tag === 0x61 || tag === 0x69 || tag === 0x71) {
      at = keepFixed64(point, 2 * (tag >>> 3), view, at, end);
      if (tag !== 0x71) present |= tag === 0x61 ? hasMin : hasMax;
    } else if (tag === 0x11 || tag === 0x19) at = pointTime(view, at, end, tag);
    else if (tag === 0x30 || tag === 0x50) {
      at = readVarint(source, at, end);
      if (tag === 0x30) block.scale.words[row] = zigzag32();
      else flags = word[0]!;
    } else at = skipField(source, at, end, tag);
  }
  if (!endPoint(block, context, flags, mapStart, valuesStart)) return;
  putDistribution(block, present, 24, 26);
  copyWords(block.zeroCount, row, 14);
  copyWords(block.zeroThreshold, row, 28);
  endNumbers(block.positiveCounts, row);
  endNumbers(block.negativeCounts, row);
  block.endRow();
}

/**
 * Buckets of one sign; several occurrences merge, as protobuf demands of a message.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | offset | 1 | sint32 | PositiveOffset or NegativeOffset |
 * | bucket_counts | 2 | repeated uint64 | PositiveBucketCounts or NegativeBucketCounts |
 */
function putBuckets(
  counts: Numbers,
  offset: Fixed,
  row: number,
  source: Uint8Array,
  from: number,
  end: number,
): void {
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x12) at = putPackedVarints(counts, source, at, end);
    else if (tag === 0x10) at = putVarint(counts, source, at, end);
    else if (tag === 0x08) {
      at = readVarint(source, at, end);
      offset.words[row] = zigzag32();
    } else at = skipField(source, at, end, tag);
  }
}

/** Count, sum, min, max with their presence, temporality and exemplars of the row. */
function putDistribution(
  block: DistributionBlock,
  present: number,
  minPlace: number,
  maxPlace: number,
): void {
  const row = block.rows.count;
  copyWords(block.count, row, countPlace);
  copyWords(block.sum, row, sumPlace);
  copyWords(block.min, row, minPlace);
  copyWords(block.max, row, maxPlace);
  block.hasSum.bytes[row] = (present & hasSum) === 0 ? 0 : 1;
  block.hasMin.bytes[row] = (present & hasMin) === 0 ? 0 : 1;
  block.hasMax.bytes[row] = (present & hasMax) === 0 ? 0 : 1;
  block.temporality.words[row] = aggregation[0]!;
  putOffset(block.exemplars.offsets.values.words, row, block.exemplars.level.count);
  endNumbers(block.floatCounts, row);
}

function copyWords(column: Fixed, row: number, place: number): void {
  column.words[2 * row] = point[place]!;
  column.words[2 * row + 1] = point[place + 1]!;
}
