/**
 * Remote write 1 and 2, and remote read, as protobufjs reads them from the messages below: the
 * independent decoder of these tests. Values of samples are declared as `fixed64`, which is the
 * same eight bytes: a number of JavaScript would not keep the bits of a stale marker.
 */
import protobuf from 'protobufjs';
import { snapBlock } from '../../gateway/decode/testdata/snap.ts';

export type Labels = Readonly<Record<string, string>>;

export type Sample = {
  /** The value's eight bytes as 16 hexadecimal digits. */
  readonly bits: string;
  readonly ms: number;
  /** Absent: 0. */
  readonly startMs: number;
};

export type Exemplar = { readonly labels: Labels; readonly bits: string; readonly ms: number };

/** Buckets by their index, as Prometheus counts them; with custom bounds, by place. */
type Buckets = ReadonlyMap<number, number>;

export type NativeHistogram = {
  readonly ms: number;
  readonly startMs: number;
  readonly schema: number;
  readonly count: number;
  readonly sumBits: string;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
  readonly customValues: readonly number[];
  /** 0 unknown, 1 reset, 2 not reset, 3 a gauge. */
  readonly resetHint: number;
};

export type Series = {
  readonly labels: Labels;
  readonly samples: readonly Sample[];
  readonly histograms: readonly NativeHistogram[];
  readonly exemplars: readonly Exemplar[];
  /** `COUNTER`, `GAUGE`, … or empty: version 1 has none here. */
  readonly type: string;
  readonly help: string;
  readonly unit: string;
};

