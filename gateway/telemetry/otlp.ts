/**
 * The combined counters as one OTLP request, in the shape that the OpenTelemetry SDK's serializer
 * takes. A series is sent once it has ever been more than zero, so an idle gateway sends the same
 * number of points each time: its own telemetry cannot feed on itself.
 */
import type { HrTime } from '@opentelemetry/api';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { catalog, gatewayScopeName, gatewayServiceName, type MetricDef } from './catalog.ts';
import { counterLayout, type Series } from './counters.ts';

export type OtlpOrigin = {
  readonly gatewayId: string;
  readonly version: string;
  readonly startedMs: number;
};

const seriesByMetric: ReadonlyMap<MetricDef, readonly Series[]> = Map.groupBy(
  counterLayout().series,
  (series) => series.metric,
);

/** Protobuf of an ExportMetricsServiceRequest. */
export function encodeMetrics(values: Float64Array, nowMs: number, origin: OtlpOrigin): Uint8Array {
  const start = hrTime(origin.startedMs);
  const end = hrTime(nowMs);
  const metrics = catalog
    .map((metric) => metricData(metric, values, start, end))
    .filter((metric) => metric.dataPoints.length > 0);
  const resourceMetrics: ResourceMetrics = {
    resource: resourceFromAttributes({
      'service.name': gatewayServiceName,
      'service.version': origin.version,
      'service.instance.id': origin.gatewayId,
    }),
    scopeMetrics: [{ scope: { name: gatewayScopeName, version: origin.version }, metrics }],
  };
  const bytes = ProtobufMetricsSerializer.serializeRequest(resourceMetrics);
  if (bytes === undefined) throw new Error('the serializer gave no bytes');
  return bytes;
}

function metricData(
  metric: MetricDef,
  values: Float64Array,
  startTime: HrTime,
  endTime: HrTime,
): MetricData {
  const { name, description, unit } = metric;
  const common = {
    descriptor: { name, description, unit, valueType: 1, advice: {} },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const told = (seriesByMetric.get(metric) ?? []).filter((series) => isTold(series, values));
  const times = { startTime, endTime };
  if (metric.kind === 'histogram') {
    const dataPoints = told.map((series) => ({
      ...times,
      attributes: series.attributes,
      value: histogramValue(series, values),
    }));
    return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = told.map((series) => ({
    ...times,
    attributes: series.attributes,
    value: values[series.slot] ?? 0,
  }));
  if (metric.kind === 'gauge') return { ...common, dataPointType: DataPointType.GAUGE, dataPoints };
  return { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
}

/** Gauges always, unless absent: their zero says something. Counters once they have counted. */
function isTold(series: Series, values: Float64Array): boolean {
  if (series.metric.kind === 'gauge') return !Number.isNaN(values[series.slot]);
  const slots = series.metric.kind === 'histogram' ? (series.metric.bounds?.length ?? 0) + 1 : 1;
  for (let index = 0; index < slots; index += 1) {
    if ((values[series.slot + index] ?? 0) !== 0) return true;
  }
  return false;
}

function histogramValue(
  series: Series,
  values: Float64Array,
): { buckets: { boundaries: number[]; counts: number[] }; sum: number; count: number } {
  const boundaries = [...(series.metric.bounds ?? [])];
  const counts = [...values.subarray(series.slot, series.slot + boundaries.length + 1)];
  return {
    buckets: { boundaries, counts },
    sum: values[series.slot + boundaries.length + 1] ?? 0,
    count: counts.reduce((total, count) => total + count, 0),
  };
}

function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];
}
