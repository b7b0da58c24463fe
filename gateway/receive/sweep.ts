/**
 * Deadlines of requests under way, looked at a few times a second: one timer a receiver instead
 * of one a request. A deadline may be noticed up to `sweepPeriodMs` late.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import { sweepPeriodMs } from './limits.ts';

export type Expiring = {
  /** Monotonic; Infinity for none. */
  readonly deadlineMs: number;
  readonly expire: () => void;
};

export class Sweep<T extends Expiring> {
  readonly members: Set<T> = new Set<T>();
  readonly #timer: Timer;

  constructor(clock: Clock, also: (nowMs: number) => void = () => {}) {
    this.#timer = clock.every(sweepPeriodMs, () => {
      const nowMs = clock.monotonicMs();
      for (const member of this.members) {
        if (member.deadlineMs <= nowMs) member.expire();
      }
      also(nowMs);
    });
  }

  stop(): void {
    this.#timer.cancel();
  }
}
