/**
 * Jobs on a schedule: at a fixed rate, with a fixed delay, once (H34, H36, H37).
 *
 *     fixed rate   │run │    │run │    │run      starts at t, t+i, t+2i …, whatever a run takes
 *     fixed delay  │run │← d →│run │← d →│run    starts d after the last one ended
 *
 * A job never runs twice at once: starts that fall due while it runs are skipped and counted, and
 * the next is the first one still to come, so that a rate neither drifts nor catches up in a burst.
 * A job that throws keeps its schedule and is counted. A core job that throws is dead: nothing
 * starts any more, what must be kept is flushed, and the process is ended, also when that hangs.
 *
 * Invariant: of a job, at most one timer is set and at most one run is under way.
 */
import { assert } from './assert.ts';
import type { Clock, Timer } from './clock.ts';

export type Job = {
  readonly name: string;
  readonly run: () => Promise<void> | undefined | void;
  /** Whether the process must not go on without it. */
  readonly isCore?: boolean;
};

export type Schedule =
  | { readonly kind: 'fixed_rate'; readonly intervalMs: number; readonly firstMs?: number }
  | { readonly kind: 'fixed_delay'; readonly delayMs: number; readonly firstMs?: number }
  | { readonly kind: 'once'; readonly firstMs: number };

/** Grows only. */
type JobCounts = {
  runs: number;
  failures: number;
  /** Starts that fell due while the job still ran. */
  skipped: number;
};

export type ScheduledJob = {
  readonly counts: Readonly<JobCounts>;
  /** No run starts any more; resolves when the one under way has ended. */
  readonly cancel: () => Promise<void>;
};

export type SchedulerOptions = {
  readonly clock: Clock;
  /** Told of every failure, for the log of the program. */
  readonly onFailure: (name: string, error: unknown) => void;
  /** Makes durable what must be: called once, when the first core job has thrown. */
  readonly flush: () => Promise<void>;
  /**
   * Called once behind `flush`, whatever became of it, at most {@link flushMsMax} after the death.
   * Ends the process with a code that is not zero, so that it is started again.
   */
  readonly die: (name: string, error: unknown) => void;
};

/** Below the five seconds within which a process without a core job is to end (H37). */
export const flushMsMax = 4_000;

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #jobs: Set<Runner> = new Set();
  #isStopped = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Starts a schedule; the first run is due after `firstMs`, by default one interval. */
  schedule(job: Job, schedule: Schedule): ScheduledJob {
    assert(!this.#isStopped, 'a scheduler that is not stopped');
    const runner = new Runner(job, schedule, this.#options.clock, {
      failed: (error) => this.#failed(job, error),
      ended: () => this.#jobs.delete(runner),
    });
    this.#jobs.add(runner);
    return { counts: runner.counts, cancel: () => runner.cancel() };
  }

  /** Cancels all jobs; resolves when none runs any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#jobs].map((runner) => runner.cancel()));
  }

  #failed(job: Job, error: unknown): void {
    this.#options.onFailure(job.name, error);
    if (job.isCore !== true || this.#isStopped) return;
    this.#isStopped = true;
    for (const runner of this.#jobs) void runner.cancel();
    this.#die(job.name, error);
  }

  #die(name: string, error: unknown): void {
    const { clock, flush, die, onFailure } = this.#options;
    let isDead = false;
    const dieOnce = (): void => {
      timer.cancel();
      if (!isDead) die(name, error);
      isDead = true;
    };
    const timer = clock.after(flushMsMax, dieOnce);
    flush().then(dieOnce, (cause: unknown) => {
      onFailure('flush', cause);
      dieOnce();
    });
  }
}

type Listener = { readonly failed: (error: unknown) => void; readonly ended: () => void };

/** One job with its schedule. */
class Runner {
  readonly counts: JobCounts = { runs: 0, failures: 0, skipped: 0 };
  readonly #job: Job;
  readonly #schedule: Schedule;
  readonly #clock: Clock;
  readonly #listener: Listener;
  #timer: Timer | undefined;
  /** Monotonic time of the start that is due next. */
  #dueMs: number;
  #running: Promise<void> | undefined;
  #isCancelled = false;

  constructor(job: Job, schedule: Schedule, clock: Clock, listener: Listener) {
    this.#job = job;
    this.#schedule = schedule;
    this.#clock = clock;
    this.#listener = listener;
    const firstMs = schedule.firstMs ?? periodMs(schedule);
    assert(firstMs >= 0 && periodMs(schedule) > 0, 'intervals above zero');
    this.#dueMs = clock.monotonicMs() + firstMs;
    this.#arm();
  }

  async cancel(): Promise<void> {
    this.#isCancelled = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#running === undefined) this.#listener.ended();
    await this.#running;
  }

  #arm(): void {
    const delayMs = Math.max(0, this.#dueMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.after(delayMs, () => this.#start());
  }

  #start(): void {
    assert(this.#running === undefined, 'one run of a job at a time');
    this.#timer = undefined;
    this.counts.runs += 1;
    try {
      const running = this.#job.run();
      // What a job without a promise returns is nobody's business.
      if (!(running instanceof Promise)) this.#ended();
      else {
        this.#running = running.then(
          () => this.#ended(),
          (error: unknown) => this.#failed(error),
        );
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.counts.failures += 1;
    this.#listener.failed(error);
    this.#ended();
  }

  #ended(): void {
    this.#running = undefined;
    if (this.#isCancelled || this.#schedule.kind === 'once') {
      this.#listener.ended();
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    if (this.#schedule.kind === 'fixed_delay') this.#dueMs = nowMs + this.#schedule.delayMs;
    else {
      const { intervalMs } = this.#schedule;
      // The first start still to come, on the grid that the first one began.
      const passed = Math.max(1, Math.ceil((nowMs - this.#dueMs) / intervalMs));
      this.counts.skipped += passed - 1;
      this.#dueMs += passed * intervalMs;
    }
    this.#arm();
  }
}

/** What lies between two runs; for a single run anything above zero. */
function periodMs(schedule: Schedule): number {
  if (schedule.kind === 'fixed_rate') return schedule.intervalMs;
  return schedule.kind === 'fixed_delay' ? schedule.delayMs : Number.POSITIVE_INFINITY;
}
