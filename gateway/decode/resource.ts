/**
 * Resources and scopes of a block: each distinct one is decoded once and rows carry its number.
 *
 * Hot path by its callers; runs once a resource or scope. Allocations per item: none. Copies: one
 * of each value. Owner: the block. Watched by `decode.bench.ts`.
 */
import { ebpfMarks } from '../../clickhouse/instrumentation.ts';
import type { Fixed, Level } from '../../clickhouse/native/buffers.ts';
import { Text } from '../../clickhouse/native/buffers.ts';
import type { Dictionary } from '../../clickhouse/native/dictionary.ts';
import type { Parts } from '../../clickhouse/native/parts.ts';
import {
  Repeated,
  RepeatedFixedColumn,
  RepeatedMapColumn,
  RepeatedNameColumn,
} from '../../clickhouse/native/repeat.ts';
import { lengthAt, lengthSize } from '../../clickhouse/native/utf8.ts';
import { putAnyValue } from './any-value.ts';
import { findParts, parts as keyValue } from './attributes.ts';
import type { Carried } from './context.ts';
import {
  isMalformed,
  Malformed,
  readLength,
  readTag,
  readVarint,
  skipField,
  word,
} from './wire.ts';

/** Bytes a row is reckoned to weigh on the server for each attribute, besides its text. */
const pairWeightBytes = 8;

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const serviceNameKey = bytesOf('service.name');
const ebpfKeys = ebpfMarks.map(({ key, values }) => ({
  key: bytesOf(key),
  values: values.map(bytesOf),
}));

/** The distinct resources of a block. */
export class ResourceTable {
  readonly repeated: Repeated;
  readonly service: RepeatedNameColumn;
  /** The same resource of two tenants is two: so the tenant costs a row nothing. */
  readonly tenant: RepeatedNameColumn;
  readonly schemaUrl: RepeatedNameColumn;
  readonly attributes: RepeatedMapColumn;
  /** 1 where the resource is that of an eBPF agent, by resource. */
  readonly ebpf: Fixed;
  readonly #identity: Dictionary;
  readonly #weights: Weights;
  readonly #value: Text;

  constructor(parts: Parts, rows: Level) {
    this.repeated = new Repeated(rows, parts.level(false));
    this.service = new RepeatedNameColumn(this.repeated, parts.dictionary());
    this.tenant = new RepeatedNameColumn(this.repeated, parts.dictionary());
    this.schemaUrl = new RepeatedNameColumn(this.repeated, parts.dictionary());
    this.attributes = new RepeatedMapColumn(
      this.repeated,
      parts.level(false),
      parts.dictionary(),
      parts.dictionary(),
    );
    this.ebpf = this.repeated.entries.fixed(1);
    this.#identity = parts.dictionary();
    this.#weights = new Weights(this.repeated);
    this.#value = new Text(parts.budget);
  }

