/**
 * The module in WebAssembly and its memory, one a thread. It decodes runs of ordinary items into
 * columns of its own, which `span-runs.ts` and `log-runs.ts` append to the open block; every
 * other item is the TypeScript decoder's, which stays the reference (`wasm.test.ts`).
 *
 * Hot path. Allocations: one view a window, none an item. Copies: the body's bytes, once, into
 * the module's memory. Owner: the thread. Watched by `decode.bench.ts`.
 */
import { randomBytes } from 'node:crypto';
import type { Fixed, Text } from '../../../clickhouse/native/buffers.ts';
import type { MapColumn } from '../../../clickhouse/native/columns.ts';
import type { Dictionary } from '../../../clickhouse/native/dictionary.ts';
import { type Context, earliestHigh, earliestLow, latestHigh, latestLow } from '../context.ts';
import { putOffset } from '../envelope.ts';
import { severities } from '../log-block.ts';
import { doubleText } from '../text.ts';
import {
  elementKeysAt,
  entriesMax,
  inFirstHigh,
  inFirstLow,
  inLastHigh,
  inLastLow,
  inSeedHigh,
  inSeedLow,
  keysAt,
  offsetsAt,
  outElements,
  outKeys,
  outReason,
  outRows,
  outTexts,
  reasonEnd,
  reasonFull,
  reasonShort,
  severitiesAt,
  tableBytes,
  textAt,
  textStride,
  windowAt,
  windowBytes,
  wordsAt,
} from './layout.ts';
import { moduleBase64 } from './module.ts';

/** Decodes items of `[from, end)` of the module's memory; returns where it ends. */
type RunOf = (from: number, end: number) => number;

type Exports = {
  readonly memory: WebAssembly.Memory;
  readonly spans: RunOf;
  readonly logs: RunOf;
};

/** Bytes of severity names in the module's memory: a length and up to seven letters. */
const severityBytes = 8;
/** Bytes of items that are worth a run. */
const runBytesMin = 2048;
/** What an item that is not ordinary costs, in ordinary items. */
const oddCost = 8;
const balanceMax = 256;
/** Items that are not tried when few were ordinary. */
const restItems = 4096;

export class Core {
  readonly bytes: Uint8Array;
  /** All of the memory in words of four bytes. */
  readonly words: Int32Array;
  readonly spans: RunOf;
  readonly logs: RunOf;
  readonly #view: DataView;
  /** Which index of the block's dictionary each entry of the module's got. */
  readonly #indexes = new Int32Array(entriesMax);
  #source: Uint8Array | undefined;
  /** The part of the source that is in the window. */
  #from = 0;
  #end = 0;
  #balance = balanceMax;
  #rest = 0;

  constructor() {
    const module = new WebAssembly.Module(Buffer.from(moduleBase64, 'base64'));
    const putDouble = (at: number, value: number): number => this.#putDouble(at, value);
    const instance = new WebAssembly.Instance(module, { host: { putDouble } });
    const { memory, spans, logs } = instance.exports as unknown as Exports;
    this.spans = spans;
    this.logs = logs;
    this.bytes = new Uint8Array(memory.buffer);
    this.words = new Int32Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.#set(inSeedLow, randomBytes(4).readInt32LE());
    this.#set(inSeedHigh, randomBytes(4).readInt32LE());
    for (const [index, name] of severities.entries()) {
      const at = severitiesAt + index * severityBytes;
      this.bytes[at] = name.length;
      this.bytes.set(Buffer.from(name), at + 1);
    }
  }

