/**
 * OTLP's messages as its JSON form names them: key, field number, kind. A test compares this
 * table with the `.proto` descriptors.
 *
 * The slower path. Allocations per item: none: a table.
 * Copies: one of each value. Owner: the transcoder, for one request. Watched by
 * `decode.bench.ts`.
 */

export type Kind =
  | 'string'
  | 'bytes'
  | 'id'
  | 'bool'
  | 'enum'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'int64'
  | 'uint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'double';

export type Field = {
  readonly number: number;
  readonly kind: Kind | Message;
  readonly isRepeated: boolean;
};

export type Message = {
  /** Full name without the package, as in the `.proto` file. */
  readonly name: string;
  readonly fields: Map<string, Field>;
  /** The same keys as bytes, so that reading one makes no string. */
  readonly keys: { readonly bytes: Uint8Array; readonly field: Field }[];
};

type Shape = Readonly<Record<string, readonly [number, Kind | Message, 'repeated'?]>>;

function message(name: string, shape: Shape = {}): Message {
  const made: Message = { name, fields: new Map(), keys: [] };
  extend(made, shape);
  return made;
}

function extend(target: Message, shape: Shape): void {
  for (const [key, [number, kind, repeated]] of Object.entries(shape)) {
    const field = { number, kind, isRepeated: repeated === 'repeated' };
    target.fields.set(key, field);
    target.keys.push({ bytes: new Uint8Array(Buffer.from(key)), field });
  }
}

/** Any value; the message that may nest. */
export const anyValue = message('AnyValue');
const keyValue = message('KeyValue', { key: [1, 'string'], value: [2, anyValue] });
const arrayValue = message('ArrayValue', { values: [1, anyValue, 'repeated'] });
const keyValueList = message('KeyValueList', { values: [1, keyValue, 'repeated'] });
extend(anyValue, {
  stringValue: [1, 'string'],
  boolValue: [2, 'bool'],
  intValue: [3, 'int64'],
  doubleValue: [4, 'double'],
  arrayValue: [5, arrayValue],
  kvlistValue: [6, keyValueList],
  bytesValue: [7, 'bytes'],
});

const resource = message('Resource', {
  attributes: [1, keyValue, 'repeated'],
  droppedAttributesCount: [2, 'uint32'],
});
const scope = message('InstrumentationScope', {
  name: [1, 'string'],
  version: [2, 'string'],
  attributes: [3, keyValue, 'repeated'],
  droppedAttributesCount: [4, 'uint32'],
});

const event = message('Event', {
  timeUnixNano: [1, 'fixed64'],
  name: [2, 'string'],
  attributes: [3, keyValue, 'repeated'],
  droppedAttributesCount: [4, 'uint32'],
});
const link = message('Link', {
  traceId: [1, 'id'],
  spanId: [2, 'id'],
  traceState: [3, 'string'],
  attributes: [4, keyValue, 'repeated'],
  droppedAttributesCount: [5, 'uint32'],
  flags: [6, 'fixed32'],
});
const status = message('Status', { message: [2, 'string'], code: [3, 'enum'] });
const span = message('Span', {
  traceId: [1, 'id'],
  spanId: [2, 'id'],
  traceState: [3, 'string'],
  parentSpanId: [4, 'id'],
  name: [5, 'string'],
  kind: [6, 'enum'],
  startTimeUnixNano: [7, 'fixed64'],
  endTimeUnixNano: [8, 'fixed64'],
  attributes: [9, keyValue, 'repeated'],
  droppedAttributesCount: [10, 'uint32'],
  events: [11, event, 'repeated'],
  droppedEventsCount: [12, 'uint32'],
  links: [13, link, 'repeated'],
  droppedLinksCount: [14, 'uint32'],
  status: [15, status],
  flags: [16, 'fixed32'],
});
const scopeSpans = message('ScopeSpans', {
  scope: [1, scope],
  spans: [2, span, 'repeated'],
  schemaUrl: [3, 'string'],
});
const resourceSpans = message('ResourceSpans', {
  resource: [1, resource],
  scopeSpans: [2, scopeSpans, 'repeated'],
  schemaUrl: [3, 'string'],
});

