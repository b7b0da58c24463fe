/**
 * Remote write as protobufjs sees it, both versions in one normal form: the independent decoder of
 * tests of what rewrites requests.
 */
import protobuf from 'protobufjs';
import type { Label } from './write-request.ts';

type Field = readonly [type: string, id: number];

const one = ([type, id]: Field): protobuf.IField => ({ type, id });
const many = ([type, id]: Field): protobuf.IField => ({ rule: 'repeated', type, id });
const message = (fields: protobuf.IType['fields']): protobuf.IType => ({ fields });

const histogram = message({
  count_int: one(['uint64', 1]),
  count_float: one(['double', 2]),
  sum: one(['double', 3]),
  schema: one(['sint32', 4]),
  zero_threshold: one(['double', 5]),
  zero_count_int: one(['uint64', 6]),
  zero_count_float: one(['double', 7]),
  positive_spans: many(['BucketSpan', 11]),
  positive_deltas: many(['sint64', 12]),
  positive_counts: many(['double', 13]),
  timestamp: one(['int64', 15]),
  custom_values: many(['double', 16]),
});

const shared = {
  BucketSpan: message({ offset: one(['sint32', 1]), length: one(['uint32', 2]) }),
  Histogram: histogram,
};

const root = protobuf.Root.fromJSON({
  nested: {
    one: {
      nested: {
        ...shared,
        Request: message({
          timeseries: many(['TimeSeries', 1]),
          metadata: many(['Metadata', 3]),
        }),
        TimeSeries: message({
          labels: many(['Label', 1]),
          samples: many(['Sample', 2]),
          exemplars: many(['Exemplar', 3]),
          histograms: many(['Histogram', 4]),
        }),
        Label: message({ name: one(['string', 1]), value: one(['string', 2]) }),
        Sample: message({ value: one(['double', 1]), timestamp: one(['int64', 2]) }),
        Exemplar: message({
          labels: many(['Label', 1]),
          value: one(['double', 2]),
          timestamp: one(['int64', 3]),
        }),
        Metadata: message({
          type: one(['int32', 1]),
          metric_family_name: one(['string', 2]),
          help: one(['string', 4]),
          unit: one(['string', 5]),
        }),
      },
    },
    two: {
      nested: {
        ...shared,
        Request: message({
          symbols: many(['string', 4]),
          timeseries: many(['TimeSeries', 5]),
        }),
        TimeSeries: message({
          labels_refs: many(['uint32', 1]),
          samples: many(['Sample', 2]),
          histograms: many(['Histogram', 3]),
          exemplars: many(['Exemplar', 4]),
          metadata: one(['Metadata', 5]),
        }),
        Sample: message({
          value: one(['double', 1]),
          timestamp: one(['int64', 2]),
          start_timestamp: one(['int64', 3]),
        }),
        Exemplar: message({
          labels_refs: many(['uint32', 1]),
          value: one(['double', 2]),
          timestamp: one(['int64', 3]),
        }),
        Metadata: message({
          type: one(['int32', 1]),
          help_ref: one(['uint32', 3]),
          unit_ref: one(['uint32', 4]),
        }),
      },
    },
  },
});

export type Version = 1 | 2;

/** Points, exemplars and histograms as protobufjs has them. */
export type ReadSeries = {
  readonly labels: readonly Label[];
  readonly exemplars: readonly { readonly labels: readonly Label[] }[];
  /** In 2.0 part of the series, in 1.0 of the request. */
  readonly help?: string;
};

// biome-ignore lint/suspicious/noExplicitAny: decoded messages have no type
type Any = Record<string, any>;

const packages = { 1: 'one', 2: 'two' } as const;

function requestOf(version: Version): protobuf.Type {
  return root.lookupType(`${packages[version]}.Request`);
}

function nameOf(labels: readonly Label[]): string {
  return labels.find(([name]) => name === '__name__')?.[1] ?? '';
}

/** The series of a request; symbols are looked up, so both versions compare. */
export function readWrite(version: Version, body: Uint8Array): readonly ReadSeries[] {
  const type = requestOf(version);
  const request: Any = type.toObject(type.decode(body), { longs: Number, arrays: true });
  const symbols: readonly string[] = request['symbols'] ?? [];
  const pairs = (of: Any): Label[] => {
    if (version === 1) return of['labels'].map((label: Any) => [label['name'] ?? '', label['value'] ?? '']);
    const refs: readonly number[] = of['labels_refs'];
    return refs.flatMap((ref, index) =>
      index % 2 === 0 ? [[symbols[ref] ?? '', symbols[refs[index + 1] ?? -1] ?? ''] as const] : [],
    );
  };
  const help = new Map<string, string>(
    (request['metadata'] ?? []).map((one: Any) => [one['metric_family_name'], one['help']]),
  );
  return request['timeseries'].map((series: Any) => {
    const labels = pairs(series);
    const said =
      version === 1 ? help.get(nameOf(labels)) : symbols[series['metadata']?.help_ref ?? -1];
    return {
      labels,
      samples: series['samples'],
      exemplars: series['exemplars'].map((exemplar: Any) => ({
        labels: pairs(exemplar),
        value: exemplar['value'],
        timestamp: exemplar['timestamp'],
      })),
      histograms: series['histograms'],
      ...(said !== undefined && { help: said }),
    };
  });
}

/** The symbols of a request of 2.0. */
export function symbolsOf(body: Uint8Array): readonly string[] {
  const type = requestOf(2);
  const request: Any = type.toObject(type.decode(body), { arrays: true });
  return request['symbols'];
}
