/**
 * What the tables must hold for what was sent: an independent reading of `docs/guide/metrics.md`,
 * value by value as text, so that rows of both sides compare equal or not at all. Bits of values
 * are 16 hexadecimal digits; maps are JSON with their keys in order.
 */
import type { Exemplar, Labels, NativeHistogram, Sample, Series } from './wire.ts';

export type Row = Readonly<Record<string, string>>;

export const staleBits = '7ff0000000000002';
/** Senders do not agree on the time of an exemplar's row: what matters is the exemplar's own. */
const anyTime = '';
const nsInMs = 1_000_000n;
const cumulative = '2';
const unspecified = '0';
const gaugeHint = 3;
const customSchema = -53;
const shownMax = 5;

/** All rows of one series of a request, or of what Prometheus keeps. */
export function rowsOf(series: Series): readonly Row[] {
  const points = [
    ...series.samples.map((sample) => numberRow(series, sample)),
    ...series.histograms.map((point) => histogramRow(series, point)),
  ];
  if (series.exemplars.length === 0) return points;
  const exemplars = exemplarsText(series.exemplars);
  const last = points.at(-1);
  // Only the data-less series of the suite has several, or none, to choose from.
  if (last === undefined) return [{ ...exemplarRow(series), exemplars }];
  return [...points.slice(0, -1), { ...last, exemplars }];
}

function numberRow(series: Series, { bits, ms, startMs }: Sample): Row {
  const isStale = bits === staleBits;
  return {
    ...commonOf(series, ms, startMs, isStale),
    ...kindOf(series),
    value: bits,
    // A marker is told by its flag and bits, whatever number it is said to be.
    valueType: isStale ? '' : 'Double',
  };
}

function exemplarRow(series: Series): Row {
  return {
    ...commonOf(series, 0, 0, true),
    ...kindOf(series),
    time: anyTime,
    value: '0'.repeat(16),
    valueType: 'None',
  };
}

/** Counters by their type; without one, by the endings that their parts have. */
function kindOf({ labels, type }: Series): Row {
  const hasEnding = /_(total|bucket|count|sum)$/.test(labels['__name__'] ?? '');
  const isSum = type === 'COUNTER' || (/^(HISTOGRAM|SUMMARY|)$/.test(type) && hasEnding);
  return isSum
    ? { table: 'otel_metrics_sum', temporality: cumulative, monotonic: 'true' }
    : { table: 'otel_metrics_gauge' };
}

function histogramRow(series: Series, point: NativeHistogram): Row {
  const isStale = point.sumBits === staleBits;
  const common = {
    ...commonOf(series, point.ms, point.startMs, isStale),
    temporality: point.resetHint === gaugeHint ? unspecified : cumulative,
    resetHint: String(point.resetHint),
    // What is no integer is rounded, and kept as it was beside it.
    count: String(Math.round(point.count)),
    sum: point.sumBits,
    floats: JSON.stringify(floatsOf(point)),
  };
  if (point.schema !== customSchema) {
    return {
      ...common,
      table: 'otel_metrics_exponential_histogram',
      scale: String(point.schema),
      zeroCount: String(Math.round(point.zeroCount)),
      zeroThreshold: String(point.zeroThreshold),
      // Prometheus names a bucket by its upper bound, OTLP by its lower one.
      positive: bucketsText(point.positive, -1),
      negative: bucketsText(point.negative, -1),
    };
  }
  return {
    ...common,
    table: 'otel_metrics_histogram',
    bounds: JSON.stringify(point.customValues),
    buckets: bucketsText(point.positive, 0),
  };
}

/** Count, zero count, and all buckets from the first to the last, when one is no integer. */
function floatsOf(point: NativeHistogram): readonly number[] {
  const isCustom = point.schema === customSchema;
  const positive = isCustom
    ? between(point.positive, 0, point.customValues.length)
    : dense(point.positive);
  const head = isCustom ? [point.count] : [point.count, point.zeroCount];
  const all = [...head, ...positive, ...dense(point.negative)];
  return all.every(Number.isInteger) ? [] : all;
}

function dense(buckets: ReadonlyMap<number, number>): readonly number[] {
  const indexes = [...buckets.keys()];
  return between(buckets, Math.min(...indexes), Math.max(...indexes));
}

function between(buckets: ReadonlyMap<number, number>, first: number, last: number) {
  const counts: number[] = [];
  for (let index = first; index <= last; index += 1) counts.push(buckets.get(index) ?? 0);
  return counts;
}

function commonOf(series: Series, ms: number, startMs: number, isStale: boolean): Row {
  const { __name__: metric = '', job, instance, ...attributes } = series.labels;
  const slash = job?.indexOf('/') ?? -1;
  const service = job?.slice(slash + 1) ?? '';
  return {
    metric,
    service,
    resource: mapText({
      ...(job === undefined ? {} : { 'service.name': service }),
      ...(slash < 0 ? {} : { 'service.namespace': job?.slice(0, slash) ?? '' }),
      ...(instance === undefined ? {} : { 'service.instance.id': instance }),
    }),
    attributes: mapText(attributes),
    time: nanoseconds(ms),
    start: nanoseconds(startMs),
    isStale: String(isStale),
    description: series.help,
    unit: series.unit,
    exemplars: exemplarsText([]),
  };
}

function nanoseconds(ms: number): string {
  return String(BigInt(ms) * nsInMs);
}

/** `INDEX:COUNT` of the buckets that hold something, as integers. */
export function bucketsText(buckets: ReadonlyMap<number, number>, shift: number): string {
  return [...buckets]
    .map(([index, count]) => [index + shift, Math.round(count)])
    .filter(([, count]) => count !== 0)
    .map(([index, count]) => `${index}:${count}`)
    .join(' ');
}

export function mapText(map: Labels): string {
  return JSON.stringify(Object.entries(map).sort(([left], [right]) => (left < right ? -1 : 1)));
}

export function exemplarsText(exemplars: readonly Exemplar[]): string {
  return exemplars
    .map(({ labels, bits, ms }) => `${ms} ${bits} ${mapText(labels)}`)
    .sort()
    .join('; ');
}

/** What `apart` says of sides that are equal. */
export const nothing = { missing: [], unexpected: [] };

/** Rows of one side only, each as often as it is too many there; a few of them. */
export function apart(
  stored: readonly Row[],
  expected: readonly Row[],
): { readonly missing: readonly string[]; readonly unexpected: readonly string[] } {
  const open = new Map<string, number>();
  for (const row of expected) open.set(mapText(row), (open.get(mapText(row)) ?? 0) + 1);
  for (const row of stored) open.set(mapText(row), (open.get(mapText(row)) ?? 0) - 1);
  const some = (wanted: (balance: number) => boolean): readonly string[] =>
    [...open].flatMap(([text, balance]) => (wanted(balance) ? [text] : [])).slice(0, shownMax);
  return { missing: some((balance) => balance > 0), unexpected: some((balance) => balance < 0) };
}
