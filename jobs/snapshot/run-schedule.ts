/** Runs snapshots when their timetable says so, one at a time, until it is told to stop. */
import type { Clock } from '../../core/clock.ts';
import type { Timetable } from './schedule.ts';

export type ScheduleOptions = {
  readonly timetable: Timetable;
  readonly clock: Clock;
  /** Aborts waiting; whoever runs a snapshot looks at it himself. */
  readonly signal: AbortSignal;
  /** Makes one run. What it throws is told, and the schedule goes on. */
  readonly run: (name: string) => Promise<void>;
  /** Told at the end of each run, with the moment of the next one of that snapshot. */
  readonly onEnd: (name: string, nextMs: number, error: unknown) => void;
};

/** A wall clock may jump, and a machine sleep: it is looked at this often. */
const lookMs = 30_000;

export async function runOnSchedule(options: ScheduleOptions): Promise<void> {
  const { timetable, clock, signal, run, onEnd } = options;
  while (!signal.aborted) {
    const due = timetable.next();
    if (due === undefined) return;
    const waitMs = due.dueMs - clock.nowMs();
    if (waitMs > 0) {
      await clock.sleep(Math.min(waitMs, lookMs), signal);
      continue;
    }
    let failure: unknown;
    try {
      await run(due.name);
    } catch (error) {
      failure = error ?? new Error('no reason given');
    }
    if (signal.aborted) return;
    onEnd(due.name, timetable.ended(due.name, clock.nowMs()), failure);
  }
}
