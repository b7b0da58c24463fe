/** What cells say, judged by the plainest ways to say it. */
import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../../test/support/random.ts';
import { DistributionCell } from './distribution-cell.ts';
import { HistogramCell } from './histogram-cell.ts';
import { GaugeCell, SetCell } from './plain-cells.ts';
import { Room } from './room.ts';
import { rankOf, weightMax, weightOf } from './weights.ts';

const seed = 1 + (Date.now() % 1_000_000);
const random = seededRandom(seed);
const plenty = new Room(1e9);

describe('a gauge', () => {
  it('is the last value by event time, the greatest of several at one time', () => {
    const cell = new GaugeCell();
    cell.set(7, 9);
    cell.set(5, 1);
    expect(cell.last(0)).toBe(7);
    cell.set(3, 9);
    cell.set(8, 9);
    cell.set(6, 9);
    expect(cell.last(0)).toBe(8);
  });

  it('has the changes that are not before its last value', () => {
    const cell = new GaugeCell();
    cell.change(-4, 5, plenty);
    cell.change(100, 1, plenty);
    expect(cell.last(10)).toBe(106);
    cell.set(3, 4);
    expect(cell.last(10)).toBe(-1);
    // A change at the same time comes after the value.
    cell.change(1, 4, plenty);
    expect(cell.last(10)).toBe(0);
  });

  it('refuses changes for which there is no room', () => {
    const cell = new GaugeCell();
    expect([cell.change(1, 0, new Room(2)), cell.change(1, 0, new Room(1))]).toEqual([true, false]);
    expect(cell.last(0)).toBe(1);
  });
});

describe('a set', () => {
  it(`has as many members as were added, whatever the order (seed ${seed})`, () => {
    for (const count of [0, 1, 5, 1000]) {
      const cell = new SetCell();
      const members = new Set<number>();
      for (let index = 0; index < count; index += 1) {
        const member = 1 + random.below(2 ** 10) * 2 ** 40;
        members.add(member);
        expect(cell.add(member, 77, plenty)).toBe(true);
      }
      expect([cell.distinct, cell.count]).toEqual([members.size, count]);
      expect([...cell.members()]).toEqual([...members].sort((a, b) => a - b));
    }
  });

  it('counts known members also when there is no room for new ones', () => {
    const cell = new SetCell();
    const room = new Room(8);
    const taken = [1, 2, 3, 4, 5, 3].map((member) => cell.add(member, 1, room));
    expect(taken).toEqual([true, true, true, true, false, true]);
    expect([cell.distinct, cell.count, room.words]).toEqual([4, 5, 8]);
  });
});

describe('a rank', () => {
  it('is the nearest one, exactly, as the agent counts it', () => {
    for (let n = 1; n <= 200; n += 1) {
      for (const percent of [1, 29, 50, 55, 57, 95, 99]) {
        // The agent: the first sample whose weight, summed, is above this.
        const above = Math.floor((percent * n - 1) / 100);
        expect(Math.ceil(rankOf(percent / 100, n))).toBe(above + 1);
      }
    }
    expect(rankOf(0.999, 1000)).toBe(999);
    expect(rankOf(0.5, 2.5)).toBe(1.25);
    expect(rankOf(1e-7, 1)).toBe(2 ** -16);
  });
});

describe('a histogram', () => {
  it(`has the quantiles of its values, each as often as it weighs (seed ${seed})`, () => {
    for (const rates of [[1], [1, 0.5], [0.1], [1, 0.25, 0.01]]) {
      const cell = new HistogramCell();
      const all: number[] = [];
      for (let index = 0; index < 137; index += 1) {
        const value = random.below(50) - 10;
        const rate = rates[random.below(rates.length)]!;
        expect(cell.take(value, rate, plenty)).toBe(true);
        all.push(...Array.from({ length: Math.round(1 / rate) }, () => value));
      }
      all.sort((left, right) => left - right);
      const samples = cell.closed();
      expect([cell.weight, samples.min, samples.max]).toEqual([all.length, all[0], all.at(-1)]);
      expect(samples.sum()).toBe(all.reduce((sum, value) => sum + value, 0));
      for (const percent of [1, 25, 50, 75, 95, 99, 100]) {
        const rank = Math.ceil((percent * all.length) / 100);
        expect([percent, samples.quantile(percent / 100)]).toEqual([percent, all[rank - 1]]);
      }
    }
  });

  it('refuses what it has no room for and keeps the rest', () => {
    const room = new Room(5);
    const cell = new HistogramCell();
    const taken = [1, 2, 3, 4, 5].map((value) => cell.take(value, 1, room));
    expect(taken).toEqual([true, true, true, true, false]);
    expect(cell.take(6, 0.5, room)).toBe(false);
    expect([cell.weight, cell.closed().max, room.words, cell.words]).toEqual([4, 4, 4, 4]);
  });

  it('refuses weights that would no longer add up exactly', () => {
    const cell = new HistogramCell();
    const rate = 2 ** -32;
    for (let index = 0; index < 32; index += 1) expect(cell.take(1, rate, plenty)).toBe(true);
    expect([cell.weight, cell.take(1, 1, plenty)]).toEqual([weightMax, false]);
  });
});

