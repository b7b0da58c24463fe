/** Whole, valid requests with every kind of item and value in them: what is cut and mutated. */
import type { Signal } from '../../gateway/answer.ts';
import { toOtlpJson } from '../../gateway/decode/testdata/json-form.ts';
import { encodeRequest } from '../../gateway/decode/testdata/otlp.ts';

export const signals: readonly Signal[] = ['traces', 'logs', 'metrics'];

/** Protobuf bytes of a golden request; every `variant` has bytes of its own. */
export function goldenBody(signal: Signal, variant: number): Uint8Array {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const makers = { traces: traceRequest, logs: logRequest, metrics: metricRequest };
  return encodeRequest(signal, makers[signal](variant, String(nowNs)));
}

/** The same in OTLP's JSON form. */
export function goldenJson(signal: Signal, variant: number): Uint8Array {
  return new Uint8Array(Buffer.from(toOtlpJson(signal, goldenBody(signal, variant))));
}

const id = (bytes: number, variant: number): Uint8Array =>
  Buffer.from(Array.from({ length: bytes }, (_, index) => ((variant + index) & 0xff) | 1));

const pair = (key: string, value: object): object => ({ key, value });

const attributes = [
  pair('text', { string_value: 'grüße ✓' }),
  pair('int', { int_value: '-9007199254740993' }),
  pair('double', { double_value: 1e-7 }),
  pair('yes', { bool_value: true }),
  pair('bytes', { bytes_value: Buffer.from([0, 255]) }),
  pair('empty', {}),
  pair('list', { array_value: { values: [{ string_value: 'a' }, { int_value: '1' }] } }),
  pair('map', { kvlist_value: { values: [pair('k', { double_value: 2.5 })] } }),
];

function common(variant: number): { readonly resource: object; readonly scope: object } {
  const service = pair('service.name', { string_value: `golden-${variant}` });
  return {
    resource: { attributes: [service, ...attributes], dropped_attributes_count: 1 },
    scope: { name: 'golden', version: '1.2.3', attributes },
  };
}

function traceRequest(variant: number, nowNs: string): Record<string, unknown> {
  const { resource, scope } = common(variant);
  const link = { trace_id: id(16, variant), span_id: id(8, variant), attributes };
  const span = {
    trace_id: id(16, variant),
    span_id: id(8, variant),
    parent_span_id: id(8, variant + 1),
    trace_state: 'a=b',
    name: 'golden',
    kind: 2,
    start_time_unix_nano: nowNs,
    end_time_unix_nano: String(BigInt(nowNs) + 5_000_000n),
    attributes,
    events: [{ time_unix_nano: nowNs, name: 'event', attributes }],
    links: [link],
    status: { code: 2, message: 'broken' },
    flags: 257,
  };
  const bare = { trace_id: id(16, variant), span_id: id(8, variant + 2), name: 'bare' };
  const scoped = { scope, spans: [span, bare], schema_url: 'https://scope.example' };
  const resourced = { resource, scope_spans: [scoped], schema_url: 'https://example.org' };
  return { resource_spans: [resourced, { scope_spans: [{ spans: [bare] }] }] };
}

function logRequest(variant: number, nowNs: string): Record<string, unknown> {
  const { resource, scope } = common(variant);
  const record = {
    time_unix_nano: nowNs,
    observed_time_unix_nano: nowNs,
    severity_number: 17,
    severity_text: 'ERROR',
    attributes,
    trace_id: id(16, variant),
    span_id: id(8, variant),
    flags: 1,
    event_name: 'golden',
  };
  const bodies = [
    { string_value: 'a line' },
    { kvlist_value: { values: [pair('a', { array_value: { values: [{ int_value: '1' }] } })] } },
  ];
  const records = bodies.map((body) => ({ ...record, body }));
  const scoped = { scope, log_records: [...records, {}], schema_url: 'https://scope.example' };
  return { resource_logs: [{ resource, scope_logs: [scoped] }, { scope_logs: [scoped] }] };
}

function metricRequest(variant: number, nowNs: string): Record<string, unknown> {
  const { resource, scope } = common(variant);
  const exemplar = {
    time_unix_nano: nowNs,
    as_double: 1.5,
    trace_id: id(16, variant),
    span_id: id(8, variant),
    filtered_attributes: attributes.slice(0, 2),
  };
  const point = {
    start_time_unix_nano: nowNs,
    time_unix_nano: nowNs,
    attributes: attributes.slice(0, 3),
  };
  const exemplars = [exemplar];
  const counted = { ...point, count: '6', sum: 12.5 };
  const distribution = { ...counted, min: 0.5, max: 4, exemplars };
  const buckets = { offset: -2, bucket_counts: ['1', '2'] };
  const aggregation_temporality = 2;
  const named = (kind: string, data: object): object => ({
    name: `golden.${kind}`,
    unit: 's',
    description: kind,
    [kind]: data,
  });
  const metrics = [
    named('gauge', { data_points: [{ ...point, as_double: 1.25, exemplars }, { as_int: '-7' }] }),
    named('sum', {
      data_points: [{ ...point, as_int: '9007199254740993', exemplars }],
      aggregation_temporality,
      is_monotonic: true,
    }),
    named('histogram', {
      data_points: [{ ...distribution, bucket_counts: ['1', '2', '3'], explicit_bounds: [1, 2] }],
      aggregation_temporality,
    }),
    named('exponential_histogram', {
      data_points: [
        { ...distribution, scale: 3, zero_count: '1', positive: buckets, negative: buckets },
      ],
      aggregation_temporality,
    }),
    named('summary', {
      data_points: [{ ...counted, quantile_values: [{ quantile: 0.5, value: 2 }] }],
    }),
  ];
  const scoped = { scope, metrics, schema_url: 'https://scope.example' };
  return { resource_metrics: [{ resource, scope_metrics: [scoped] }] };
}
