/**
 * The module in WebAssembly that makes digests of values, and its memory. Columns are handed to it
 * a window at a time, so its memory stays small however large a block is.
 *
 * Hot path. Allocations: a view a window, none a value. Copies: each column once, in windows that
 * fit the nearest cache. Owner: the writer. Watched by `values.bench.ts`.
 */
import type { Text } from '../buffers.ts';
import type { Values } from './values.ts';
import { moduleBase64 } from './wasm/module.ts';

type Exports = {
  readonly memory: WebAssembly.Memory;
  readonly begin: () => void;
  readonly more: (from: number, bytes: number) => void;
  readonly finish: (from: number, bytes: number, total: number, out: number) => void;
  readonly widen: (from: number, out: number, count: number, width: number) => void;
  readonly fixed: (from: number, out: number, count: number, width: number) => void;
  readonly strings: (from: number, end: number, out: number, count: number) => number;
  readonly hashedStrings: () => number;
  readonly maskNulls: (nulls: number, out: number, count: number) => void;
  readonly putNull: (out: number) => void;
  readonly add: (digests: number, sums: number, count: number, part: number) => void;
  readonly close: (sums: number, count: number) => void;
  readonly total: (sums: number, count: number) => bigint;
  readonly fold: (
    ends: number,
    sums: number,
    list: number,
    first: number,
    position: number,
    digests: number,
    count: number,
    isOrdered: number,
  ) => number;
  readonly closeLists: (ends: number, sums: number, first: number, count: number) => void;
};

/** Values of a window; three areas of their digests fit a nearest cache of 32 KiB. */
export const windowValues = 1024;
/** Where raw values of a window are put; what is before is the module's own. */
const inputAt = 1024;
/** A multiple of 32, and `windowValues` of the widest number. */
const inputBytes = 64 * 1024;
const areaBytes = windowValues * 8;
const areasAt = inputAt + inputBytes;
const pageBytes = 65_536;

let compiled: WebAssembly.Module | undefined;

/** The module alone; compiled once a thread. */
function compiledModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Buffer.from(moduleBase64, 'base64'));
  return compiled;
}

export class Kernel {
  readonly code: Exports;
  bytes: Uint8Array;
  words: Int32Array;

  constructor() {
    const instance = new WebAssembly.Instance(compiledModule(), {});
    this.code = instance.exports as unknown as Exports;
    this.bytes = new Uint8Array(this.code.memory.buffer);
    this.words = new Int32Array(this.code.memory.buffer);
  }

  /** Where area `index` is: room for a number of 64 bits for each value of a window. */
  area(index: number): number {
    const at = areasAt + index * areaBytes;
    const missing = at + areaBytes - this.bytes.length;
    if (missing > 0) {
      const { memory } = this.code;
      memory.grow(Math.ceil(missing / pageBytes));
      this.bytes = new Uint8Array(memory.buffer);
      this.words = new Int32Array(memory.buffer);
    }
    return at;
  }

  /** Zeros for `count` sums. */
  clear(sums: number, count: number): void {
    this.words.fill(0, sums >>> 2, (sums >>> 2) + 2 * count);
  }

  /** Digests of numbers of at most 64 bits: their bits. */
  numbers(values: Values, from: number, count: number, out: number): void {
    const { width, bytes } = values;
    const raw = bytes.subarray(from * width, (from + count) * width);
    if (width === 8) {
      this.bytes.set(raw, out);
      return;
    }
    this.bytes.set(raw, inputAt);
    this.code.widen(inputAt, out, count, width);
  }

  /** Digests of values of any width, as strings of their bytes. */
  hashes(values: Values, from: number, count: number, out: number): void {
    const { width, bytes } = values;
    const step = Math.floor(inputBytes / width);
    for (let done = 0; done < count; done += Math.max(step, 1)) {
      const start = (from + done) * width;
      if (step === 0) {
        this.large(bytes, start, width, out + 8 * done);
        continue;
      }
      const some = Math.min(step, count - done);
      this.bytes.set(bytes.subarray(start, start + some * width), inputAt);
      this.code.fixed(inputAt, out + 8 * done, some, width);
    }
  }

  /** Digests of `count` strings from byte `from` on; returns where they end. */
  strings(text: Text, from: number, count: number, averageBytes: number, out: number): number {
    let at = from;
    let done = 0;
    while (done < count) {
      // No more than is likely needed: what is over is copied again by the next call.
      const likely = Math.ceil(averageBytes * (count - done)) + 64;
      const bytes = Math.min(likely, inputBytes, text.size - at);
      this.bytes.set(text.bytes.subarray(at, at + bytes), inputAt);
      const target = out + 8 * done;
      const end = this.code.strings(inputAt, inputAt + bytes, target, count - done);
      const hashed = this.code.hashedStrings();
      at += end - inputAt;
      done += hashed;
      if (hashed === 0) {
        at = this.#largeString(text, at, target);
        done += 1;
      }
    }
    return at;
  }

  /** Digest of one value of any size. */
  large(bytes: Uint8Array, from: number, size: number, out: number): void {
    const { code } = this;
    if (size < 32) {
      this.bytes.set(bytes.subarray(from, from + size), inputAt);
      code.fixed(inputAt, out, 1, size);
      return;
    }
    const whole = size - (size % 32);
    code.begin();
    for (let at = 0; at < whole; at += inputBytes) {
      const some = Math.min(inputBytes, whole - at);
      this.bytes.set(bytes.subarray(from + at, from + at + some), inputAt);
      code.more(inputAt, some);
    }
    this.bytes.set(bytes.subarray(from + whole, from + size), inputAt);
    code.finish(inputAt, size - whole, size, out);
  }

  /** Puts the digest of NULL where there is none. */
  maskNulls(nulls: Values, from: number, count: number, out: number): void {
    this.bytes.set(nulls.bytes.subarray(from, from + count), inputAt);
    this.code.maskNulls(inputAt, out, count);
  }

  #largeString(text: Text, from: number, out: number): number {
    let size = 0;
    let at = from;
    for (let unit = 1; ; unit *= 128) {
      const byte = text.bytes[at++]!;
      size += (byte & 0x7f) * unit;
      if (byte < 0x80) break;
    }
    this.large(text.bytes, at, size, out);
    return at + size;
  }
}
