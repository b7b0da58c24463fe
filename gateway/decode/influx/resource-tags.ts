/**
 * The tags that say what sent a line, rather than which of its series it is: they become attributes
 * of the resource, under OpenTelemetry's names. All other tags are attributes of the data point.
 *
 * | tag | attribute of the resource |
 * | --- | --- |
 * | `service`, `service.name` | `service.name`; of both the second, and `service` stays a tag |
 * | `host` | `host.name` |
 * | `env` | `deployment.environment.name` |
 * | `version` | `service.version` |
 *
 * Hot path. Allocations per item: none. Copies: none. Owner: the reader, for one line. Watched by
 * `influx.bench.ts`.
 */
import type { Text } from '../../../clickhouse/native/buffers.ts';
import { hashBytes, shardOfHash } from '../shard.ts';
import { putAttributeHead } from './key-values.ts';
import { inName, putName } from './names.ts';
import { type Pairs, pairKind } from './pairs.ts';

/** By slot: a tag's key, and the attribute's. In the order of the attributes' bytes. */
const resourceTags = [
  { tag: 'env', attribute: 'deployment.environment.name' },
  { tag: 'host', attribute: 'host.name' },
  { tag: 'service', attribute: 'service.name' },
  { tag: 'service.name', attribute: 'service.name' },
  { tag: 'version', attribute: 'service.version' },
] as const;

const service = 2;
const serviceName = 3;
/** The attributes that say where InfluxDB would have put it stand before this slot. */
const placeSlot = 2;

const valueWords = 2 * resourceTags.length;
const moreWords = 3;
const longestKeyBytes = 12;
const hashedBytes = 8;

const slotKeys = resourceTags.map(({ tag }) => new Uint8Array(Buffer.from(tag)));
const attributeKeys = resourceTags.map(({ attribute }) => Buffer.from(attribute));
const reservedKeys = ['time', '_field', '_measurement'].map(
  (key) => new Uint8Array(Buffer.from(key)),
);

export class ResourceTags {
  /** Which tags there are: a bit a slot. */
  present = 0;
  /** Where the values are: two words a slot. */
  readonly values = new Int32Array(valueWords);
  /** What few need: where the key is, and the escapes in the value. Three words a slot. */
  readonly #more = new Int32Array(moreWords * resourceTags.length);

  clear(): void {
    this.present = 0;
  }

  /** The slot of the tag whose key is at `[from, end)`, or -1. */
  slotOf(source: Uint8Array, from: number, end: number): number {
    const size = end - from;
    if (size < 3 || size > longestKeyBytes) return -1;
    const first = source[from]!;
    // e, h, s, v
    if (first !== 0x65 && first !== 0x68 && first !== 0x73 && first !== 0x76) return -1;
    return indexOfKey(slotKeys, source, from, size);
  }

  has(slot: number): boolean {
    return (this.present & (1 << slot)) !== 0;
  }

  put(
    slot: number,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    valueDropped: number,
  ): void {
    this.present |= 1 << slot;
    this.values[2 * slot] = valueStart;
    this.values[2 * slot + 1] = valueEnd;
    this.#more[moreWords * slot] = keyStart;
    this.#more[moreWords * slot + 1] = keyEnd;
    this.#more[moreWords * slot + 2] = valueDropped;
  }

  /** `service` beside `service.name` is a tag like others. */
  giveBack(tags: Pairs): void {
    if (!this.has(service) || !this.has(serviceName)) return;
    const values = this.values;
    const more = this.#more;
    const at = moreWords * service;
    const start = values[2 * service]!;
    const end = values[2 * service + 1]!;
    tags.add(pairKind.tag, more[at]!, more[at + 1]!, 0, start, end, more[at + 2]!);
    tags.isSorted = false;
    this.present &= ~(1 << service);
  }

  /** Whether `other`, of the same body, has the same tags. */
  equals(other: ResourceTags, source: Uint8Array): boolean {
    const { present } = this;
    if (present !== other.present) return false;
    return haveEqualValues(source, present, this.values, other.values, 0);
  }

