/**
 * When snapshots run: five fields of cron in UTC, as `croner` counts them. Only what Kubernetes'
 * CronJobs mean by the same text is taken, because the same stack file may run there.
 *
 *     start ── never ran, or longer ago than one period? at once ── else at its next minute
 *     end ──── the next minute behind the end: what fell due while it ran is left out
 *
 * Pure: every moment is given. One at a time over all snapshots, the one that waits longest first.
 */
import { Cron } from 'croner';
import { assert } from '../../core/assert.ts';

export type Scheduled = {
  readonly name: string;
  /** Five fields of cron, see {@link isSchedule}. */
  readonly schedule: string;
};

export type DueRun = { readonly name: string; readonly dueMs: number };

const fieldCount = 5;
const value = String.raw`(\d{1,2}|[A-Za-z]{3})`;
const range = String.raw`${value}(-${value}(/\d{1,2})?)?`;
const field = new RegExp(String.raw`^(\*(/\d{1,2})?|${range}(,${range})*)$`);

/**
 * Whether the text is a schedule, to us and to Kubernetes: no seconds, `L`, `W`, `#` or nicknames,
 * Sunday is 0, and some day of some year fits.
 */
export function isSchedule(text: string): boolean {
  const fields = fieldsOf(text);
  if (fields.length !== fieldCount || !fields.every((one) => field.test(one))) return false;
  // Sunday as 7, which Kubernetes does not know; a step may well be 7.
  if (/(^|[,-])0?7/.test(fields[fieldCount - 1] ?? '')) return false;
  try {
    return cronOf(text).nextRun(new Date(0)) !== null;
  } catch {
    return false;
  }
}

/** The first moment of the schedule behind `afterMs`, in milliseconds of Unix time. */
export function nextRunMs(schedule: string, afterMs: number): number {
  const next = cronOf(schedule).nextRun(new Date(afterMs));
  assert(next !== null, 'a schedule that has a next run');
  return next.getTime();
}

/**
 * Whether a run is due at once when the program starts: the last one began longer ago than one
 * period, which is what lies between the two moments of the schedule around now.
 *
 * @param lastStartMs of the last run, whatever became of it; `undefined` when it never ran
 */
export function isOverdue(
  schedule: string,
  lastStartMs: number | undefined,
  nowMs: number,
): boolean {
  if (lastStartMs === undefined) return true;
  const [previous] = cronOf(schedule).previousRuns(1, new Date(nowMs));
  if (previous === undefined) return false;
  return nowMs - lastStartMs > nextRunMs(schedule, nowMs) - previous.getTime();
}

/** What runs next. Invariant: each snapshot has one moment at which it is due. */
export class Timetable {
  readonly #due: Map<string, number> = new Map();
  readonly #schedules: ReadonlyMap<string, string>;

  /** @param lastStartMs by name; one that is not there never ran */
  constructor(
    snapshots: readonly Scheduled[],
    lastStartMs: ReadonlyMap<string, number>,
    nowMs: number,
  ) {
    this.#schedules = new Map(snapshots.map(({ name, schedule }) => [name, schedule]));
    for (const { name, schedule } of snapshots) {
      const overdue = isOverdue(schedule, lastStartMs.get(name), nowMs);
      this.#due.set(name, overdue ? nowMs : nextRunMs(schedule, nowMs));
    }
  }

  /** The next run of each, the one that is due first in front. */
  all(): readonly DueRun[] {
    const due = [...this.#due].map(([name, dueMs]) => ({ name, dueMs }));
    return due.toSorted((a, b) => a.dueMs - b.dueMs);
  }

  /** The run that is due first; `undefined` when nothing has a schedule. */
  next(): DueRun | undefined {
    return this.all()[0];
  }

  /** Says that a run has ended, and gives the moment of the next one of that snapshot. */
  ended(name: string, nowMs: number): number {
    const dueMs = this.#due.get(name);
    const schedule = this.#schedules.get(name);
    assert(dueMs !== undefined && schedule !== undefined, 'a snapshot of the timetable');
    // A clock that was set back does not bring a moment again.
    const next = nextRunMs(schedule, Math.max(nowMs, dueMs));
    this.#due.set(name, next);
    return next;
  }
}

function cronOf(text: string): Cron {
  // A star with a step of one is a star to Kubernetes, and a day that was chosen to croner.
  const pattern = fieldsOf(text)
    .map((one) => (/^\*\/0?1$/.test(one) ? '*' : one))
    .join(' ');
  return new Cron(pattern, { paused: true, mode: '5-part', utcOffset: 0 });
}

function fieldsOf(text: string): readonly string[] {
  return text.trim().split(/[ \t]+/);
}