  /** Whether a run over `bytes` of items is worth it at present. */
  isWorth(bytes: number): boolean {
    if (eager) return true;
    if (bytes < runBytesMin) return false;
    if (this.#rest === 0) return true;
    this.#rest -= 1;
    return false;
  }

  /** Sets which times rows may have: those of a day (first and end, in words) that are accepted. */
  setBounds({ time }: Context, day: Uint32Array): void {
    const isCut = isBefore(day[0]!, day[1]!, time[earliestLow]!, time[earliestHigh]!);
    this.#set(inFirstLow, isCut ? time[earliestLow]! : day[0]!);
    this.#set(inFirstHigh, isCut ? time[earliestHigh]! : day[1]!);
    if (isBefore(time[latestLow]!, time[latestHigh]!, day[2]!, day[3]!)) {
      this.#set(inLastLow, time[latestLow]!);
      this.#set(inLastHigh, time[latestHigh]!);
    } else {
      this.#set(inLastLow, day[2]! - 1);
      this.#set(inLastHigh, day[3]! - (day[2] === 0 ? 1 : 0));
    }
  }

  /** Runs from `at` on, with what of `[at, end)` fits the window; returns where the run ended. */
  run(runOf: RunOf, source: Uint8Array, at: number, end: number): number {
    if (source !== this.#source || at < this.#from || at >= this.#end) this.#load(source, at, end);
    const bias = windowAt - this.#from;
    return runOf(at + bias, Math.min(end, this.#end) + bias) - bias;
  }

  /** How many of something the last run gave: see `out…` in `layout.ts`. */
  result(word: number): number {
    return this.words[(wordsAt >>> 2) + word]!;
  }

  /** Whether to run again at `at`, where the last run ended; if not, the item there is not ours. */
  goesOn(source: Uint8Array, at: number, end: number): boolean {
    if (at >= end) return false;
    const rows = this.result(outRows);
    const reason = this.result(outReason);
    if (reason === reasonEnd || (reason === reasonFull && rows > 0)) return true;
    if (reason === reasonShort && at > this.#from && this.#end < end) {
      this.#load(source, at, end);
      return true;
    }
    this.#weigh(rows);
    return false;
  }

  /** Forgets the body. */
  release(): void {
    this.#source = undefined;
  }

  /** Enters the first `count` strings of the module's dictionary at `at` into the block's. */
  enter(dictionary: Dictionary, at: number, count: number): void {
    const starts = at >>> 2;
    const lengths = (at + tableBytes) >>> 2;
    for (let index = 0; index < count; index += 1) {
      const start = this.words[starts + index]!;
      const length = this.words[lengths + index]!;
      this.#indexes[index] = dictionary.lookup(this.bytes, this.#view, start, length);
    }
  }

  /** Writes `count` entries at `at`, as {@link enter} has mapped them, to `target` from `to` on. */
  putIndexes(target: Int32Array, to: number, at: number, count: number): void {
    const { words } = this;
    const indexes = this.#indexes;
    const from = at >>> 2;
    for (let index = 0; index < count; index += 1) {
      target[to + index] = indexes[words[from + index]!]!;
    }
  }

  /** Appends the attributes of `rows` rows. */
  putMap({ keys, values, offsets }: MapColumn, row: number, rows: number): void {
    const { level } = keys;
    const base = level.count;
    const elements = this.result(outElements);
    level.reserve(elements);
    this.enter(keys.dictionary, keysAt, this.result(outKeys));
    this.putIndexes(keys.indexes.words, base, elementKeysAt, elements);
    level.count = base + elements;
    this.putText(values, 0);
    const ends = offsetsAt >>> 2;
    for (let index = 0; index < rows; index += 1) {
      putOffset(offsets.values.words, row + index, base + this.words[ends + index]!);
    }
  }

  /** Appends `count` values of the fixed column at `at`. */
  putFixed(column: Fixed, row: number, at: number, count: number): void {
    const { width } = column;
    column.bytes.set(this.bytes.subarray(at, at + count * width), row * width);
  }

  /** Appends the strings of text column `index`. */
  putText(text: Text, index: number): void {
    const size = this.result(outTexts + index);
    const at = textAt + index * textStride;
    text.reserve(size);
    text.bytes.set(this.bytes.subarray(at, at + size), text.size);
    text.size += size;
  }

  /** Appends `count` empty strings. */
  putEmpty(text: Text, count: number): void {
    text.reserve(count);
    text.bytes.fill(0, text.size, text.size + count);
    text.size += count;
  }

  #set(word: number, value: number): void {
    this.words[(wordsAt >>> 2) + word] = value;
  }

  #load(source: Uint8Array, at: number, end: number): void {
    const stop = Math.min(end, at + windowBytes);
    this.bytes.set(source.subarray(at, stop), windowAt);
    this.#source = source;
    this.#from = at;
    this.#end = stop;
  }

  /** A run ended at an item that is not ordinary: where many are, trying does not pay. */
  #weigh(rows: number): void {
    this.#balance = Math.min(balanceMax, this.#balance + rows) - oddCost;
    if (this.#balance >= 0) return;
    this.#rest = restItems;
    this.#balance = balanceMax / 4;
  }

  #putDouble(at: number, value: number): number {
    const text = doubleText(value);
    for (let index = 0; index < text.length; index += 1) {
      this.bytes[at + index] = text.charCodeAt(index);
    }
    return text.length;
  }
}

function isBefore(low: number, high: number, thanLow: number, thanHigh: number): boolean {
  return high < thanHigh || (high === thanHigh && low < thanLow);
}

/** What decodes ordinary items: the module in WebAssembly, or the TypeScript alone. */
export type DecodeCore = 'wasm' | 'plain';

let core: Core | undefined;
let wanted: DecodeCore = 'wasm';
/** Whether every item is tried, however little it saves: for tests. */
let eager = false;

/** The core of this thread; undefined when it is not to be used. */
export function coreOfThread(): Core | undefined {
  if (wanted === 'plain') return undefined;
  core ??= new Core();
  return core;
}

/** Forgets the body of a request that has ended. */
export function releaseCore(): void {
  core?.release();
}

/** Chooses for all requests of this thread from the next one on; returns what it was. */
export function useCore(choice: DecodeCore, isEager = false): DecodeCore {
  const before = wanted;
  wanted = choice;
  eager = isEager;
  return before;
}
