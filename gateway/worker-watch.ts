/**
 * Notices a worker that hangs: one that says nothing more although this thread gets its turns. A
 * pause of the whole process (a laptop's lid, a stopped container) is none, because then this
 * thread counts no turns either.
 */
import type { Clock } from '../core/clock.ts';

/** How often a worker says that it lives, and how often that is looked for. */
export const alivePeriodMs = 1_000;
/** A worker may work this long on one thing: the largest request takes about two seconds. */
const turnsMax = 20;

export type WorkerWatch = {
  readonly alive: () => void;
  readonly end: () => void;
};

/** Looks from the first sign of life on; calls `onHang` once. */
export function watchWorker(clock: Clock, onHang: (silentMs: number) => void): WorkerWatch {
  let silentTurns: number | undefined;
  const timer = clock.every(alivePeriodMs, () => {
    if (silentTurns === undefined) return;
    silentTurns += 1;
    if (silentTurns < turnsMax) return;
    timer.cancel();
    onHang(silentTurns * alivePeriodMs);
  });
  return {
    alive: () => {
      silentTurns = 0;
    },
    end: () => timer.cancel(),
  };
}
