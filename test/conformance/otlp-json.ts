/** OTLP in its JSON mapping, as far as the oracle reads it. Source: opentelemetry-proto 1.11. */

export type AnyValue = {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: number | string;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] };
  readonly bytesValue?: string;
};

export type KeyValue = { readonly key: string; readonly value?: AnyValue };

export type Int64 = string | number;

export type Scope = {
  readonly name?: string;
  readonly version?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
};

export type Resource = { readonly attributes?: readonly KeyValue[] };

export type Span = {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly traceState?: string;
  readonly parentSpanId?: string;
  readonly flags?: number;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: Int64;
  readonly endTimeUnixNano?: Int64;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly droppedEventsCount?: number;
  readonly droppedLinksCount?: number;
  readonly status?: { readonly message?: string; readonly code?: number };
  readonly events?: readonly {
    readonly timeUnixNano?: Int64;
    readonly name?: string;
    readonly attributes?: readonly KeyValue[];
    readonly droppedAttributesCount?: number;
  }[];
  readonly links?: readonly {
    readonly traceId?: string;
    readonly spanId?: string;
    readonly traceState?: string;
    readonly attributes?: readonly KeyValue[];
    readonly droppedAttributesCount?: number;
    readonly flags?: number;
  }[];
};

export type LogRecord = {
  readonly timeUnixNano?: Int64;
  readonly observedTimeUnixNano?: Int64;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: AnyValue;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly eventName?: string;
};

export type Exemplar = {
  readonly filteredAttributes?: readonly KeyValue[];
  readonly timeUnixNano?: Int64;
  readonly asDouble?: number | string;
  readonly asInt?: Int64;
  readonly spanId?: string;
  readonly traceId?: string;
};

export type Point = {
  readonly attributes?: readonly KeyValue[];
  readonly startTimeUnixNano?: Int64;
  readonly timeUnixNano?: Int64;
  readonly flags?: number;
  readonly asDouble?: number | string;
  readonly asInt?: Int64;
  readonly exemplars?: readonly Exemplar[];
  readonly count?: Int64;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly bucketCounts?: readonly Int64[];
  readonly explicitBounds?: readonly number[];
  readonly scale?: number;
  readonly zeroCount?: Int64;
  readonly zeroThreshold?: number;
  readonly positive?: { readonly offset?: number; readonly bucketCounts?: readonly Int64[] };
  readonly negative?: { readonly offset?: number; readonly bucketCounts?: readonly Int64[] };
  readonly quantileValues?: readonly { readonly quantile?: number; readonly value?: number }[];
};

export type Metric = {
  readonly name?: string;
  readonly description?: string;
  readonly unit?: string;
  readonly gauge?: { readonly dataPoints?: readonly Point[] };
  readonly sum?: Aggregated & { readonly isMonotonic?: boolean };
  readonly histogram?: Aggregated;
  readonly exponentialHistogram?: Aggregated;
  readonly summary?: { readonly dataPoints?: readonly Point[] };
};

type Aggregated = {
  readonly dataPoints?: readonly Point[];
  readonly aggregationTemporality?: number;
};

export type Request = {
  readonly resourceSpans?: readonly {
    readonly resource?: Resource;
    readonly schemaUrl?: string;
    readonly scopeSpans?: readonly {
      readonly scope?: Scope;
      readonly schemaUrl?: string;
      readonly spans?: readonly Span[];
    }[];
  }[];
  readonly resourceLogs?: readonly {
    readonly resource?: Resource;
    readonly schemaUrl?: string;
    readonly scopeLogs?: readonly {
      readonly scope?: Scope;
      readonly schemaUrl?: string;
      readonly logRecords?: readonly LogRecord[];
    }[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly resource?: Resource;
    readonly schemaUrl?: string;
    readonly scopeMetrics?: readonly {
      readonly scope?: Scope;
      readonly schemaUrl?: string;
      readonly metrics?: readonly Metric[];
    }[];
  }[];
};
