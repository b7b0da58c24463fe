/** Rows of the metric tables in the words of `rows.ts`. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { bucketsText, exemplarsText, mapText, type Row } from './rows.ts';
import type { Labels } from './wire.ts';

type StoredExemplar = {
  readonly labels: Labels;
  readonly bits: string;
  readonly ns: string;
  readonly trace: string;
  readonly span: string;
};

type Stored = {
  readonly metric: string;
  readonly service: string;
  readonly resource: Labels;
  readonly attributes: Labels;
  readonly time: string;
  readonly start: string;
  readonly flags: number;
  readonly description: string;
  readonly unit: string;
  readonly exemplars: readonly StoredExemplar[];
  readonly temporality?: number;
  readonly monotonic?: boolean;
  readonly value?: string;
  readonly valueType?: string;
  readonly count?: string;
  readonly sum?: string;
  readonly floats?: readonly number[];
  readonly scale?: number;
  readonly zeroCount?: string;
  readonly zeroThreshold?: number;
  readonly positive?: string[];
  readonly positiveOffset?: number;
  readonly negative?: string[];
  readonly negativeOffset?: number;
  readonly bounds?: readonly number[];
  readonly buckets?: string[];
};

const nsInMs = 1_000_000n;
/** Above the bits that OTLP defines. */
const resetHintShift = 8;
const resetHintMask = 3;

const common = `
  MetricName AS metric,
  ServiceName AS service,
  ResourceAttributes AS resource,
  Attributes AS attributes,
  toString(toUnixTimestamp64Nano(TimeUnix)) AS time,
  toString(toUnixTimestamp64Nano(StartTimeUnix)) AS start,
  Flags AS flags,
  MetricDescription AS description,
  MetricUnit AS unit,
  arrayMap((labels, value, time, trace, span) -> CAST((
    labels,
    ${bits('value')},
    toString(toUnixTimestamp64Nano(time)),
    trace,
    span
  ), 'Tuple(labels Map(String, String), bits String, ns String, trace String, span String)'),
    Exemplars.FilteredAttributes, Exemplars.Value, Exemplars.TimeUnix,
    Exemplars.TraceId, Exemplars.SpanId) AS exemplars`;
const ofNumbers = `${bits('Value')} AS value, toString(ValueType) AS valueType`;
const ofHistograms = `toString(Count) AS count, ${bits('Sum')} AS sum,
  AggregationTemporality AS temporality, FloatCounts AS floats`;

const columns: Readonly<Record<string, string>> = {
  otel_metrics_gauge: ofNumbers,
  otel_metrics_sum: `${ofNumbers}, AggregationTemporality AS temporality,
    IsMonotonic AS monotonic`,
  otel_metrics_histogram: `${ofHistograms}, ExplicitBounds AS bounds,
    arrayMap(x -> toString(x), BucketCounts) AS buckets`,
  otel_metrics_exponential_histogram: `${ofHistograms}, Scale AS scale,
    toString(ZeroCount) AS zeroCount, ZeroThreshold AS zeroThreshold,
    arrayMap(x -> toString(x), PositiveBucketCounts) AS positive, PositiveOffset AS positiveOffset,
    arrayMap(x -> toString(x), NegativeBucketCounts) AS negative, NegativeOffset AS negativeOffset`,
};

/** As 16 hexadecimal digits: as a number a marker would lose its bits on the way. */
function bits(column: string): string {
  return `leftPad(lower(hex(reinterpretAsUInt64(${column}))), 16, '0')`;
}

/** All rows that came by remote write; `where` is SQL over the columns of every table. */
export async function storedRows(clickhouse: ClickHouse, where = '1'): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [table, own] of Object.entries(columns)) {
    const from = `\`${clickhouse.database}\`.${table}`;
    const query = `SELECT ${common}, ${own} FROM ${from} WHERE ${where}`;
    const result = await clickhouse.client.query({ query, format: 'JSONEachRow' });
    for (const row of await result.json<Stored>()) rows.push({ table, ...inWords(row) });
  }
  return rows;
}

function inWords(row: Stored): Row {
  const isStale = (row.flags & 1) === 1;
  const isExemplarOnly = row.valueType === 'None' && row.exemplars.length > 0;
  return {
    metric: row.metric,
    service: row.service,
    resource: mapText(row.resource),
    attributes: mapText(row.attributes),
    time: isExemplarOnly ? '' : row.time,
    start: row.start,
    isStale: String(isStale),
    description: row.description,
    unit: row.unit,
    exemplars: exemplarsText(row.exemplars.map(exemplarInWords)),
    ...(row.temporality === undefined ? {} : { temporality: String(row.temporality) }),
    ...(row.monotonic === undefined ? {} : { monotonic: String(row.monotonic) }),
    ...(row.value === undefined ? {} : numberInWords(row, isStale && !isExemplarOnly)),
    ...(row.count === undefined ? {} : histogramInWords(row)),
    ...(row.scale === undefined ? {} : exponentialInWords(row)),
    ...(row.bounds === undefined ? {} : explicitInWords(row)),
  };
}

function numberInWords(row: Stored, isStale: boolean): Row {
  return { value: row.value ?? '', valueType: isStale ? '' : (row.valueType ?? '') };
}

function histogramInWords({ count = '', sum = '', floats, flags }: Stored): Row {
  const resetHint = String((flags >> resetHintShift) & resetHintMask);
  return { count, sum, floats: JSON.stringify(floats), resetHint };
}

function exponentialInWords(row: Stored): Row {
  return {
    scale: String(row.scale),
    zeroCount: row.zeroCount ?? '',
    zeroThreshold: String(row.zeroThreshold),
    positive: bucketsText(numbered(row.positive), row.positiveOffset ?? 0),
    negative: bucketsText(numbered(row.negative), row.negativeOffset ?? 0),
  };
}

function explicitInWords(row: Stored): Row {
  const { bounds = [], buckets = [] } = row;
  const isWhole = buckets.length === bounds.length + 1 || row.count === '0';
  const text = bucketsText(numbered(buckets), 0);
  return {
    bounds: JSON.stringify(bounds),
    buckets: isWhole ? text : `${buckets.length} buckets of ${bounds.length} bounds: ${text}`,
  };
}

function numbered(counts: readonly string[] = []): ReadonlyMap<number, number> {
  return new Map(counts.map((count, index) => [index, Number(count)]));
}

/** Labels that name a trace or a span may have become columns of their own. */
function exemplarInWords({ labels, bits: value, ns, trace, span }: StoredExemplar) {
  const traceLabel = trace === '' ? {} : { trace_id: trace };
  const spanLabel = span === '' ? {} : { span_id: span };
  return {
    labels: { ...labels, ...traceLabel, ...spanLabel },
    bits: value,
    // Divided as a number it would not be whole again.
    ms: Number(BigInt(ns) / nsInMs),
  };
}
