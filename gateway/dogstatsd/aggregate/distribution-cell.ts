/**
 * One distribution in one window, as OpenTelemetry's exponential histogram of base 2 (H23).
 *
 * A value's index is computed once, at scale 20, and every other scale is that index shifted: so
 * the scale in the end is the largest at which each sign's buckets fit into 160, whatever order the
 * values came in, and histograms of several windows and gateways merge without loss of a count.
 *
 * Hot path. Allocations per value: none; buckets that must cover more get a new array. Copies: one
 * then. Owner: the window. Watched by `gateway/dogstatsd/dogstatsd.bench.ts`.
 */
import { ExactSum } from './exact-sum.ts';
import type { Room } from './room.ts';
import { weightMax, weightOf } from './weights.ts';

const scaleMax = 20;
/** Buckets that each sign may have. */
const bucketsMax = 160;
const bucketsMin = 8;

/** Buckets of one sign: bucket `index` counts values in (base^(offset+index), base^(…+1)]. */
type ClosedBuckets = { readonly offset: number; readonly counts: readonly number[] };

export type ClosedDistribution = {
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: ClosedBuckets;
  readonly negative: ClosedBuckets;
};

/** The sum is of value times weight. */
export class DistributionCell extends ExactSum {
  weight = 0;
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;
  readonly #positive: Buckets = new Buckets();
  readonly #negative: Buckets = new Buckets();
  #zero = 0;

  get words(): number {
    return this.#positive.words + this.#negative.words;
  }

  take(value: number, rate: number, room: Room): boolean {
    const weight = weightOf(rate);
    if (this.weight + weight > weightMax) return false;
    if (value > 0) {
      if (!this.#positive.add(indexOf(value), weight, room)) return false;
    } else if (value < 0) {
      if (!this.#negative.add(indexOf(-value), weight, room)) return false;
    } else this.#zero += weight;
    this.weight += weight;
    this.add(weight === 1 ? value : value * weight);
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    return true;
  }

  isEmpty(): boolean {
    return this.weight === 0;
  }

  /**
   * Buckets with whole counts: weights are rounded such that the counts, summed up to any bucket
   * (negative, zero, positive), are the nearest integer to the weights up to there, and in the end
   * to the weight of all. Weights that are integers, as 1/n gives them, stay as they are.
   */
  closed(): ClosedDistribution {
    const scale = scaleMax - Math.max(this.#positive.shift, this.#negative.shift);
    let weight = 0;
    let count = 0;
    const rounded = (more: number): number => {
      weight += more;
      const before = count;
      count = Math.round(weight);
      return count - before;
    };
    const negative = this.#negative.at(scaleMax - scale);
    const positive = this.#positive.at(scaleMax - scale);
    const negativeCounts = negative.counts.map(rounded);
    const zeroCount = rounded(this.#zero);
    return {
      scale,
      zeroCount,
      positive: { offset: positive.offset, counts: positive.counts.map(rounded) },
      negative: { offset: negative.offset, counts: negativeCounts },
    };
  }
}

/** Weights of one sign's buckets, at the largest scale at which they fit. */
class Buckets {
  /** How far the scale is below {@link scaleMax}. */
  shift = 0;
  words = 0;
  /** Index, at this scale, of the array's first place. */
  #base = 0;
  #weights: Float64Array = new Float64Array(0);
  /** First and last index in use, at this scale. */
  #first = 0;
  #last = -1;

  add(indexAtMax: number, weight: number, room: Room): boolean {
    const index = indexAtMax >> this.shift;
    const place = index - this.#base;
    // Whatever has a place in the array is within the bound of buckets.
    if (place < 0 || place >= this.#weights.length) return this.#widen(indexAtMax, weight, room);
    this.#weights[place]! += weight;
    if (index < this.#first) this.#first = index;
    else if (index > this.#last) this.#last = index;
    return true;
  }

  /** The buckets at a scale that is not larger than theirs. */
  at(shift: number): ClosedBuckets {
    if (this.#last < this.#first) return { offset: 0, counts: [] };
    const more = shift - this.shift;
    const offset = this.#first >> more;
    const counts = new Array<number>((this.#last >> more) - offset + 1).fill(0);
    for (let index = this.#first; index <= this.#last; index += 1) {
      counts[(index >> more) - offset]! += this.#weights[index - this.#base]!;
    }
    return { offset, counts };
  }

  /** Makes the buckets reach to an index, at a smaller scale when they would be too many. */
  #widen(indexAtMax: number, weight: number, room: Room): boolean {
    const isEmpty = this.#last < this.#first;
    let shift = this.shift;
    let first = indexAtMax >> shift;
    let last = first;
    for (; !isEmpty; shift += 1) {
      const less = shift - this.shift;
      first = Math.min(indexAtMax >> shift, this.#first >> less);
      last = Math.max(indexAtMax >> shift, this.#last >> less);
      if (last - first < bucketsMax) break;
    }
    const length = roomFor(last - first + 1, this.#weights.length);
    if (!room.tryTake(length - this.#weights.length)) return false;
    this.words += length - this.#weights.length;
    const kept = isEmpty ? { offset: first, counts: [] } : this.at(shift);
    // In the middle, so that it can grow both ways.
    const base = first - ((length - (last - first + 1)) >> 1);
    const weights = new Float64Array(length);
    for (let index = 0; index < kept.counts.length; index += 1) {
      weights[kept.offset + index - base] = kept.counts[index]!;
    }
    this.shift = shift;
    this.#base = base;
    this.#weights = weights;
    this.#first = first;
    this.#last = last;
    weights[(indexAtMax >> shift) - base]! += weight;
    return true;
  }
}

/** A power of two with room for `buckets`, up to the bound; never less than before. */
function roomFor(buckets: number, before: number): number {
  let length = Math.max(before, bucketsMin);
  while (length < buckets) length *= 2;
  return Math.min(length, Math.max(bucketsMax, before));
}

/**
 * Index at scale 20 of a positive value: ceil(log2(value) * 2^20) - 1, the exponent apart from the
 * logarithm of the fraction, so that powers of two are exact. Values lie in (lower, upper].
 */
function indexOf(value: number): number {
  bits[0] = value;
  let exponent = (halves[1]! >>> 20) & 0x7ff;
  if (exponent === 0) {
    // Subnormal: made normal first.
    bits[0] = value * 2 ** 54;
    exponent = ((halves[1]! >>> 20) & 0x7ff) - 54;
  }
  halves[1] = (halves[1]! & 0xfffff) | 0x3ff00000;
  return (exponent - 1023) * 2 ** scaleMax + Math.ceil(Math.log2(bits[0]!) * 2 ** scaleMax) - 1;
}

const bits = new Float64Array(1);
/** Low and high half of {@link bits}; every platform that runs this is little-endian. */
const halves = new Uint32Array(bits.buffer);
