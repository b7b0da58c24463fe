/**
 * One histogram or timer in one window: all its values with their weights (H22).
 *
 * Hot path. Allocations per value: none; an array that is full doubles. Copies: one, when it
 * doubles. Owner: the window. Watched by `gateway/dogstatsd/dogstatsd.bench.ts`.
 */
import { ExactSum } from './exact-sum.ts';
import type { Room } from './room.ts';
import { rankOf, weightMax, weightOf } from './weights.ts';

const valuesMin = 4;

export class HistogramCell {
  /** Sum of the weights. */
  weight = 0;
  words = 0;
  #count = 0;
  #values: Float64Array = new Float64Array(0);
  /** Weights of the values; absent while all are 1. */
  #weights: Float64Array | undefined;

  take(value: number, rate: number, room: Room): boolean {
    const weight = weightOf(rate);
    if (this.weight + weight > weightMax) return false;
    if (weight !== 1 && this.#weights === undefined && !this.#addWeights(room)) return false;
    if (this.#count === this.#values.length && !this.#grow(room)) return false;
    this.#values[this.#count] = value;
    if (this.#weights !== undefined) this.#weights[this.#count] = weight;
    this.#count += 1;
    this.weight += weight;
    return true;
  }

  isEmpty(): boolean {
    return this.weight === 0;
  }

  /** Values ascending, with weights; to be asked once, when the window is closed. */
  closed(): ClosedSamples {
    const values = this.#values.subarray(0, this.#count);
    const weights = this.#weights;
    if (weights === undefined) return new ClosedSamples(values.slice().sort(), undefined);
    const order = Uint32Array.from(values, (_, index) => index).sort(
      (left, right) => values[left]! - values[right]! || weights[left]! - weights[right]!,
    );
    return new ClosedSamples(
      Float64Array.from(order, (index) => values[index]!),
      Float64Array.from(order, (index) => weights[index]!),
    );
  }

  #addWeights(room: Room): boolean {
    if (!room.tryTake(this.#values.length)) return false;
    this.words += this.#values.length;
    this.#weights = new Float64Array(this.#values.length).fill(1);
    return true;
  }

  #grow(room: Room): boolean {
    const length = Math.max(valuesMin, this.#values.length * 2);
    const words = (length - this.#values.length) * (this.#weights === undefined ? 1 : 2);
    if (!room.tryTake(words)) return false;
    this.words += words;
    this.#values = grown(this.#values, length);
    if (this.#weights !== undefined) this.#weights = grown(this.#weights, length);
    return true;
  }
}

/** The values of a closed histogram, ascending. */
export class ClosedSamples {
  readonly #values: Float64Array;
  readonly #weights: Float64Array | undefined;

  constructor(values: Float64Array, weights: Float64Array | undefined) {
    this.#values = values;
    this.#weights = weights;
  }

  get min(): number {
    return this.#values[0]!;
  }

  get max(): number {
    return this.#values.at(-1)!;
  }

  /** Sum of value times weight, rounded once. */
  sum(): number {
    const sum = new ExactSum();
    for (let index = 0; index < this.#values.length; index += 1) {
      sum.add(this.#values[index]! * (this.#weights?.[index] ?? 1));
    }
    return sum.total();
  }

  weight(): number {
    return this.#weights?.reduce((sum, weight) => sum + weight, 0) ?? this.#values.length;
  }

  /** The least value at which the weights, counted from the least, reach `p` of all (H22). */
  quantile(p: number): number {
    const rank = rankOf(p, this.weight());
    if (this.#weights === undefined) return this.#values[Math.ceil(rank) - 1]!;
    let weight = 0;
    for (let index = 0; index < this.#values.length; index += 1) {
      weight += this.#weights[index]!;
      if (weight >= rank) return this.#values[index]!;
    }
    return this.max;
  }
}

function grown(from: Float64Array, length: number): Float64Array {
  const to = new Float64Array(length);
  to.set(from);
  return to;
}
