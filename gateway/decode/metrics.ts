/**
 * OTLP metrics: protobuf bytes straight into the columns of the five metric tables. Here: the
 * metric, gauges, sums and summaries; histograms are in `histograms.ts`.
 *
 * Hot path. Allocations per item: none. Copies: one of each value. Owner: the block. Watched by
 * `decode.bench.ts`.
 */
import { putAttribute } from './attributes.ts';
import type { Context } from './context.ts';
import type { Days } from './days.ts';
import { decodeEnvelopes, keepBytes, keepFixed64, putOffset } from './envelope.ts';
import { putExponentialPoint, putHistogramPoint } from './histograms.ts';
import type { MetricDays, NumberBlock, SummaryBlock } from './metric-blocks.ts';
import {
  aggregation,
  beginMetric,
  beginPoint,
  endNumbers,
  endPoint,
  int64AsDouble,
  metric,
  mustReadAgain,
  point,
  pointTime,
  putExemplar,
} from './points.ts';
import { need, readLength, readTag, readVarint, skipField, word } from './wire.ts';

const gaugeTag = 0x2a;
const sumTag = 0x3a;
const histogramTag = 0x4a;
const exponentialTag = 0x52;
const summaryTag = 0x5a;

const typeNone = 0;
const typeDouble = 1;
const typeInt = 2;

/** Decodes an ExportMetricsServiceRequest. */
export function decodeMetrics(
  days: MetricDays,
  context: Context,
  source: Uint8Array,
  view: DataView,
): void {
  decodeEnvelopes({ putItem: putMetric }, days, context, source, view);
}

/**
 * The rows of one metric. Of several kinds of data the last one counts, as for every oneof; of
 * several occurrences of that kind the points are joined, as protobuf demands of a message.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | name | 1 | string | MetricName |
 * | description | 2 | string | MetricDescription |
 * | unit | 3 | string | MetricUnit |
 * | gauge | 5 | Gauge | otel_metrics_gauge |
 * | sum | 7 | Sum | otel_metrics_sum |
 * | histogram | 9 | Histogram | otel_metrics_histogram |
 * | exponential_histogram | 10 | ExponentialHistogram | otel_metrics_exponential_histogram |
 * | summary | 11 | Summary | otel_metrics_summary |
 * | metadata | 12 | repeated KeyValue | skipped |
 */
function putMetric(
  days: MetricDays,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  metric.fill(from);
  metric[3] = 0;
  metric[5] = 0;
  metric[7] = 0;
  aggregation.fill(0);
  beginMetric();
  let kind = 0;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x0a || tag === 0x12 || tag === 0x1a) {
      at = keepBytes(metric, 2 * (tag >>> 3), source, at, end);
    } else {
      if (isData(tag)) kind = tag;
      at = skipField(source, at, end, tag);
    }
  }
  if (kind === 0) return;
  // Temporality stands behind the points, so it is looked for first.
  eachData(kind, source, from, end, (start, stop) => findAggregation(source, start, stop));
  eachData(kind, source, from, end, (start, stop) =>
    putData(kind, days, context, source, view, start, stop),
  );
}

function isData(tag: number): boolean {
  return (
    tag === gaugeTag ||
    tag === sumTag ||
    tag === histogramTag ||
    tag === exponentialTag ||
    tag === summaryTag
  );
}

/** Calls `use` for each occurrence of the metric's data; closures a metric, none a point. */
function eachData(
  kind: number,
  source: Uint8Array,
  from: number,
  end: number,
  use: (start: number, stop: number) => void,
): void {
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    if (word[0] !== kind) {
      at = skipField(source, at, end, word[0]!);
      continue;
    }
    const start = readLength(source, at, end);
    at = start + word[0]!;
    use(start, at);
  }
}

/**
 * What Sum, Histogram and ExponentialHistogram say about all their points.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | aggregation_temporality | 2 | enum | AggregationTemporality |
 * | is_monotonic | 3 | bool | IsMonotonic |
 */
function findAggregation(source: Uint8Array, from: number, end: number): void {
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x10 || tag === 0x18) {
      at = readVarint(source, at, end);
      if (tag === 0x10) aggregation[0] = word[0]!;
      else aggregation[1] = (word[0]! | word[1]!) === 0 ? 0 : 1;
    } else at = skipField(source, at, end, tag);
  }
}

/**
 * The points of Gauge, Sum, Histogram, ExponentialHistogram and Summary.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | data_points | 1 | repeated message | rows |
 */
function putData(
  kind: number,
  days: MetricDays,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    if (word[0] !== 0x0a) {
      at = skipField(source, at, end, word[0]!);
      continue;
    }
    const start = readLength(source, at, end);
    at = start + word[0]!;
    putPoint(kind, days, context, source, view, start, at);
    if (mustReadAgain()) putPoint(kind, days, context, source, view, start, at);
  }
}

function putPoint(
  kind: number,
  days: MetricDays,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  if (kind === gaugeTag) putNumberPoint(days.gauge, context, source, view, from, end);
  else if (kind === sumTag) putNumberPoint(days.sum, context, source, view, from, end);
  else if (kind === histogramTag) {
    putHistogramPoint(days.histogram, context, source, view, from, end);
  } else if (kind === exponentialTag) {
    putExponentialPoint(days.exponential, context, source, view, from, end);
  } else putSummaryPoint(days.summary, context, source, view, from, end);
}

