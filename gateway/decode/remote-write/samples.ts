/**
 * Samples of a series as rows of the gauge or sum table, and exemplars and metadata that come
 * without a sample as rows without a recorded value.
 *
 * Hot path. Allocations per item: none. Copies: one of each value. Owner: the block. Watched by
 * `remote-write.bench.ts`.
 */
import { putOffset } from '../envelope.ts';
import type { NumberBlock } from '../metric-blocks.ts';
import { endPoint, point, startPlace, timePlace } from '../points.ts';
import { putMilliseconds } from '../times.ts';
import { need, readLength, readTag, readVarint, skipField, word } from '../wire.ts';
import { readExemplarTime } from './exemplars.ts';
import { kindHistogram, kindSum } from './metric-kind.ts';
import { putEmptyHistogram } from './native-histogram.ts';
import {
  beginRow,
  beginTimes,
  canTake,
  cumulative,
  isStaleMarker,
  noRecordedValue,
  putExemplars,
  putLabels,
} from './rows.ts';
import type { SeriesTarget } from './series-target.ts';

const typeNone = 0;
const typeDouble = 1;

/** Where the value under way stands in the body; -1 when there is none. */
let valueAt = -1;

/**
 * One row; whether it was stored.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | value | 1 | double | Value, its bits as they are; stale markers also set Flags bit 0 |
 * | timestamp | 2 | int64, milliseconds | TimeUnix |
 * | start_timestamp | 3 | int64, milliseconds | StartTimeUnix (2.0-rc.4, PRW2-15) |
 */
export function putSample(
  target: SeriesTarget,
  kind: number,
  from: number,
  end: number,
  exemplarsFrom: number,
  seriesEnd: number,
): boolean {
  const { source, view } = target;
  beginTimes();
  valueAt = -1;
  let hasTime = false;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x09) {
      need(at, end, 8);
      valueAt = at;
      at += 8;
    } else if (tag === 0x10) {
      at = readVarint(source, at, end);
      hasTime = putMilliseconds(point, timePlace, word[0]!, word[1]!);
    } else if (tag === 0x18 && target.tags.isV2) {
      at = readVarint(source, at, end);
      // 0 is none, so that the one of the series stays (PRW2-11).
      if ((word[0]! | word[1]!) !== 0) putMilliseconds(point, startPlace, word[0]!, word[1]!);
    } else at = skipField(source, at, end, tag);
  }
  const isStale = valueAt >= 0 && isStaleMarker(view, valueAt);
  if (!canTake(target, hasTime)) return false;
  const flags = isStale ? noRecordedValue : 0;
  const isStored = putNumber(target, kind, flags, typeDouble, exemplarsFrom, seriesEnd);
  if (isStored) target.context.samples += 1;
  return isStored;
}

/**
 * Exemplars that come alone, as Prometheus sends them: one row, at the time of the first, or at the
 * request's where rows may not lie at any of their times.
 */
export function putExemplarsAlone(
  target: SeriesTarget,
  kind: number,
  from: number,
  end: number,
): void {
  beginTimes();
  valueAt = -1;
  if (!findExemplarTime(target, from, end)) return;
  if (kind === kindHistogram) putEmptyHistogram(target, from, end);
  else putNumber(target, kind, noRecordedValue, typeNone, from, end);
}

/** A row without a value at the time of the request: what a metric is, and nothing of it. */
export function putMetadataRow(target: SeriesTarget, kind: number): void {
  beginTimes();
  valueAt = -1;
  target.context.putReceived(point, timePlace);
  putNumber(target, kind, noRecordedValue, typeNone, 0, 0);
}

function putNumber(
  target: SeriesTarget,
  kind: number,
  flags: number,
  type: number,
  exemplarsFrom: number,
  seriesEnd: number,
): boolean {
  const { days, context } = target;
  const block = beginRow(kind === kindSum ? days.sum : days.gauge, target);
  if (block === undefined) return false;
  const mapStart = block.attributes.keys.level.count;
  const valuesStart = block.attributes.values.size;
  putLabels(block, target);
  if (exemplarsFrom < seriesEnd) putExemplars(block.exemplars, target, exemplarsFrom, seriesEnd);
  if (!endPoint(block, context, flags, mapStart, valuesStart)) return false;
  putValue(block, type, target.view);
  putOffset(block.exemplars.offsets.values.words, block.rows.count, block.exemplars.level.count);
  if (block.temporality !== undefined && block.isMonotonic !== undefined) {
    block.temporality.words[block.rows.count] = cumulative;
    block.isMonotonic.bytes[block.rows.count] = 1;
  }
  block.endRow();
  return true;
}

/** A time for the row of the series' exemplars; false when none of them will be stored. */
function findExemplarTime(target: SeriesTarget, from: number, end: number): boolean {
  const { context, source, tags } = target;
  let isAny = false;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    if (word[0] !== tags.exemplars) {
      at = skipField(source, at, end, word[0]!);
      continue;
    }
    const start = readLength(source, at, end);
    at = start + word[0]!;
    if (!readExemplarTime(point, timePlace, source, start, at)) continue;
    isAny = true;
    if (context.accepts(point[timePlace]! >>> 0, point[timePlace + 1]! >>> 0)) return true;
  }
  if (isAny) context.putReceived(point, timePlace);
  return isAny;
}

/** As words, so that the payload of a NaN stays. */
function putValue(block: NumberBlock, type: number, view: DataView): void {
  const row = block.rows.count;
  block.valueType.bytes[row] = type;
  block.valueInt.words[2 * row] = 0;
  block.valueInt.words[2 * row + 1] = 0;
  block.value.words[2 * row] = valueAt < 0 ? 0 : view.getInt32(valueAt, true);
  block.value.words[2 * row + 1] = valueAt < 0 ? 0 : view.getInt32(valueAt + 4, true);
}