  /** Takes over what {@link equals} looks at. */
  copyFrom(other: ResourceTags): void {
    this.present = other.present;
    const ours = this.values;
    const theirs = other.values;
    // A loop: `set` is a call.
    for (let place = 0; place < valueWords; place += 1) ours[place] = theirs[place]!;
  }

  /** The shard of the lines with these tags: by whole values, hosts often end alike. */
  shard(source: Uint8Array, shards: number): number {
    let sum = 0;
    for (let slot = 0; this.present >>> slot !== 0; slot += 1) {
      if (!this.has(slot)) continue;
      const value = hashBytes(source, this.values[2 * slot]!, this.values[2 * slot + 1]!);
      sum = (Math.imul(sum, 31) + value) | 0;
    }
    return shardOfHash(sum, shards);
  }

  /** A number that lines with the same tags have in common, and most others do not. */
  hash(source: Uint8Array): number {
    const { present, values } = this;
    let hash = present;
    for (let slot = 0; present >>> slot !== 0; slot += 1) {
      if ((present & (1 << slot)) === 0) continue;
      const end = values[2 * slot + 1]!;
      // Names that are counted differ at the end.
      for (let at = Math.max(end - hashedBytes, values[2 * slot]!); at < end; at += 1) {
        hash = (Math.imul(hash, 31) + source[at]!) | 0;
      }
    }
    return hash ^ (hash >>> 15);
  }

  /** Appends the Resource message, with `place` being attributes that are encoded already. */
  encode(text: Text, place: Uint8Array, source: Uint8Array, view: DataView): void {
    for (let slot = 0; slot < resourceTags.length; slot += 1) {
      if (slot === placeSlot) {
        text.reserve(place.length);
        text.bytes.set(place, text.size);
        text.size += place.length;
      }
      if (!this.has(slot)) continue;
      const start = this.values[2 * slot]!;
      const end = this.values[2 * slot + 1]!;
      const dropped = this.#more[moreWords * slot + 2]!;
      putAttributeHead(text, attributeKeys[slot]!, end - start - dropped);
      putName(text, source, view, start, end, dropped, inName);
    }
  }
}

/** The tags of many lines of one body. */
export class SeenTags {
  readonly #present: Uint8Array;
  readonly #values: Int32Array;

  constructor(places: number) {
    this.#present = new Uint8Array(places);
    this.#values = new Int32Array(places * valueWords);
  }

  keep(place: number, { present, values }: ResourceTags): void {
    this.#present[place] = present;
    for (let word = 0; word < valueWords; word += 1) {
      this.#values[place * valueWords + word] = values[word]!;
    }
  }

  equal(place: number, { present, values }: ResourceTags, source: Uint8Array): boolean {
    if (present !== this.#present[place]) return false;
    return haveEqualValues(source, present, values, this.#values, place * valueWords);
  }
}

/** Whether the values of the tags that are `present` are the same bytes. */
function haveEqualValues(
  source: Uint8Array,
  present: number,
  ours: Int32Array,
  theirs: Int32Array,
  theirsAt: number,
): boolean {
  for (let slot = 0; present >>> slot !== 0; slot += 1) {
    if ((present & (1 << slot)) === 0) continue;
    const start = ours[2 * slot]!;
    const end = ours[2 * slot + 1]!;
    const shift = theirs[theirsAt + 2 * slot]! - start;
    if (theirs[theirsAt + 2 * slot + 1]! - end !== shift) return false;
    // From behind: names that are counted differ there.
    for (let at = end - 1; at >= start; at -= 1) {
      if (source[at] !== source[at + shift]) return false;
    }
  }
  return true;
}

/** Whether InfluxDB would take no tag of this name (INF-12). */
export function isReserved(source: Uint8Array, from: number, end: number): boolean {
  const first = source[from];
  if (first !== 0x5f && first !== 0x74) return false;
  return indexOfKey(reservedKeys, source, from, end - from) >= 0;
}

function indexOfKey(
  keys: readonly Uint8Array[],
  source: Uint8Array,
  from: number,
  size: number,
): number {
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index]!;
    if (key.length !== size) continue;
    let at = 0;
    while (at < size && source[from + at] === key[at]) at += 1;
    if (at === size) return index;
  }
  return -1;
}
