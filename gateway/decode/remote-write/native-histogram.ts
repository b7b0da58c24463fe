/**
 * Native histograms as rows: exponential ones (schema -4 to 8) of the exponential table, those
 * with bounds of their own (schema -53) of the histogram table (PRW2-13). A bucket of Prometheus is
 * named by its upper bound and one of OTLP by its lower, so indexes are one less.
 *
 * Hot path. Allocations per item: none. Copies: one of each value. Owner: the block. Watched by
 * `remote-write.bench.ts`.
 */
import type { Fixed } from '../../../clickhouse/native/buffers.ts';
import { putOffset } from '../envelope.ts';
import type { DistributionBlock, Numbers } from '../metric-blocks.ts';
import { endNumbers, endPoint, point, startPlace, timePlace } from '../points.ts';
import { putMilliseconds } from '../times.ts';
import type { Buckets } from './buckets.ts';
import { histogramFault, isFractional, read, readHistogram } from './histogram-message.ts';
import {
  beginRow,
  beginTimes,
  canTake,
  cumulative,
  noRecordedValue,
  putExemplars,
  putLabels,
} from './rows.ts';
import { rejectSeries, type SeriesTarget } from './series-target.ts';

const customSchema = -53;
/** A gauge that is a histogram has no temporality of OTLP's. */
const unspecified = 0;
const gaugeHint = 3;
/** Where the reset hint stands in Flags, above what OTLP defines. */
const hintShift = 8;
const twoTo32 = 4_294_967_296;
const uint64Max = 2 ** 64;
/** Buckets of one sign in a row; what is wider is brought to a coarser scale. */
const bucketsMax = 16_384;

/** One histogram, see `histogram-message.ts` for its fields; whether it was stored. */
export function putNativeHistogram(
  target: SeriesTarget,
  from: number,
  end: number,
  exemplarsFrom: number,
  seriesEnd: number,
): boolean {
  const { context, source, view, tags } = target;
  beginTimes();
  readHistogram(source, view, from, end);
  const hasTime = putMilliseconds(point, timePlace, read.timeLow, read.timeHigh);
  if (tags.isV2 && (read.startLow !== 0 || read.startHigh !== 0)) {
    putMilliseconds(point, startPlace, read.startLow, read.startHigh);
  }
  if (!canTake(target, hasTime)) return false;
  const fault = histogramFault(customSchema);
  if (fault !== '') {
    rejectSeries(context, source, 1, fault);
    return false;
  }
  const isCustom = read.schema === customSchema;
  const isStored = isCustom
    ? putCustom(target, exemplarsFrom, seriesEnd)
    : putExponential(target, exemplarsFrom, seriesEnd);
  if (isStored) context.histograms += 1;
  return isStored;
}

/** A row that only carries the exemplars of the series. */
export function putEmptyHistogram(target: SeriesTarget, from: number, end: number): void {
  read.clear();
  read.isStale = true;
  read.hasSum = false;
  putExponential(target, from, end);
}

function flagsOf(): number {
  return (read.isStale ? noRecordedValue : 0) | (read.resetHint << hintShift);
}

function putExponential(target: SeriesTarget, exemplarsFrom: number, seriesEnd: number): boolean {
  const { days, context } = target;
  const block = beginRow(days.exponential, target);
  if (block === undefined) return false;
  const mapStart = block.attributes.keys.level.count;
  const valuesStart = block.attributes.values.size;
  putLabels(block, target);
  putExemplars(block.exemplars, target, exemplarsFrom, seriesEnd);
  const { positive, negative } = read;
  const coarser = Math.max(coarserBy(positive), coarserBy(negative));
  positive.rename(coarser);
  negative.rename(coarser);
  putBuckets(block.positiveCounts, positive);
  putBuckets(block.negativeCounts, negative);
  if (!endPoint(block, context, flagsOf(), mapStart, valuesStart)) return false;
  const row = block.rows.count;
  putDistribution(block, row);
  if (isFractional()) putExponentialFloats(block.floatCounts);
  endNumbers(block.floatCounts, row);
  block.scale.words[row] = read.schema - coarser;
  putCount(block.zeroCount, row, read.zeroCount);
  block.zeroThreshold.view.setFloat64(8 * row, read.zeroThreshold, true);
  block.positiveOffset.words[row] = positive.size === 0 ? 0 : positive.indexes[0]!;
  block.negativeOffset.words[row] = negative.size === 0 ? 0 : negative.indexes[0]!;
  endNumbers(block.positiveCounts, row);
  endNumbers(block.negativeCounts, row);
  block.endRow();
  return true;
}

