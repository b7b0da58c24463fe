/** Random OTLP requests as plain data, `.proto` field names: for property tests and fuzzers. */
import fc from 'fast-check';
import type { Signal } from '../../answer.ts';

export const receivedAtNs = 1_795_003_200_000_000_000n;
const halfDayNs = 43_200_000_000_000;

type Shape = Record<string, fc.Arbitrary<unknown>>;

/** A message whose fields may all be missing. */
const message = (shape: Shape, required: string[] = []): fc.Arbitrary<unknown> =>
  fc.record(shape, { requiredKeys: required }) as fc.Arbitrary<unknown>;

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom('', 'service.name', 'http.route', 'a', 'b', 'x'.repeat(127), 'y'.repeat(300)),
);
const wholeId = (bytes: number): fc.Arbitrary<Buffer> =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((id) => Buffer.from(id.map((byte) => byte | 1)));
const id = (bytes: number): fc.Arbitrary<Buffer> =>
  fc.oneof(wholeId(bytes), fc.constant(Buffer.alloc(0)));
const bytes = fc.uint8Array({ maxLength: 9 }).map((value) => Buffer.from(value));
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -20n, max: 70_000n }),
  fc.constantFrom(2n ** 31n, 2n ** 53n + 1n, -(2n ** 63n)),
).map(String);
const uint64 = fc
  .oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 500n }))
  .map(String);
const uint32 = fc.oneof(fc.nat(300), fc.nat(2 ** 32 - 1));
const double = fc.double();
const time = fc.oneof(
  fc.integer({ min: -halfDayNs, max: halfDayNs }).map((by) => String(receivedAtNs + BigInt(by))),
  fc.constant('0'),
);

const { anyValue, attribute } = fc.letrec<{ anyValue: unknown; attribute: unknown }>((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    message({ string_value: text }, ['string_value']),
    message({ int_value: int64 }, ['int_value']),
    message({ double_value: double }, ['double_value']),
    message({ bool_value: fc.boolean() }, ['bool_value']),
    message({ bytes_value: bytes }, ['bytes_value']),
    fc.constant({}),
    fc.record({
      array_value: fc.record({ values: fc.array(tie('anyValue'), { maxLength: 3 }) }),
    }),
    fc.record({
      kvlist_value: fc.record({ values: fc.array(tie('attribute'), { maxLength: 3 }) }),
    }),
  ),
  attribute: message({ key: text, value: tie('anyValue') }),
}));
const attributes = fc.array(attribute, { maxLength: 5 });
const dropped_attributes_count = uint32;

const resource = message({ attributes, dropped_attributes_count });
const scope = message({ name: text, version: text, attributes, dropped_attributes_count });

const span = message(
  {
    trace_id: wholeId(16),
    span_id: wholeId(8),
    trace_state: text,
    parent_span_id: id(8),
    name: text,
    kind: fc.nat(5),
    start_time_unix_nano: time,
    end_time_unix_nano: time,
    attributes,
    dropped_attributes_count,
    events: fc.array(
      message({ time_unix_nano: time, name: text, attributes, dropped_attributes_count }),
      { maxLength: 3 },
    ),
    dropped_events_count: uint32,
    links: fc.array(
      message({
        trace_id: id(16),
        span_id: id(8),
        trace_state: text,
        attributes,
        dropped_attributes_count,
        flags: uint32,
      }),
      { maxLength: 2 },
    ),
    dropped_links_count: uint32,
    status: message({ code: fc.nat(2), message: text }),
    flags: uint32,
  },
  ['trace_id', 'span_id'],
);

const logRecord = message({
  time_unix_nano: time,
  severity_number: fc.nat(24),
  severity_text: text,
  body: anyValue,
  attributes,
  dropped_attributes_count,
  flags: uint32,
  trace_id: id(16),
  span_id: id(8),
  observed_time_unix_nano: time,
  event_name: text,
});

const exemplar = fc.oneof(...['as_double', 'as_int'].map((value) =>
  message({
    time_unix_nano: time,
    [value]: value === 'as_int' ? int64 : double,
    span_id: id(8),
    trace_id: id(16),
    filtered_attributes: attributes,
  }),
));
const common = { start_time_unix_nano: time, time_unix_nano: time, attributes, flags: uint32 };
const exemplars = fc.array(exemplar, { maxLength: 2 });
const numberPoint = fc.oneof(
  message({ ...common, exemplars, as_double: double }),
  message({ ...common, exemplars, as_int: int64 }),
);
const distribution = { ...common, exemplars, count: uint64, sum: double, min: double, max: double };
const numbers = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { maxLength: 20 });
const histogramPoint = message({
  ...distribution,
  bucket_counts: numbers(uint64),
  explicit_bounds: numbers(double),
});
const buckets = message({ offset: fc.integer(), bucket_counts: numbers(uint64) });
const exponentialPoint = message({
  ...distribution,
  scale: fc.integer({ min: -20, max: 20 }),
  zero_count: uint64,
  zero_threshold: double,
  positive: buckets,
  negative: buckets,
});
const summaryPoint = message({
  ...common,
  count: uint64,
  sum: double,
  quantile_values: numbers(message({ quantile: double, value: double })),
});
const points = (point: fc.Arbitrary<unknown>): fc.Arbitrary<unknown[]> =>
  fc.array(point, { maxLength: 4 });
