/**
 * Remote write 1.0 and 2.0: an inflated request goes into the columns of the metric tables, whole
 * series by series, in one pass behind the symbols.
 *
 * Hot path. Allocations per item: none; one target a request. Copies: one of each value. Owner: the
 * blocks. Watched by `remote-write.bench.ts`.
 */
import type { Context } from '../context.ts';
import type { MetricDays } from '../metric-blocks.ts';
import { beginMetric, metric } from '../points.ts';
import { readLength, readTag, readVarint, skipField, word } from '../wire.ts';
import { beginTargets, enterTarget } from './identity.ts';
import { beginLabels, forgetLabels, name } from './labels.ts';
import { kindOf } from './metric-kind.ts';
import { startTime } from './rows.ts';
import { putMetadataRow } from './samples.ts';
import { beginMetrics, putSeries } from './series.ts';
import { type SeriesTarget, tagsOfV1, tagsOfV2 } from './series-target.ts';
import { readSymbols, releaseSymbols } from './symbols.ts';

/** In a record's parameters: job and instance stay labels, too. */
export const keepsTargetParameter = 'labels=prometheus';

const seriesTagV1 = 0x0a;
const metadataTagV1 = 0x1a;
const seriesTagV2 = 0x2a;

/** Decodes a prometheus.WriteRequest, or an io.prometheus.write.v2.Request. */
export function decodeRemoteWrite(
  days: MetricDays,
  context: Context,
  source: Uint8Array,
  view: DataView,
  options: { readonly isV2: boolean; readonly keepsTarget: boolean },
): void {
  const { isV2, keepsTarget } = options;
  const tags = isV2 ? tagsOfV2 : tagsOfV1;
  const target: SeriesTarget = { days, context, source, view, tags, keepsTarget };
  forgetLabels();
  beginTargets();
  beginMetrics();
  try {
    if (isV2) readSymbols(source);
    putAll(target, isV2 ? seriesTagV2 : seriesTagV1);
  } finally {
    releaseSymbols();
    context.resource = context.ownResource;
  }
}

/**
 * | field | 1.0 | 2.0 | wire type | into |
 * | --- | --- | --- | --- | --- |
 * | timeseries | 1 | 5 | repeated TimeSeries | rows |
 * | metadata | 3 | – | repeated MetricMetadata | a row without a value each (PRW1-10) |
 */
function putAll(target: SeriesTarget, seriesTag: number): void {
  const { source, tags } = target;
  const end = source.length;
  let at = 0;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag !== seriesTag && (tag !== metadataTagV1 || tags.isV2)) {
      at = skipField(source, at, end, tag);
      continue;
    }
    const start = readLength(source, at, end);
    at = start + word[0]!;
    if (tag === seriesTag) putSeries(target, start, at);
    else putMetadata(target, start, at);
  }
}

/**
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | type | 1 | enum | which table |
 * | metric_family_name | 2 | string | MetricName |
 * | help | 4 | string | MetricDescription |
 * | unit | 5 | string | MetricUnit |
 */
function putMetadata(target: SeriesTarget, from: number, end: number): void {
  const { context, source, view } = target;
  metric.fill(0);
  let type = 0;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x08) {
      at = readVarint(source, at, end);
      type = word[0]!;
    } else if (tag === 0x12 || tag === 0x22 || tag === 0x2a) {
      const start = readLength(source, at, end);
      const place = tag === 0x12 ? 2 : tag === 0x22 ? 4 : 6;
      metric[place] = start;
      metric[place + 1] = word[0]!;
      at = start + word[0]!;
    } else at = skipField(source, at, end, tag);
  }
  // Nobody can look for what has no name.
  if (metric[3] === 0) return;
  beginLabels(target.keepsTarget);
  name[0] = metric[2]!;
  name[1] = metric[3]!;
  startTime.fill(0);
  beginMetrics();
  beginMetric();
  enterTarget(context, source, view);
  putMetadataRow(target, kindOf(type, source, metric[2]!, metric[3]!));
}