describe('a weight', () => {
  it('is 1/rate, to the last digit for the usual rates', () => {
    expect([1, 0.5, 0.25, 0.2, 0.1, 0.01, 0.001].map(weightOf)).toEqual([
      1, 2, 4, 5, 10, 100, 1000,
    ]);
    expect(Math.abs(weightOf(0.3) - 1 / 0.3)).toBeLessThan(1e-5);
    expect(weightOf(0.3) * 2 ** 16).toBe(Math.round(weightOf(0.3) * 2 ** 16));
  });
});

/** Whether a bucket has the value: (base^index, base^(index+1)] by the definition, give or take. */
function holds(scale: number, index: number, value: number, slack: number): boolean {
  const base = 2 ** (2 ** -scale);
  return base ** index * (1 - slack) < value && value <= base ** (index + 1) * (1 + slack);
}

describe('a distribution', () => {
  const sides = (cell: DistributionCell) => {
    const { scale, zeroCount, positive, negative } = cell.closed();
    const total = [...positive.counts, ...negative.counts].reduce(
      (sum, one) => sum + one,
      zeroCount,
    );
    return { scale, zeroCount, positive, negative, total };
  };

  it(`has every value in its bucket, at most 160 of each sign (seed ${seed})`, () => {
    for (const spread of [0, 1, 3, 20, 200, 2000]) {
      const cell = new DistributionCell();
      const values: number[] = [];
      for (let index = 0; index < 500; index += 1) {
        const power = (random.below(1000) / 1000 - 0.5) * spread;
        const value = (random.oneIn(2) ? 1 : -1) * Math.min(2 ** power, 1e280);
        values.push(value);
        cell.take(value, 1, plenty);
      }
      const { scale, positive, negative, total } = sides(cell);
      expect(total).toBe(500);
      for (const [side, sign] of [
        [positive, 1],
        [negative, -1],
      ] as const) {
        expect(side.counts.length).toBeLessThanOrEqual(160);
        const own = values.map((value) => value * sign).filter((value) => value > 0);
        side.counts.forEach((count, place) => {
          const index = side.offset + place;
          // The oracle's powers are a little off, so values at a bound are anybody's.
          const certain = own.filter((value) => holds(scale, index, value, -1e-9)).length;
          const possible = own.filter((value) => holds(scale, index, value, 1e-9)).length;
          expect([scale, index, certain <= count, count <= possible]).toEqual([
            scale,
            index,
            true,
            true,
          ]);
        });
      }
    }
  });

  it('has the largest scale that fits: one more would need more than 160 buckets', () => {
    const cell = new DistributionCell();
    for (const value of [1.01, 1.5, 7, 90]) cell.take(value, 1, plenty);
    const { scale } = sides(cell);
    const buckets = (at: number): number => Math.ceil(Math.log2(90 / 1.01) * 2 ** at);
    expect([buckets(scale) <= 160, buckets(scale + 1) > 160]).toEqual([true, true]);
    const one = new DistributionCell();
    one.take(3, 1, plenty);
    expect(sides(one).scale).toBe(20);
  });

  it('has powers of two at the upper end of their bucket, subnormal ones too', () => {
    for (const power of [-1074, -1060, -1023, -1022, -1, 0, 1, 52, 900]) {
      const cell = new DistributionCell();
      cell.take(2 ** power, 1, plenty);
      expect([power, sides(cell).positive.offset]).toEqual([power, power * 2 ** 20 - 1]);
    }
    for (const above of [2 ** 10 * (1 + 2 ** -52), 2 ** 900 * (1 + 2 ** -52)]) {
      const cell = new DistributionCell();
      cell.take(above, 1, plenty);
      expect(sides(cell).positive.offset).toBe(Math.floor(Math.log2(above)) * 2 ** 20);
    }
  });

  it(`is the same for every order of its values (seed ${seed})`, () => {
    for (let round = 0; round < 30; round += 1) {
      const values = Array.from({ length: 200 }, () => {
        const power = random.below(3) * random.below(400) - 200;
        return { at: random.below(1e9), value: (random.below(9) - 3) * 2 ** (power / 7) };
      });
      const closed = [values, values.toSorted((left, right) => left.at - right.at)].map((order) => {
        const cell = new DistributionCell();
        for (const { value } of order)
          cell.take(value, [1, 0.3, 0.7][(Math.abs(value) % 3) | 0]!, plenty);
        return { ...sides(cell), sum: cell.total(), min: cell.min, max: cell.max };
      });
      expect(closed[1]).toEqual(closed[0]);
    }
  });

  it('counts in whole numbers that add up to the weight, whatever the rates', () => {
    const cell = new DistributionCell();
    for (let index = 0; index < 1000; index += 1) cell.take(index - 300, 0.3, plenty);
    expect(sides(cell).total).toBe(Math.round(1000 * weightOf(0.3)));
  });

  it('refuses what it has no room for and gives back what it took', () => {
    const room = new Room(20);
    const cell = new DistributionCell();
    expect([cell.take(1, 1, room), cell.take(1e100, 1, room)]).toEqual([true, false]);
    expect([sides(cell).total, cell.weight, room.words]).toEqual([1, 1, cell.words]);
  });
});
