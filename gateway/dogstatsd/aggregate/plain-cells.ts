/**
 * One series in one window: counts, gauges and sets. What a cell says when it is closed depends on
 * what was added, never on the order.
 *
 * Hot path. Allocations per value: none; a gauge's change and a full set grow an array. Copies:
 * none. Owner: the window. Watched by `gateway/dogstatsd/dogstatsd.bench.ts`.
 */
import { ExactSum } from './exact-sum.ts';
import type { Room } from './room.ts';

/** Sum of value/rate (H18). */
export class CountCell extends ExactSum {
  /** Values received, not weighed. */
  count = 0;

  take(value: number, rate: number): void {
    this.add(rate === 1 ? value : value / rate);
    this.count += 1;
  }

  isEmpty(): boolean {
    return this.count === 0;
  }
}

/** Words that a change of a gauge takes: its time and its amount. */
const changeWords = 2;

/**
 * The sum of all values, and the last by event time; of several at the same time the greatest
 * (H19). Changes, which only plain StatsD has (DSD-11), count where they are not before the last
 * value.
 */
export class GaugeCell extends ExactSum {
  /** Values received, changes apart. */
  count = 0;
  words = 0;
  #lastNs: number = Number.NEGATIVE_INFINITY;
  #last = 0;
  /** Times and amounts in turn, as they came. */
  #changes: number[] | undefined;

  /** `offsetNs` is counted from the window's start; before it for values that came late. */
  set(value: number, offsetNs: number): void {
    this.add(value);
    this.count += 1;
    if (offsetNs > this.#lastNs || (offsetNs === this.#lastNs && value > this.#last)) {
      this.#lastNs = offsetNs;
      this.#last = value;
    }
  }

  /** Whether there was room for it. */
  change(amount: number, offsetNs: number, room: Room): boolean {
    if (!room.tryTake(changeWords)) return false;
    this.words += changeWords;
    this.#changes ??= [];
    this.#changes.push(offsetNs, amount);
    return true;
  }

  /** The value at the window's end; `before` is the one that it began with. */
  last(before: number): number {
    const changes = this.#changes;
    const start = this.#lastNs === Number.NEGATIVE_INFINITY ? before : this.#last;
    if (changes === undefined) return start;
    const sum = new ExactSum();
    sum.add(start);
    for (let index = 0; index < changes.length; index += changeWords) {
      if (changes[index]! >= this.#lastNs) sum.add(changes[index + 1]!);
    }
    return sum.total();
  }

  /** Values and changes received. */
  received(): number {
    return this.count + (this.#changes?.length ?? 0) / changeWords;
  }

  isEmpty(): boolean {
    return this.received() === 0;
  }
}

const slotsMin = 8;

/**
 * Distinct members, as hashes of 53 bits (H21): a million of them collide once in twenty thousand
 * windows. The hash is the same in every gateway, so that members of several can be united.
 */
export class SetCell {
  distinct = 0;
  /** Members received, repeated ones too. */
  count = 0;
  words = 0;
  /** Open addressing; 0 is free. */
  #slots: Float64Array = new Float64Array(0);

  /** Adds a member's hash, an integer above 0; `mix` is odd, and no stranger knows it. */
  add(hash: number, mix: number, room: Room): boolean {
    let slot = this.#slotOf(hash, mix);
    if (slot < 0 || this.#slots[slot] !== hash) {
      if (this.distinct * 2 >= this.#slots.length) {
        if (!this.#grow(mix, room)) return false;
        slot = this.#slotOf(hash, mix);
      }
      this.#slots[slot] = hash;
      this.distinct += 1;
    }
    this.count += 1;
    return true;
  }

  isEmpty(): boolean {
    return this.count === 0;
  }

  /** All members, ascending. */
  members(): Float64Array {
    return this.#slots.filter((hash) => hash !== 0).sort();
  }

  /** Where `hash` is, or where it would be; -1 without any slot. */
  #slotOf(hash: number, mix: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = mask < 0 ? -1 : (Math.imul(hash | 0, mix) >>> 7) & mask;
    while (mask >= 0 && slots[slot] !== 0 && slots[slot] !== hash) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(mix: number, room: Room): boolean {
    const before = this.#slots;
    const length = Math.max(slotsMin, before.length * 2);
    if (!room.tryTake(length - before.length)) return false;
    this.words += length - before.length;
    this.#slots = new Float64Array(length);
    for (let index = 0; index < before.length; index += 1) {
      const hash = before[index]!;
      if (hash !== 0) this.#slots[this.#slotOf(hash, mix)] = hash;
    }
    return true;
  }
}
