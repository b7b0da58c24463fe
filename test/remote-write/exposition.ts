/**
 * The protobuf exposition of `io.prometheus.client`, as far as the fixture target needs it: the
 * one in which native histograms can be scraped.
 */
import protobuf from 'protobufjs';

export type Family = {
  readonly name: string;
  readonly help: string;
  readonly type: 'COUNTER' | 'GAUGE' | 'HISTOGRAM' | 'GAUGE_HISTOGRAM';
  readonly unit?: string;
  /** Fields of `Metric` by their names in the `.proto`. */
  readonly metric: readonly Readonly<Record<string, unknown>>[];
};

export const protobufType =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message LabelPair { string name = 1; string value = 2; }
  message Timestamp { int64 seconds = 1; int32 nanos = 2; }
  message Exemplar { repeated LabelPair label = 1; double value = 2; Timestamp timestamp = 3; }
  message Gauge { double value = 1; }
  message Counter { double value = 1; Exemplar exemplar = 2; }
  message Span { sint32 offset = 1; uint32 length = 2; }
  message Histogram {
    uint64 sample_count = 1;
    double sample_count_float = 4;
    double sample_sum = 2;
    sint32 schema = 5;
    double zero_threshold = 6;
    uint64 zero_count = 7;
    double zero_count_float = 8;
    repeated Span negative_span = 9;
    repeated sint64 negative_delta = 10;
    repeated double negative_count = 11;
    repeated Span positive_span = 12;
    repeated sint64 positive_delta = 13;
    repeated double positive_count = 14;
    repeated Exemplar exemplars = 16;
  }
  message Metric {
    repeated LabelPair label = 1;
    Gauge gauge = 2;
    Counter counter = 3;
    Histogram histogram = 7;
  }
  enum MetricType {
    COUNTER = 0;
    GAUGE = 1;
    SUMMARY = 2;
    UNTYPED = 3;
    HISTOGRAM = 4;
    GAUGE_HISTOGRAM = 5;
  }
  message MetricFamily {
    string name = 1;
    string help = 2;
    MetricType type = 3;
    repeated Metric metric = 4;
    string unit = 5;
  }
`,
  { keepCase: true },
);

/** Each family behind its length. */
export function exposition(families: readonly Family[]): Buffer {
  const type = root.lookupType('MetricFamily');
  return Buffer.concat(
    families.map((family) => type.encodeDelimited(type.fromObject(family)).finish()),
  );
}

export function timestampOf(ms: number): { readonly seconds: number; readonly nanos: number } {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
}