  /** The number of `carried` in this block; decodes it when it is new. */
  enter(carried: Carried): number {
    const { bytes, view, size } = carried.text;
    const entry = this.#identity.identify(bytes, view, 0, size);
    if (entry < this.repeated.entries.count) return entry;
    this.repeated.entries.reserve(1);
    const empty = this.service.dictionary.lookup(bytes, view, 0, 0);
    this.service.indexes.words[entry] = empty;
    this.ebpf.bytes[entry] = 0;
    const weight = withOffset(carried, () => this.#putResource(carried, entry));
    const { tenantStart, tenant } = carried;
    putName(this.tenant, entry, bytes, view, tenantStart, tenantStart + tenant.length);
    putSchemaUrl(this.schemaUrl, carried, entry);
    endPairs(this.attributes, entry);
    this.#weights.set(entry, weight);
    this.repeated.entries.count = entry + 1;
    return entry;
  }

  /** Bytes that a row of resource `entry` weighs on the server. */
  weightOf(entry: number): number {
    return this.#weights.get(entry);
  }

  release(): void {
    this.#value.release();
  }

  /**
   * | field | number | wire type | into |
   * | --- | --- | --- | --- |
   * | attributes | 1 | repeated KeyValue | ResourceAttributes; `service.name` also ServiceName |
   * | dropped_attributes_count | 2 | uint32 | skipped |
   * | entity_refs | 3 | repeated message | skipped |
   */
  #putResource(carried: Carried, entry: number): number {
    const source = carried.text.bytes;
    const end = carried.schemaStart;
    let weight = 0;
    let at = 0;
    while (at < end) {
      at = readTag(source, at, end);
      if (word[0] !== 0x0a) {
        at = skipField(source, at, end, word[0]!);
        continue;
      }
      const start = readLength(source, at, end);
      at = start + word[0]!;
      const pair = putPair(this.attributes, this.#value, carried, entry, start, at);
      weight += at - start + pairWeightBytes;
      this.#useValue(source, entry, pair);
    }
    return weight;
  }

  /** What else than an attribute the last KeyValue tells of the resource. */
  #useValue(source: Uint8Array, entry: number, pair: number): void {
    const { dictionary, indexes } = this.attributes.values;
    const { bytes, view } = dictionary.text;
    const index = indexes.words[pair]!;
    const start = dictionary.startOf(index);
    const length = dictionary.lengthOf(index);
    if (isKey(source, serviceNameKey)) {
      const { service } = this;
      service.indexes.words[entry] = service.dictionary.lookup(bytes, view, start, length);
    }
    for (const { key, values } of ebpfKeys) {
      if (!isKey(source, key)) continue;
      for (const value of values) {
        if (isText(bytes, start, start + length, value)) this.ebpf.bytes[entry] = 1;
      }
    }
  }
}

/** The distinct scopes of a block. */
export class ScopeTable {
  readonly repeated: Repeated;
  readonly name: RepeatedNameColumn;
  readonly version: RepeatedNameColumn;
  readonly schemaUrl: RepeatedNameColumn;
  readonly droppedAttributes: RepeatedFixedColumn;
  readonly attributes: RepeatedMapColumn;
  readonly #identity: Dictionary;
  readonly #weights: Weights;
  readonly #value: Text;

  constructor(parts: Parts, rows: Level) {
    this.repeated = new Repeated(rows, parts.level(false));
    this.name = new RepeatedNameColumn(this.repeated, parts.dictionary());
    this.version = new RepeatedNameColumn(this.repeated, parts.dictionary());
    this.schemaUrl = new RepeatedNameColumn(this.repeated, parts.dictionary());
    this.droppedAttributes = new RepeatedFixedColumn('UInt32', this.repeated, 4);
    this.attributes = new RepeatedMapColumn(
      this.repeated,
      parts.level(false),
      parts.dictionary(),
      parts.dictionary(),
    );
    this.#identity = parts.dictionary();
    this.#weights = new Weights(this.repeated);
    this.#value = new Text(parts.budget);
  }

  /** The number of `carried` in this block; decodes it when it is new. */
  enter(carried: Carried): number {
    const { bytes, view, size } = carried.text;
    const entry = this.#identity.identify(bytes, view, 0, size);
    if (entry < this.repeated.entries.count) return entry;
    this.repeated.entries.reserve(1);
    const weight = withOffset(carried, () => this.#putScope(carried, entry));
    putSchemaUrl(this.schemaUrl, carried, entry);
    endPairs(this.attributes, entry);
    this.#weights.set(entry, weight);
    this.repeated.entries.count = entry + 1;
    return entry;
  }

  /** Bytes that a row of scope `entry` weighs on the server. */
  weightOf(entry: number): number {
    return this.#weights.get(entry);
  }

  release(): void {
    this.#value.release();
  }

  /**
   * | field | number | wire type | into |
   * | --- | --- | --- | --- |
   * | name | 1 | string | ScopeName |
   * | version | 2 | string | ScopeVersion |
   * | attributes | 3 | repeated KeyValue | ScopeAttributes |
   * | dropped_attributes_count | 4 | uint32 | ScopeDroppedAttrCount |
   */
  #putScope(carried: Carried, entry: number): number {
    const { bytes: source, view } = carried.text;
    const end = carried.schemaStart;
    let dropped = 0;
    let nameStart = 0;
    let nameEnd = 0;
    let versionStart = 0;
    let versionEnd = 0;
    let at = 0;
    while (at < end) {
      at = readTag(source, at, end);
      const tag = word[0]!;
      if (tag === 0x0a || tag === 0x12 || tag === 0x1a) {
        const start = readLength(source, at, end);
        at = start + word[0]!;
        if (tag === 0x0a) {
          nameStart = start;
          nameEnd = at;
        } else if (tag === 0x12) {
          versionStart = start;
          versionEnd = at;
        } else putPair(this.attributes, this.#value, carried, entry, start, at);
      } else if (tag === 0x20) {
        at = readVarint(source, at, end);
        dropped = word[0]!;
      } else at = skipField(source, at, end, tag);
    }
    putName(this.name, entry, source, view, nameStart, nameEnd);
    putName(this.version, entry, source, view, versionStart, versionEnd);
    this.droppedAttributes.values.words[entry] = dropped;
    return carried.text.size * 2;
  }
}

/** Server bytes an entry costs each of its rows. */
class Weights {
  readonly #repeated: Repeated;
  readonly #values;

