/**
 * What a request must look like in ClickHouse, worked out from its JSON form by straightforward
 * code that shares nothing with the gateway's decoder. 64-bit integers and times are text, times
 * are nanoseconds since the epoch.
 */
import type {
  AnyValue,
  Exemplar,
  Int64,
  KeyValue,
  LogRecord,
  Metric,
  Point,
  Request,
  Resource,
  Scope,
  Span,
} from './otlp-json.ts';

export type Row = Readonly<Record<string, unknown>>;
export type Rows = Readonly<Record<string, readonly Row[]>>;

const kinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const statuses = ['Unset', 'Ok', 'Error'];

/** Rows by table. */
export function expectedRows(request: Request): Rows {
  const rows: Record<string, Row[]> = {};
  const add = (table: string, row: Row): void => {
    rows[table] ??= [];
    rows[table].push(row);
  };
  for (const { resource, schemaUrl: resourceUrl, scopeSpans } of request.resourceSpans ?? []) {
    for (const { scope, schemaUrl, spans } of scopeSpans ?? []) {
      const common = commonOf(resource, resourceUrl, scope, schemaUrl);
      for (const span of spans ?? []) add('otel_traces', spanRow(span, common));
    }
  }
  for (const { resource, schemaUrl: resourceUrl, scopeLogs } of request.resourceLogs ?? []) {
    for (const { scope, schemaUrl, logRecords } of scopeLogs ?? []) {
      const common = commonOf(resource, resourceUrl, scope, schemaUrl);
      for (const record of logRecords ?? []) add('otel_logs', logRow(record, common));
    }
  }
  for (const { resource, schemaUrl: resourceUrl, scopeMetrics } of request.resourceMetrics ?? []) {
    for (const { scope, schemaUrl, metrics } of scopeMetrics ?? []) {
      const common = {
        ...commonOf(resource, resourceUrl, scope, schemaUrl),
        ScopeDroppedAttrCount: scope?.droppedAttributesCount ?? 0,
      };
      for (const metric of metrics ?? []) {
        for (const [table, row] of metricRows(metric, common)) add(table, row);
      }
    }
  }
  return rows;
}

function commonOf(
  resource: Resource | undefined,
  resourceUrl: string | undefined,
  scope: Scope | undefined,
  scopeUrl: string | undefined,
): Row {
  const attributes = mapOf(resource?.attributes);
  return {
    ResourceAttributes: attributes,
    ServiceName: attributes['service.name'] ?? '',
    ResourceSchemaUrl: resourceUrl ?? '',
    ScopeName: scope?.name ?? '',
    ScopeVersion: scope?.version ?? '',
    ScopeAttributes: mapOf(scope?.attributes),
    ScopeSchemaUrl: scopeUrl ?? '',
  };
}

function spanRow(span: Span, common: Row): Row {
  const start = BigInt(span.startTimeUnixNano ?? 0);
  const end = BigInt(span.endTimeUnixNano ?? 0);
  const events = span.events ?? [];
  const links = span.links ?? [];
  return {
    ...common,
    Timestamp: String(start),
    TraceId: idOf(span.traceId),
    SpanId: idOf(span.spanId),
    ParentSpanId: idOf(span.parentSpanId),
    TraceState: span.traceState ?? '',
    SpanName: span.name ?? '',
    SpanKind: kinds[span.kind ?? 0],
    SpanAttributes: mapOf(span.attributes),
    Duration: String(end > start ? end - start : 0n),
    StatusCode: statuses[span.status?.code ?? 0],
    StatusMessage: span.status?.message ?? '',
    'Events.Timestamp': events.map((event) => int(event.timeUnixNano)),
    'Events.Name': events.map((event) => event.name ?? ''),
    'Events.Attributes': events.map((event) => mapOf(event.attributes)),
    'Links.TraceId': links.map((link) => idOf(link.traceId)),
    'Links.SpanId': links.map((link) => idOf(link.spanId)),
    'Links.TraceState': links.map((link) => link.traceState ?? ''),
    'Links.Attributes': links.map((link) => mapOf(link.attributes)),
    EventsDroppedAttributesCount: events.map((event) => event.droppedAttributesCount ?? 0),
    LinksDroppedAttributesCount: links.map((link) => link.droppedAttributesCount ?? 0),
    LinksFlags: links.map((link) => link.flags ?? 0),
    SpanFlags: span.flags ?? 0,
    DroppedAttributesCount: span.droppedAttributesCount ?? 0,
    DroppedEventsCount: span.droppedEventsCount ?? 0,
    DroppedLinksCount: span.droppedLinksCount ?? 0,
  };
}

const bodyTypes = [
  ['stringValue', 'String'],
  ['boolValue', 'Bool'],
  ['intValue', 'Int'],
  ['doubleValue', 'Double'],
  ['arrayValue', 'Array'],
  ['kvlistValue', 'Map'],
  ['bytesValue', 'Bytes'],
] as const;

function logRow(record: LogRecord, common: Row): Row {
  const observed = int(record.observedTimeUnixNano);
  const time = int(record.timeUnixNano);
  const body = record.body ?? {};
  return {
    ...common,
    Timestamp: time === '0' ? observed : time,
    ObservedTimestamp: observed,
    TraceId: idOf(record.traceId),
    SpanId: idOf(record.spanId),
    TraceFlags: (record.flags ?? 0) & 0xff,
    LogFlags: record.flags ?? 0,
    SeverityText: record.severityText ?? '',
    SeverityNumber: record.severityNumber ?? 0,
    Body: textOf(body),
    BodyType: bodyTypes.find(([key]) => body[key] !== undefined)?.[1] ?? 'Empty',
    LogAttributes: mapOf(record.attributes),
    EventName: record.eventName ?? '',
    DroppedAttributesCount: record.droppedAttributesCount ?? 0,
  };
}

