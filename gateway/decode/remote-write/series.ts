/**
 * One time series of remote write: its labels, then a row a sample and a row a native histogram.
 * What is wrong with a series costs the series, what is wrong with a sample the sample; the first
 * reason names the series (PRW1-6, PRW2-6).
 *
 * Hot path. Allocations per item: none; text only for the first rejection of a request. Copies: one
 * of each value a row. Owner: the blocks. Watched by `remote-write.bench.ts`.
 */
import { aggregation, metric, metricSerial } from '../points.ts';
import { putMilliseconds } from '../times.ts';
import { readLength, readTag, readVarint, skipField, word } from '../wire.ts';
import { labelPart, readLabel } from './exemplars.ts';
import { enterTarget } from './identity.ts';
import { addLabel, beginLabels, name, settleLabels, spoilLabels } from './labels.ts';
import { isSum, kindCumulative, kindHistogram, knownKind } from './metric-kind.ts';
import { putNativeHistogram } from './native-histogram.ts';
import { startTime } from './rows.ts';
import { putExemplarsAlone, putSample } from './samples.ts';
import { rejectSeries, type SeriesTarget } from './series-target.ts';
import {
  beginPairs,
  hasSymbol,
  isPairOpen,
  pairSymbol,
  symbolLength,
  symbolStart,
  takeReference,
} from './symbols.ts';

const labelsTag = 0x0a;
/** A reference by itself: protobuf lets senders leave lists unpacked. */
const looseReferenceTag = 0x08;
const samplesTag = 0x12;
const metadataTag = 0x2a;
const createdTag = 0x30;

/** What the series under way says of itself: type, then help and unit as symbols. */
const said = new Int32Array(3);

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
  beginLabels();
  beginPairs();
  said.fill(0);
  startTime.fill(0);
  let samples = 0;
  let histograms = 0;
  let exemplars = 0;
  let at = from;
  while (at < end) {
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
      else putLabel(source, start, at);
    } else if (tag === samplesTag) samples += 1;
    else if (tag === tags.histograms) histograms += 1;
    else if (tag === tags.exemplars) exemplars += 1;
    else if (tag === metadataTag && tags.isV2) readMetadata(source, start, at);
  }
  if (isPairOpen()) spoilLabels('its labels_refs are an odd number');
  const fault = settleLabels(source, target.keepsTarget);
  const items = samples + histograms;
  if (fault !== '') {
    rejectSeries(context, source, Math.max(1, items), fault);
    return;
  }
  if (items + exemplars === 0) {
    if (tags.isV2) rejectSeries(context, source, 1, 'it has neither samples nor histograms');
    return;
  }
  enterMetric(target);
  enterTarget(context, source, target.view);
  putRows(target, from, end, exemplars > 0);
}

/** The rows of a series; exemplars go with the first one that is stored. */
function putRows(target: SeriesTarget, from: number, end: number, hasExemplars: boolean): void {
  const { source, tags } = target;
  const kind = kindOf(source);
  let kindAlone = kind;
  // Exemplars are read where they stand, in the whole series.
  let exemplarsFrom = hasExemplars ? from : end;
  let at = from;
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
  if (exemplarsFrom < end) putExemplarsAlone(target, kindAlone, from, end);
}

function kindOf(source: Uint8Array): number {
  const type = knownKind(said[0]!);
  if (type === kindHistogram) return isSum(source, name[0]!, name[1]!) ? kindCumulative : type;
  return type;
}

/** One label of 1.0. */
export function putLabel(source: Uint8Array, start: number, end: number): void {
  if (readLabel(source, start, end)) {
    addLabel(source, labelPart(0), labelPart(1), labelPart(2), labelPart(3));
  } else spoilLabels('a label has no name');
}

/** A packed list of references of 2.0. */
export function putReferences(source: Uint8Array, start: number, end: number): void {
  let at = start;
  while (at < end) {
    at = readVarint(source, at, end);
    putReference(source, word[0]!);
  }
}

/** One reference; every second one completes a label. */
export function putReference(source: Uint8Array, reference: number): void {
  if (!takeReference(reference)) return;
  const key = pairSymbol(0);
  const value = pairSymbol(1);
  if (hasSymbol(key) && hasSymbol(value)) {
    addLabel(source, symbolStart(key), symbolLength(key), symbolStart(value), symbolLength(value));
  } else spoilLabels('a label refers to a symbol that is not there');
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
function enterMetric({ tags }: SeriesTarget): void {
  metric.fill(0);
  metric[2] = name[0]!;
  metric[3] = name[1]!;
  if (tags.isV2) {
    setSymbol(4, said[1]!);
    setSymbol(6, said[2]!);
  }
  aggregation.fill(0);
  metricSerial[0] = metricSerial[0]! + 1;
}

/** Of a reference that was found to be one. */
function setSymbol(place: number, reference: number): void {
  metric[place] = symbolStart(reference);
  metric[place + 1] = symbolLength(reference);
}
