/**
 * What the Collector's own exporter has created over the years, where it differs from our tables.
 * Such tables work as they are: the differences named here are accepted, never altered.
 */
export type CollectorLayout = {
  readonly orderBy: readonly string[];
  readonly primaryKey: readonly string[];
  readonly partitionBy: readonly string[];
  readonly engines: readonly string[];
  /** Other types a column may have, by column. */
  readonly types: Readonly<Record<string, readonly string[]>>;
};

const metricKeys = [
  'ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix)',
  'ServiceName, MetricName, toStartOfHour(TimeUnix), cityHash64(Attributes), TimeUnix',
] as const;

const metricTypes = {
  MetricName: ['String'],
  MetricDescription: ['String'],
  MetricUnit: ['String'],
  ScopeName: ['String'],
  ScopeVersion: ['String'],
  ScopeSchemaUrl: ['String'],
  ResourceSchemaUrl: ['String'],
  StartTimeUnix: ['DateTime'],
  TimeUnix: ['DateTime'],
  'Exemplars.TimeUnix': ['Array(DateTime)'],
} as const;

const metrics: CollectorLayout = {
  orderBy: metricKeys,
  primaryKey: metricKeys,
  partitionBy: ['toDate(TimeUnix)'],
  engines: [],
  types: metricTypes,
};

export const collectorLayouts: Readonly<Record<string, CollectorLayout>> = {
  otel_traces: {
    orderBy: [
      'ServiceName, SpanName, toDateTime(Timestamp)',
      'ServiceName, SpanName, toUnixTimestamp(Timestamp), TraceId',
    ],
    primaryKey: [
      'ServiceName, SpanName, toDateTime(Timestamp)',
      'ServiceName, SpanName, toUnixTimestamp(Timestamp), TraceId',
    ],
    partitionBy: ['toDate(Timestamp)'],
    engines: [],
    types: { Duration: ['Int64'] },
  },
  otel_traces_trace_id_ts: {
    orderBy: ['TraceId, Start', 'TraceId, toUnixTimestamp(Start)'],
    primaryKey: ['TraceId, Start', 'TraceId, toUnixTimestamp(Start)'],
    partitionBy: ['toDate(Start)', 'toStartOfWeek(Start)', ''],
    engines: ['MergeTree'],
    types: {
      Start: ['DateTime', 'DateTime64(9)', 'SimpleAggregateFunction(min, DateTime64(9))'],
      End: ['DateTime', 'DateTime64(9)', 'SimpleAggregateFunction(max, DateTime64(9))'],
    },
  },
  otel_logs: {
    orderBy: [
      'ServiceName, TimestampTime, Timestamp',
      'ServiceName, TimestampTime',
      'ServiceName, SeverityText, toUnixTimestamp(Timestamp), TraceId',
    ],
    primaryKey: [
      'ServiceName, TimestampTime',
      'ServiceName, SeverityText, toUnixTimestamp(Timestamp), TraceId',
    ],
    partitionBy: ['toDate(Timestamp)', 'toDate(TimestampTime)'],
    engines: [],
    types: {
      TraceFlags: ['UInt32'],
      SeverityNumber: ['Int32'],
      ResourceSchemaUrl: ['String'],
      ScopeSchemaUrl: ['String'],
      ScopeVersion: ['String'],
    },
  },
  otel_metrics_gauge: metrics,
  otel_metrics_sum: metrics,
  otel_metrics_histogram: metrics,
  otel_metrics_exponential_histogram: metrics,
  otel_metrics_summary: metrics,
};
