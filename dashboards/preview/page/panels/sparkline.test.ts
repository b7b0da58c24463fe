import { describe, expect, it } from '@jest/globals';
import { sparklineRuns } from './sparkline.ts';

describe('sparklineRuns', () => {
  it('goes from left to right, and from zero up to the largest value', () => {
    expect(sparklineRuns([0, 2, 4])).toEqual([
      [
        [0, 29],
        [50, 15],
        [100, 1],
      ],
    ]);
  });

  it('starts anew after a gap, and shows a point alone', () => {
    const runs = sparklineRuns([1, 1, null, 1, null]);
    expect(runs.map((run) => run.map(([x]) => x))).toEqual([
      [0, 25],
      [62.5, 87.5],
    ]);
  });

  it('stays inside the box with nothing but zeros, negative numbers, one value or none', () => {
    for (const values of [[0, 0], [-3, 0, 5], [7], [null, null], []]) {
      for (const [x, y] of sparklineRuns(values).flat()) {
        expect(x >= 0 && x <= 100 && y >= 1 && y <= 29).toBe(true);
      }
    }
    expect(sparklineRuns([null, null])).toEqual([]);
  });
});
