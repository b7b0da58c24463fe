/**
 * What the data points of all metric kinds share: the metric they belong to, finding their block,
 * exemplars, and arrays of numbers.
 *
 * Hot path. Allocations per item: none. Copies: one of each value. Owner: the block. Watched by
 * `decode.bench.ts`.
 */
import { endMap, putAttribute } from './attributes.ts';
import type { Context } from './context.ts';
import type { Days } from './days.ts';
import { isZero, keepBytes, keepFixed64, putOffset } from './envelope.ts';
import {
  type Exemplars,
  type Numbers,
  type PointBlock,
  recentMetricsMax,
} from './metric-blocks.ts';
import { putHex } from './text.ts';
import { Malformed, need, readLength, readTag, readVarint, skipField, word } from './wire.ts';

/** The metric under way: where name, description and unit begin, and their lengths. */
export const metric = new Int32Array(2 * 4);
/** Its temporality, and whether it is monotonic. */
export const aggregation = new Int32Array(2);
/** Of the metric under way; two metrics have never the same. */
export const metricSerial = new Float64Array(1);
let metrics = 0;

/** The point under way, two words a field number (see `traces.ts`). */
export const point = new Int32Array(2 * 16);
/** The exemplar under way. */
const exemplar = new Int32Array(2 * 8);

export const startPlace = 4;
export const timePlace = 6;
/** Where the time that decided the block stands, or -1 when it was looked for everywhere. */
let leadingTimeAt = -1;
/** Whether the point under way has a second time, so that the last one must be looked for. */
let isAmbiguous = false;
/** Values that are copied one by one; more are copied at once. */
const smallCopyMax = 16;

/** Gives the metric under way a serial of its own. */
export function beginMetric(): void {
  metrics += 1;
  metricSerial[0] = metrics;
}

/**
 * Begins a point: finds its time (field 3 in all kinds), then the block. Where the time stands in
 * front it is taken for the last one; if another one comes, `endPoint` takes the row back, and the
 * point is begun again (see {@link mustReadAgain}) with a search for the last.
 * Undefined when the point is rejected.
 */
export function beginPoint<Block extends PointBlock>(
  days: Days<Block>,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): Block | undefined {
  // A loop: `fill` is a call.
  for (let place = 0; place < point.length; place += 1) point[place] = 0;
  context.fault = '';
  leadingTimeAt = isAmbiguous ? -1 : leadingTime(source, view, from, end);
  if (leadingTimeAt < 0 || !context.accepts(point[timePlace]! >>> 0, point[timePlace + 1]! >>> 0)) {
    leadingTimeAt = -1;
    findTime(source, view, from, end);
  }
  if (point[timePlace] === 0 && point[timePlace + 1] === 0) {
    context.fillTime(point, timePlace);
  }
  return openPoint(days, context, source, view);
}

/** The block of the time in {@link point}, ready for a row; undefined when it is rejected. */
export function openPoint<Block extends PointBlock>(
  days: Days<Block>,
  context: Context,
  source: Uint8Array,
  view: DataView,
): Block | undefined {
  // Also what a body left behind that turned out to be malformed within a point.
  isAmbiguous = false;
  const low = point[timePlace]! >>> 0;
  const high = point[timePlace + 1]! >>> 0;
  if (!context.accepts(low, high)) {
    context.reject('a data point lies outside the time range that is stored');
    return undefined;
  }
  const block = days.select(low, high, context.resourceShard());
  block.beginRow(context);
  if (block.metricSerial !== metricSerial[0]) enterMetric(block, source, view);
  return block;
}

/**
 * Reads the time where senders write it, behind the start time or first; returns its place, or -1
 * when it is not there or is one that another time might replace.
 */
function leadingTime(source: Uint8Array, view: DataView, from: number, end: number): number {
  let at = from;
  if (at + 18 <= end && source[at] === 0x11) at += 9;
  if (at + 9 > end || source[at] !== 0x19) return -1;
  point[timePlace] = view.getInt32(at + 1, true);
  point[timePlace + 1] = view.getInt32(at + 5, true);
  return at + 1;
}

