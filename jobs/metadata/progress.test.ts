import { describe, expect, it } from '@jest/globals';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { Progress } from './progress.ts';

const minuteMs = 60_000;

describe('the progress of a watcher', () => {
  it('has no fault while nothing is recorded, however long: it waits for its Lease', () => {
    const clock = simulatedClock();
    const progress = new Progress(clock);
    clock.advance(24 * 60 * minuteMs);
    expect(progress.faults()).toEqual([]);
  });

  it('finds writes that have stopped for longer than any try takes', () => {
    const clock = simulatedClock();
    const progress = new Progress(clock);
    progress.begin();
    clock.advance(5 * minuteMs);
    expect(progress.faults()).toEqual([]);
    clock.advance(1_000);
    expect(progress.faults()).toEqual(['nothing was written or tried for 301 s']);
    progress.made('writes');
    expect(progress.faults()).toEqual([]);
  });

  it('finds streams that have stopped although writes go on', () => {
    const clock = simulatedClock();
    const progress = new Progress(clock);
    progress.begin();
    clock.advance(121 * minuteMs);
    progress.made('writes');
    expect(progress.faults()).toEqual(['no kind was listed or watched for 7260 s']);
  });

  it('has none again when its Lease is gone and it waits for the next', () => {
    const clock = simulatedClock();
    const progress = new Progress(clock);
    progress.begin();
    clock.advance(300 * minuteMs);
    expect(progress.faults()).toHaveLength(2);
    progress.end();
    expect(progress.faults()).toEqual([]);
  });
});
