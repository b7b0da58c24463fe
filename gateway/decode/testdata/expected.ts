/**
 * What the tables must hold for a request: an independent reading by protobufjs and plain
 * JavaScript, without a byte of the decoder under test. Values are as the engine prints them in
 * JSONEachRow with the settings of `engine-rows.ts`.
 */
import type { Signal } from '../../answer.ts';
import { requestType } from './otlp.ts';

// biome-ignore lint/suspicious/noExplicitAny: the shape is what the descriptors say
type Any = any;
export type Row = Record<string, unknown>;
export type ExpectedTable = { readonly table: string; readonly day: string; readonly rows: Row[] };

/** Rows by table and day, in the order in which the items came. */
export function expectedTables(
  signal: Signal,
  body: Uint8Array,
  receivedAtNs: bigint,
): ExpectedTable[] {
  const type = requestType(signal);
  const request: Any = type.toObject(type.decode(body), {
    longs: String,
    oneofs: true,
    defaults: false,
  });
  const found: { table: string; timeNs: bigint; row: Row }[] = [];
  const word = { traces: 'spans', logs: 'logs', metrics: 'metrics' }[signal];
  for (const outer of request[`resource_${word}`] ?? []) {
    for (const inner of outer[`scope_${word}`] ?? []) {
      const common = commonColumns(outer, inner);
      if (signal === 'traces') {
        for (const span of inner.spans ?? []) found.push(spanRow(span, common, receivedAtNs));
      } else if (signal === 'logs') {
        for (const record of inner.log_records ?? []) {
          found.push(logRow(record, common, receivedAtNs));
        }
      } else {
        for (const metric of inner.metrics ?? []) {
          found.push(...metricRows(metric, common, inner.scope ?? {}, receivedAtNs));
        }
      }
    }
  }
  const grouped = Map.groupBy(found, ({ table, timeNs }) => `${table} ${dayOf(timeNs)}`);
  return [...grouped].map(([key, items]) => ({
    table: key.split(' ')[0]!,
    day: key.split(' ')[1]!,
    rows: items.map(({ row }) => row),
  }));
}

function commonColumns(outer: Any, inner: Any): Row {
  const resource = pairs(outer.resource?.attributes);
  const service = resource.findLast(([key]) => key === 'service.name');
  return {
    ServiceName: service?.[1] ?? '',
    ResourceAttributes: resource,
    ResourceSchemaUrl: outer.schema_url ?? '',
    ScopeName: inner.scope?.name ?? '',
    ScopeVersion: inner.scope?.version ?? '',
    ScopeSchemaUrl: inner.schema_url ?? '',
    ScopeAttributes: pairs(inner.scope?.attributes),
    Tenant: '',
    Seal: '7',
  };
}

function spanRow(
  span: Any,
  common: Row,
  receivedAtNs: bigint,
): { table: string; timeNs: bigint; row: Row } {
  const startNs = BigInt(span.start_time_unix_nano ?? 0) || receivedAtNs;
  const endNs = BigInt(span.end_time_unix_nano ?? 0);
  const kinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
  const events: Any[] = span.events ?? [];
  const links: Any[] = span.links ?? [];
  return {
    table: 'otel_traces',
    timeNs: startNs,
    row: {
      ...common,
      Timestamp: timeText(startNs),
      TraceId: hex(span.trace_id),
      SpanId: hex(span.span_id),
      ParentSpanId: hex(span.parent_span_id),
      TraceState: span.trace_state ?? '',
      SpanName: span.name ?? '',
      SpanKind: kinds[span.kind ?? 0],
      SpanAttributes: pairs(span.attributes),
      Duration: String(endNs > startNs ? endNs - startNs : 0n),
      StatusCode: ['Unset', 'Ok', 'Error'][span.status?.code ?? 0],
      StatusMessage: span.status?.message ?? '',
      'Events.Timestamp': events.map((event) => timeText(BigInt(event.time_unix_nano ?? 0))),
      'Events.Name': events.map((event) => event.name ?? ''),
      'Events.Attributes': events.map((event) => pairs(event.attributes)),
      'Links.TraceId': links.map((link) => hex(link.trace_id)),
      'Links.SpanId': links.map((link) => hex(link.span_id)),
      'Links.TraceState': links.map((link) => link.trace_state ?? ''),
      'Links.Attributes': links.map((link) => pairs(link.attributes)),
      'EventsDroppedAttributesCount': events.map((event) => event.dropped_attributes_count ?? 0),
      'LinksDroppedAttributesCount': links.map((link) => link.dropped_attributes_count ?? 0),
      'LinksFlags': links.map((link) => link.flags ?? 0),
      SpanFlags: span.flags ?? 0,
      DroppedAttributesCount: span.dropped_attributes_count ?? 0,
      DroppedEventsCount: span.dropped_events_count ?? 0,
      DroppedLinksCount: span.dropped_links_count ?? 0,
      SamplingWeight: 1,
    },
  };
}