/** Finds the last time of the point, wherever it stands. */
function findTime(source: Uint8Array, view: DataView, from: number, end: number): void {
  point[timePlace] = 0;
  point[timePlace + 1] = 0;
  let at = from;
  while (at < end) {
    // Strings and messages of less than 128 bytes, nearly all that comes, are skipped in place.
    const byte = source[at]!;
    const length = at + 1 < end ? source[at + 1]! : 0x80;
    if ((byte & 0x87) === 2 && byte > 7 && length < 0x80 && at + 2 + length <= end) {
      at += 2 + length;
      continue;
    }
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x19) at = keepFixed64(point, timePlace, view, at, end);
    else at = skipField(source, at, end, tag);
  }
}

/** Looks up name, description and unit once a metric and block. */
function enterMetric(block: PointBlock, source: Uint8Array, view: DataView): void {
  const { metricName, metricDescription, metricUnit, recentMetrics, recentIndexes } = block;
  const serial = metricSerial[0]!;
  const slot = serial & (recentMetricsMax - 1);
  if (recentMetrics[slot] !== serial) {
    const name = metricName.dictionary.lookup(source, view, metric[2]!, metric[3]!);
    const description = metricDescription.dictionary.lookup(source, view, metric[4]!, metric[5]!);
    const unit = metricUnit.dictionary.lookup(source, view, metric[6]!, metric[7]!);
    recentIndexes[3 * slot] = name;
    recentIndexes[3 * slot + 1] = description;
    recentIndexes[3 * slot + 2] = unit;
    recentMetrics[slot] = serial;
  }
  block.nameIndex = recentIndexes[3 * slot]!;
  block.descriptionIndex = recentIndexes[3 * slot + 1]!;
  block.unitIndex = recentIndexes[3 * slot + 2]!;
  block.metricSerial = serial;
}

/** Writes what all kinds share. Returns false, having taken the row back, when it is rejected. */
export function endPoint(
  block: PointBlock,
  context: Context,
  flags: number,
  mapStart: number,
  valuesStart: number,
): boolean {
  if (isAmbiguous) {
    block.parts.cutRow();
    block.attributes.hasRepeats = false;
    return false;
  }
  context.repeatedKeys += endMap(block.attributes, mapStart, valuesStart);
  if (context.fault !== '') {
    block.parts.cutRow();
    context.reject(context.fault);
    return false;
  }
  const row = block.rows.count;
  block.time.words[2 * row] = point[timePlace]!;
  block.time.words[2 * row + 1] = point[timePlace + 1]!;
  block.start.words[2 * row] = point[startPlace]!;
  block.start.words[2 * row + 1] = point[startPlace + 1]!;
  block.flags.words[row] = flags;
  block.metricName.indexes.words[row] = block.nameIndex;
  block.metricDescription.indexes.words[row] = block.descriptionIndex;
  block.metricUnit.indexes.words[row] = block.unitIndex;
  putOffset(block.attributes.offsets.values.words, row, block.attributes.keys.level.count);
  context.accepted += 1;
  return true;
}

/** Skips the time, which {@link beginPoint} has read, or keeps the start time. */
export function pointTime(view: DataView, at: number, end: number, tag: number): number {
  if (tag === 0x11) return keepFixed64(point, startPlace, view, at, end);
  need(at, end, 8);
  if (leadingTimeAt >= 0 && at !== leadingTimeAt) isAmbiguous = true;
  return at + 8;
}

/** Whether the point was taken back because it must be read again, its last time first. */
export function mustReadAgain(): boolean {
  return isAmbiguous;
}

/**
 * One exemplar at the end of its columns.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | time_unix_nano | 2 | fixed64 | Exemplars.TimeUnix |
 * | as_double | 3 | double | Exemplars.Value |
 * | span_id | 4 | bytes | Exemplars.SpanId; neither empty nor 8 bytes: the point is rejected |
 * | trace_id | 5 | bytes | Exemplars.TraceId; neither empty nor 16 bytes: the point is rejected |
 * | as_int | 6 | sfixed64 | Exemplars.Value, as the nearest double |
 * | filtered_attributes | 7 | repeated KeyValue | Exemplars.FilteredAttributes |
 */
