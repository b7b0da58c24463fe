/**
 * What stands between a watch, which comes as fast as the server sends, and who takes its events
 * one after the other: a queue with an end. When it is full the watch is stopped, so that the
 * server keeps what is still to come; whoever drained it asks again from the last event.
 */
import type { Api, ApiFailure, WatchEvent, WatchParams } from './api.ts';

export type EventBuffer = {
  /** The next event, as soon as there is one; undefined when all before the end were taken. */
  readonly take: () => Promise<WatchEvent | undefined>;
  /** Ends the watch; what waits can still be taken. */
  readonly end: () => void;
  /** Why it ended, if it did so by a failure. */
  readonly failure: () => ApiFailure | undefined;
  /** Whether it ended because nobody took events. */
  readonly isFull: () => boolean;
};

export type Watched = {
  readonly path: string;
  readonly params: WatchParams;
  /** Events that may wait. */
  readonly bufferMax: number;
};

export function openEventBuffer(api: Api, { path, params, bufferMax }: Watched): EventBuffer {
  let waiting: WatchEvent[] = [];
  let taken = 0;
  let ended = false;
  let full = false;
  let failure: ApiFailure | undefined;
  let wake: (() => void) | undefined;
  const finish = (why?: ApiFailure): void => {
    if (ended) return;
    ended = true;
    failure = why;
    wake?.();
  };
  const push = (event: WatchEvent): void => {
    if (ended) return;
    if (waiting.length - taken >= bufferMax) {
      full = true;
      end();
      return;
    }
    waiting.push(event);
    wake?.();
  };
  const handle = api.watch(path, params, push, finish);
  const end = (): void => {
    handle.stop();
    finish();
  };
  const take = async (): Promise<WatchEvent | undefined> => {
    while (taken === waiting.length && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = undefined;
    }
    if (taken === waiting.length) return undefined;
    const event = waiting[taken];
    taken += 1;
    // Now and then, because to take from the front of a long array moves all the others.
    if (taken === waiting.length || taken >= bufferMax) {
      waiting = waiting.slice(taken);
      taken = 0;
    }
    return event;
  };
  return { take, end, failure: () => failure, isFull: () => full };
}
