/**
 * Whether the watcher gets on, for whoever restarts what hangs. What fails and is tried again gets
 * on; so does one that waits for its Lease. Only what has stopped without a word does not.
 */
import type { Clock } from '../../core/clock.ts';

/** Longer than any try to write takes, and than any wait before the next. */
const writesMsMax = 5 * 60_000;
/** Longer than the hour after which everything is listed again, whatever happened. */
const streamsMsMax = 2 * 3_600_000;

type Part = 'writes' | 'streams';

export class Progress {
  readonly #clock: Clock;
  /** When each part last got on; none while nothing is recorded. */
  readonly #lastMs = new Map<Part, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(): void {
    this.made('writes');
    this.made('streams');
  }

  end(): void {
    this.#lastMs.clear();
  }

  made(part: Part): void {
    this.#lastMs.set(part, this.#clock.monotonicMs());
  }

  /** What hangs, in words; empty where nothing does. */
  faults(): readonly string[] {
    return [
      ...this.#fault('writes', writesMsMax, 'nothing was written or tried'),
      ...this.#fault('streams', streamsMsMax, 'no kind was listed or watched'),
    ];
  }

  #fault(part: Part, msMax: number, text: string): readonly string[] {
    const last = this.#lastMs.get(part);
    if (last === undefined) return [];
    const silentMs = this.#clock.monotonicMs() - last;
    return silentMs <= msMax ? [] : [`${text} for ${Math.round(silentMs / 1000)} s`];
  }
}
