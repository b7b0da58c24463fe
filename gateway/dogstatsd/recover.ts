/**
 * After a kill: an intake as it was, out of what the log holds. Pure.
 *
 * Every datagram in the log was emitted, or is folded again, never both:
 *
 * - A datagram folded after a CLOSE (`position >= foldedUpTo`) was clamped to it: its time counts
 *   as no earlier than `closedBeforeNs`. So it is now, by each CLOSE in turn.
 * - One folded before the last CLOSE was emitted with it, or with an earlier one, when its clamped
 *   time is before `closedBeforeNs`; what waited for a close (events, service checks, values with
 *   their own time) was emitted whatever its time.
 *
 * The tail may begin anywhere at or below `neededFrom()`: of a datagram whose CLOSE lies before the
 * tail the own time is used, which is no later than the clamped one; that datagram was emitted, and
 * an earlier time only makes that certain.
 */
import { type CloseMark, Intake, type IntakeOptions } from './intake.ts';

export type LogEntry = RawEntry | CloseEntry;

type RawEntry = {
  readonly kind: 'raw';
  readonly position: number;
  readonly receivedAtNs: bigint;
  readonly bytes: Uint8Array;
};

type CloseEntry = { readonly kind: 'close'; readonly position: number } & CloseMark;

/** An intake that goes on where the log ends; `tail` lies at or behind `from`, ascending. */
export function recoverIntake(
  options: IntakeOptions,
  from: number,
  tail: Iterable<LogEntry>,
): Intake {
  const intake = new Intake(options, from);
  const raws: RawEntry[] = [];
  const closes: CloseEntry[] = [];
  for (const entry of tail) {
    if (entry.kind === 'raw') raws.push(entry);
    else closes.push(entry);
  }
  const last = closes.at(-1);
  let done = 0;
  let clampedNs = 0n;
  const resume = (close: CloseEntry): void => {
    // Gauges that go on are those of the last CLOSE: others may have been forgotten since.
    intake.resume(close === last ? close : { ...close, carried: [] }, close.position);
    clampedNs = close.closedBeforeNs;
  };
  for (const raw of raws) {
    // A CLOSE acts where its results end, not where it stands: the log is ahead of what is folded.
    for (; done < closes.length && closes[done]!.foldedUpTo <= raw.position; done += 1) {
      resume(closes[done]!);
    }
    const timeNs = raw.receivedAtNs > clampedNs ? raw.receivedAtNs : clampedNs;
    const isBefore = last !== undefined && raw.position < last.foldedUpTo;
    intake.fold(raw.position, raw.receivedAtNs, raw.bytes, {
      windows: !isBefore || timeNs >= last.closedBeforeNs,
      waiting: !isBefore,
    });
  }
  for (; done < closes.length; done += 1) resume(closes[done]!);
  return intake;
}
