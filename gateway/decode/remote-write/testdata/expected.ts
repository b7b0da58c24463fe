/**
 * What the tables must hold for series given as objects: an independent reading in plain
 * JavaScript, without a byte of the decoder under test. Values are as the engine prints them with
 * the settings of `engine-rows.ts`.
 */
import type { Row } from '../../testdata/expected.ts';
import { dayMs, nowMs } from './times.ts';
import {
  type Exemplar,
  type Histogram,
  type Label,
  type Metadata,
  type Series,
  valueOf,
} from './write-request.ts';

/** Rows by `table day`, in the order of the request. */
export type Expected = {
  readonly rows: Map<string, Row[]>;
  accepted: number;
  rejected: number;
  readonly written: { samples: number; histograms: number; exemplars: number };
};

export type Kind = { readonly version: 1 | 2; readonly keepsTarget: boolean };

const staleBits = 0x7ff0_0000_0000_0002n;
const nsPerMs = 1_000_000n;
const lastMs = (2n ** 63n - 1n) / nsPerMs;
const widthMax = 16_384;

export function newExpected(): Expected {
  const written = { samples: 0, histograms: 0, exemplars: 0 };
  return { rows: new Map(), accepted: 0, rejected: 0, written };
}

/** Adds what one request brings. */
export function expectRequest(
  all: Expected,
  kind: Kind,
  list: readonly Series[],
  metadata: readonly Metadata[] = [],
): void {
  for (const series of list) expectSeries(all, kind, series);
  for (const { type, name, help, unit } of metadata) {
    if (name === '') continue;
    const row = { ...commonRow([['__name__', name]], kind), ...numberRow(0n, true) };
    Object.assign(row, { MetricDescription: help, MetricUnit: unit, Flags: 1 });
    put(all, isSum(type, name) ? 'sum' : 'gauge', nowMs, row);
  }
}

function expectSeries(all: Expected, kind: Kind, series: Series): void {
  const { samples = [], histograms = [], exemplars = [], type = 0 } = series;
  const items = samples.length + histograms.length;
  const names = series.labels.map(([name]) => name);
  const metric = series.labels.find(([name]) => name === '__name__')?.[1] ?? '';
  if (names.includes('') || new Set(names).size < names.length || metric === '') {
    all.rejected += Math.max(1, items);
    return;
  }
  if (kind.version === 2 && items + exemplars.length === 0) {
    all.rejected += 1;
    return;
  }
  const common = {
    ...commonRow(series.labels, kind),
    MetricDescription: kind.version === 2 ? (series.help ?? '') : '',
    MetricUnit: kind.version === 2 ? (series.unit ?? '') : '',
  };
  const ownType = kind.version === 2 && type <= 7 ? type : 0;
  let left: readonly Exemplar[] = exemplars.filter(({ timeMs }) => timeMs > 0n && timeMs <= lastMs);
  const store = (table: string, timeMs: bigint, row: Row): boolean => {
    if (!isStored(timeMs)) return false;
    put(all, table, timeMs, { ...common, ...row, ...exemplarColumns(left) });
    all.written.exemplars += left.length;
    left = [];
    return true;
  };
  const startOf = (startMs = 0n): bigint =>
    kind.version === 1 ? 0n : startMs === 0n ? (series.createdMs ?? 0n) : startMs;
  for (const { bits, timeMs, startMs } of samples) {
    const row = { ...numberRow(bits), StartTimeUnix: timeText(storable(startOf(startMs))) };
    if (store(isSum(ownType, metric) ? 'sum' : 'gauge', timeMs, row)) all.written.samples += 1;
    else all.rejected += 1;
  }
  for (const one of histograms) {
    const row = { ...histogramRow(one), StartTimeUnix: timeText(storable(startOf(one.startMs))) };
    const table = one.schema === -53 ? 'histogram' : 'exponential_histogram';
    if (isHistogram(one) && store(table, one.timeMs, row)) all.written.histograms += 1;
    else all.rejected += 1;
  }
  if (left.length === 0) return;
  const timeMs = left.find((one) => isStored(one.timeMs))?.timeMs ?? nowMs;
  const StartTimeUnix = timeText(storable(startOf()));
  if (histograms.length > 0 || (ownType === 3 && !isSum(ownType, metric))) {
    const empty = { count: 0, sumBits: 0n, schema: 0, timeMs };
    const row = { ...histogramRow(empty), StartTimeUnix, Flags: 1, HasSum: false };
    store('exponential_histogram', timeMs, row);
    return;
  }
  const row = { ...numberRow(0n, true), StartTimeUnix, Flags: 1 };
  store(isSum(ownType, metric) ? 'sum' : 'gauge', timeMs, row);
}