export function putExemplar(
  target: Exemplars,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  const { level, attributes } = target;
  level.reserve(1);
  const element = level.count;
  const mapStart = attributes.keys.level.count;
  const valuesStart = attributes.values.size;
  exemplar.fill(0);
  let value = 0;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x3a) {
      const start = readLength(source, at, end);
      at = start + word[0]!;
      putAttribute(attributes, mapStart, source, view, start, at);
    } else if (tag === 0x11) at = keepFixed64(exemplar, 4, view, at, end);
    else if (tag === 0x19 || tag === 0x31) {
      need(at, end, 8);
      value = tag === 0x19 ? view.getFloat64(at, true) : int64AsDouble(view, at);
      at += 8;
    } else if (tag === 0x22 || tag === 0x2a) {
      at = keepBytes(exemplar, 2 * (tag >>> 3), source, at, end);
    } else at = skipField(source, at, end, tag);
  }
  context.repeatedKeys += endMap(attributes, mapStart, valuesStart);
  target.time.words[2 * element] = exemplar[4]!;
  target.time.words[2 * element + 1] = exemplar[5]!;
  target.value.view.setFloat64(8 * element, value, true);
  if (!putId(target.spanId, 8, 8, source)) {
    context.fault = 'an exemplar has a span_id that is not 8 bytes';
  }
  if (!putId(target.traceId, 10, 16, source)) {
    context.fault = 'an exemplar has a trace_id that is not 16 bytes';
  }
  putOffset(attributes.offsets.values.words, element, attributes.keys.level.count);
  level.count = element + 1;
}

function putId(
  text: Exemplars['spanId'],
  place: number,
  size: number,
  source: Uint8Array,
): boolean {
  const start = exemplar[place]!;
  const length = exemplar[place + 1]!;
  const isId = length === size && !isZero(source, start, length);
  putHex(text, source, start, isId ? length : 0);
  return length === 0 || length === size;
}

/** A signed 64-bit integer as the nearest double: exact halves, one rounding. */
export function int64AsDouble(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 4294967296 + view.getUint32(at, true);
}

/** Appends packed 64-bit values of fixed width. */
export function putPacked(
  numbers: Numbers,
  source: Uint8Array,
  view: DataView,
  at: number,
  end: number,
): number {
  const start = readLength(source, at, end);
  const length = word[0]!;
  if (length % 8 !== 0) throw new Malformed('packed 64-bit values end in the middle of one', at);
  const { level, values } = numbers;
  const count = length >>> 3;
  level.reserve(count);
  if (count <= smallCopyMax) {
    const words = values.words;
    const first = 2 * level.count;
    for (let index = 0; index < 2 * count; index += 1) {
      words[first + index] = view.getInt32(start + 4 * index, true);
    }
  } else values.bytes.set(source.subarray(start, start + length), 8 * level.count);
  level.count += count;
  return start + length;
}

/** Appends one 64-bit value of fixed width. */
export function putFixed64(numbers: Numbers, view: DataView, at: number, end: number): number {
  const { level, values } = numbers;
  level.reserve(1);
  const next = keepFixed64(values.words, 2 * level.count, view, at, end);
  level.count += 1;
  return next;
}

/** Appends one varint. */
export function putVarint(numbers: Numbers, source: Uint8Array, at: number, end: number): number {
  const { level, values } = numbers;
  const next = readVarint(source, at, end);
  level.reserve(1);
  values.words[2 * level.count] = word[0]!;
  values.words[2 * level.count + 1] = word[1]!;
  level.count += 1;
  return next;
}

/** Appends packed varints. */
export function putPackedVarints(
  numbers: Numbers,
  source: Uint8Array,
  at: number,
  end: number,
): number {
  const start = readLength(source, at, end);
  const stop = start + word[0]!;
  let next = start;
  while (next < stop) next = putVarint(numbers, source, next, stop);
  return stop;
}

/** Ends the array of a row. */
export function endNumbers(numbers: Numbers, row: number): void {
  putOffset(numbers.offsets.values.words, row, numbers.level.count);
}

/** A signed integer in zigzag form, out of {@link word}. */
export function zigzag32(): number {
  const value = word[0]!;
  return (value >>> 1) ^ -(value & 1);
}
