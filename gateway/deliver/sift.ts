/**
 * Which rows of a refused block are the bad ones: parts of it go into a table of engine Null that
 * has the same columns and constraints and keeps nothing, until each bad row is alone. Bounded in
 * tries and time, because seals behind this one wait; a part whose turn did not come is bad whole.
 */
import type { Clock } from '../../core/clock.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import type { Destination, DryRun } from './destination.ts';
import { NativeRows, type RowPick } from './native-rows.ts';

export type Sifted = {
  readonly bad: NativeRows;
  readonly badRows: RowPick;
  readonly good: NativeRows;
  readonly goodRows: RowPick;
  /** Of the first bad row. */
  readonly reason: string;
};

const triesMax = 200;
const siftMsMax = 10_000;
/** Messages that named a row which is good: from then on only halves are tried. */
const wrongNamesMax = 2;

/**
 * `undefined` when the rows cannot be told apart, `good` when none is refused any more, `later`
 * when ClickHouse stopped answering.
 */
export async function sift(
  unit: EncodedUnit,
  parts: { readonly destination: Destination; readonly clock: Clock; readonly tag: string },
): Promise<Sifted | 'later' | 'good' | undefined> {
  const all = takeApart(unit);
  if (all === undefined) return undefined;
  const dry = await parts.destination.beginDryRun(unit.table, parts.tag);
  if (dry === undefined) return undefined;
  try {
    const found = await search(all, dry, parts.clock);
    if (found === 'later') return 'later';
    if (found.bad.length === 0) return 'good';
    return split(all, Uint32Array.from(found.bad), found.reason);
  } finally {
    await dry.end();
  }
}

type Range = {
  readonly from: number;
  readonly to: number;
  /** One row that a message named. */
  readonly isNamed?: boolean;
};

async function search(
  all: NativeRows,
  dry: DryRun,
  clock: Clock,
): Promise<{ readonly bad: readonly number[]; readonly reason: string } | 'later'> {
  const deadlineMs = clock.monotonicMs() + siftMsMax;
  const bad: number[] = [];
  const ranges: Range[] = [{ from: 0, to: all.rows }];
  let reason = '';
  let wrongNames = 0;
  let tries = 0;
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    const { from, to, isNamed } = range;
    tries += 1;
    const isSpent = tries > triesMax || clock.monotonicMs() > deadlineMs;
    let named: number | undefined;
    if (!isSpent) {
      const result = await dry.insert(all.pick(between(from, to)).encode());
      if (result.ok && isNamed === true) wrongNames += 1;
      if (result.ok) continue;
      if (result.kind === 'retryable') return 'later';
      if (to - from === 1 || reason === '') reason = result.message;
      if (wrongNames <= wrongNamesMax) named = namedRow(result.message, range);
    }
    if (to - from === 1 || isSpent) for (let row = from; row < to; row += 1) bad.push(row);
    else ranges.push(...parted(range, named));
  }
  return { bad, reason };
}

/** ClickHouse names the first row of a block that breaks a constraint or cannot be read. */
function namedRow(message: string, { from, to }: Range): number | undefined {
  const row = from + Number(/\bat row (\d+)/.exec(message)?.[1] ?? 0) - 1;
  return row >= from && row < to ? row : undefined;
}

/** Last one first: around the row that was named, or in halves. */
function parted({ from, to }: Range, named: number | undefined): readonly Range[] {
  const middle = (from + to) >> 1;
  if (named === undefined)
    return [
      { from: middle, to },
      { from, to: middle },
    ];
  const parts = [
    { from: named + 1, to },
    { from: named, to: named + 1, isNamed: true },
    { from, to: named },
  ];
  return parts.filter((part) => part.to > part.from);
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
  return { bad: all.pick(badRows), badRows, good: all.pick(goodRows), goodRows, reason };
}

function between(from: number, to: number): RowPick {
  return Uint32Array.from({ length: to - from }, (_, index) => from + index);
}