function put(all: Expected, name: string, timeMs: bigint, row: Row): void {
  const day = new Date(Number(timeMs)).toISOString().slice(0, 10);
  const key = `otel_metrics_${name} ${day}`;
  const sum = name === 'sum' ? { AggregationTemporality: 2, IsMonotonic: true } : {};
  const rows = all.rows.get(key) ?? [];
  rows.push({ ...exemplarColumns([]), ...row, ...sum, TimeUnix: timeText(timeMs) });
  all.rows.set(key, rows);
  all.accepted += 1;
}

function isStored(timeMs: bigint): boolean {
  return timeMs >= nowMs - 400n * dayMs && timeMs <= nowMs + dayMs;
}

function storable(timeMs: bigint): bigint {
  return timeMs < 0n || timeMs > lastMs ? 0n : timeMs;
}

function isSum(type: number, name: string): boolean {
  const isNamedSo = /.(_total|_bucket|_count|_sum)$/s.test(name);
  if (type === 1) return true;
  return [0, 3, 5].includes(type > 7 ? 0 : type) && isNamedSo;
}

function commonRow(labels: readonly Label[], { keepsTarget }: Kind): Row {
  const own = new Map(labels.filter(([, value]) => value !== ''));
  const take = (name: string): string => {
    const value = own.get(name) ?? '';
    if (name === '__name__' || !keepsTarget) own.delete(name);
    return value;
  };
  const metric = take('__name__');
  const [job, instance] = [take('job'), take('instance')];
  const [, namespace, service] = /^([^/]+)\/(.+)$/s.exec(job) ?? [undefined, '', job];
  const resource = { 'service.name': service, 'service.namespace': namespace };
  const scope = new Map<string, string>();
  for (const [name, value] of own) {
    const isScope = /^otel_scope_./s.test(name) && Buffer.byteLength(name) <= 127;
    if (!isScope || keepsTarget) continue;
    scope.set(name.slice('otel_scope_'.length), value);
    own.delete(name);
  }
  const [ScopeName = '', ScopeVersion = '', ScopeSchemaUrl = ''] = ['name', 'version', 'schema_url'].map(
    (name) => {
      const value = scope.get(name);
      scope.delete(name);
      return value;
    },
  );
  return {
    ServiceName: service,
    ResourceAttributes: Object.entries({ ...resource, 'service.instance.id': instance }).filter(
      ([, value]) => value !== '',
    ),
    ResourceSchemaUrl: '',
    ScopeName,
    ScopeVersion,
    ScopeSchemaUrl,
    ScopeAttributes: [...scope],
    ScopeDroppedAttrCount: 0,
    Tenant: '',
    Seal: '7',
    MetricName: metric,
    MetricDescription: '',
    MetricUnit: '',
    Attributes: [...own],
    StartTimeUnix: timeText(0n),
  };
}

function numberRow(bits: bigint, isNone = false): Row {
  return {
    Value: printed(valueOf(bits)),
    ValueInt: '0',
    ValueType: isNone ? 'None' : 'Double',
    Flags: bits === staleBits ? 1 : 0,
  };
}

/** Index of each bucket with its count. */
function placed(buckets: Histogram['positive']): [index: number, count: number][] | undefined {
  const { spans = [], counts = [] } = buckets ?? {};
  const indexes: number[] = [];
  let next = 0;
  for (const { offset, length } of spans) {
    next += offset;
    for (let left = length; left > 0; left -= 1) indexes.push(next++);
  }
  if (indexes.length !== counts.length) return undefined;
  return indexes.map((index, at) => [index, counts[at]!]);
}

function isHistogram(one: Histogram): boolean {
  const { schema, count, zeroCount = 0, zeroThreshold = 0, bounds = [], isFloat } = one;
  const [positive, negative] = [placed(one.positive), placed(one.negative)];
  if (positive === undefined || negative === undefined) return false;
  if (schema === -53) {
    if (negative.length > 0 || zeroCount !== 0 || zeroThreshold !== 0) return false;
    if (positive.some(([index]) => index < 0 || index > bounds.length)) return false;
  } else if (schema < -4 || schema > 8) return false;
  if (isFloat === true || one.sumBits === staleBits) return true;
  const total = [...positive, ...negative].reduce((all, [, more]) => all + more, zeroCount);
  return Number.isNaN(valueOf(one.sumBits)) ? total <= count : total === count;
}

