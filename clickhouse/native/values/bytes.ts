/**
 * Columns of bytes: strings, strings of one length, addresses and UUIDs.
 *
 * Hot path. Allocations per value: none; a view of each larger source. Copies: one, into the
 * column. Owner: the column; a source is not kept beyond the block. Watched by `values.bench.ts`.
 */
import { assert } from '../../../core/assert.ts';
import { putLength, putString, Text } from '../buffers.ts';
import type { Chunks } from '../chunks.ts';
import type { Meter, Part } from './column.ts';
import type { Kernel } from './kernel.ts';
import type { BytesColumn } from './types.ts';
import { Values } from './values.ts';

/** Sources below this many bytes are copied byte by byte: a view of each would cost more. */
const viewedBytesMin = 256;

const nothing = new Uint8Array(0);

/** The source that values come from, and a view of it for copies in moves of eight bytes. */
export class Source {
  bytes: Uint8Array = nothing;
  view: DataView = new DataView(nothing.buffer);

  use(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Lets go of the source's memory. */
  forget(): void {
    this.bytes = nothing;
    this.view = new DataView(nothing.buffer);
  }
}

/** Strings of any bytes, in Native's form: length, then bytes. */
export class TextValues implements BytesColumn, Part {
  readonly kind = 'bytes';
  readonly type: string;
  /** Of the length, for a short string. */
  readonly width = 1;
  readonly text: Text;
  count = 0;
  readonly #meter: Meter;
  readonly #source = new Source();
  /** Where the values of row `markRow` begin. */
  #markRow = -1;
  #markSize = 0;
  #markCount = 0;
  /** Where the digests have come to. */
  #readAt = 0;

  constructor(type: string, meter: Meter) {
    this.type = type;
    this.text = new Text(meter.budget);
    this.#meter = meter;
  }

  pushBytes(bytes: Uint8Array, from: number, to: number): void {
    const meter = this.#meter;
    const text = this.text;
    if (this.#markRow !== meter.rows) this.#mark();
    const length = to - from;
    if (bytes.length < viewedBytesMin) {
      text.reserve(length + 2);
      putLength(text, length);
      const target = text.bytes;
      let at = text.size;
      for (let index = from; index < to; index += 1) target[at++] = bytes[index]!;
      text.size = at;
    } else {
      if (this.#source.bytes !== bytes) this.#source.use(bytes);
      putString(text, bytes, this.#source.view, from, length);
    }
    meter.bytes += length;
    this.count += 1;
  }

  pushDefault(): void {
    this.pushBytes(nothing, 0, 0);
  }

  cut(count: number): void {
    if (this.count === count) return;
    assert(this.#markRow === this.#meter.rows && this.#markCount === count, 'a cut to a row');
    this.text.cut(this.#markSize);
    this.count = count;
  }

  isWhole(count: number): boolean {
    return this.count === count;
  }

  prefix(): void {}

  data(out: Chunks): void {
    out.view(this.text.bytes.subarray(0, this.text.size));
  }

  clear(): void {
    this.text.clear();
    this.#source.forget();
    this.count = 0;
    this.#markRow = -1;
  }

  rewind(): void {
    this.#readAt = 0;
  }

  digest(kernel: Kernel, count: number, out: number): void {
    const { text } = this;
    this.#readAt = kernel.strings(text, this.#readAt, count, text.size / this.count, out);
  }

  #mark(): void {
    this.#markRow = this.#meter.rows;
    this.#markSize = this.text.size;
    this.#markCount = this.count;
  }
}

/** How the bytes of a value lie in memory. */
export type BytesLayout =
  /** As given; a shorter one is followed by zeros. */
  | 'fixed'
  /** A UUID: each half of eight bytes backwards. */
  | 'uuid'
  /** An IPv4 address: backwards. */
  | 'ipv4';

/** What the index of a byte is turned by, so that it lies in its place. */
const turns = { fixed: 0, uuid: 7, ipv4: 3 } as const;

/** FixedString(n), UUID, IPv4 and IPv6. */
export class FixedBytesValues implements BytesColumn, Part {
  readonly kind = 'bytes';
  readonly type: string;
  readonly width: number;
  readonly values: Values;
  readonly #turn: number;
  /** ClickHouse's own form of the type is a number. */
  readonly #isNumber: boolean;

  constructor(type: string, width: number, layout: BytesLayout, meter: Meter) {
    this.type = type;
    this.width = width;
    this.values = new Values(meter.budget, width);
    this.#turn = turns[layout];
    this.#isNumber = layout === 'ipv4';
  }

  get count(): number {
    return this.values.count;
  }

  pushBytes(bytes: Uint8Array, from: number, to: number): void {
    const width = this.width;
    const length = to - from;
    // Only a FixedString may be shorter than its width.
    if (length !== width) this.#checkLength(length);
    const values = this.values;
    if (values.count === values.capacity) values.grow();
    const target = values.bytes;
    const start = values.count * width;
    const turn = this.#turn;
    for (let index = 0; index < length; index += 1) {
      target[start + (index ^ turn)] = bytes[from + index]!;
    }
    if (length < width) target.fill(0, start + length, start + width);
    values.count += 1;
  }

  pushDefault(): void {
    const values = this.values;
    if (values.count === values.capacity) values.grow();
    values.bytes.fill(0, values.count * this.width, (values.count + 1) * this.width);
    values.count += 1;
  }

  cut(count: number): void {
    this.values.cut(count);
  }

  isWhole(count: number): boolean {
    return this.count === count;
  }

  prefix(): void {}

  data(out: Chunks): void {
    out.view(this.values.used());
  }

  clear(): void {
    this.values.clear();
  }

  rewind(): void {
    this.values.read = 0;
  }

  digest(kernel: Kernel, count: number, out: number): void {
    const { values } = this;
    if (this.#isNumber) kernel.numbers(values, values.read, count, out);
    else kernel.hashes(values, values.read, count, out);
    values.read += count;
  }

  #checkLength(length: number): void {
    const isFixed = this.type.startsWith('FixedString');
    assert(isFixed && length < this.width, `${this.width} bytes for ${this.type}, not ${length}`);
  }
}
