import type { Clock } from '../../core/clock.ts';

type Task = { readonly atMs: number; readonly run: () => void };

/** A clock that moves only when told. `advance` runs what falls due, in order of time. */
export function simulatedClock(startMs = 1_763_712_000_000): Clock & {
  readonly advance: (byMs: number) => void;
} {
  let nowMs = 0;
  let tasks: Task[] = [];
  const schedule = (atMs: number, run: () => void) => {
    const task = { atMs, run };
    tasks.push(task);
    return {
      cancel: () => {
        tasks = tasks.filter((other) => other !== task);
      },
    };
  };
  const every = (periodMs: number, run: () => void) => {
    let timer = schedule(nowMs + periodMs, again);
    function again(): void {
      timer = schedule(nowMs + periodMs, again);
      run();
    }
    return { cancel: () => timer.cancel() };
  };
  const advance = (byMs: number): void => {
    const untilMs = nowMs + byMs;
    for (;;) {
      const due = tasks.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      tasks = tasks.filter((task) => task !== due);
      nowMs = Math.max(nowMs, due.atMs);
      due.run();
    }
    nowMs = untilMs;
  };
  return {
    nowNs: () => BigInt(startMs + nowMs) * 1_000_000n,
    nowMs: () => startMs + nowMs,
    monotonicMs: () => nowMs,
    after: (delayMs, run) => schedule(nowMs + delayMs, run),
    every,
    sleep: (delayMs, signal) =>
      new Promise((resolve) => {
        schedule(nowMs + delayMs, resolve);
        signal?.addEventListener('abort', () => resolve(), { once: true });
      }),
    advance,
  };
}
