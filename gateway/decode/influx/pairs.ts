/**
 * The attributes of a line while it is read: where keys and values stand in the body, in the order
 * of their keys' bytes, so that a series has one form whatever order its tags come in.
 *
 * Hot path. Allocations per item: none; the arrays double when they are full. Copies: one of each
 * key and value. Owner: the reader, for one line. Watched by `influx.bench.ts`.
 */
import { putLength, putString, type Text } from '../../../clickhouse/native/buffers.ts';
import type { MapColumn } from '../../../clickhouse/native/columns.ts';
import { lengthSize } from '../../../clickhouse/native/utf8.ts';
import { putKey } from '../attributes.ts';
import { inName, inString, literalAt, putName } from './names.ts';

/** What a pair is, which decides what its escapes are and whose key it has. */
export const pairKind = {
  tag: 0,
  /** A string field. */
  string: 1,
  /** The exact digits of an integer that no column holds. */
  exact: 2,
  /** The name of the field that became the body of a log record. */
  field: 3,
} as const;

/** Words of a pair: the ends of key and value, the escapes in each, the kind, the suffix. */
const pairWords = 8;
const pairsAtFirst = 64;
const gapShare = 2.3;

const ownKeys: readonly (Uint8Array | undefined)[] = [
  undefined,
  undefined,
  new Uint8Array(Buffer.from('influxdb.uint64')),
  new Uint8Array(Buffer.from('influxdb.field')),
];
const ownViews = ownKeys.map((key) => key && new DataView(key.buffer));
/** Behind the key of a string field that has the name of a tag; as InfluxDB's queries show it. */
const suffixBytes = Buffer.from('_1');

export class Pairs {
  count = 0;
  /** Whether {@link order} is what it should be. */
  isSorted = true;
  words = new Int32Array(pairWords * pairsAtFirst);
  /** Indexes of pairs, by key. */
  order = new Int32Array(pairsAtFirst);

  clear(): void {
    this.count = 0;
    this.isSorted = true;
  }

  add(
    kind: number,
    keyStart: number,
    keyEnd: number,
    keyDropped: number,
    valueStart: number,
    valueEnd: number,
    valueDropped: number,
  ): void {
    const index = this.count;
    if (index === this.order.length) this.#grow();
    const { words } = this;
    const place = index * pairWords;
    words[place] = keyStart;
    words[place + 1] = keyEnd;
    words[place + 2] = keyDropped;
    words[place + 3] = valueStart;
    words[place + 4] = valueEnd;
    words[place + 5] = valueDropped;
    words[place + 6] = kind;
    words[place + 7] = 0;
    this.order[index] = index;
    this.count = index + 1;
  }

  /** The same for a pair whose key is ours. */
  addOwn(kind: number, valueStart: number, valueEnd: number, valueDropped: number): void {
    this.add(kind, 0, ownKeys[kind]?.length ?? 0, 0, valueStart, valueEnd, valueDropped);
    this.isSorted = false;
  }

  /** Takes over those of `other`. */
  addAll(other: Pairs): void {
    while (this.order.length < this.count + other.count) this.#grow();
    this.words.set(other.words.subarray(0, other.count * pairWords), this.count * pairWords);
    for (let index = 0; index < other.count; index += 1) {
      this.order[this.count + index] = this.count + other.order[index]!;
    }
    this.count += other.count;
    this.isSorted = false;
  }

  /** Compares the last pair's key with the one before: 0 says that they are equal. */
  checkLast(source: Uint8Array): number {
    const { count } = this;
    if (count < 2) return -1;
    const order = this.#compare(source, count - 2, count - 1);
    if (order > 0) this.isSorted = false;
    return order;
  }

  /** Sorts by key, unless it is. Shell's way: in place, and harmless when there are thousands. */
  sort(source: Uint8Array): void {
    if (this.isSorted) return;
    this.isSorted = true;
    const { order, count } = this;
    for (let gap = count; gap > 1; ) {
      gap = gap < 5 ? 1 : Math.floor(gap / gapShare);
      for (let index = gap; index < count; index += 1) {
        const moved = order[index]!;
        let at = index;
        while (at >= gap && this.#order(source, order[at - gap]!, moved) > 0) {
          order[at] = order[at - gap]!;
          at -= gap;
        }
        order[at] = moved;
      }
    }
  }

