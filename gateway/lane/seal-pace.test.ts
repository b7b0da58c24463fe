import { describe, expect, it } from '@jest/globals';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { SealPace } from './seal-pace.ts';

const freshnessMs = 2_000;
const tickMs = 50;
const rowsMax = 60_000;

type Traffic = {
  readonly rowsPerSecond: number;
  readonly insertMs: number;
  readonly seconds: number;
};

type Outcome = {
  readonly seals: number;
  /** From the first row of a seal until it could be queried, oldest seal first. */
  readonly agesMs: readonly number[];
};

/** A lane in simulated time: rows come evenly, an insert takes as long as it is told. */
function simulate({ rowsPerSecond, insertMs, seconds }: Traffic): Outcome {
  const clock = simulatedClock();
  const pace = new SealPace(freshnessMs);
  const agesMs: number[] = [];
  let rows = 0;
  let openedMs = 0;
  let seals = 0;
  const close = (): void => {
    const [began, closedMs] = [openedMs, clock.monotonicMs()];
    seals += 1;
    rows = 0;
    pace.closed(closedMs);
    const timer = clock.every(insertMs, () => {
      timer.cancel();
      agesMs.push(clock.monotonicMs() - began);
      pace.delivered(clock.monotonicMs() - closedMs);
    });
  };
  const gapMs = 1000 / rowsPerSecond;
  clock.every(Math.max(gapMs, 1), () => {
    if (rows === 0) openedMs = clock.monotonicMs();
    rows += Math.max(1, rowsPerSecond / 1000);
    if (rows >= rowsMax) close();
  });
  clock.every(tickMs, () => {
    if (rows > 0 && clock.monotonicMs() - openedMs >= pace.waitMs(openedMs)) close();
  });
  clock.advance(seconds * 1000);
  return { seals, agesMs };
}

describe('the pace of seals', () => {
  it('lets few rows wait as long as the promise allows, and no longer', () => {
    const { seals, agesMs } = simulate({ rowsPerSecond: 20, insertMs: 100, seconds: 60 });
    expect(seals).toBeLessThan(35);
    expect(Math.max(...agesMs.slice(10))).toBeLessThanOrEqual(freshnessMs + 2 * tickMs);
  });

  it.each([50, 200, 500, 900])('keeps the promise when an insert takes %d ms', (insertMs) => {
    const { agesMs } = simulate({ rowsPerSecond: 5_000, insertMs, seconds: 60 });
    // The first inserts teach it how long one takes.
    expect(Math.max(...agesMs.slice(10))).toBeLessThanOrEqual(freshnessMs + 2 * tickMs);
  });

  it('makes blocks twice as large as with half the promise', () => {
    const { seals } = simulate({ rowsPerSecond: 10_000, insertMs: 100, seconds: 60 });
    expect((10_000 * 60) / seals).toBeGreaterThan(18_000);
  });

  it('seals by rows when many come, before anything has waited', () => {
    const { seals, agesMs } = simulate({ rowsPerSecond: 200_000, insertMs: 100, seconds: 30 });
    expect(seals).toBeGreaterThanOrEqual(98);
    expect(Math.max(...agesMs)).toBeLessThan(freshnessMs / 2);
  });

  it('keeps blocks large when inserts are slower than the promise', () => {
    const { seals } = simulate({ rowsPerSecond: 1_000, insertMs: 5_000, seconds: 60 });
    expect(seals).toBeLessThanOrEqual(61);
  });

  it('lets the first rows after a silence go soon', () => {
    const { agesMs } = simulate({ rowsPerSecond: 0.2, insertMs: 100, seconds: 60 });
    expect(agesMs.length).toBeGreaterThan(8);
    expect(Math.max(...agesMs)).toBeLessThan(freshnessMs / 3);
  });
});
