/**
 * What a body holds, read by protobufjs's wire reader or by `JSON.parse`, and nothing of the
 * gateway: how many rows each table gets, and how many items can never be stored.
 */
import protobuf from 'protobufjs';
import type { Signal } from '../../gateway/answer.ts';

export type Contents = {
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  readonly rejected: number;
};

/** An item with what decides its fate: ids as lengths and zeros, and its time. */
type Item = { readonly table: string; readonly isStorable: boolean; readonly ageNs: bigint };

const dayNs = 86_400_000_000_000n;
/** Items older than the tables' default TTL or more than a day ahead can never be stored. */
const keptNs = { traces: 7n * dayNs, logs: 7n * dayNs, metrics: 30n * dayNs };

/** Undefined when the body is no request at all. */
export function readContents(
  signal: Signal,
  contentType: 'protobuf' | 'json',
  body: Uint8Array,
): Contents | undefined {
  try {
    const root = contentType === 'json' ? fromJson(signal, body) : fromProtobuf(signal, body);
    const rows: Record<string, number> = {};
    let rejected = 0;
    for (const { table, isStorable, ageNs } of itemsOf(signal, root)) {
      if (isStorable && ageNs <= keptNs[signal]) rows[table] = (rows[table] ?? 0) + 1;
      else rejected += 1;
    }
    return { rows, rejected };
  } catch {
    return undefined;
  }
}

/** The fields that matter, by number; lower-case names are repeated messages in a tree. */
type Shape = Readonly<Record<number, readonly [name: string, kind: 'id' | 'time' | Shape]>>;

type Node = { readonly [name: string]: Uint8Array | bigint | readonly Node[] | undefined };

const link: Shape = { 1: ['traceId', 'id'], 2: ['spanId', 'id'] };
const span: Shape = {
  1: ['traceId', 'id'],
  2: ['spanId', 'id'],
  4: ['parentSpanId', 'id'],
  7: ['time', 'time'],
  13: ['links', link],
};
const record: Shape = {
  1: ['time', 'time'],
  9: ['traceId', 'id'],
  10: ['spanId', 'id'],
  11: ['observed', 'time'],
};
const exemplar: Shape = { 4: ['spanId', 'id'], 5: ['traceId', 'id'] };
/** A point's exemplars have another number in each kind of metric. */
const pointWith = (number: number): Shape => ({
  3: ['time', 'time'],
  [number]: ['links', exemplar],
});
const dataWith = (point: Shape): Shape => ({ 1: ['points', point] });
const metric: Shape = {
  5: ['gauge', dataWith(pointWith(5))],
  7: ['sum', dataWith(pointWith(5))],
  9: ['histogram', dataWith(pointWith(8))],
  10: ['exponential_histogram', dataWith(pointWith(11))],
  11: ['summary', dataWith({ 3: ['time', 'time'] })],
};
const envelope = (item: Shape): Shape => ({
  1: ['outer', { 2: ['inner', { 2: ['items', item] }] }],
});
const roots: Readonly<Record<Signal, Shape>> = {
  traces: envelope(span),
  logs: envelope(record),
  metrics: envelope(metric),
};

const wireOf = { id: 2, time: 1 } as const;

/** Reads the whole body's outline; fields with another wire type are unknown, as protobuf says. */
function fromProtobuf(signal: Signal, body: Uint8Array): Node {
  return readBytes(body, roots[signal]);
}

function readNode(reader: protobuf.Reader, end: number, shape: Shape): Node {
  const node: Record<string, Uint8Array | bigint | Node[]> = {};
  let last = '';
  while (reader.pos < end) {
    const tag = reader.uint32();
    const [name, kind] = shape[tag >>> 3] ?? [];
    const wire = tag & 7;
    if (name === undefined || kind === undefined) reader.skipType(wire);
    else if (typeof kind === 'string' && wire !== wireOf[kind]) reader.skipType(wire);
    else if (typeof kind !== 'string' && wire !== 2) reader.skipType(wire);
    else if (kind === 'id') node[name] = reader.bytes();
    else if (kind === 'time') node[name] = BigInt(reader.fixed64().toString());
    else {
      const bytes = reader.bytes();
      // Of several kinds of data of one metric the last counts, as for every oneof.
      if (shape === metric && last !== '' && last !== name) delete node[last];
      last = name;
      const list = (node[name] as Node[] | undefined) ?? [];
      // What lies in an item that is rejected for its time is never looked at, nor is data that
      // other data replaces.
      const isLater = name === 'links' || shape === metric;
      list.push(isLater ? { unread: bytes } : readBytes(bytes, kind));
      node[name] = list;
    }
    if (reader.pos > end) throw new RangeError('past the end');
  }
  const kind = Object.values(shape).find(([name]) => name === last)?.[1];
  if (shape === metric && typeof kind === 'object') {
    node[last] = (node[last] as Node[]).map((data) => readLater(data, kind));
  }
  return node;
}

function readBytes(bytes: Uint8Array, shape: Shape): Node {
  const reader = protobuf.Reader.create(bytes);
  return readNode(reader, reader.len, shape);
}

/** A node of JSON has been read already. */
function readLater(node: Node, shape: Shape): Node {
  const bytes = node['unread'] as Uint8Array | undefined;
  return bytes === undefined ? node : readBytes(bytes, shape);
}