  /** Whether two neighbours have one key. Only after {@link sort}. */
  hasRepeat(source: Uint8Array): boolean {
    for (let index = 1; index < this.count; index += 1) {
      if (this.#compare(source, this.order[index - 1]!, this.order[index]!) === 0) return true;
    }
    return false;
  }

  /** Of kinds that share a key, all but the first get a suffix. Only after {@link sort}. */
  tellApart(source: Uint8Array): void {
    const { order, words } = this;
    for (let index = 1; index < this.count; index += 1) {
      const left = order[index - 1]! * pairWords;
      const right = order[index]! * pairWords;
      // Of equal keys a tag comes first; several of one kind are the line's own repeats.
      if (words[left + 6] === words[right + 6] && words[left + 7] === 0) continue;
      if (this.#compare(source, order[index - 1]!, order[index]!) !== 0) continue;
      words[right + 7] = suffixBytes.length;
    }
  }

  /** Appends all to the map that begins at `mapStart`; `scratch` is for what has escapes. */
  putMap(
    map: MapColumn,
    mapStart: number,
    source: Uint8Array,
    view: DataView,
    scratch: Text,
  ): void {
    const { words, order } = this;
    for (let index = 0; index < this.count; index += 1) {
      const place = order[index]! * pairWords;
      const kind = words[place + 6]!;
      const keyStart = words[place]!;
      if (kind <= pairKind.string && words[place + 2] === 0 && words[place + 7] === 0) {
        putKey(map, mapStart, source, view, keyStart, words[place + 1]! - keyStart);
      } else {
        scratch.size = 0;
        this.#putKeyText(scratch, source, view, place);
        putKey(map, mapStart, scratch.bytes, scratch.view, 0, scratch.size);
      }
      const start = words[place + 3]!;
      const end = words[place + 4]!;
      const dropped = words[place + 5]!;
      if (dropped === 0) putString(map.values, source, view, start, end - start);
      else {
        map.values.reserve(5);
        putLength(map.values, end - start - dropped);
        putName(map.values, source, view, start, end, dropped, classesOf(kind));
      }
    }
  }

  /** Appends all as KeyValue messages of the field `tag`. */
  encode(text: Text, tag: number, source: Uint8Array, view: DataView): void {
    for (let index = 0; index < this.count; index += 1) {
      this.#encodeOne(text, tag, source, view, this.order[index]! * pairWords);
    }
  }

  #encodeOne(text: Text, tag: number, source: Uint8Array, view: DataView, place: number): void {
    const { words } = this;
    const kind = words[place + 6]!;
    const suffixSize = words[place + 7]!;
    const keySize = words[place + 1]! - words[place]! - words[place + 2]! + suffixSize;
    const valueSize = words[place + 4]! - words[place + 3]! - words[place + 5]!;
    const anySize = 1 + lengthSize(valueSize) + valueSize;
    const size = 2 + lengthSize(keySize) + keySize + lengthSize(anySize) + anySize;
    text.reserve(size + 8);
    text.bytes[text.size++] = tag;
    putLength(text, size);
    text.bytes[text.size++] = 0x0a;
    putLength(text, keySize);
    this.#putKeyText(text, source, view, place);
    text.bytes[text.size++] = 0x12;
    putLength(text, anySize);
    text.bytes[text.size++] = 0x0a;
    putLength(text, valueSize);
    const classes = classesOf(kind);
    putName(text, source, view, words[place + 3]!, words[place + 4]!, words[place + 5]!, classes);
  }

  #putKeyText(text: Text, source: Uint8Array, view: DataView, place: number): void {
    const { words } = this;
    const kind = words[place + 6]!;
    const keySource = ownKeys[kind] ?? source;
    const keyView = ownViews[kind] ?? view;
    const keyDropped = words[place + 2]!;
    putName(text, keySource, keyView, words[place]!, words[place + 1]!, keyDropped, inName);
    if (words[place + 7] === 0) return;
    text.reserve(suffixBytes.length);
    text.bytes.set(suffixBytes, text.size);
    text.size += suffixBytes.length;
  }

  /** By key; of equal ones a tag comes first, then what came first. */
  #order(source: Uint8Array, left: number, right: number): number {
    const difference = this.#compare(source, left, right);
    if (difference !== 0) return difference;
    const kind = this.words[left * pairWords + 6]! - this.words[right * pairWords + 6]!;
    return kind === 0 ? left - right : kind;
  }

  #compare(source: Uint8Array, left: number, right: number): number {
    const { words } = this;
    const ours = ownKeys[words[left * pairWords + 6]!] ?? source;
    const theirs = ownKeys[words[right * pairWords + 6]!] ?? source;
    let at = words[left * pairWords]!;
    let other = words[right * pairWords]!;
    const end = words[left * pairWords + 1]!;
    const otherEnd = words[right * pairWords + 1]!;
    for (; at < end && other < otherEnd; at += 1, other += 1) {
      at = literalAt(ours, at, end, inName);
      other = literalAt(theirs, other, otherEnd, inName);
      const difference = ours[at]! - theirs[other]!;
      if (difference !== 0) return difference;
    }
    return (at < end ? 1 : 0) - (other < otherEnd ? 1 : 0);
  }

  #grow(): void {
    const words = new Int32Array(this.words.length * 2);
    words.set(this.words);
    this.words = words;
    const order = new Int32Array(this.order.length * 2);
    order.set(this.order);
    this.order = order;
  }
}

/** Which escapes the value of a pair has. */
function classesOf(kind: number): Uint8Array {
  return kind === pairKind.string ? inString : inName;
}
