import { describe, expect, it } from '@jest/globals';
import { isOverloaded } from './spread.ts';

describe('a lane', () => {
  it.each([
    ['busy while another idles', [0.9, 0.1], 0, true],
    ['as busy as all others', [0.9, 0.85], 0, false],
    ['busier than others, with time left', [0.6, 0.1], 0, false],
    ['that idles while another is busy', [0.9, 0.1], 1, false],
    ['alone', [1], 0, false],
    ['busy beside one idle lane of many', [0.8, 0.8, 0.8, 0.2], 2, true],
  ])('%s: whether a connection should move', (_, loads, own, moves) => {
    expect(isOverloaded(new Float64Array(loads), own)).toBe(moves);
  });
});