function metricRows(metric: Metric, common: Row): readonly (readonly [string, Row])[] {
  const named = {
    ...common,
    MetricName: metric.name ?? '',
    MetricDescription: metric.description ?? '',
    MetricUnit: metric.unit ?? '',
  };
  const rows = (
    name: string,
    points: readonly Point[] | undefined,
    more: (point: Point) => Row,
  ): (readonly [string, Row])[] =>
    (points ?? []).map((point) => [
      `otel_metrics_${name}`,
      { ...named, ...pointRow(point), ...more(point) },
    ]);
  const { gauge, sum, histogram, exponentialHistogram, summary } = metric;
  return [
    ...rows('gauge', gauge?.dataPoints, (point) => ({ ...number(point), ...exemplars(point) })),
    ...rows('sum', sum?.dataPoints, (point) => ({
      ...number(point),
      ...exemplars(point),
      AggregationTemporality: sum?.aggregationTemporality ?? 0,
      IsMonotonic: sum?.isMonotonic ?? false,
    })),
    ...rows('histogram', histogram?.dataPoints, (point) => ({
      ...distribution(point),
      ...exemplars(point),
      AggregationTemporality: histogram?.aggregationTemporality ?? 0,
      BucketCounts: (point.bucketCounts ?? []).map(int),
      ExplicitBounds: point.explicitBounds ?? [],
    })),
    ...rows('exponential_histogram', exponentialHistogram?.dataPoints, (point) => ({
      ...distribution(point),
      ...exemplars(point),
      AggregationTemporality: exponentialHistogram?.aggregationTemporality ?? 0,
      Scale: point.scale ?? 0,
      ZeroCount: int(point.zeroCount),
      ZeroThreshold: point.zeroThreshold ?? 0,
      PositiveOffset: point.positive?.offset ?? 0,
      PositiveBucketCounts: (point.positive?.bucketCounts ?? []).map(int),
      NegativeOffset: point.negative?.offset ?? 0,
      NegativeBucketCounts: (point.negative?.bucketCounts ?? []).map(int),
    })),
    ...rows('summary', summary?.dataPoints, (point) => ({
      Count: int(point.count),
      Sum: point.sum ?? 0,
      'ValueAtQuantiles.Quantile': (point.quantileValues ?? []).map((entry) => entry.quantile ?? 0),
      'ValueAtQuantiles.Value': (point.quantileValues ?? []).map((entry) => entry.value ?? 0),
    })),
  ];
}

function pointRow(point: Point): Row {
  return {
    Attributes: mapOf(point.attributes),
    StartTimeUnix: int(point.startTimeUnixNano),
    TimeUnix: int(point.timeUnixNano),
    Flags: point.flags ?? 0,
  };
}

function number(point: Point): Row {
  if (point.asInt !== undefined) {
    return { Value: Number(point.asInt), ValueInt: int(point.asInt), ValueType: 'Int' };
  }
  const type = point.asDouble === undefined ? 'None' : 'Double';
  return { Value: Number(point.asDouble ?? 0), ValueInt: '0', ValueType: type };
}

function distribution(point: Point): Row {
  return {
    Count: int(point.count),
    Sum: point.sum ?? 0,
    Min: point.min ?? 0,
    Max: point.max ?? 0,
    HasSum: point.sum !== undefined,
    HasMin: point.min !== undefined,
    HasMax: point.max !== undefined,
    FloatCounts: [],
  };
}

function exemplars(point: Point): Row {
  const list: readonly Exemplar[] = point.exemplars ?? [];
  return {
    'Exemplars.FilteredAttributes': list.map((entry) => mapOf(entry.filteredAttributes)),
    'Exemplars.TimeUnix': list.map((entry) => int(entry.timeUnixNano)),
    'Exemplars.Value': list.map((entry) => Number(entry.asDouble ?? entry.asInt ?? 0)),
    'Exemplars.SpanId': list.map((entry) => idOf(entry.spanId)),
    'Exemplars.TraceId': list.map((entry) => idOf(entry.traceId)),
  };
}

function int(value: Int64 | undefined): string {
  return String(BigInt(value ?? 0));
}

function idOf(value: string | undefined): string {
  return (value ?? '').toLowerCase();
}

function mapOf(attributes: readonly KeyValue[] | undefined): Record<string, string> {
  return Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, textOf(value ?? {})]));
}

/** The text rule of the attribute columns (docs/reference/schema.md). */
function textOf(value: AnyValue): string {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return String(value.boolValue);
  if (value.intValue !== undefined) return int(value.intValue);
  if (value.doubleValue !== undefined) return String(Number(value.doubleValue));
  if (value.bytesValue !== undefined) return value.bytesValue;
  if (value.arrayValue !== undefined || value.kvlistValue !== undefined) return jsonOf(value);
  return '';
}

function jsonOf(value: AnyValue): string {
  if (value.arrayValue !== undefined) {
    return `[${(value.arrayValue.values ?? []).map(jsonOf).join(',')}]`;
  }
  if (value.kvlistValue !== undefined) {
    const entries = (value.kvlistValue.values ?? []).map(
      (entry) => `${JSON.stringify(entry.key)}:${jsonOf(entry.value ?? {})}`,
    );
    return `{${entries.join(',')}}`;
  }
  if (value.intValue !== undefined) return int(value.intValue);
  if (value.doubleValue !== undefined) {
    const double = Number(value.doubleValue);
    return Number.isFinite(double) ? String(double) : `"${double}"`;
  }
  if (value.boolValue !== undefined) return String(value.boolValue);
  if (value.stringValue !== undefined || value.bytesValue !== undefined) {
    return JSON.stringify(value.stringValue ?? value.bytesValue);
  }
  return 'null';
}
