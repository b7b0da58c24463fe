/**
 * How much one aggregator may hold: values in open windows (samples, members of sets, changes of
 * gauges, buckets) are counted in eight-byte words, and what does not fit is refused.
 */
export class Room {
  readonly wordsMax: number;
  #words = 0;

  constructor(wordsMax: number) {
    this.wordsMax = wordsMax;
  }

  /** Words held at present. */
  get words(): number {
    return this.#words;
  }

  /** Takes `words`, or takes nothing and says so. */
  tryTake(words: number): boolean {
    if (this.#words + words > this.wordsMax) return false;
    this.#words += words;
    return true;
  }

  give(words: number): void {
    this.#words -= words;
  }
}