/** Members of a metric that hold its points, and what their tables are called. */
const kinds = {
  gauge: 'gauge',
  sum: 'sum',
  histogram: 'histogram',
  exponentialHistogram: 'exponential_histogram',
  summary: 'summary',
} as const;

/** The JSON form brought into the same outline. */
function fromJson(signal: Signal, body: Uint8Array): Node {
  const text = new TextDecoder('utf-8', { fatal: false }).decode(body);
  const request: Json = JSON.parse(text);
  const word = { traces: 'Spans', logs: 'Logs', metrics: 'Metrics' }[signal];
  const items = { traces: 'spans', logs: 'logRecords', metrics: 'metrics' }[signal];
  const point = (value: Json): Node => ({
    time: timeOf(value['timeUnixNano']),
    links: listOf(value['exemplars']).map(idsOf),
  });
  const data = (value: unknown): Node[] | undefined =>
    value === undefined || value === null
      ? undefined
      : [{ points: listOf((value as Json)['dataPoints']).map(point) }];
  const itemOf = (value: Json): Node => {
    if (signal === 'metrics') {
      // Of several kinds of data the last counts; null is none.
      const [name, one] =
        Object.entries(value).findLast(([key, kind]) => key in kinds && kind !== null) ?? [];
      return name === undefined ? {} : { [kinds[name as keyof typeof kinds]]: data(one) };
    }
    return {
      ...idsOf(value),
      time: timeOf(signal === 'traces' ? value['startTimeUnixNano'] : value['timeUnixNano']),
      observed: timeOf(value['observedTimeUnixNano']),
      links: listOf(value['links']).map(idsOf),
    };
  };
  return {
    outer: listOf(request[`resource${word}`]).map((outer) => ({
      inner: listOf(outer[`scope${word}`]).map((inner) => ({
        items: listOf(inner[items]).map(itemOf),
      })),
    })),
  };
}

type Json = Readonly<Record<string, unknown>>;

function listOf(value: unknown): readonly Json[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value;
}

function idsOf(value: Json): Node {
  const id = (name: string): Uint8Array => {
    const text = String(value[name] ?? '');
    // One byte is no length that an id has.
    return /^([0-9a-f]{2})*$/i.test(text) ? Buffer.from(text, 'hex') : new Uint8Array(1);
  };
  return { traceId: id('traceId'), spanId: id('spanId'), parentSpanId: id('parentSpanId') };
}

/** Numbers, and texts of numbers: `1e3`, `10.0` and `-0` are times in proto3 JSON. */
function timeOf(value: unknown): bigint {
  if (typeof value !== 'string') return BigInt((value ?? 0) as number);
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(value);
  if (parts === null) throw new TypeError('no number');
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts;
  const zeros = Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  if (sign === '-' && digits !== 0n) throw new TypeError('a time below zero');
  if (zeros >= 0) return digits * 10n ** BigInt(zeros);
  const unit = 10n ** BigInt(-zeros);
  if (digits % unit !== 0n) throw new TypeError('a fraction');
  return digits / unit;
}

function itemsOf(signal: Signal, root: Node): readonly Item[] {
  const items = children(root, 'outer')
    .flatMap((outer) => children(outer, 'inner'))
    .flatMap((inner) => children(inner, 'items'));
  if (signal === 'traces') {
    return items.map((item) => ({
      table: 'otel_traces',
      isStorable: isId(item, 'traceId', 16) && isId(item, 'spanId', 8) && isFine(item, link),
      ageNs: ageOf(item),
    }));
  }
  if (signal === 'logs') {
    return items.map((item) => ({
      table: 'otel_logs',
      isStorable: isFine(item, link),
      ageNs: ageOf(item),
    }));
  }
  return items.flatMap((item) =>
    Object.keys(item).flatMap((kind) =>
      children(item, kind)
        .flatMap((data) => children(data, 'points'))
        .map((point) => ({
          table: `otel_metrics_${kind}`,
          isStorable: isFine(point, exemplar),
          ageNs: ageOf(point),
        })),
    ),
  );
}

function children(node: Node, name: string): readonly Node[] {
  return (node[name] as readonly Node[] | undefined) ?? [];
}

/** An id that must be there. */
function isId(node: Node, name: string, size: number): boolean {
  const bytes = node[name] as Uint8Array | undefined;
  return bytes?.length === size && bytes.some((byte) => byte !== 0);
}

/** Ids that may be missing have their length, and the time lies where rows may lie. */
function isFine(node: Node, links: Shape): boolean {
  const fits = (one: Node, name: string, size: number): boolean => {
    const length = (one[name] as Uint8Array | undefined)?.length ?? 0;
    return length === 0 || length === size;
  };
  const ageNs = ageOf(node);
  if (ageNs < -dayNs) return false;
  return [node, ...children(node, 'links').map((one) => readLater(one, links))].every(
    (one) => fits(one, 'traceId', 16) && fits(one, 'spanId', 8) && fits(one, 'parentSpanId', 8),
  );
}

/** 0 for an item without a time. */
function ageOf(node: Node): bigint {
  const time = (node['time'] as bigint | undefined) || (node['observed'] as bigint | undefined);
  return time ? BigInt(Date.now()) * 1_000_000n - time : 0n;
}
