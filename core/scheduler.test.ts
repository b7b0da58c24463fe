/** Schedules under a clock that is told what time it is (H34, H36, H37). */
import { describe, expect, it } from '@jest/globals';
import { simulatedClock } from '../test/support/simulated-clock.ts';
import { flushMsMax, Scheduler } from './scheduler.ts';

function started(flush: () => Promise<void> = async () => {}) {
  const clock = simulatedClock();
  const failures: string[] = [];
  const deaths: string[] = [];
  const scheduler = new Scheduler({
    clock,
    onFailure: (name, error) => failures.push(`${name}: ${String(error)}`),
    flush,
    die: (name) => deaths.push(`${name} at ${clock.monotonicMs()}`),
  });
  return { clock, scheduler, failures, deaths };
}

/** Lets promises that are settled be heard. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

const hourMs = 3_600_000;

describe('a job at a fixed rate', () => {
  it('drifts less than an interval in an hour, whatever its runs take', async () => {
    const { clock, scheduler } = started();
    const starts: number[] = [];
    const job = scheduler.schedule(
      {
        name: 'aggregate',
        run: async () => {
          starts.push(clock.monotonicMs());
          await clock.sleep(starts.length % 7);
        },
      },
      { kind: 'fixed_rate', intervalMs: 10_000 },
    );
    for (let ms = 0; ms < hourMs; ms += 50) {
      clock.advance(50);
      await settled();
    }
    const expected = Array.from({ length: 360 }, (_, index) => (index + 1) * 10_000);
    expect(starts).toEqual(expected);
    expect(job.counts).toEqual({ runs: 360, failures: 0, skipped: 0 });
  });

  it('keeps its grid behind a run that took long, without catching up', async () => {
    const { clock, scheduler } = started();
    const starts: number[] = [];
    const job = scheduler.schedule(
      {
        name: 'slow',
        run: () => {
          starts.push(clock.monotonicMs());
          return starts.length === 1 ? clock.sleep(3_500) : undefined;
        },
      },
      { kind: 'fixed_rate', intervalMs: 1_000, firstMs: 0 },
    );
    for (let ms = 0; ms <= 6_400; ms += 100) {
      clock.advance(ms === 0 ? 0 : 100);
      await settled();
    }
    expect(starts).toEqual([0, 4_000, 5_000, 6_000]);
    expect(job.counts).toEqual({ runs: 4, failures: 0, skipped: 3 });
  });

  it('never runs twice at once: starts that fall due meanwhile are skipped, counted', async () => {
    const { clock, scheduler } = started();
    let running = 0;
    let most = 0;
    const job = scheduler.schedule(
      {
        name: 'long',
        run: async () => {
          running += 1;
          most = Math.max(most, running);
          await clock.sleep(2_500);
          running -= 1;
        },
      },
      { kind: 'fixed_rate', intervalMs: 1_000 },
    );
    for (let ms = 0; ms < 60_000; ms += 100) {
      clock.advance(100);
      await settled();
    }
    expect(most).toBe(1);
    expect(job.counts).toEqual({ runs: 20, failures: 0, skipped: 38 });
  });

  it('is independent of other jobs, each at its own interval', () => {
    const { clock, scheduler } = started();
    const intervals = { aggregate: 10_000, capture: 30_000, release: 60_000 };
    const jobs = Object.entries(intervals).map(([name, intervalMs]) =>
      scheduler.schedule({ name, run: () => {} }, { kind: 'fixed_rate', intervalMs }),
    );
    clock.advance(600_000);
    expect(jobs.map(({ counts }) => counts.runs)).toEqual([60, 20, 10]);
  });
});

describe('a job with a fixed delay', () => {
  it('starts that long after the end of the run before', async () => {
    const { clock, scheduler } = started();
    const starts: number[] = [];
    scheduler.schedule(
      {
        name: 'delayed',
        run: async () => {
          starts.push(clock.monotonicMs());
          await clock.sleep(300);
        },
      },
      { kind: 'fixed_delay', delayMs: 1_000, firstMs: 50 },
    );
    for (let ms = 0; ms < 4_000; ms += 10) {
      clock.advance(10);
      await settled();
    }
    expect(starts).toEqual([50, 1_350, 2_650, 3_950]);
  });
});

describe('a job that runs once', () => {
  it('runs once, when it is due', () => {
    const { clock, scheduler } = started();
    const job = scheduler.schedule({ name: 'once', run: () => {} }, { kind: 'once', firstMs: 500 });
    clock.advance(499);
    expect(job.counts.runs).toBe(0);
    clock.advance(hourMs);
    expect(job.counts.runs).toBe(1);
  });
});

describe('a cancelled job', () => {
  it('does not start again, and is over when its run is', async () => {
    const { clock, scheduler } = started();
    let isOver = false;
    const job = scheduler.schedule(
      {
        name: 'cancelled',
        run: async () => {
          await clock.sleep(100);
          isOver = true;
        },
      },
      { kind: 'fixed_rate', intervalMs: 1_000 },
    );
    clock.advance(1_000);
    const cancelled = job.cancel().then(() => isOver);
    clock.advance(99);
    await settled();
    expect(isOver).toBe(false);
    clock.advance(1);
    expect(await cancelled).toBe(true);
    clock.advance(hourMs);
    await settled();
    expect(job.counts.runs).toBe(1);
  });

  it('does not start at all when it is cancelled before, and may cancel itself', async () => {
    const { clock, scheduler } = started();
    const early = scheduler.schedule({ name: 'a', run: () => {} }, { kind: 'once', firstMs: 10 });
    await early.cancel();
    const own = scheduler.schedule(
      { name: 'b', run: () => void own.cancel() },
      { kind: 'fixed_delay', delayMs: 10 },
    );
    clock.advance(1_000);
    expect([early.counts.runs, own.counts.runs]).toEqual([0, 1]);
  });

  it('is what all are when the scheduler is stopped', async () => {
    const { clock, scheduler } = started();
    const schedule = { kind: 'fixed_rate', intervalMs: 10 } as const;
    const jobs = ['a', 'b'].map((name) => scheduler.schedule({ name, run: () => {} }, schedule));
    clock.advance(25);
    await scheduler.stop();
    clock.advance(1_000);
    expect(jobs.map(({ counts }) => counts.runs)).toEqual([2, 2]);
    expect(() => scheduler.schedule({ name: 'c', run: () => {} }, schedule)).toThrow('not stopped');
  });
});

describe('a job that throws', () => {
  it('keeps its schedule and is counted, whether it throws or rejects (trap 12)', async () => {
    const { clock, scheduler, failures, deaths } = started();
    const schedule = { kind: 'fixed_rate', intervalMs: 1_000 } as const;
    const fail = (): never => {
      throw new Error('broken');
    };
    const jobs = [fail, async () => fail()].map((run, index) =>
      scheduler.schedule({ name: `job${index}`, run }, schedule),
    );
    for (let second = 0; second < 5; second += 1) {
      clock.advance(1_000);
      await settled();
    }
    for (const { counts } of jobs) expect(counts).toEqual({ runs: 5, failures: 5, skipped: 0 });
    expect(failures.length).toBe(10);
    expect(failures[0]).toBe('job0: Error: broken');
    expect(deaths).toEqual([]);
  });
});

describe('a core job that throws', () => {
  const core = {
    name: 'core',
    isCore: true,
    run: () => {
      throw new Error('dead');
    },
  };

  it('ends the process once, after flushing, and nothing starts any more', async () => {
    let isFlushed = false;
    const { clock, scheduler, deaths } = started(async () => {
      await clock.sleep(1_200);
      isFlushed = true;
    });
    const other = scheduler.schedule(
      { name: 'other', run: () => {} },
      { kind: 'fixed_rate', intervalMs: 400 },
    );
    scheduler.schedule(core, { kind: 'fixed_rate', intervalMs: 1_000 });
    scheduler.schedule({ ...core, name: 'second' }, { kind: 'fixed_rate', intervalMs: 1_000 });
    clock.advance(2_199);
    await settled();
    expect([deaths, isFlushed]).toEqual([[], false]);
    clock.advance(1);
    await settled();
    expect([deaths, isFlushed]).toEqual([['core at 2200'], true]);
    clock.advance(hourMs);
    await settled();
    expect([deaths.length, other.counts.runs]).toEqual([1, 2]);
  });

  it('ends it within five seconds, also when flushing hangs or fails', async () => {
    for (const flush of [
      () => new Promise<void>(() => {}),
      () => Promise.reject(new Error('disk')),
    ]) {
      const { clock, scheduler, failures, deaths } = started(flush);
      scheduler.schedule(core, { kind: 'once', firstMs: 0 });
      clock.advance(0);
      await settled();
      clock.advance(flushMsMax);
      await settled();
      clock.advance(hourMs);
      await settled();
      expect(deaths.length).toBe(1);
      expect(flushMsMax).toBeLessThan(5_000);
      expect(failures[0]).toBe('core: Error: dead');
    }
  });
});
