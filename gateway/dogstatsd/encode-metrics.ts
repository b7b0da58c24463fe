/**
 * Points as bodies of `ExportMetricsServiceRequest`. Same points, same bytes.
 *
 * | point | becomes |
 * | --- | --- |
 * | gauge | Gauge, time = the window's start |
 * | gauge with members | the same, with exemplars: hashes of up to 1,024 members as values |
 * | sum | Sum, delta, start = time = the window's start; monotonic unless it is below zero |
 * | distribution | ExponentialHistogram, delta, start = time = the window's start |
 */
import type { Attribute } from './identity.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import type { DistributionPoint, GaugePoint, PlacedPoint, SumPoint } from './wrap/wrapper.ts';

/** What all that comes from here has as its instrumentation scope. */
const scopeName = 'obsctl/dogstatsd';

/**
 * Members of a set that are sent: all of a small set; of a larger one those with the least hashes,
 * from which the size of a union can still be told to about 3 % (README.md).
 */
const membersMax = 1024;

const delta = 1;

/** Points of one metric: everything but the values is equal. */
type Metric = {
  readonly kind: PlacedPoint['point']['kind'];
  readonly name: string;
  readonly unit: string;
  readonly isMonotonic: boolean;
  readonly points: PlacedPoint[];
};

type Resource = {
  readonly attributes: readonly Attribute[];
  readonly metrics: Map<string, Metric>;
};

/** Bodies of at most about `bytesMax` bytes, one point more; none without points. */
export function encodeMetrics(
  points: readonly PlacedPoint[],
  bytesMax: number,
): readonly Uint8Array[] {
  const writer = new ProtobufWriter();
  const bodies: Uint8Array[] = [];
  for (const resource of grouped(points).values()) {
    let open: readonly number[] | undefined;
    for (const metric of resource.metrics.values()) {
      // A metric that does not fit goes on in the next body, under the same resource and name.
      for (let done = 0; done < metric.points.length; ) {
        open ??= beginScope(writer, resource.attributes);
        done = encodeMetric(writer, metric, done, bytesMax);
        if (writer.size < bytesMax) continue;
        for (const start of open) writer.end(start);
        open = undefined;
        bodies.push(writer.take());
      }
    }
    for (const start of open ?? []) writer.end(start);
  }
  if (writer.size > 0) bodies.push(writer.take());
  return bodies;
}

/** By resource, then by metric, both in the order of their first point. */
function grouped(points: readonly PlacedPoint[]): ReadonlyMap<string, Resource> {
  const resources = new Map<string, Resource>();
  for (const placed of points) {
    const { series, point } = placed;
    let resource = resources.get(series.resourceKey);
    if (resource === undefined) {
      resource = { attributes: series.resource, metrics: new Map() };
      resources.set(series.resourceKey, resource);
    }
    const { kind, name, unit = '' } = point;
    const isMonotonic = kind === 'sum' && point.value >= 0;
    const key = `${kind} ${isMonotonic} ${unit} ${name}`;
    let metric = resource.metrics.get(key);
    if (metric === undefined) {
      metric = { kind, name, unit, isMonotonic, points: [] };
      resource.metrics.set(key, metric);
    }
    metric.points.push(placed);
  }
  return resources;
}

/** Begins ResourceMetrics with one ScopeMetrics, or the same of logs; returns what must end. */
export function beginScope(
  writer: ProtobufWriter,
  resource: readonly Attribute[],
): readonly number[] {
  const resourceStart = writer.begin(1);
  const attributesStart = writer.begin(1);
  putAttributes(writer, 1, resource);
  writer.end(attributesStart);
  const scopeStart = writer.begin(2);
  const nameStart = writer.begin(1);
  writer.string(1, scopeName);
  writer.end(nameStart);
  return [scopeStart, resourceStart];
}

/** Points from `from` on, until the body is full; returns how many are done. */
function encodeMetric(
  writer: ProtobufWriter,
  { kind, name, unit, isMonotonic, points }: Metric,
  from: number,
  bytesMax: number,
): number {
  const start = writer.begin(2);
  writer.string(1, name);
  if (unit !== '') writer.string(3, unit);
  const dataStart = writer.begin({ gauge: 5, sum: 7, distribution: 10 }[kind]);
  let done = from;
  for (; done < points.length && (done === from || writer.size < bytesMax); done += 1) {
    putPoint(writer, points[done]!);
  }
  if (kind !== 'gauge') writer.varint(2, delta);
  if (isMonotonic) writer.varint(3, 1);
  writer.end(dataStart);
  writer.end(start);
  return done;
}

function putPoint(writer: ProtobufWriter, { point, series }: PlacedPoint): void {
  const start = writer.begin(1);
  if (point.kind !== 'gauge') writer.fixed64(2, series.startNs);
  writer.fixed64(3, series.startNs);
  const attributes = point.attributes ?? series.attributes;
  if (point.kind === 'distribution') putDistribution(writer, point, attributes);
  else putNumber(writer, point, attributes, series.startNs);
  writer.end(start);
}

/** Of a NumberDataPoint: value, exemplars, attributes. */
function putNumber(
  writer: ProtobufWriter,
  point: GaugePoint | SumPoint,
  attributes: readonly Attribute[],
  timeNs: bigint,
): void {
  writer.double(4, point.value);
  const members = point.kind === 'gauge' ? point.members?.subarray(0, membersMax) : undefined;
  for (const member of members ?? []) {
    const start = writer.begin(5);
    writer.fixed64(2, timeNs);
    writer.double(3, member);
    writer.end(start);
  }
  putAttributes(writer, 7, attributes);
}

/** Of an ExponentialHistogramDataPoint: attributes, count, sum, buckets, least and greatest. */
function putDistribution(
  writer: ProtobufWriter,
  point: DistributionPoint,
  attributes: readonly Attribute[],
): void {
  const { scale, zeroCount, positive, negative } = point.buckets;
  putAttributes(writer, 1, attributes);
  writer.fixed64(4, BigInt(point.count));
  writer.double(5, point.sum);
  if (scale !== 0) writer.sint32(6, scale);
  if (zeroCount !== 0) writer.fixed64(7, BigInt(zeroCount));
  for (const [field, { offset, counts }] of [
    [8, positive],
    [9, negative],
  ] as const) {
    if (counts.length === 0) continue;
    const start = writer.begin(field);
    if (offset !== 0) writer.sint32(1, offset);
    writer.packed(2, counts);
    writer.end(start);
  }
  writer.double(12, point.min);
  writer.double(13, point.max);
}

/** A list of KeyValue with texts. */
export function putAttributes(
  writer: ProtobufWriter,
  field: number,
  attributes: readonly Attribute[],
): void {
  for (const [key, value] of attributes) putAttribute(writer, field, key, value);
}

/** One KeyValue; a number must be an integer and not below zero. */
export function putAttribute(
  writer: ProtobufWriter,
  field: number,
  key: string,
  value: string | number,
): void {
  const start = writer.begin(field);
  writer.string(1, key);
  const valueStart = writer.begin(2);
  if (typeof value === 'string') writer.string(1, value);
  else writer.varint(3, value);
  writer.end(valueStart);
  writer.end(start);
}
