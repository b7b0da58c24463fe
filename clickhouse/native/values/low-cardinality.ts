/**
 * LowCardinality(String) and LowCardinality(Nullable(String)): an index a value, and each string
 * once. In the nullable one index 0 is NULL.
 *
 * Hot path. Allocations per value: none. Copies: one, when a string is new. Owner: the column.
 * Watched by `values.bench.ts`.
 */
import type { Chunks } from '../chunks.ts';
import { Scratch } from '../chunks.ts';
import { indexWidth, putDictionary } from '../columns.ts';
import { Dictionary } from '../dictionary.ts';
import { Source } from './bytes.ts';
import { dictionaryEntriesFull, type Meter, type Part } from './column.ts';
import { type Kernel, windowValues } from './kernel.ts';
import type { BytesColumn, NullableColumn } from './types.ts';
import { Values } from './values.ts';

/** The only version of keys there is. */
const keyVersion = 1;

const nothing = new Uint8Array(0);

export class LowCardinalityValues implements BytesColumn, Part {
  readonly kind = 'bytes';
  readonly type: string;
  readonly width = 4;
  readonly indexes: Values;
  readonly dictionary: Dictionary;
  readonly isNullable: boolean;
  readonly #meter: Meter;
  readonly #source = new Source();
  readonly #scratch = new Scratch();
  /** Digests of the keys, while a checksum is made. */
  readonly #keyDigests = new Scratch();
  #keyWords = new Int32Array(0);

  constructor(type: string, isNullable: boolean, meter: Meter) {
    this.type = type;
    this.isNullable = isNullable;
    this.indexes = new Values(meter.budget, 4);
    this.dictionary = new Dictionary(meter.budget, meter.seed);
    this.#meter = meter;
  }

  get count(): number {
    return this.indexes.count;
  }

  /** The dictionary's entries begin here among the keys: after NULL, where there is one. */
  get firstKey(): number {
    return this.isNullable ? 1 : 0;
  }

  pushBytes(bytes: Uint8Array, from: number, to: number): void {
    if (this.#source.bytes !== bytes) this.#source.use(bytes);
    const dictionary = this.dictionary;
    const before = dictionary.text.size;
    // Bytes stay as they are: the source says what its text is, UTF-8 or not.
    const index = dictionary.identify(bytes, this.#source.view, from, to - from);
    this.#meter.bytes += dictionary.text.size - before;
    if (index >= dictionaryEntriesFull) this.#meter.isDictionaryFull = true;
    this.#push(index + this.firstKey);
  }

  /** NULL, in the nullable one. */
  pushDefault(): void {
    if (this.isNullable) this.#push(0);
    else this.pushBytes(nothing, 0, 0);
  }

  cut(count: number): void {
    // Strings of the row that is taken back stay in the dictionary; nothing points at them.
    this.indexes.cut(count);
  }

  isWhole(count: number): boolean {
    return this.count === count;
  }

  prefix(out: Chunks): void {
    out.uint64(keyVersion);
  }

  data(out: Chunks): void {
    const { indexes, dictionary, firstKey } = this;
    // No keys at all where there is no value.
    if (indexes.count === 0) return;
    const width = indexWidth(dictionary.count + firstKey);
    putDictionary(out, dictionary, width, indexes.count, firstKey);
    out.view(this.#narrowed(width));
  }

  clear(): void {
    this.indexes.clear();
    this.dictionary.clear();
    this.#source.forget();
  }

  rewind(kernel: Kernel): void {
    const { dictionary, firstKey } = this;
    const { count, text } = dictionary;
    this.indexes.read = 0;
    const bytes = this.#keyDigests.take(8 * (firstKey + count));
    this.#keyWords = new Int32Array(bytes.buffer, 0, 2 * (firstKey + count));
    const area = kernel.area(0);
    if (this.isNullable) {
      kernel.code.putNull(area);
      bytes.set(kernel.bytes.subarray(area, area + 8));
    }
    let at = 0;
    for (let done = 0; done < count; done += windowValues) {
      const some = Math.min(windowValues, count - done);
      at = kernel.strings(text, at, some, text.size / count, area);
      bytes.set(kernel.bytes.subarray(area, area + 8 * some), 8 * (firstKey + done));
    }
  }

  digest(kernel: Kernel, count: number, out: number): void {
    const { indexes } = this;
    const keys = this.#keyWords;
    const target = kernel.words;
    let at = out >>> 2;
    for (let index = indexes.read; index < indexes.read + count; index += 1) {
      const key = 2 * indexes.words[index]!;
      target[at++] = keys[key]!;
      target[at++] = keys[key + 1]!;
    }
    indexes.read += count;
  }

  #push(index: number): void {
    const indexes = this.indexes;
    const at = indexes.count;
    if (at === indexes.capacity) indexes.grow();
    indexes.words[at] = index;
    indexes.count = at + 1;
  }

  #narrowed(width: 1 | 2 | 4): Uint8Array {
    const { words, count } = this.indexes;
    if (width === 4) return this.indexes.used();
    const bytes = this.#scratch.take(count * width);
    const narrow = width === 1 ? bytes : new Uint16Array(bytes.buffer, 0, count);
    for (let index = 0; index < count; index += 1) narrow[index] = words[index]!;
    return bytes;
  }
}

/** LowCardinality(Nullable(String)), filled as a Nullable is. */
export class NullableLowCardinality implements NullableColumn, Part {
  readonly kind = 'nullable';
  readonly type: string;
  readonly inner: LowCardinalityValues;

  constructor(type: string, meter: Meter) {
    this.type = type;
    this.inner = new LowCardinalityValues('String', true, meter);
  }

  get width(): number {
    return this.inner.width;
  }

  get count(): number {
    return this.inner.count;
  }

  pushNull(): void {
    this.inner.pushDefault();
  }

  /** What follows says enough: its index is not 0. */
  pushValid(): void {}

  pushDefault(): void {
    this.inner.pushDefault();
  }

  cut(count: number): void {
    this.inner.cut(count);
  }

  isWhole(count: number): boolean {
    return this.count === count;
  }

  prefix(out: Chunks): void {
    this.inner.prefix(out);
  }

  data(out: Chunks): void {
    this.inner.data(out);
  }

  clear(): void {
    this.inner.clear();
  }

  rewind(kernel: Kernel): void {
    this.inner.rewind(kernel);
  }

  digest(kernel: Kernel, count: number, out: number): void {
    this.inner.digest(kernel, count, out);
  }
}
