/**
 * The names of metrics in the dictionaries of their blocks, remembered for the lines of one body:
 * lines of one measurement mostly have the same fields in the same places, and comparing a field's
 * key with the one before is cheaper than finding the name again.
 *
 * Hot path. Allocations per item: none; the arrays double when they are full. Copies: one of a name
 * that is not known. Owner: the writer, for one body. Watched by `influx.bench.ts`.
 */
import { Budget, Text } from '../../../clickhouse/native/buffers.ts';
import type { NumberBlock } from '../metric-blocks.ts';
import type { Line } from './line.ts';
import { infoField, putMetricName } from './metric-names.ts';

/** A power of two. */
const measurementsMax = 16;
const fieldsAtFirst = 32;
const nameBytesMax = 2 ** 28 - 1;
const scratchBytesKept = 1024 * 1024;

/** The fields of one measurement in one block. */
class Known {
  block: NumberBlock | undefined;
  measurementStart = 0;
  measurementEnd = 0;
  count = 0;
  /** By place in the line: where the key is, two words, and the name's index. */
  words = new Int32Array(3 * fieldsAtFirst);
}

export class KnownNames {
  readonly #scratch = new Text(new Budget(nameBytesMax));
  readonly #all = Array.from({ length: measurementsMax }, () => new Known());
  #current: Known;
  /** Which field of the line under way is next. */
  #next = 0;

  constructor() {
    this.#current = this.#all[0]!;
  }

  /** Ends a body: nothing is known of the next one. */
  release(): void {
    for (const known of this.#all) known.block = undefined;
    if (this.#scratch.limit > scratchBytesKept) this.#scratch.release();
  }

  /** Begins a line whose rows are in `block`. */
  beginLine(block: NumberBlock, line: Line, source: Uint8Array): void {
    const { measurementStart: start, measurementEnd: end } = line;
    const hash = source[start]! + 31 * source[end - 1]! + 7 * (end - start);
    const known = this.#all[hash & (measurementsMax - 1)]!;
    this.#current = known;
    this.#next = 0;
    const isKnown =
      known.block === block &&
      areEqual(source, start, end, known.measurementStart, known.measurementEnd);
    if (isKnown) return;
    known.block = block;
    known.measurementStart = start;
    known.measurementEnd = end;
    known.count = 0;
  }

  /** The index of the name of the metric of `field`, a place in the line's fields. */
  next(block: NumberBlock, line: Line, source: Uint8Array, view: DataView, field: number): number {
    const known = this.#current;
    const at = 3 * this.#next;
    this.#next += 1;
    if (field === infoField) return this.#find(block, line, source, view, field);
    const start = line.fields[field]!;
    const end = line.fields[field + 1]!;
    const { words } = known;
    if (at < 3 * known.count && areEqual(source, start, end, words[at]!, words[at + 1]!)) {
      return words[at + 2]!;
    }
    const index = this.#find(block, line, source, view, field);
    if (at === words.length) known.words = doubled(words);
    known.words[at] = start;
    known.words[at + 1] = end;
    known.words[at + 2] = index;
    if (at === 3 * known.count) known.count += 1;
    return index;
  }

  #find(block: NumberBlock, line: Line, source: Uint8Array, view: DataView, field: number): number {
    const scratch = this.#scratch;
    scratch.size = 0;
    putMetricName(scratch, line, source, view, field);
    const { dictionary } = block.metricName;
    return dictionary.lookup(scratch.bytes, scratch.view, 0, scratch.size);
  }
}

function areEqual(
  source: Uint8Array,
  start: number,
  end: number,
  otherStart: number,
  otherEnd: number,
): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  const shift = otherStart - start;
  for (let at = start; at < end; at += 1) {
    if (source[at] !== source[at + shift]) return false;
  }
  return true;
}

function doubled(words: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const more = new Int32Array(words.length * 2);
  more.set(words);
  return more;
}
