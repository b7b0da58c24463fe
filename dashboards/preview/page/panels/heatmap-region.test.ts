import { describe, expect, it } from '@jest/globals';
import { isDrag, type Plot, regionOf } from './heatmap-region.ts';

const plot: Plot = {
  left: 50,
  top: 10,
  width: 100,
  height: 40,
  fromMs: 1000,
  toMs: 2000,
  bounds: ['0.1', '0.2', '0.4', '0.8'],
};
const brush = (x1: number, y1: number, x2: number, y2: number) => ({
  start: { x: x1, y: y1 },
  end: { x: x2, y: y2 },
});

describe('a region of a heat map', () => {
  it('is whole rows between two moments, from whichever corner it was drawn', () => {
    // Rows are 10 px high; the second one from above is 0.2 to 0.4 s.
    const wanted = { fromMs: 1200, toMs: 1700, minSeconds: 0.1, maxSeconds: 0.4 };
    expect(regionOf(brush(70, 25, 120, 35), plot)).toEqual(wanted);
    expect(regionOf(brush(120, 35, 70, 25), plot)).toEqual(wanted);
    expect(regionOf(brush(70, 35, 120, 25), plot)).toEqual(wanted);
  });

  it('has no end at the highest row and no beginning at the lowest', () => {
    expect(regionOf(brush(50, 12, 150, 18), plot)).toEqual({
      fromMs: 1000,
      toMs: 2000,
      minSeconds: 0.4,
    });
    expect(regionOf(brush(50, 42, 150, 48), plot)).toEqual({
      fromMs: 1000,
      toMs: 2000,
      maxSeconds: 0.1,
    });
  });

  it('is all durations when it was drawn along a line', () => {
    expect(regionOf(brush(70, 25, 120, 27), plot)).toEqual({ fromMs: 1200, toMs: 1700 });
  });

  it('stays inside the map', () => {
    expect(regionOf(brush(-20, -30, 400, 90), plot)).toEqual({ fromMs: 1000, toMs: 2000 });
  });

  it('is none when the pointer hardly moved', () => {
    expect(isDrag(brush(70, 10, 73, 40))).toBe(false);
    expect(isDrag(brush(70, 10, 80, 10))).toBe(true);
  });
});
