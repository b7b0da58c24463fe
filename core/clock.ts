/**
 * Time, passed in wherever it is needed so that tests can hold it still. This is the only file
 * outside `main.ts` programs that may touch the platform's clock and timers.
 */
export type Clock = {
  /** Wall clock, nanoseconds since the Unix epoch. */
  readonly nowNs: () => bigint;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly nowMs: () => number;
  /** Monotonic milliseconds: for durations and deadlines, never stored. */
  readonly monotonicMs: () => number;
  /** Runs `task` once after `delayMs`; the timer never keeps the process alive. */
  readonly after: (delayMs: number, task: () => void) => Timer;
  /** Runs `task` every `periodMs`; the timer never keeps the process alive. */
  readonly every: (periodMs: number, task: () => void) => Timer;
  /** Resolves after `delayMs`, or at once when `signal` aborts. Keeps the process alive. */
  readonly sleep: (delayMs: number, signal?: AbortSignal) => Promise<void>;
};

export type Timer = { readonly cancel: () => void };

/** The platform's clock. */
export const systemClock: Clock = {
  nowNs: () => BigInt(Date.now()) * 1_000_000n,
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, task) => {
    const handle = setTimeout(task, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every: (periodMs, task) => {
    const handle = setInterval(task, periodMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
  sleep: (delayMs, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const handle = setTimeout(done, delayMs);
      signal?.addEventListener('abort', done, { once: true });
      function done(): void {
        clearTimeout(handle);
        signal?.removeEventListener('abort', done);
        resolve();
      }
    }),
};
