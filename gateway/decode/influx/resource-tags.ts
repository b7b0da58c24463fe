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
import { putAttributeHead } from './key-values.ts';
import { inName, putName } from './names.ts';
import { type Pairs, pairKind } from './pairs.ts';

const slotWords = 5;
const service = 2;
const serviceName = 3;

/** By slot: a tag's key, and the attribute's. In the order of the attributes' bytes. */
const resourceTags = [
  { tag: 'env', attribute: 'deployment.environment.name' },
  { tag: 'host', attribute: 'host.name' },
  { tag: 'service', attribute: 'service.name' },
  { tag: 'service.name', attribute: 'service.name' },
  { tag: 'version', attribute: 'service.version' },
] as const;

/** The attributes that say where InfluxDB would have put it stand before this slot. */
const placeSlot = 2;

const slotKeys = resourceTags.map(({ tag }) => new Uint8Array(Buffer.from(tag)));
const attributeKeys = resourceTags.map(({ attribute }) => Buffer.from(attribute));
const reservedKeys = ['time', '_field', '_measurement'].map(
  (key) => new Uint8Array(Buffer.from(key)),
);
const longestKeyBytes = 12;
const hashedBytes = 8;

export class ResourceTags {
  /** Ends of key and value, and the escapes in the value; a value's end of 0 is no tag. */
  readonly words = new Int32Array(slotWords * resourceTags.length);

  clear(): void {
    const { words } = this;
    // A loop: `fill` is a call.
    for (let place = 3; place < words.length; place += slotWords) {
      words[place] = 0;
      words[place - 1] = 0;
    }
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
    return this.words[slot * slotWords + 3] !== 0;
  }

  set(
    slot: number,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    valueDropped: number,
  ): void {
    const { words } = this;
    const place = slot * slotWords;
    words[place] = keyStart;
    words[place + 1] = keyEnd;
    words[place + 2] = valueStart;
    words[place + 3] = valueEnd;
    words[place + 4] = valueDropped;
  }

  /** `service` beside `service.name` is a tag like others. */
  giveBack(tags: Pairs): void {
    const { words } = this;
    const place = service * slotWords;
    if (words[place + 3] === 0 || words[serviceName * slotWords + 3] === 0) return;
    const keyStart = words[place]!;
    const valueStart = words[place + 2]!;
    const valueEnd = words[place + 3]!;
    const dropped = words[place + 4]!;
    tags.add(pairKind.tag, keyStart, words[place + 1]!, 0, valueStart, valueEnd, dropped);
    tags.isSorted = false;
    words[place + 3] = 0;
  }

  /** Whether `other`, of the same body, has the same tags. */
  equals(other: ResourceTags, source: Uint8Array): boolean {
    const ours = this.words;
    const theirs = other.words;
    for (let place = 0; place < ours.length; place += slotWords) {
      const end = ours[place + 3]!;
      const otherEnd = theirs[place + 3]!;
      if (end === 0 && otherEnd === 0) continue;
      if (end === 0 || otherEnd === 0) return false;
      const start = ours[place + 2]!;
      const otherStart = theirs[place + 2]!;
      if (end - start !== otherEnd - otherStart) return false;
      for (let at = start; at < end; at += 1) {
        if (source[at] !== source[otherStart + at - start]) return false;
      }
    }
    return true;
  }

  copyFrom(other: ResourceTags): void {
    const ours = this.words;
    const theirs = other.words;
    // A loop: `set` is a call.
    for (let place = 0; place < ours.length; place += 1) ours[place] = theirs[place]!;
  }

  /** A number that lines with the same tags have in common, and most others do not. */
  hash(source: Uint8Array): number {
    const { words } = this;
    let hash = 0;
    for (let place = 0; place < words.length; place += slotWords) {
      const end = words[place + 3]!;
      const start = words[place + 2]!;
      // Names that are counted differ at the end.
      for (let at = Math.max(end - hashedBytes, start); at < end; at += 1) {
        hash = (Math.imul(hash, 31) + source[at]!) | 0;
      }
    }
    return hash ^ (hash >>> 15);
  }

  /** Appends the Resource message, with `place` being attributes that are encoded already. */
  encode(text: Text, place: Uint8Array, source: Uint8Array, view: DataView): void {
    const { words } = this;
    for (let slot = 0; slot < resourceTags.length; slot += 1) {
      if (slot === placeSlot) {
        text.reserve(place.length);
        text.bytes.set(place, text.size);
        text.size += place.length;
      }
      const at = slot * slotWords;
      const end = words[at + 3]!;
      if (end === 0) continue;
      const start = words[at + 2]!;
      putAttributeHead(text, attributeKeys[slot]!, end - start - words[at + 4]!);
      putName(text, source, view, start, end, words[at + 4]!, inName);
    }
  }
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
