/**
 * 64-bit hashes in an open-addressing table of plain words, with some words of the user's beside
 * each: what has to be remembered of a million names without the names.
 *
 *     | hash, 2 words | the user's words | …            linear probing, at most 3/4 full
 *
 * Invariant: the capacity is a power of two, and an entry is found from the place that its hash
 * names without meeting an empty one.
 *
 * Hot path by its users. Allocations: when it grows. Copies: of all entries, then. Watched by
 * `series-limits.bench.ts`.
 */
import { assert } from '../../core/assert.ts';

/** Entries that an empty table has room for; a power of two. */
const capacityMin = 1024;
const fillMax = 0.75;
/** A table that is emptied gives memory back when it was filled less than this. */
const fillKept = 0.125;

const hashWords = 2;

export class HashTable {
  count = 0;
  /** The words of all entries, places as {@link find} has them. A new one after it has grown. */
  words: Int32Array;
  readonly #width: number;
  #mask = capacityMin - 1;

  /** `ownWords`: words of the user beside each hash. */
  constructor(ownWords: number) {
    this.#width = hashWords + ownWords;
    this.words = new Int32Array(capacityMin * this.#width);
  }

  /** The place of the user's first word of an entry; -1 when there is none. */
  find(high: number, low: number): number {
    const place = this.#placeOf(high, low);
    return this.#isFree(place) ? -1 : place + hashWords;
  }

  /** Makes an entry, which is not there yet; its words are 0. Returns as {@link find}. */
  insert(high: number, low: number): number {
    if (this.count + 1 > fillMax * (this.#mask + 1)) this.#resize(2 * (this.#mask + 1));
    const place = this.#placeOf(high, low);
    assert(this.#isFree(place), 'a hash is entered once');
    this.words[place] = high;
    this.words[place + 1] = isNone(high, low) ? 1 : low;
    this.count += 1;
    return place + hashWords;
  }

  /** Forgets all entries. */
  clear(): void {
    const isLarge = this.count < fillKept * (this.#mask + 1) && this.#mask >= capacityMin;
    this.count = 0;
    if (isLarge) {
      this.#mask = capacityMin - 1;
      this.words = new Int32Array(capacityMin * this.#width);
    } else this.words.fill(0);
  }

  /** Forgets entries but those that `isKept`, which is given places as {@link find} gives them. */
  keep(isKept: (words: Int32Array, place: number) => boolean): void {
    const { words } = this;
    const width = this.#width;
    let kept = 0;
    for (let place = 0; place < words.length; place += width) {
      if (this.#isFree(place)) continue;
      if (isKept(words, place + hashWords)) kept += 1;
      else {
        words[place] = 0;
        words[place + 1] = 0;
      }
    }
    this.count = kept;
    let capacity = capacityMin;
    while (kept > fillMax * capacity) capacity *= 2;
    // Always anew: behind a gap entries would not be found.
    this.#resize(capacity);
  }

  get bytes(): number {
    return this.words.byteLength;
  }

  #resize(capacity: number): void {
    const old = this.words;
    const width = this.#width;
    this.#mask = capacity - 1;
    this.words = new Int32Array(capacity * width);
    for (let from = 0; from < old.length; from += width) {
      if (isNone(old[from]!, old[from + 1]!)) continue;
      const place = this.#placeOf(old[from]!, old[from + 1]!);
      for (let word = 0; word < width; word += 1) this.words[place + word] = old[from + word]!;
    }
  }

  /** Where the entry is, or the free place where it would be. */
  #placeOf(high: number, low: number): number {
    const key = isNone(high, low) ? 1 : low;
    const { words } = this;
    for (let index = key & this.#mask; ; index = (index + 1) & this.#mask) {
      const place = index * this.#width;
      if (this.#isFree(place)) return place;
      if (words[place] === high && words[place + 1] === key) return place;
    }
  }

  #isFree(place: number): boolean {
    return isNone(this.words[place]!, this.words[place + 1]!);
  }
}

/** The hash that stands for no entry; what has it is entered under the next one. */
function isNone(high: number, low: number): boolean {
  return high === 0 && low === 0;
}
