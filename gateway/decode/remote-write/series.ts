/**
 * One time series of remote write: its labels, then a row a sample and a row a native histogram.
 * What is wrong with a series costs the series, what is wrong with a sample the sample; the first
 * reason names the series (PRW1-6, PRW2-6).
 *
 * Hot path. Allocations per item: none; text only for the first rejection of a request. Copies: one
 * of each value a row. Owner: the blocks. Watched by `remote-write.bench.ts`.
 */
import { beginMetric, metric, metricSerial } from '../points.ts';
import { putMilliseconds } from '../times.ts';
import { readLength, readTag, readVarint, skipField, word } from '../wire.ts';
import { enterTarget } from './identity.ts';
import { putLabel, putReference, putReferences } from './label-fields.ts';
import { beginLabels, name, settleLabels, spoilLabels } from './labels.ts';
import { kindHistogram, kindOf } from './metric-kind.ts';
import { putNativeHistogram } from './native-histogram.ts';
import { RecentPairs, recentSlots } from './recent.ts';
import { startTime } from './rows.ts';
import { putExemplarsAlone, putSample } from './samples.ts';
import { rejectSeries, type SeriesTarget } from './series-target.ts';
import { beginPairs, hasSymbol, isPairOpen, symbolLength, symbolStart } from './symbols.ts';

const labelsTag = 0x0a;
/** A reference by itself: protobuf lets senders leave lists unpacked. */
const looseReferenceTag = 0x08;
const samplesTag = 0x12;
const metadataTag = 0x2a;
const createdTag = 0x30;

/** What the series under way says of itself: type, then help and unit as symbols. */
const said = new Int32Array(3);
const help = new Int32Array(2);

/** The metrics of the request under way by name and help, their serials and units. */
const metrics = new RecentPairs();
const serials = new Float64Array(recentSlots);
const units = new Int32Array(recentSlots);

/** What the series before said of its metric: where its name lies, help and unit; -1: nothing. */
const last = new Int32Array(3);

/** Begins a request, or a metric that is no series': nothing is known of the one before. */
export function beginMetrics(): void {
  metrics.begin();
  last[0] = -1;
}

/**
 * | field | 1.0 | 2.0 | wire type | into |
 * | --- | --- | --- | --- | --- |
 * | labels, labels_refs | 1 | 1 | repeated Label, packed uint32 | see `identity.ts`; Attributes |
 * | samples | 2 | 2 | repeated Sample | rows of gauge or sum |
 * | histograms | 4 | 3 | repeated Histogram | see `native-histogram.ts` |
 * | exemplars | 3 | 4 | repeated Exemplar | Exemplars of the first row, see `exemplars.ts` |
 * | metadata | – | 5 | Metadata | MetricDescription, MetricUnit, and which table |
 * | created_timestamp | – | 6 | int64 | StartTimeUnix (2.0-rc.3, PRW2-15) |
 */
export function putSeries(target: SeriesTarget, from: number, end: number): void {
  const { context, source, tags } = target;
  beginLabels(target.keepsTarget);
  beginPairs();
  said[0] = 0;
  said[1] = 0;
  said[2] = 0;
  startTime[0] = 0;
  startTime[1] = 0;
  let points = 0;
  let exemplars = 0;
  let firstPoint = end;
  let at = from;
  while (at < end) {
    const fieldAt = at;
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === createdTag && tags.isV2) {
      at = readVarint(source, at, end);
      putMilliseconds(startTime, 0, word[0]!, word[1]!);
      continue;
    }
    if (tag === looseReferenceTag && tags.isV2) {
      at = readVarint(source, at, end);
      putReference(source, word[0]!);
      continue;
    }
    if ((tag & 7) !== 2) {
      at = skipField(source, at, end, tag);
      continue;
    }
    const start = readLength(source, at, end);
    at = start + word[0]!;
    if (tag === labelsTag) {
      if (tags.isV2) putReferences(source, start, at);
      else putLabel(source, target.view, start, at);
    } else if (tag === samplesTag || tag === tags.histograms) {
      if (points === 0) firstPoint = fieldAt;
      points += 1;
    } else if (tag === tags.exemplars) exemplars += 1;
    else if (tag === metadataTag && tags.isV2) readMetadata(source, start, at);
  }
  if (isPairOpen()) spoilLabels('its labels_refs are an odd number');
  const fault = settleLabels(source);
  if (fault !== '') {
    rejectSeries(context, source, Math.max(1, points), fault);
    return;
  }
  if (points + exemplars === 0) {
    if (tags.isV2) rejectSeries(context, source, 1, 'it has neither samples nor histograms');
    return;
  }
  enterMetric(target);
  enterTarget(context, source, target.view);
  // Exemplars are read where they stand, in the whole series.
  putRows(target, firstPoint, exemplars > 0 ? from : end, end);
}

/** The rows of a series from its first point on; exemplars go with the first that is stored. */
function putRows(target: SeriesTarget, firstPoint: number, exemplarsAt: number, end: number): void {
  const { source, tags } = target;
  const kind = kindOf(said[0]!, source, name[0]!, name[1]!);
  let kindAlone = kind;
  let exemplarsFrom = exemplarsAt;
  let at = firstPoint;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag !== samplesTag && tag !== tags.histograms) {
      at = skipField(source, at, end, tag);
      continue;
    }
    const start = readLength(source, at, end);
    at = start + word[0]!;
    if (tag !== samplesTag) kindAlone = kindHistogram;
    const isStored =
      tag === samplesTag
        ? putSample(target, kind, start, at, exemplarsFrom, end)
        : putNativeHistogram(target, start, at, exemplarsFrom, end);
    if (isStored) exemplarsFrom = end;
  }
  if (exemplarsFrom < end) putExemplarsAlone(target, kindAlone, exemplarsFrom, end);
}

/**
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | type | 1 | enum | which table |
 * | help_ref | 3 | uint32 | MetricDescription |
 * | unit_ref | 4 | uint32 | MetricUnit |
 */
function readMetadata(source: Uint8Array, from: number, end: number): void {
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag !== 0x08 && tag !== 0x18 && tag !== 0x20) {
      at = skipField(source, at, end, tag);
      continue;
    }
    at = readVarint(source, at, end);
    const value = word[0]!;
    if (tag === 0x08) said[0] = value;
    else if (!hasSymbol(value)) spoilLabels('its metadata refer to a symbol that is not there');
    else said[tag === 0x18 ? 1 : 2] = value;
  }
}

/** Name, description and unit, as places in the body. */
function enterMetric({ view, tags }: SeriesTarget): void {
  // A name that comes again lies where it lay before (see `labels.ts`).
  if (last[0] === name[0] && last[1] === said[1] && last[2] === said[2]) return;
  last[0] = name[0]!;
  last[1] = said[1]!;
  last[2] = said[2]!;
  metric[2] = name[0]!;
  metric[3] = name[1]!;
  for (let place = 4; place < metric.length; place += 1) metric[place] = 0;
  help[1] = 0;
  if (tags.isV2) {
    setSymbol(4, said[1]!);
    setSymbol(6, said[2]!);
    help[0] = metric[4]!;
    help[1] = metric[5]!;
  }
  const slot = metrics.slotOf(view, name, help);
  if (metrics.isKnown && units[slot] === said[2]) {
    metricSerial[0] = serials[slot]!;
    return;
  }
  beginMetric();
  serials[slot] = metricSerial[0]!;
  units[slot] = said[2]!;
}

/** Of a reference that was found to be one. */
function setSymbol(place: number, reference: number): void {
  metric[place] = symbolStart(reference);
  metric[place + 1] = symbolLength(reference);
}
