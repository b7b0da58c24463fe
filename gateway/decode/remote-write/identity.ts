/**
 * Whose points a series are: its target becomes the resource, its scope labels the scope, its name
 * and metadata the metric, as OpenTelemetry's rules for Prometheus have it (compatibility/
 * prometheus_and_openmetrics, "Resource Attributes", "Instrumentation Scope").
 *
 * Hot path. Allocations per item: none. Copies: job and instance, when they differ from those of
 * the series before. Owner: the context. Watched by `remote-write.bench.ts`.
 */
import { putBytes, putLength, type Text } from '../../../clickhouse/native/buffers.ts';
import { lengthSize } from '../../../clickhouse/native/utf8.ts';
import { Carried, type Context } from '../context.ts';
import { instance, job, places, scopeLabelCount, scopeLabels, scopePrefix } from './labels.ts';
import { RecentPairs, recentSlots } from './recent.ts';

const slash = 0x2f;

const serviceName = keyOf('service.name');
const serviceNamespace = keyOf('service.namespace');
const serviceInstance = keyOf('service.instance.id');

/** Job and instance together, of targets that are kept. */
const keptBytesMax = 512;

/** The targets of the request under way, and their resources. */
const targets = new RecentPairs();
const resources = Array.from({ length: recentSlots }, () => new Carried());
/** Where job and instance of the series before lie, and the slot of its resource; -1: none. */
const last = new Int32Array(4);
let lastSlot = -1;
let isFirst = true;
let hadScope = false;

/** Begins a request: nothing is known of its targets. */
export function beginTargets(): void {
  targets.begin();
  lastSlot = -1;
  isFirst = true;
}

/** Enters the resource and the scope of the series under way. */
export function enterTarget(context: Context, source: Uint8Array, view: DataView): void {
  if (!isLastTarget()) findTarget(context, source, view);
  if (isFirst || hadScope || scopeLabelCount() > 0) {
    hadScope = scopeLabelCount() > 0;
    putScope(context.scope, source, view);
  }
  isFirst = false;
}

/** Labels that come again lie where they lay before (see `labels.ts`). */
function isLastTarget(): boolean {
  return (
    lastSlot >= 0 &&
    job[1] === last[1] &&
    instance[1] === last[3] &&
    (job[0] === last[0] || last[1] === 0) &&
    (instance[0] === last[2] || last[3] === 0)
  );
}

function findTarget(context: Context, source: Uint8Array, view: DataView): void {
  if (job[1]! + instance[1]! > keptBytesMax) {
    lastSlot = -1;
    context.resource = context.ownResource;
    putTarget(context.resource, source, view);
    return;
  }
  lastSlot = targets.slotOf(view, job, instance);
  const resource = resources[lastSlot]!;
  if (!targets.isKnown) {
    resource.tenant = context.ownResource.tenant;
    putTarget(resource, source, view);
  }
  context.resource = resource;
  last[0] = job[0]!;
  last[1] = job[1]!;
  last[2] = instance[0]!;
  last[3] = instance[1]!;
}

/** `job` is `namespace/name` where there is a namespace. */
function putTarget(resource: Carried, source: Uint8Array, view: DataView): void {
  const { text } = resource;
  resource.begin();
  const [start, length] = [job[0]!, job[1]!];
  if (length > 0) {
    const cut = slashIn(source, start, start + length);
    const isSplit = cut > start && cut < start + length - 1;
    if (isSplit) putPair(text, serviceNamespace, source, view, start, cut - start);
    const from = isSplit ? cut + 1 : start;
    putPair(text, serviceName, source, view, from, start + length - from);
  }
  if (instance[1]! > 0) {
    putPair(text, serviceInstance, source, view, instance[0]!, instance[1]!);
  }
  resource.endMessage();
  resource.end();
}

function slashIn(source: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at += 1) if (source[at] === slash) return at;
  return -1;
}

/** InstrumentationScope: name 1, version 2, attributes 3; then the schema URL. */
function putScope(scope: Carried, source: Uint8Array, view: DataView): void {
  const { text } = scope;
  scope.begin();
  let url = -1;
  for (let label = 0; label < scopeLabelCount(); label += 1) {
    const place = scopeLabels[label]!;
    const start = places[place]! + scopePrefix.length;
    const length = ~places[place + 1]! - scopePrefix.length;
    const [valueStart, valueLength] = [places[place + 2]!, places[place + 3]!];
    const key = Buffer.from(source.buffer, source.byteOffset + start, length).toString('latin1');
    if (key === 'schema_url') url = place;
    else if (key === 'name' || key === 'version') {
      putField(text, key === 'name' ? 0x0a : 0x12, source, view, valueStart, valueLength);
    } else putPair(text, keyOf(key, 0x1a), source, view, valueStart, valueLength);
  }
  scope.endMessage();
  if (url >= 0) {
    const length = places[url + 3]!;
    text.reserve(length);
    putBytes(text, source, view, places[url + 2]!, length);
  }
  scope.end();
}

/** The tag of the pair, and the field of its key: what stands before its value. */
type Key = { readonly tag: number; readonly field: Uint8Array };

function keyOf(key: string, tag = 0x0a): Key {
  const bytes = Buffer.from(key, 'latin1');
  return { tag, field: new Uint8Array([0x0a, bytes.length, ...bytes]) };
}

/** KeyValue: the key's field, then AnyValue with a string. */
function putPair(
  text: Text,
  key: Key,
  source: Uint8Array,
  view: DataView,
  start: number,
  length: number,
): void {
  const value = 1 + lengthSize(length) + length;
  const pair = key.field.length + 1 + lengthSize(value) + value;
  text.reserve(pair + 16);
  text.bytes[text.size] = key.tag;
  text.size += 1;
  putLength(text, pair);
  text.bytes.set(key.field, text.size);
  text.size += key.field.length;
  text.bytes[text.size] = 0x12;
  text.size += 1;
  putLength(text, value);
  putField(text, 0x0a, source, view, start, length);
}

function putField(
  text: Text,
  tag: number,
  source: Uint8Array,
  view: DataView,
  start: number,
  length: number,
): void {
  text.reserve(length + 6);
  text.bytes[text.size] = tag;
  text.size += 1;
  putLength(text, length);
  putBytes(text, source, view, start, length);
}