/**
 * One row of a gauge or sum: NumberDataPoint.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | start_time_unix_nano | 2 | fixed64 | StartTimeUnix |
 * | time_unix_nano | 3 | fixed64 | TimeUnix; receive time when zero |
 * | as_double | 4 | double | Value |
 * | exemplars | 5 | repeated Exemplar | Exemplars |
 * | as_int | 6 | sfixed64 | ValueInt, and Value as the nearest double |
 * | attributes | 7 | repeated KeyValue | Attributes |
 * | flags | 8 | uint32 | Flags |
 */
function putNumberPoint(
  days: Days<NumberBlock>,
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
  let type = typeNone;
  let valueAt = 0;
  let at = from;
  while (at < end) {
    // Tags and lengths of one byte in place, as in `traces.ts`.
    let tag = source[at]!;
    if (tag >= 8 && tag < 0x80) at += 1;
    else {
      at = readTag(source, at, end);
      tag = word[0]!;
    }
    if (tag === 0x3a || tag === 0x2a) {
      let start = at + 1;
      const length = at < end ? source[at]! : 0x80;
      if (length < 0x80 && start + length <= end) at = start + length;
      else {
        start = readLength(source, at, end);
        at = start + word[0]!;
      }
      if (tag === 0x3a) putAttribute(block.attributes, mapStart, source, view, start, at);
      else putExemplar(block.exemplars, context, source, view, start, at);
    } else if (tag === 0x21 || tag === 0x31) {
      need(at, end, 8);
      type = tag === 0x21 ? typeDouble : typeInt;
      valueAt = at;
      at += 8;
    } else if (tag === 0x11 || tag === 0x19) at = pointTime(view, at, end, tag);
    else if (tag === 0x40) {
      at = readVarint(source, at, end);
      flags = word[0]!;
    } else at = skipField(source, at, end, tag);
  }
  if (!endPoint(block, context, flags, mapStart, valuesStart)) return;
  putValue(block, type, view, valueAt);
  putOffset(block.exemplars.offsets.values.words, block.rows.count, block.exemplars.level.count);
  if (block.temporality !== undefined && block.isMonotonic !== undefined) {
    block.temporality.words[block.rows.count] = aggregation[0]!;
    block.isMonotonic.bytes[block.rows.count] = aggregation[1]!;
  }
  block.endRow();
}

function putValue(block: NumberBlock, type: number, view: DataView, at: number): void {
  const row = block.rows.count;
  const value = block.value.words;
  const exact = block.valueInt.words;
  block.valueType.bytes[row] = type;
  const isInt = type === typeInt;
  exact[2 * row] = isInt ? view.getInt32(at, true) : 0;
  exact[2 * row + 1] = isInt ? view.getInt32(at + 4, true) : 0;
  if (isInt) block.value.view.setFloat64(8 * row, int64AsDouble(view, at), true);
  else {
    // As words, so that the payload of a NaN stays.
    value[2 * row] = type === typeDouble ? view.getInt32(at, true) : 0;
    value[2 * row + 1] = type === typeDouble ? view.getInt32(at + 4, true) : 0;
  }
}

/**
 * One row of a summary: SummaryDataPoint.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | start_time_unix_nano | 2 | fixed64 | StartTimeUnix |
 * | time_unix_nano | 3 | fixed64 | TimeUnix; receive time when zero |
 * | count | 4 | fixed64 | Count |
 * | sum | 5 | double | Sum |
 * | quantile_values | 6 | repeated ValueAtQuantile | ValueAtQuantiles |
 * | attributes | 7 | repeated KeyValue | Attributes |
 * | flags | 8 | uint32 | Flags |
 */
function putSummaryPoint(
  days: Days<SummaryBlock>,
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
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x3a || tag === 0x32) {
      const start = readLength(source, at, end);
      at = start + word[0]!;
      if (tag === 0x3a) putAttribute(block.attributes, mapStart, source, view, start, at);
      else putQuantile(block, source, view, start, at);
    } else if (tag === 0x21 || tag === 0x29) {
      at = keepFixed64(point, 2 * (tag >>> 3), view, at, end);
    } else if (tag === 0x11 || tag === 0x19) at = pointTime(view, at, end, tag);
    else if (tag === 0x40) {
      at = readVarint(source, at, end);
      flags = word[0]!;
    } else at = skipField(source, at, end, tag);
  }
  if (!endPoint(block, context, flags, mapStart, valuesStart)) return;
  const row = block.rows.count;
  block.count.words[2 * row] = point[8]!;
  block.count.words[2 * row + 1] = point[9]!;
  block.sum.words[2 * row] = point[10]!;
  block.sum.words[2 * row + 1] = point[11]!;
  endNumbers(block.quantiles, row);
  block.endRow();
}

/**
 * One ValueAtQuantile.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | quantile | 1 | double | ValueAtQuantiles.Quantile |
 * | value | 2 | double | ValueAtQuantiles.Value |
 */
function putQuantile(
  block: SummaryBlock,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  const { level, values } = block.quantiles;
  level.reserve(1);
  const place = 2 * level.count;
  values.words[place] = 0;
  values.words[place + 1] = 0;
  block.quantileValues.words[place] = 0;
  block.quantileValues.words[place + 1] = 0;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x09) at = keepFixed64(values.words, place, view, at, end);
    else if (tag === 0x11) at = keepFixed64(block.quantileValues.words, place, view, at, end);
    else at = skipField(source, at, end, tag);
  }
  level.count += 1;
}
