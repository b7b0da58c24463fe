/**
 * The buckets of a native histogram: spans say where they lie, and a list how many are in each.
 * What a stranger sends is bounded before it is kept.
 *
 * Hot path. Allocations per item: none; lists grow to the widest histogram, within a bound. Copies:
 * none. Owner: the histogram under way. Watched by `remote-write.bench.ts`.
 */

/** Buckets, spans or bounds of one histogram; all the doubles at schema 4 have fewer buckets. */
const listMax = 65_536;
const listInitial = 256;
const countMax = Number.MAX_SAFE_INTEGER;
/** Indexes beyond are no doubles at any schema; so two of them are apart by a 32-bit integer. */
const indexMax = 2 ** 30;

/** Doubles that grow, to a bound. */
export class Doubles {
  values: Float64Array = new Float64Array(listInitial);
  length = 0;
  /** Whether more came than are kept. */
  isOverfull = false;

  clear(): void {
    this.length = 0;
    this.isOverfull = false;
  }

  push(value: number): void {
    const at = this.length;
    if (at === this.values.length && !this.#grow()) return;
    this.values[at] = value;
    this.length = at + 1;
  }

  #grow(): boolean {
    if (this.length === listMax) {
      this.isOverfull = true;
      return false;
    }
    const larger = new Float64Array(2 * this.length);
    larger.set(this.values);
    this.values = larger;
    return true;
  }
}

/** The buckets of one sign. */
export class Buckets {
  readonly spanOffsets: Doubles = new Doubles();
  readonly spanLengths: Doubles = new Doubles();
  /** Of an integer histogram: differences between neighbours. */
  readonly deltas: Doubles = new Doubles();
  /** Of a float one. */
  readonly counts: Doubles = new Doubles();
  /** After {@link settle}: how many there are, their indexes, rising, and what they hold. */
  size = 0;
  indexes: Int32Array = new Int32Array(listInitial);
  held: Float64Array = new Float64Array(listInitial);
  /** What they hold together. */
  total = 0;
  /** Whether every count is an integer that a double holds exactly. */
  areWhole = true;

  clear(): void {
    this.spanOffsets.clear();
    this.spanLengths.clear();
    this.deltas.clear();
    this.counts.clear();
    this.size = 0;
    this.total = 0;
    this.areWhole = true;
  }

  /** Brings spans and values together; says what is wrong with them. */
  settle(areDeltas: boolean): string {
    const { spanOffsets, spanLengths } = this;
    const values = areDeltas ? this.deltas : this.counts;
    if (values.isOverfull || spanOffsets.isOverfull) {
      return `it has more than ${listMax} buckets or spans`;
    }
    if (this.indexes.length < values.length) {
      this.indexes = new Int32Array(values.values.length);
      this.held = new Float64Array(values.values.length);
    }
    let index = 0;
    for (let span = 0; span < spanOffsets.length; span += 1) {
      const offset = spanOffsets.values[span]!;
      if (span > 0 && offset < 0) return 'a span of its buckets lies before the one in front of it';
      index += offset;
      if (Math.abs(index) > indexMax) return 'its buckets lie too far out';
      const length = spanLengths.values[span]!;
      if (this.size + length > values.length) return 'its spans have more buckets than it';
      const fault = areDeltas
        ? this.#takeDeltas(values.values, index, length)
        : this.#takeCounts(values.values, index, length);
      if (fault !== '') return fault;
      index += length;
    }
    if (this.size < values.length) return 'it has more buckets than its spans';
    return index > indexMax ? 'its buckets lie too far out' : '';
  }

  /**
   * Names them as OTLP does, by their lower bounds in place of the upper ones, after `shift` times
   * two neighbours have become one.
   */
  rename(shift: number): void {
    const { indexes, held, size } = this;
    let kept = 0;
    for (let bucket = 0; bucket < size; bucket += 1) {
      const index = (indexes[bucket]! - 1) >> shift;
      if (kept > 0 && indexes[kept - 1] === index) held[kept - 1]! += held[bucket]!;
      else {
        indexes[kept] = index;
        held[kept] = held[bucket]!;
        kept += 1;
      }
    }
    this.size = kept;
  }

  /** From the first to the last, gaps included; 0 without buckets. */
  width(): number {
    const { indexes, size } = this;
    return size === 0 ? 0 : indexes[size - 1]! - indexes[0]! + 1;
  }

  #takeDeltas(deltas: Float64Array, first: number, length: number): string {
    const { indexes, held } = this;
    let bucket = this.size;
    let running = bucket === 0 ? 0 : held[bucket - 1]!;
    let total = this.total;
    for (const end = bucket + length; bucket < end; bucket += 1) {
      running += deltas[bucket]!;
      if (!(running >= 0)) return 'a bucket holds less than nothing';
      if (running > countMax) return 'a bucket holds more than 2^53';
      indexes[bucket] = first + bucket - this.size;
      held[bucket] = running;
      total += running;
    }
    this.size = bucket;
    this.total = total;
    return '';
  }

  #takeCounts(counts: Float64Array, first: number, length: number): string {
    const { indexes, held } = this;
    let bucket = this.size;
    for (const end = bucket + length; bucket < end; bucket += 1) {
      const count = counts[bucket]!;
      if (!(count >= 0)) return 'a bucket holds less than nothing';
      if (count === Number.POSITIVE_INFINITY) return 'a bucket holds no number';
      if (!Number.isSafeInteger(count)) this.areWhole = false;
      indexes[bucket] = first + bucket - this.size;
      held[bucket] = count;
    }
    this.size = bucket;
    return '';
  }
}
