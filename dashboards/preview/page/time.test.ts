import { describe, expect, it } from '@jest/globals';
import {
  bucketWidthMs,
  describeRange,
  formatMoment,
  formatTick,
  parseInterval,
  parseMoment,
  shiftRange,
  widenRange,
} from './time.ts';

const nowMs = Date.UTC(2026, 6, 1, 12, 34, 56);

describe('moments', () => {
  it.each([
    ['now', nowMs],
    ['now-15m', nowMs - 900_000],
    ['now-1h+5m', nowMs - 3_300_000],
    ['1782909296000', 1_782_909_296_000],
    ['2026-07-01 12:00', Date.UTC(2026, 6, 1, 12)],
    ['2026-07-01T12:00:30Z', Date.UTC(2026, 6, 1, 12, 0, 30)],
  ])('%s is understood', (text, expected) => {
    expect(parseMoment(text, nowMs, false, 'utc')).toBe(expected);
  });

  it('are cut to the start or the end of a day', () => {
    expect(parseMoment('now/d', nowMs, false, 'utc')).toBe(Date.UTC(2026, 6, 1));
    expect(parseMoment('now/d', nowMs, true, 'utc')).toBe(Date.UTC(2026, 6, 2) - 1);
  });

  it.each(['', 'yesterday', 'now-', 'now-5', 'now-5x', '2026-13-45', '12'])(
    '%j is no moment',
    (text) => {
      expect(parseMoment(text, nowMs, false, 'utc')).toBeUndefined();
    },
  );
});

describe('ranges', () => {
  it('are named as people know them', () => {
    expect(describeRange({ from: 'now-1h', to: 'now' }, 'utc')).toBe('Last 1 hour');
    expect(describeRange({ from: '1782909296000', to: 'now' }, 'utc')).toBe(
      '2026-07-01 12:34:56 to now',
    );
  });

  it('move by half and widen to double', () => {
    expect(shiftRange(1000, 3000, -1)).toEqual({ from: '0', to: '2000' });
    expect(widenRange(1000, 3000)).toEqual({ from: '0', to: '4000' });
  });

  it('have round buckets, at most as many as points', () => {
    for (const rangeMs of [60_000, 900_000, 86_400_000, 31_536_000_000]) {
      const width = bucketWidthMs(rangeMs, 200);
      expect(rangeMs / width).toBeLessThanOrEqual(200);
      expect(width % 1000).toBe(0);
    }
    expect(bucketWidthMs(60_000, 200, 10_000)).toBe(10_000);
  });
});

describe('text', () => {
  it('of moments is in the zone asked for', () => {
    expect(formatMoment(nowMs, 'utc')).toBe('2026-07-01 12:34:56');
  });

  it('of ticks is as long as the step needs', () => {
    expect(formatTick(nowMs, 1000, 'utc')).toBe('12:34:56');
    expect(formatTick(nowMs, 60_000, 'utc')).toBe('12:34');
    expect(formatTick(Date.UTC(2026, 6, 1), 3_600_000, 'utc')).toBe('07-01');
  });

  it('of intervals is understood', () => {
    expect(['5s', '1m', '250ms', '>10s', 'never', ''].map(parseInterval)).toEqual([
      5000, 60_000, 250, 10_000, 0, 0,
    ]);
  });
});