const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Label { string name = 1; string value = 2; }
  message Sample { fixed64 value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
  message Span { sint32 offset = 1; uint32 length = 2; }
  message Exemplar {
    repeated Label labels = 1;
    fixed64 value = 2;
    int64 timestamp = 3;
  }
  message Histogram {
    uint64 count_int = 1;
    double count_float = 2;
    fixed64 sum = 3;
    sint32 schema = 4;
    double zero_threshold = 5;
    uint64 zero_count_int = 6;
    double zero_count_float = 7;
    repeated Span negative_spans = 8;
    repeated sint64 negative_deltas = 9;
    repeated double negative_counts = 10;
    repeated Span positive_spans = 11;
    repeated sint64 positive_deltas = 12;
    repeated double positive_counts = 13;
    int32 reset_hint = 14;
    int64 timestamp = 15;
    repeated double custom_values = 16;
    int64 start_timestamp = 17;
  }
  message TimeSeries {
    repeated Label labels = 1;
    repeated Sample samples = 2;
    repeated Exemplar exemplars = 3;
    repeated Histogram histograms = 4;
  }
  message MetricMetadata { int32 type = 1; string name = 2; string help = 4; string unit = 5; }
  message WriteRequest {
    repeated TimeSeries timeseries = 1;
    repeated MetricMetadata metadata = 3;
  }

  message Exemplar2 {
    repeated uint32 labels_refs = 1;
    fixed64 value = 2;
    int64 timestamp = 3;
  }
  message Metadata2 { int32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
  message TimeSeries2 {
    repeated uint32 labels_refs = 1;
    repeated Sample samples = 2;
    repeated Histogram histograms = 3;
    repeated Exemplar2 exemplars = 4;
    Metadata2 metadata = 5;
    int64 created_timestamp = 6;
  }
  message Request { repeated string symbols = 4; repeated TimeSeries2 timeseries = 5; }

  message Matcher { int32 type = 1; string name = 2; string value = 3; }
  message Query {
    int64 start_timestamp_ms = 1;
    int64 end_timestamp_ms = 2;
    repeated Matcher matchers = 3;
  }
  message ReadRequest { repeated Query queries = 1; }
  message QueryResult { repeated TimeSeries timeseries = 1; }
  message ReadResponse { repeated QueryResult results = 1; }
`,
  { keepCase: true },
);

/** What protobufjs makes of the messages; 64-bit integers are text, unset fields are absent. */
type Plain<Message> = { readonly [Field in keyof Message]?: Message[Field] };
type PlainLabel = Plain<{ name: string; value: string }>;
type PlainSample = Plain<{ value: string; timestamp: string; start_timestamp: string }>;
type PlainSpan = Plain<{ offset: number; length: number }>;
type PlainHistogram = Plain<{
  count_int: string;
  count_float: number;
  sum: string;
  schema: number;
  zero_threshold: number;
  zero_count_int: string;
  zero_count_float: number;
  negative_spans: readonly PlainSpan[];
  negative_deltas: readonly string[];
  negative_counts: readonly number[];
  positive_spans: readonly PlainSpan[];
  positive_deltas: readonly string[];
  positive_counts: readonly number[];
  reset_hint: number;
  timestamp: string;
  start_timestamp: string;
  custom_values: readonly number[];
}>;
type PlainSeries = Plain<{
  labels: readonly PlainLabel[];
  samples: readonly PlainSample[];
  histograms: readonly PlainHistogram[];
  exemplars: readonly Plain<{ labels: PlainLabel[]; value: string; timestamp: string }>[];
}>;
type PlainRequest = Plain<{
  timeseries: readonly PlainSeries[];
  metadata: readonly Plain<{ type: number; name: string; help: string; unit: string }>[];
}>;
type PlainRequest2 = Plain<{
  symbols: readonly string[];
  timeseries: readonly Plain<{
    labels_refs: readonly number[];
    samples: readonly PlainSample[];
    histograms: readonly PlainHistogram[];
    exemplars: readonly Plain<{ labels_refs: number[]; value: string; timestamp: string }>[];
    metadata: Plain<{ type: number; help_ref: number; unit_ref: number }>;
    created_timestamp: string;
  }>[];
}>;
type PlainResponse = Plain<{ results: readonly { timeseries?: readonly PlainSeries[] }[] }>;

const typeNames = ['', 'COUNTER', 'GAUGE', 'HISTOGRAM', 'GAUGEHISTOGRAM', 'SUMMARY'];
const typeNames2 = [...typeNames, 'INFO', 'STATESET'];

export type WriteRequest = {
  readonly series: readonly Series[];
  /** Version 1 only: metadata comes in lists of its own. */
  readonly metadata: readonly { name: string; type: string; help: string; unit: string }[];
};

/** The message of a body that was inflated. */
export function readWriteRequest(version: 1 | 2, body: Uint8Array): WriteRequest {
  return version === 1 ? readVersion1(body) : readVersion2(body);
}

function readVersion1(body: Uint8Array): WriteRequest {
  const request = decode<PlainRequest>('WriteRequest', body);
  return {
    series: (request.timeseries ?? []).map(readSeries),
    metadata: (request.metadata ?? []).map((entry) => ({
      name: entry.name ?? '',
      type: typeNames[entry.type ?? 0] ?? '',
      help: entry.help ?? '',
      unit: entry.unit ?? '',
    })),
  };
}

function readSeries(series: PlainSeries): Series {
  return {
    labels: labelsOf(series.labels ?? []),
    samples: (series.samples ?? []).map((one) => readSample(one, 0)),
    histograms: (series.histograms ?? []).map((one) => readHistogram(one, 0)),
    exemplars: (series.exemplars ?? []).map((one) => ({
      labels: labelsOf(one.labels ?? []),
      bits: bitsOf(one.value),
      ms: Number(one.timestamp ?? 0),
    })),
    ...{ type: '', help: '', unit: '' },
  };
}

function readVersion2(body: Uint8Array): WriteRequest {
  const request = decode<PlainRequest2>('Request', body);
  const symbols = request.symbols ?? [];
  const resolve = (refs: readonly number[]): Labels => {
    const words = refs.map((ref) => symbols[ref] ?? '');
    const pairs = words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1]]] : []));
    return Object.fromEntries(pairs);
  };
  const series = (request.timeseries ?? []).map((one): Series => {
    const metadata = one.metadata ?? {};
    const startMs = Number(one.created_timestamp ?? 0);
    return {
      labels: resolve(one.labels_refs ?? []),
      samples: (one.samples ?? []).map((sample) => readSample(sample, startMs)),
      histograms: (one.histograms ?? []).map((point) => readHistogram(point, startMs)),
      exemplars: (one.exemplars ?? []).map((exemplar) => ({
        labels: resolve(exemplar.labels_refs ?? []),
        bits: bitsOf(exemplar.value),
        ms: Number(exemplar.timestamp ?? 0),
      })),
      type: typeNames2[metadata.type ?? 0] ?? '',
      help: symbols[metadata.help_ref ?? 0] ?? '',
      unit: symbols[metadata.unit_ref ?? 0] ?? '',
    };
  });
  return { series, metadata: [] };
}

/** The start has moved from the series to the sample (PRW2-15). */
function readSample(sample: PlainSample, seriesStartMs: number): Sample {
  return {
    bits: bitsOf(sample.value),
    ms: Number(sample.timestamp ?? 0),
    startMs: Number(sample.start_timestamp ?? seriesStartMs),
  };
}

function readHistogram(point: PlainHistogram, seriesStartMs: number): NativeHistogram {
  return {
    ms: Number(point.timestamp ?? 0),
    startMs: Number(point.start_timestamp ?? seriesStartMs),
    schema: point.schema ?? 0,
    count: Number(point.count_int ?? point.count_float ?? 0),
    sumBits: bitsOf(point.sum),
    zeroThreshold: Number(point.zero_threshold ?? 0),
    zeroCount: Number(point.zero_count_int ?? point.zero_count_float ?? 0),
    positive: bucketsOf(point, 'positive'),
    negative: bucketsOf(point, 'negative'),
    customValues: (point.custom_values ?? []).map(Number),
    resetHint: point.reset_hint ?? 0,
  };
}

function bucketsOf(point: PlainHistogram, side: 'positive' | 'negative'): Buckets {
  const deltas = (point[`${side}_deltas`] ?? []).map(Number);
  const floats = (point[`${side}_counts`] ?? []).map(Number);
  const counts = deltas.length === 0 ? floats : runningTotals(deltas);
  const buckets = new Map<number, number>();
  let index = 0;
  let place = 0;
  for (const span of point[`${side}_spans`] ?? []) {
    index += span.offset ?? 0;
    for (let step = 0; step < (span.length ?? 0); step += 1) {
      buckets.set(index, counts[place] ?? 0);
      index += 1;
      place += 1;
    }
  }
  return buckets;
}

function runningTotals(deltas: readonly number[]): readonly number[] {
  let total = 0;
  return deltas.map((delta) => {
    total += delta;
    return total;
  });
}

/** All raw points of a Prometheus in a range of time, stale markers included, to be posted. */
export function readRequest(fromMs: number, toMs: number): Buffer<ArrayBuffer> {
  const isLike = 2;
  const matchers = [{ type: isLike, name: '__name__', value: '.+' }];
  const type = root.lookupType('ReadRequest');
  const query = { start_timestamp_ms: fromMs, end_timestamp_ms: toMs, matchers };
  return snapBlock(type.encode(type.fromObject({ queries: [query] })).finish());
}

/** The answer to it, inflated. */
export function readResponse(body: Uint8Array): readonly Series[] {
  const results = decode<PlainResponse>('ReadResponse', body).results ?? [];
  return results.flatMap((result) => (result.timeseries ?? []).map(readSeries));
}

function decode<Message>(name: string, body: Uint8Array): Message {
  const type = root.lookupType(name);
  return type.toObject(type.decode(body), { longs: String }) as Message;
}

function labelsOf(pairs: readonly PlainLabel[]): Labels {
  return Object.fromEntries(pairs.map((pair) => [pair.name ?? '', pair.value ?? '']));
}

function bitsOf(fixed64: string | undefined): string {
  return BigInt(fixed64 ?? 0)
    .toString(16)
    .padStart(16, '0');
}
