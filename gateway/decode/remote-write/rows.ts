/**
 * What rows of samples and of histograms have in common: times, labels and exemplars.
 *
 * Hot path. Allocations per item: none. Copies: one of each value. Owner: the block. Watched by
 * `remote-write.bench.ts`.
 */
import { putString } from '../../../clickhouse/native/buffers.ts';
import type { Days } from '../days.ts';
import { type Exemplars, type PointBlock, recentKeysMax } from '../metric-blocks.ts';
import { openPoint, point, startPlace, timePlace } from '../points.ts';
import { readLength, readTag, skipField, word } from '../wire.ts';
import { putExemplar } from './exemplars.ts';
import { labelCount, places } from './labels.ts';
import { rejectSeries, type SeriesTarget } from './series-target.ts';

export const noRecordedValue = 1;
export const cumulative = 2;
/** The upper and lower half of the NaN that says a series has gone (PRW1-9). */
const staleHigh = 0x7ff00000;
const staleLow = 2;

/** Where the series began, in nanoseconds; for samples that do not say it themselves. */
export const startTime = new Int32Array(2);
/** Whether the double at `at` is the stale marker, bit for bit. */
export function isStaleMarker(view: DataView, at: number): boolean {
  return view.getInt32(at + 4, true) === staleHigh && view.getInt32(at, true) === staleLow;
}

/** Start of the series where a sample has none of its own. */
export function beginTimes(): void {
  point[timePlace] = 0;
  point[timePlace + 1] = 0;
  point[startPlace] = startTime[0]!;
  point[startPlace + 1] = startTime[1]!;
}

/** Whether the point under way has a time that is stored; rejects it otherwise. */
export function canTake({ context, source }: SeriesTarget, hasTime: boolean): boolean {
  context.fault = '';
  if (hasTime && context.accepts(point[timePlace]! >>> 0, point[timePlace + 1]! >>> 0)) return true;
  rejectSeries(context, source, 1, 'its time lies outside the range that is stored');
  return false;
}

export function beginRow<Block extends PointBlock>(
  days: Days<Block>,
  { context, source, view }: SeriesTarget,
): Block | undefined {
  return openPoint(days, context, source, view);
}

/** The labels of the series under way as attributes of a row. */
export function putLabels(block: PointBlock, target: SeriesTarget): void {
  const { context, source, view } = target;
  const map = block.attributes;
  const { keys, values } = map;
  const { level } = keys;
  const { recentKeys } = block;
  if (block.keysRequest !== context.serial) {
    recentKeys.fill(-1);
    block.keysRequest = context.serial;
  }
  const end = 4 * labelCount();
  const mapStart = level.count;
  let element = mapStart;
  for (let place = 0; place < end; place += 4) {
    const length = places[place + 1]!;
    if (length < 0) continue;
    const start = places[place]!;
    if (element === level.capacity) {
      level.count = element;
      level.reserve(1);
    }
    // A name that lies elsewhere has been read anew; the same place is the same name.
    const slot = 2 * ((start ^ (start >>> 8)) & (recentKeysMax - 1));
    let index = recentKeys[slot + 1]!;
    if (recentKeys[slot] !== start) {
      index = keys.dictionary.lookup(source, view, start, length);
      recentKeys[slot] = start;
      recentKeys[slot + 1] = index;
    }
    // Two names may become one where ill-formed text is repaired.
    if (keys.dictionary.positions[index]! > mapStart) map.hasRepeats = true;
    keys.dictionary.positions[index] = element + 1;
    keys.indexes.words[element] = index;
    element += 1;
    putString(values, source, view, places[place + 2]!, places[place + 3]!);
  }
  level.count = element;
}

/** Every exemplar of the series whose fields begin at `from`; none when that is its end. */
export function putExemplars(
  exemplars: Exemplars,
  target: SeriesTarget,
  from: number,
  end: number,
): void {
  const { context, source, view, tags } = target;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag !== tags.exemplars) {
      at = skipField(source, at, end, tag);
      continue;
    }
    const start = readLength(source, at, end);
    at = start + word[0]!;
    putExemplar(exemplars, context, source, view, start, at, tags.isV2);
  }
}
