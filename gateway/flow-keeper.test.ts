import { describe, expect, it } from '@jest/globals';
import { presentFlows, stretches } from './flow-keeper.ts';

const at = (text: string): number => Date.parse(`2026-03-01T${text}Z`);
const seconds = (text: string): number => at(text) / 1000;

describe('the present of flows', () => {
  it('is two whole minutes and the one under way', () => {
    expect(presentFlows(at('12:30:10.500'))).toEqual({
      from: seconds('12:28:00'),
      to: seconds('12:31:00'),
    });
    expect(presentFlows(at('12:00:00'))).toEqual({
      from: seconds('11:58:00'),
      to: seconds('12:01:00'),
    });
  });
});

describe('minutes that are counted again', () => {
  it('are taken together where one partition has them', () => {
    const minutes = ['12:03', '12:04', '12:05', '12:59', '13:00'].map((of) => seconds(`${of}:00`));
    const slice = (from: string, to: string): { from: number; to: number } => ({
      from: seconds(`${from}:00`),
      to: seconds(`${to}:00`),
    });
    expect(stretches(minutes, 300)).toEqual([
      slice('12:03', '12:05'),
      slice('12:05', '12:06'),
      slice('12:59', '13:00'),
      slice('13:00', '13:01'),
    ]);
    expect(stretches(minutes, 3600)).toEqual([slice('12:03', '13:00'), slice('13:00', '13:01')]);
    expect(stretches([], 300)).toEqual([]);
  });
});
