/** Waits of a lane that end in a value, not in an exception. */
import { isWalFailure } from '../wal/wal-failure.ts';

/** Whether a position became durable; false when the disk refused it. */
export async function isDurable(waiting: Promise<void>): Promise<boolean> {
  try {
    await waiting;
    return true;
  } catch (error) {
    if (!isWalFailure(error)) throw error;
    return false;
  }
}

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