const aggregation_temporality = fc.nat(2);
const data = {
  gauge: message({ data_points: points(numberPoint) }),
  sum: message({
    data_points: points(numberPoint),
    aggregation_temporality,
    is_monotonic: fc.boolean(),
  }),
  histogram: message({ data_points: points(histogramPoint), aggregation_temporality }),
  exponential_histogram: message({
    data_points: points(exponentialPoint),
    aggregation_temporality,
  }),
  summary: message({ data_points: points(summaryPoint) }),
};
const metric = fc.oneof(
  ...Object.entries(data).map(([kind, value]) =>
    message({ name: text, description: text, unit: text, [kind]: value }),
  ),
);

const items = { traces: ['spans', span], logs: ['log_records', logRecord], metrics: ['metrics', metric] } as const;
const words = { traces: 'spans', logs: 'logs', metrics: 'metrics' } as const;

const scalar = fc.oneof(
  fc.record({ string_value: text }),
  fc.record({ int_value: int64 }),
  fc.record({ double_value: double }),
  fc.record({ bool_value: fc.boolean() }),
  fc.constant({}),
);
const asciiKey = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.constantFrom('', 'service.name', 'http.route', 'http.status_code', 'a', 'x'.repeat(127)),
);
const ordinaryAttributes = fc.uniqueArray(fc.record({ key: asciiKey, value: scalar }), {
  selector: ({ key }) => key,
  maxLength: 8,
});
const setTime = fc
  .integer({ min: -halfDayNs, max: halfDayNs })
  .map((by) => String(receivedAtNs + BigInt(by)));
const ordinarySpan = message(
  {
    trace_id: wholeId(16),
    span_id: wholeId(8),
    parent_span_id: id(8),
    name: text,
    kind: fc.nat(7),
    start_time_unix_nano: setTime,
    end_time_unix_nano: time,
    attributes: ordinaryAttributes,
    dropped_attributes_count: uint32,
    dropped_events_count: uint32,
    status: message({ message: text, code: fc.nat(4) }),
    flags: uint32,
  },
  ['trace_id', 'span_id', 'name', 'start_time_unix_nano', 'end_time_unix_nano'],
);
const ordinaryRecord = message(
  {
    time_unix_nano: time,
    severity_number: fc.nat(30),
    severity_text: text,
    body: fc.record({ string_value: text }),
    attributes: ordinaryAttributes,
    dropped_attributes_count: uint32,
    flags: uint32,
    trace_id: id(16),
    span_id: id(8),
    observed_time_unix_nano: setTime,
    event_name: text,
  },
  ['observed_time_unix_nano'],
);
const ordinary = { traces: ordinarySpan, logs: ordinaryRecord };

/** A request of one scope with many items, of which few are not what most senders write. */
export function longRequestOf(signal: 'traces' | 'logs'): fc.Arbitrary<Record<string, unknown>> {
  const [name, item] = items[signal];
  const one = fc.oneof(
    { weight: 14, arbitrary: ordinary[signal] },
    { weight: 1, arbitrary: item as fc.Arbitrary<unknown> },
  );
  const scoped = message({ scope, [name]: fc.array(one, { minLength: 2, maxLength: 40 }) }, [name]);
  const key = `scope_${words[signal]}`;
  const resourced = message({ resource, [key]: fc.tuple(scoped) }, [key]);
  return fc.record({ [`resource_${words[signal]}`]: fc.tuple(resourced) });
}

/** A request of `signal` with a few resources, scopes and items. */
export function requestOf(signal: Signal): fc.Arbitrary<Record<string, unknown>> {
  const [name, item] = items[signal];
  const scoped = message({
    scope,
    schema_url: text,
    [name]: fc.array(item as fc.Arbitrary<unknown>, { maxLength: 5 }),
  });
  const resourced = message({
    resource,
    schema_url: text,
    [`scope_${words[signal]}`]: fc.array(scoped, { maxLength: 3 }),
  });
  return fc.record({
    [`resource_${words[signal]}`]: fc.array(resourced, { maxLength: 3 }),
  });
}
