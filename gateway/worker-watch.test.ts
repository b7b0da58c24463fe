import { describe, expect, it } from '@jest/globals';
import { simulatedClock } from '../test/support/simulated-clock.ts';
import { alivePeriodMs, watchWorker } from './worker-watch.ts';

describe('the watch over a worker', () => {
  it('calls a worker hung that has been silent for 20 s, once', () => {
    const clock = simulatedClock();
    const hung: number[] = [];
    const watch = watchWorker(clock, (silentMs) => hung.push(silentMs));
    for (let turn = 0; turn < 100; turn += 1) {
      watch.alive();
      clock.advance(alivePeriodMs);
    }
    clock.advance(18_000);
    expect(hung).toEqual([]);
    clock.advance(100_000);
    expect(hung).toEqual([20_000]);
  });

  it('waits for the first sign of life, however long a log takes to read', () => {
    const clock = simulatedClock();
    const hung: number[] = [];
    watchWorker(clock, (silentMs) => hung.push(silentMs));
    clock.advance(600_000);
    expect(hung).toEqual([]);
  });

  it('does not look at a worker that has ended', () => {
    const clock = simulatedClock();
    const hung: number[] = [];
    const watch = watchWorker(clock, (silentMs) => hung.push(silentMs));
    watch.alive();
    watch.end();
    clock.advance(600_000);
    expect(hung).toEqual([]);
  });
});