const logRecord = message('LogRecord', {
  timeUnixNano: [1, 'fixed64'],
  severityNumber: [2, 'enum'],
  severityText: [3, 'string'],
  body: [5, anyValue],
  attributes: [6, keyValue, 'repeated'],
  droppedAttributesCount: [7, 'uint32'],
  flags: [8, 'fixed32'],
  traceId: [9, 'id'],
  spanId: [10, 'id'],
  observedTimeUnixNano: [11, 'fixed64'],
  eventName: [12, 'string'],
});
const scopeLogs = message('ScopeLogs', {
  scope: [1, scope],
  logRecords: [2, logRecord, 'repeated'],
  schemaUrl: [3, 'string'],
});
const resourceLogs = message('ResourceLogs', {
  resource: [1, resource],
  scopeLogs: [2, scopeLogs, 'repeated'],
  schemaUrl: [3, 'string'],
});

const exemplar = message('Exemplar', {
  timeUnixNano: [2, 'fixed64'],
  asDouble: [3, 'double'],
  spanId: [4, 'id'],
  traceId: [5, 'id'],
  asInt: [6, 'sfixed64'],
  filteredAttributes: [7, keyValue, 'repeated'],
});
const numberPoint = message('NumberDataPoint', {
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  asDouble: [4, 'double'],
  exemplars: [5, exemplar, 'repeated'],
  asInt: [6, 'sfixed64'],
  attributes: [7, keyValue, 'repeated'],
  flags: [8, 'uint32'],
});
const histogramPoint = message('HistogramDataPoint', {
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  bucketCounts: [6, 'fixed64', 'repeated'],
  explicitBounds: [7, 'double', 'repeated'],
  exemplars: [8, exemplar, 'repeated'],
  attributes: [9, keyValue, 'repeated'],
  flags: [10, 'uint32'],
  min: [11, 'double'],
  max: [12, 'double'],
});
const buckets = message('Buckets', {
  offset: [1, 'sint32'],
  bucketCounts: [2, 'uint64', 'repeated'],
});
const exponentialPoint = message('ExponentialHistogramDataPoint', {
  attributes: [1, keyValue, 'repeated'],
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  scale: [6, 'sint32'],
  zeroCount: [7, 'fixed64'],
  positive: [8, buckets],
  negative: [9, buckets],
  flags: [10, 'uint32'],
  exemplars: [11, exemplar, 'repeated'],
  min: [12, 'double'],
  max: [13, 'double'],
  zeroThreshold: [14, 'double'],
});
const valueAtQuantile = message('ValueAtQuantile', {
  quantile: [1, 'double'],
  value: [2, 'double'],
});
const summaryPoint = message('SummaryDataPoint', {
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  quantileValues: [6, valueAtQuantile, 'repeated'],
  attributes: [7, keyValue, 'repeated'],
  flags: [8, 'uint32'],
});
const temporality = { aggregationTemporality: [2, 'enum'] } as const;
const metric = message('Metric', {
  name: [1, 'string'],
  description: [2, 'string'],
  unit: [3, 'string'],
  gauge: [5, message('Gauge', { dataPoints: [1, numberPoint, 'repeated'] })],
  sum: [
    7,
    message('Sum', {
      dataPoints: [1, numberPoint, 'repeated'],
      ...temporality,
      isMonotonic: [3, 'bool'],
    }),
  ],
  histogram: [
    9,
    message('Histogram', { dataPoints: [1, histogramPoint, 'repeated'], ...temporality }),
  ],
  exponentialHistogram: [
    10,
    message('ExponentialHistogram', {
      dataPoints: [1, exponentialPoint, 'repeated'],
      ...temporality,
    }),
  ],
  summary: [11, message('Summary', { dataPoints: [1, summaryPoint, 'repeated'] })],
});
const scopeMetrics = message('ScopeMetrics', {
  scope: [1, scope],
  metrics: [2, metric, 'repeated'],
  schemaUrl: [3, 'string'],
});
const resourceMetrics = message('ResourceMetrics', {
  resource: [1, resource],
  scopeMetrics: [2, scopeMetrics, 'repeated'],
  schemaUrl: [3, 'string'],
});

/** The request of each signal. */
export const requests = {
  traces: message('ExportTraceServiceRequest', {
    resourceSpans: [1, resourceSpans, 'repeated'],
  }),
  logs: message('ExportLogsServiceRequest', { resourceLogs: [1, resourceLogs, 'repeated'] }),
  metrics: message('ExportMetricsServiceRequest', {
    resourceMetrics: [1, resourceMetrics, 'repeated'],
  }),
} as const;
