/**
 * Texts that came lately in a request, as places in its body: so that what is made of them is made
 * once, although series of several targets and metrics take turns (senders shard by hash).
 *
 * Hot path. Allocations per item: none. Copies: none. Owner: the request under way. Watched by
 * `remote-write.bench.ts`.
 */

/** Slots; a text that falls on the one of another takes it. */
export const recentSlots = 256;
/** What of a text decides its slot. */
const mixedBytesMax = 32;

/** Places that are two texts each. */
export class RecentPairs {
  /** Four words a slot: start and length of each text. */
  readonly #places = new Int32Array(4 * recentSlots);
  /** The request that a slot is of. */
  readonly #requests = new Float64Array(recentSlots);
  #request = 0;
  /** Whether the last pair was there already. */
  isKnown = false;

  /** Begins a request: places in the body of another one say nothing. */
  begin(): void {
    this.#request += 1;
  }

  /** The slot of two texts, which are there from now on; see {@link isKnown}. */
  slotOf(view: DataView, first: Int32Array, second: Int32Array): number {
    const mix = mixed(view, first, mixed(view, second, 0));
    const slot = (mix ^ (mix >>> 15)) & (recentSlots - 1);
    const places = this.#places;
    const at = 4 * slot;
    this.isKnown =
      this.#requests[slot] === this.#request &&
      isSame(view, places, at, first) &&
      isSame(view, places, at + 2, second);
    if (this.isKnown) return slot;
    this.#requests[slot] = this.#request;
    places[at] = first[0]!;
    places[at + 1] = first[1]!;
    places[at + 2] = second[0]!;
    places[at + 3] = second[1]!;
    return slot;
  }
}

/** A number of a text: of its length and its last words, where targets and metrics differ. */
function mixed(view: DataView, place: Int32Array, seed: number): number {
  const length = place[1]!;
  const end = place[0]! + length;
  const first = length > mixedBytesMax ? end - mixedBytesMax : place[0]!;
  let sum = seed ^ length;
  for (let at = end - 4; at >= first; at -= 4) {
    sum = Math.imul(sum ^ view.getInt32(at, true), 0x9e3779b1);
    sum ^= sum >>> 13;
  }
  return sum;
}

function isSame(view: DataView, places: Int32Array, at: number, place: Int32Array): boolean {
  const length = place[1]!;
  if (length !== places[at + 1]) return false;
  const start = place[0]!;
  const other = places[at]!;
  if (start === other) return true;
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    if (view.getInt32(start + index, true) !== view.getInt32(other + index, true)) return false;
  }
  for (; index < length; index += 1) {
    if (view.getUint8(start + index) !== view.getUint8(other + index)) return false;
  }
  return true;
}