const severities = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

function severityText(record: Any): string {
  const number = record.severity_number ?? 0;
  if (record.severity_text || number < 1 || number > 24) return record.severity_text ?? '';
  const rest = (number - 1) % 4;
  return severities[Math.floor((number - 1) / 4)]! + (rest === 0 ? '' : rest + 1);
}

function logRow(
  record: Any,
  common: Row,
  receivedAtNs: bigint,
): { table: string; timeNs: bigint; row: Row } {
  const observedNs = BigInt(record.observed_time_unix_nano ?? 0);
  const timeNs = BigInt(record.time_unix_nano ?? 0) || observedNs || receivedAtNs;
  const flags = record.flags ?? 0;
  const bodyTypes: Record<string, string> = {
    string_value: 'String',
    bool_value: 'Bool',
    int_value: 'Int',
    double_value: 'Double',
    array_value: 'Array',
    kvlist_value: 'Map',
    bytes_value: 'Bytes',
  };
  return {
    table: 'otel_logs',
    timeNs,
    row: {
      ...common,
      Timestamp: timeText(timeNs),
      ObservedTimestamp: timeText(observedNs),
      TraceId: hex(record.trace_id),
      SpanId: hex(record.span_id),
      TraceFlags: flags & 0xff,
      LogFlags: flags,
      SeverityText: severityText(record),
      SeverityNumber: record.severity_number ?? 0,
      Body: valueText(record.body ?? {}),
      BodyType: bodyTypes[record.body?.value] ?? 'Empty',
      LogAttributes: pairs(record.attributes),
      EventName: record.event_name ?? '',
      DroppedAttributesCount: record.dropped_attributes_count ?? 0,
      SamplingWeight: 1,
    },
  };
}

function metricRows(
  metric: Any,
  common: Row,
  scope: Any,
  receivedAtNs: bigint,
): { table: string; timeNs: bigint; row: Row }[] {
  const kind: string = metric.data;
  const data = metric[kind] ?? {};
  return (data.data_points ?? []).map((point: Any) => {
    const timeNs = BigInt(point.time_unix_nano ?? 0) || receivedAtNs;
    const row: Row = {
      ...common,
      ScopeDroppedAttrCount: scope.dropped_attributes_count ?? 0,
      MetricName: metric.name ?? '',
      MetricDescription: metric.description ?? '',
      MetricUnit: metric.unit ?? '',
      Attributes: pairs(point.attributes),
      StartTimeUnix: timeText(BigInt(point.start_time_unix_nano ?? 0)),
      TimeUnix: timeText(timeNs),
      Flags: point.flags ?? 0,
      ...pointColumns(kind, point),
    };
    if (kind !== 'gauge' && kind !== 'summary') {
      row['AggregationTemporality'] = data.aggregation_temporality ?? 0;
    }
    if (kind === 'sum') row['IsMonotonic'] = data.is_monotonic ?? false;
    return { table: `otel_metrics_${kind}`, timeNs, row };
  });
}

