/**
 * The distinct strings of a LowCardinality column, in order of first appearance, in Native's own
 * String form. Which index a string gets depends only on the strings before it, never on the
 * seed or on what was cut back, so that a seal decoded again gives the same bytes.
 *
 * Hot path. Allocations per item: none. Copies: one, when a string is new. Owner: the block.
 * Watched by `gateway/decode/decode.bench.ts`.
 */
import { assert } from '../../core/assert.ts';
import { BlockFull, type Budget, putString, Text } from './buffers.ts';
import { type HashSeed, hashBytes } from './hash.ts';
import { isWellFormed, wellFormed } from './utf8.ts';

/** Entries a dictionary may have. */
const dictionaryEntriesMax = 1 << 20;

const entriesMin = 64;
/** Tables larger than this shrink on `clear` when most of them was not needed. */
const keptEntriesMax = 4096;
/** Bytes that the tables hold for one entry: five words, and two slots at most half full. */
const entryTableBytes = 5 * 4 + 4 * 4;

export class Dictionary {
  /** The entries, one after the other: what goes on the wire. */
  readonly text: Text;
  count = 0;
  /** One more than the map element that had entry `index` last: finds repeated keys. */
  positions = new Uint32Array(0);
  #starts = new Uint32Array(0);
  #lengths = new Uint32Array(0);
  #hashes = new Int32Array(0);
  /** Which entry came after entry `index` last time: a guess, always verified. */
  #next = new Uint32Array(0);
  /** Open addressing; 0 is free, else index + 1. */
  #slots = new Int32Array(0);
  #last = 0;
  readonly #budget: Budget;
  readonly #seed: HashSeed;

  constructor(budget: Budget, seed: HashSeed) {
    this.text = new Text(budget);
    this.#budget = budget;
    this.#seed = seed;
  }

  /** Index of the string at `from`; enters it when it is new. Ill-formed UTF-8 is repaired. */
  lookup(source: Uint8Array, view: DataView, from: number, length: number): number {
    const count = this.count;
    if (count > 0) {
      const guess = this.#next[this.#last]!;
      if (
        guess < count &&
        this.#lengths[guess] === length &&
        equalBytes(this.text, this.#starts[guess]!, source, view, from, length)
      ) {
        this.#last = guess;
        return guess;
      }
    }
    const index = this.#search(source, view, from, length, true);
    this.#next[this.#last] = index;
    this.#last = index;
    return index;
  }

  /** Index of the string at `from` as it is, whatever its bytes; enters it when it is new. */
  identify(source: Uint8Array, view: DataView, from: number, length: number): number {
    return this.#search(source, view, from, length, false);
  }

  /** Where entry `index` begins in {@link text}, and how long it is. */
  startOf(index: number): number {
    return this.#starts[index]!;
  }

  lengthOf(index: number): number {
    return this.#lengths[index]!;
  }

  /** Cuts back to the first `count` entries. */
  cut(count: number): void {
    assert(count <= this.count, 'a dictionary to be cut back, not forward');
    for (let index = this.count - 1; index >= count; index -= 1) {
      // Last in, first out: no remaining entry ever probed past this one's slot.
      let slot = this.#hashes[index]! & (this.#slots.length - 1);
      while (this.#slots[slot] !== index + 1) slot = (slot + 1) & (this.#slots.length - 1);
      this.#slots[slot] = 0;
    }
    if (count < this.count) {
      this.text.cut(count === 0 ? 0 : this.#starts[count - 1]! + this.#lengths[count - 1]!);
    }
    this.count = count;
    if (this.#last >= count) this.#last = 0;
  }

  /** Empties it, guesses included. */
  clear(): void {
    const used = this.count;
    this.text.clear();
    if (this.#starts.length > keptEntriesMax && used < this.#starts.length / 4) this.#resize(0);
    this.#slots.fill(0);
    this.positions.fill(0);
    this.#next.fill(0);
    this.count = 0;
    this.#last = 0;
  }

  /** Gives all memory back. */
  release(): void {
    this.text.release();
    this.count = 0;
    this.#last = 0;
    this.#resize(0);
  }

  #search(
    source: Uint8Array,
    view: DataView,
    from: number,
    length: number,
    repair: boolean,
  ): number {
    const hash = hashBytes(this.#seed, source, view, from, length);
    const mask = this.#slots.length - 1;
    if (mask > 0) {
      for (let slot = hash & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
        const index = this.#slots[slot]! - 1;
        if (
          this.#hashes[index] === hash &&
          this.#lengths[index] === length &&
          equalBytes(this.text, this.#starts[index]!, source, view, from, length)
        ) {
          return index;
        }
      }
    }
    if (repair && !isWellFormed(source, view, from, length)) {
      const better = wellFormed(source.subarray(from, from + length));
      return this.#search(better, new DataView(better.buffer), 0, better.length, false);
    }
    return this.#add(hash, source, view, from, length);
  }

  #add(hash: number, source: Uint8Array, view: DataView, from: number, length: number): number {
    const index = this.count;
    if (index >= dictionaryEntriesMax) throw new BlockFull('a dictionary is full');
    if (index >= this.#starts.length) this.#resize(Math.max(entriesMin, index * 2));
    putString(this.text, source, view, from, length);
    this.#starts[index] = this.text.size - length;
    this.#lengths[index] = length;
    this.#hashes[index] = hash;
    this.positions[index] = 0;
    this.#next[index] = 0;
    this.count = index + 1;
    this.#place(index);
    return index;
  }

  #place(index: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[index]! & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = index + 1;
  }

  #resize(entries: number): void {
    this.#budget.take((entries - this.#starts.length) * entryTableBytes);
    this.#starts = copied(this.#starts, new Uint32Array(entries));
    this.#lengths = copied(this.#lengths, new Uint32Array(entries));
    this.#next = copied(this.#next, new Uint32Array(entries));
    this.positions = copied(this.positions, new Uint32Array(entries));
    const hashes = new Int32Array(entries);
    hashes.set(this.#hashes.subarray(0, entries));
    this.#hashes = hashes;
    this.#slots = new Int32Array(entries * 4);
    for (let index = 0; index < Math.min(this.count, entries); index += 1) this.#place(index);
  }
}

function copied(
  from: Uint32Array<ArrayBuffer>,
  to: Uint32Array<ArrayBuffer>,
): Uint32Array<ArrayBuffer> {
  to.set(from.subarray(0, to.length));
  return to;
}

function equalBytes(
  text: Text,
  start: number,
  source: Uint8Array,
  view: DataView,
  from: number,
  length: number,
): boolean {
  const own = text.view;
  if (length >= 8) {
    const last = length - 8;
    for (let index = 0; index < last; index += 8) {
      if (!equal8(own, start + index, view, from + index)) return false;
    }
    // The last eight bytes, which may overlap those before.
    return equal8(own, start + last, view, from + last);
  }
  for (let index = 0; index < length; index += 1) {
    if (text.bytes[start + index] !== source[from + index]) return false;
  }
  return true;
}

function equal8(left: DataView, leftAt: number, right: DataView, rightAt: number): boolean {
  return left.getBigInt64(leftAt, true) === right.getBigInt64(rightAt, true);
}
