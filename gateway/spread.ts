/**
 * Few long connections that happen to share a lane keep it busy while others idle: the kernel
 * spreads connections over workers, never what comes on them. A lane that has much more to do than
 * the least busy one asks its busiest connection to come back (GOAWAY: calls under way finish, the
 * client connects anew, likely to another lane), one at a time, with a pause to see what it did.
 */
import { performance } from 'node:perf_hooks';
import type { Clock, Timer } from '../core/clock.ts';

const periodMs = 1_000;
/** Share of its time that a lane works, at which it has too much. */
const busyMin = 0.7;
/** How much more than the least busy one that must be. */
const differenceMin = 0.35;
/** Periods in a row before a connection is moved, and between two. */
const patiencePeriods = 3;

/** A word a worker: the share of its time that it worked, in the last period. */
export function createLoadMemory(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workers * Float64Array.BYTES_PER_ELEMENT);
}

/** Whether lane `own` has so much more to do than another that a connection should move. */
export function isOverloaded(loads: Float64Array, own: number): boolean {
  const load = loads[own] ?? 0;
  return load >= busyMin && load - Math.min(...loads) >= differenceMin;
}

/** Publishes this lane's load and moves connections while it has too much. */
export function startSpreading(
  memory: SharedArrayBuffer,
  own: number,
  clock: Clock,
  moveOne: () => void,
): Timer {
  const loads = new Float64Array(memory);
  let last = performance.eventLoopUtilization();
  let overloadedPeriods = 0;
  return clock.every(periodMs, () => {
    const now = performance.eventLoopUtilization();
    loads[own] = performance.eventLoopUtilization(now, last).utilization;
    last = now;
    overloadedPeriods = isOverloaded(loads, own) ? overloadedPeriods + 1 : 0;
    if (overloadedPeriods < patiencePeriods) return;
    overloadedPeriods = 0;
    moveOne();
  });
}