function putCustom(target: SeriesTarget, exemplarsFrom: number, seriesEnd: number): boolean {
  const { days, context } = target;
  const block = beginRow(days.histogram, target);
  if (block === undefined) return false;
  const mapStart = block.attributes.keys.level.count;
  const valuesStart = block.attributes.values.size;
  putLabels(block, target);
  putExemplars(block.exemplars, target, exemplarsFrom, seriesEnd);
  const { bounds, positive } = read;
  const counts = reserve(block.bucketCounts, bounds.length + 1);
  for (let index = 0; index < positive.size; index += 1) {
    const place = counts + positive.indexes[index]!;
    putCount(block.bucketCounts.values, place, positive.held[index]!);
  }
  const first = reserve(block.explicitBounds, bounds.length);
  for (let index = 0; index < bounds.length; index += 1) {
    block.explicitBounds.values.view.setFloat64(8 * (first + index), bounds.values[index]!, true);
  }
  if (!endPoint(block, context, flagsOf(), mapStart, valuesStart)) return false;
  const row = block.rows.count;
  putDistribution(block, row);
  if (isFractional()) putCustomFloats(block.floatCounts);
  endNumbers(block.floatCounts, row);
  endNumbers(block.bucketCounts, row);
  endNumbers(block.explicitBounds, row);
  block.endRow();
  return true;
}

/** Count, zero count, positive and negative buckets. */
function putExponentialFloats(floats: Numbers): void {
  const first = reserve(floats, 2);
  floats.values.view.setFloat64(8 * first, read.count, true);
  floats.values.view.setFloat64(8 * first + 8, read.zeroCount, true);
  putFloatBuckets(floats, read.positive);
  putFloatBuckets(floats, read.negative);
}

function putFloatBuckets(floats: Numbers, buckets: Buckets): void {
  const { indexes, held, size } = buckets;
  if (size === 0) return;
  const start = reserve(floats, buckets.width()) - indexes[0]!;
  for (let bucket = 0; bucket < size; bucket += 1) {
    floats.values.view.setFloat64(8 * (start + indexes[bucket]!), held[bucket]!, true);
  }
}

/** Count and buckets. */
function putCustomFloats(floats: Numbers): void {
  const { positive, bounds } = read;
  const first = reserve(floats, bounds.length + 2);
  floats.values.view.setFloat64(8 * first, read.count, true);
  for (let index = 0; index < positive.size; index += 1) {
    const place = first + 1 + positive.indexes[index]!;
    floats.values.view.setFloat64(8 * place, positive.held[index]!, true);
  }
}

function putDistribution(block: DistributionBlock, row: number): void {
  putCount(block.count, row, read.count);
  // Stale markers are NaNs with bits of their own.
  block.sum.words[2 * row] = read.sumLow;
  block.sum.words[2 * row + 1] = read.sumHigh;
  block.min.words.fill(0, 2 * row, 2 * row + 2);
  block.max.words.fill(0, 2 * row, 2 * row + 2);
  block.hasSum.bytes[row] = read.hasSum ? 1 : 0;
  block.hasMin.bytes[row] = 0;
  block.hasMax.bytes[row] = 0;
  block.temporality.words[row] = read.resetHint === gaugeHint ? unspecified : cumulative;
  putOffset(block.exemplars.offsets.values.words, row, block.exemplars.level.count);
}

/** How many times two neighbours must become one so that the buckets fit into a row. */
function coarserBy({ size, indexes }: Buckets): number {
  if (size === 0) return 0;
  const first = indexes[0]! - 1;
  const last = indexes[size - 1]! - 1;
  let shift = 0;
  while ((last >> shift) - (first >> shift) >= bucketsMax) shift += 1;
  return shift;
}

/** Appends counts, those between spans as zeros. */
function putBuckets(numbers: Numbers, buckets: Buckets): void {
  const { indexes, held, size } = buckets;
  if (size === 0) return;
  const start = reserve(numbers, buckets.width()) - indexes[0]!;
  const { values } = numbers;
  for (let bucket = 0; bucket < size; bucket += 1) {
    putCount(values, start + indexes[bucket]!, held[bucket]!);
  }
}

/** Makes room for `count` values, all zero; returns the place of the first. */
function reserve(numbers: Numbers, count: number): number {
  const { level, values } = numbers;
  level.reserve(count);
  const start = level.count;
  values.words.fill(0, 2 * start, 2 * (start + count));
  level.count = start + count;
  return start;
}

/** A count as the nearest unsigned 64-bit integer. */
function putCount(column: Fixed, place: number, count: number): void {
  if (count === (count | 0)) {
    column.words[2 * place] = count;
    column.words[2 * place + 1] = 0;
    return;
  }
  const isHuge = count >= uint64Max;
  const whole = Math.round(count);
  column.words[2 * place] = isHuge ? -1 : (whole % twoTo32) | 0;
  column.words[2 * place + 1] = isHuge ? -1 : Math.floor(whole / twoTo32);
}
