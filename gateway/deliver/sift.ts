/**
 * Which rows of a refused block are the bad ones: halves of it go into a table of engine Null that
 * has the same columns and constraints and keeps nothing, until each bad row is alone. Bounded in
 * tries and time, because seals behind this one wait; a half whose turn did not come is bad whole.
 */
import type { Clock } from '../../core/clock.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import type { Destination } from './destination.ts';
import { NativeRows, type RowPick } from './native-rows.ts';

export type Sifted = {
  readonly bad: NativeRows;
  readonly badRows: RowPick;
  readonly good: NativeRows;
  /** Of the first bad row. */
  readonly reason: string;
};

const triesMax = 200;
const siftMsMax = 10_000;

/** `undefined` when the rows cannot be told apart, `later` when ClickHouse stopped answering. */
export async function sift(
  unit: EncodedUnit,
  parts: { readonly destination: Destination; readonly clock: Clock; readonly tag: string },
): Promise<Sifted | 'later' | undefined> {
  const all = takeApart(unit);
  if (all === undefined) return undefined;
  const dry = await parts.destination.beginDryRun(unit.table, parts.tag);
  if (dry === undefined) return undefined;
  const deadlineMs = parts.clock.monotonicMs() + siftMsMax;
  const bad: number[] = [];
  let reason = '';
  try {
    const ranges: { readonly from: number; readonly to: number }[] = [{ from: 0, to: all.rows }];
    let tries = 0;
    for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
      const { from, to } = range;
      tries += 1;
      const isSpent = tries > triesMax || parts.clock.monotonicMs() > deadlineMs;
      if (!isSpent || reason === '') {
        const result = await dry.insert(all.pick(between(from, to)).encode());
        if (result.ok) continue;
        if (result.kind === 'retryable') return 'later';
        if (to - from === 1 && reason === '') reason = result.message;
        if (isSpent) reason ||= result.message;
      }
      if (to - from === 1 || isSpent) for (let row = from; row < to; row += 1) bad.push(row);
      else {
        const middle = (from + to) >> 1;
        ranges.push({ from: middle, to }, { from, to: middle });
      }
    }
  } finally {
    await dry.end();
  }
  if (bad.length === 0) return undefined;
  return split(all, Uint32Array.from(bad), reason);
}

function takeApart(unit: EncodedUnit): NativeRows | undefined {
  try {
    const all = NativeRows.parse(unit.chunks);
    return all.rows === unit.rows ? all : undefined;
  } catch {
    // A type that is not known here: then the block is set aside whole.
    return undefined;
  }
}

function split(all: NativeRows, badRows: RowPick, reason: string): Sifted {
  const isBad = new Set(badRows);
  const goodRows = between(0, all.rows).filter((row) => !isBad.has(row));
  return { bad: all.pick(badRows), badRows, good: all.pick(goodRows), reason };
}

function between(from: number, to: number): RowPick {
  return Uint32Array.from({ length: to - from }, (_, index) => from + index);
}