function histogramRow(one: Histogram): Row {
  const { count, zeroCount = 0, schema, bounds = [], resetHint = 0 } = one;
  const [positive, negative] = [placed(one.positive) ?? [], placed(one.negative) ?? []];
  const whole = [count, zeroCount, ...[...positive, ...negative].map(([, held]) => held)];
  const isWhole = whole.every((held) => Number.isSafeInteger(held));
  const row = {
    Count: integer(count),
    Sum: printed(valueOf(one.sumBits)),
    Min: 0,
    Max: 0,
    HasSum: true,
    HasMin: false,
    HasMax: false,
    AggregationTemporality: resetHint === 3 ? 0 : 2,
    Flags: (one.sumBits === staleBits ? 1 : 0) + 256 * resetHint,
  };
  if (schema === -53) {
    const counts = Array.from({ length: bounds.length + 1 }, () => 0);
    for (const [index, held] of positive) counts[index] = held;
    const FloatCounts = isWhole ? [] : [count, ...counts];
    return { ...row, BucketCounts: counts.map(integer), ExplicitBounds: bounds, FloatCounts };
  }
  let [above, below, scale] = [shifted(positive), shifted(negative), schema];
  while (widthOf(above) > widthMax || widthOf(below) > widthMax) {
    [above, below, scale] = [halved(above), halved(below), scale - 1];
  }
  const FloatCounts = isWhole ? [] : [count, zeroCount, ...dense(above), ...dense(below)];
  return {
    ...row,
    Scale: scale,
    ZeroCount: integer(zeroCount),
    ZeroThreshold: one.zeroThreshold ?? 0,
    PositiveOffset: above[0]?.[0] ?? 0,
    PositiveBucketCounts: dense(above).map(integer),
    NegativeOffset: below[0]?.[0] ?? 0,
    NegativeBucketCounts: dense(below).map(integer),
    FloatCounts,
  };
}

type Placed = [index: number, count: number][];

const shifted = (buckets: Placed): Placed => buckets.map(([index, held]) => [index - 1, held]);
const halved = (buckets: Placed): Placed =>
  buckets.map(([index, held]) => [Math.floor(index / 2), held]);
const widthOf = (buckets: Placed): number =>
  buckets.length === 0 ? 0 : buckets.at(-1)![0] - buckets[0]![0] + 1;

function dense(buckets: Placed): number[] {
  const first = buckets[0]?.[0] ?? 0;
  const counts = Array.from({ length: widthOf(buckets) }, () => 0);
  for (const [index, held] of buckets) counts[index - first]! += held;
  return counts;
}

function exemplarColumns(exemplars: readonly Exemplar[]): Row {
  const idOf = ({ labels }: Exemplar, name: string, digits: number): string =>
    labels.findLast((label) => isId(label, name, digits))?.[1].toLowerCase() ?? '';
  return {
    'Exemplars.TimeUnix': exemplars.map(({ timeMs }) => timeText(timeMs)),
    'Exemplars.Value': exemplars.map(({ bits }) => printed(valueOf(bits))),
    'Exemplars.TraceId': exemplars.map((one) => idOf(one, 'trace_id', 32)),
    'Exemplars.SpanId': exemplars.map((one) => idOf(one, 'span_id', 16)),
    'Exemplars.FilteredAttributes': exemplars.map(({ labels }) => {
      const others = labels.filter(
        (label) => label[0] !== '' && !isId(label, 'trace_id', 32) && !isId(label, 'span_id', 16),
      );
      return [...new Map(others)];
    }),
  };
}

function isId([name, value]: Label, wanted: string, digits: number): boolean {
  return name === wanted && value.length === digits && /^[0-9a-f]*[1-9a-f][0-9a-f]*$/i.test(value);
}

function integer(count: number): string {
  const whole = BigInt(Math.round(count));
  return String(whole >= 2n ** 64n ? 2n ** 64n - 1n : whole);
}

/** A double as the engine's JSON has it. */
function printed(value: number): number | string {
  if (Number.isNaN(value)) return 'nan';
  if (Number.isFinite(value)) return value;
  return value > 0 ? 'inf' : '-inf';
}

function timeText(timeMs: bigint): string {
  return `${timeMs / 1000n}.${String(timeMs % 1000n).padStart(3, '0')}000000`;
}