function pointColumns(kind: string, point: Any): Row {
  const counted = { Count: point.count ?? '0', Sum: double(point.sum ?? 0) };
  if (kind === 'summary') {
    const quantiles: Any[] = point.quantile_values ?? [];
    return {
      ...counted,
      'ValueAtQuantiles.Quantile': quantiles.map((one) => double(one.quantile ?? 0)),
      'ValueAtQuantiles.Value': quantiles.map((one) => double(one.value ?? 0)),
    };
  }
  if (kind === 'gauge' || kind === 'sum') {
    const isInt = point.value === 'as_int';
    return {
      ...exemplarColumns(point),
      Value: isInt ? Number(point.as_int) : double(point.as_double ?? 0),
      ValueInt: isInt ? point.as_int : '0',
      ValueType: isInt ? 'Int' : point.value === 'as_double' ? 'Double' : 'None',
    };
  }
  const ranged = {
    ...counted,
    ...exemplarColumns(point),
    Min: double(point.min ?? 0),
    Max: double(point.max ?? 0),
    HasSum: 'sum' in point,
    HasMin: 'min' in point,
    HasMax: 'max' in point,
    // OTLP's counts are integers.
    FloatCounts: [],
  };
  if (kind === 'histogram') {
    return {
      ...ranged,
      BucketCounts: point.bucket_counts ?? [],
      ExplicitBounds: (point.explicit_bounds ?? []).map(double),
    };
  }
  return {
    ...ranged,
    Scale: point.scale ?? 0,
    ZeroCount: point.zero_count ?? '0',
    ZeroThreshold: double(point.zero_threshold ?? 0),
    PositiveOffset: point.positive?.offset ?? 0,
    PositiveBucketCounts: point.positive?.bucket_counts ?? [],
    NegativeOffset: point.negative?.offset ?? 0,
    NegativeBucketCounts: point.negative?.bucket_counts ?? [],
  };
}

function exemplarColumns(point: Any): Row {
  const exemplars: Any[] = point.exemplars ?? [];
  return {
    'Exemplars.FilteredAttributes': exemplars.map((one) => pairs(one.filtered_attributes)),
    'Exemplars.TimeUnix': exemplars.map((one) => timeText(BigInt(one.time_unix_nano ?? 0))),
    'Exemplars.Value': exemplars.map((one) =>
      one.value === 'as_int' ? Number(one.as_int) : double(one.as_double ?? 0),
    ),
    'Exemplars.SpanId': exemplars.map((one) => hex(one.span_id)),
    'Exemplars.TraceId': exemplars.map((one) => hex(one.trace_id)),
  };
}

/** Key and text of each attribute; of a repeated key the last one. */
function pairs(attributes: Any[] | undefined): [string, string][] {
  const all = (attributes ?? []).map((one): [string, string] => [
    one.key ?? '',
    valueText(one.value ?? {}),
  ]);
  return all.filter(([key], index) => !all.slice(index + 1).some(([later]) => later === key));
}

export function valueText(value: Any): string {
  switch (value.value) {
    case 'string_value':
      return value.string_value;
    case 'bytes_value':
      return Buffer.from(value.bytes_value).toString('base64');
    case 'double_value':
      return doubleText(value.double_value);
    case undefined:
      return '';
    default:
      return jsonText(value);
  }
}

function jsonText(value: Any): string {
  switch (value.value) {
    case 'string_value':
      return JSON.stringify(value.string_value);
    case 'bool_value':
      return String(value.bool_value);
    case 'int_value':
      return String(value.int_value);
    case 'double_value':
      return Number.isFinite(value.double_value)
        ? doubleText(value.double_value)
        : `"${value.double_value}"`;
    case 'bytes_value':
      return `"${Buffer.from(value.bytes_value).toString('base64')}"`;
    case 'array_value':
      return `[${(value.array_value.values ?? []).map(jsonText).join(',')}]`;
    case 'kvlist_value':
      return `{${(value.kvlist_value.values ?? [])
        .map((one: Any) => `${JSON.stringify(one.key ?? '')}:${jsonText(one.value ?? {})}`)
        .join(',')}}`;
    default:
      return 'null';
  }
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A double as the engine's JSON has it. */
function double(value: number): number | string {
  if (Number.isNaN(value)) return 'nan';
  if (Number.isFinite(value)) return value;
  return value > 0 ? 'inf' : '-inf';
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

/** A time as the engine prints it with `date_time_output_format = 'unix_timestamp'`. */
function timeText(timeNs: bigint): string {
  return `${timeNs / 1_000_000_000n}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}`;
}

function dayOf(timeNs: bigint): string {
  return new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, 10);
}