  constructor(repeated: Repeated) {
    this.#repeated = repeated;
    this.#values = repeated.entries.fixed(4);
  }

  set(entry: number, bytes: number): void {
    this.#values.words[entry] = bytes;
  }

  get(entry: number): number {
    return entry < this.#repeated.entries.count ? this.#values.words[entry]! : 0;
  }
}

/** Runs `decode` over a copy and gives faults the offset that they have in the body. */
function withOffset(carried: Carried, decode: () => number): number {
  try {
    return decode();
  } catch (error) {
    if (!isMalformed(error)) throw error;
    throw new Malformed(error.message, error.offset + carried.bias);
  }
}

/** Appends one KeyValue to the map of `entry`, or changes its value; returns the pair. */
function putPair(
  map: RepeatedMapColumn,
  value: Text,
  carried: Carried,
  entry: number,
  from: number,
  end: number,
): number {
  const { bytes, view } = carried.text;
  findParts(bytes, from, end);
  const keyStart = keyValue[0]!;
  const level = map.keys.level;
  level.reserve(1);
  value.size = 0;
  putAnyValue(value, bytes, view, keyValue[2]!, keyValue[3]!);
  const length = lengthAt(value.bytes, 0);
  const start = lengthSize(length);
  const valueIndex = map.values.dictionary.lookup(value.bytes, value.view, start, length);
  const dictionary = map.keys.dictionary;
  const keyIndex = dictionary.lookup(bytes, view, keyStart, keyValue[1]! - keyStart);
  const last = dictionary.positions[keyIndex]! - 1;
  const isRepeat = last >= startOf(map, entry) && map.keys.indexes.words[last] === keyIndex;
  const pair = isRepeat && last < level.count ? last : level.count;
  map.keys.indexes.words[pair] = keyIndex;
  map.values.indexes.words[pair] = valueIndex;
  dictionary.positions[keyIndex] = pair + 1;
  if (pair === level.count) level.count = pair + 1;
  return pair;
}

function startOf(map: RepeatedMapColumn, entry: number): number {
  return entry === 0 ? 0 : map.offsets.values.words[entry * 2 - 2]!;
}

function endPairs(map: RepeatedMapColumn, entry: number): void {
  map.offsets.values.words[entry * 2] = map.keys.level.count;
  map.offsets.values.words[entry * 2 + 1] = 0;
}

function putSchemaUrl(column: RepeatedNameColumn, carried: Carried, entry: number): void {
  const { bytes, view } = carried.text;
  putName(column, entry, bytes, view, carried.schemaStart, carried.schemaEnd);
}

function putName(
  column: RepeatedNameColumn,
  entry: number,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  column.indexes.words[entry] = column.dictionary.lookup(source, view, from, end - from);
}

/** Whether the key of the last KeyValue is `key`. */
function isKey(source: Uint8Array, key: Uint8Array): boolean {
  return isText(source, keyValue[0]!, keyValue[1]!, key);
}

function isText(source: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (source[start + index] !== text[index]) return false;
  }
  return true;
}
