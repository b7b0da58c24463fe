/**
 * What of a unit is still to be brought: its rows without those that dead letters hold. A row that
 * was set aside is its letter's for ever; were it brought with the unit as well, the letter's
 * replay would double it, and were it left out of both, it would be lost.
 */
import { assert } from '../../core/assert.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import type { HeldRows } from './dead-letter.ts';
import { NativeRows, type RowPick } from './native-rows.ts';

export type Rest = {
  /** Of the whole unit, with only the rows that no letter holds. */
  readonly unit: EncodedUnit;
  readonly wholeRows: number;
  /** Which rows of the whole unit they are, ascending; absent: all. */
  readonly picked?: RowPick;
};

/** Rows from the first one to before the second. */
export type RowRange = readonly [number, number];

export function wholeUnit(unit: EncodedUnit): Rest {
  return { unit, wholeRows: unit.rows };
}

/** Throws when the unit's block cannot be taken apart. */
export function withoutRows(unit: EncodedUnit, ranges: readonly RowRange[]): Rest {
  const isHeld = new Uint8Array(unit.rows);
  for (const [from, to] of ranges) isHeld.fill(1, from, to);
  const picked = Uint32Array.from(isHeld.keys().filter((row) => isHeld[row] === 0));
  if (picked.length === unit.rows) return wholeUnit(unit);
  if (picked.length === 0) return { unit: { ...unit, rows: 0 }, wholeRows: unit.rows, picked };
  const all = NativeRows.parse(unit.chunks);
  assert(all.rows === unit.rows, 'a block has as many rows as its unit');
  return { unit: ofRows(unit, all.pick(picked)), wholeRows: unit.rows, picked };
}

/** `rest` with only some of its rows: `block` holds them, `rows` count within `rest`. */
export function narrowed(rest: Rest, rows: RowPick, block: NativeRows): Rest {
  const { picked: before, unit, wholeRows } = rest;
  const picked = before === undefined ? rows : rows.map((row) => before[row] ?? 0);
  return { unit: ofRows(unit, block), wholeRows, picked };
}

export function rangesOf(rows: RowPick): readonly RowRange[] {
  const ranges: [number, number][] = [];
  for (const row of rows) {
    const last = ranges.at(-1);
    if (last?.[1] === row) last[1] = row + 1;
    else ranges.push([row, row + 1]);
  }
  return ranges;
}

/** Of the rest's rows. `untold`: as many rows may be of letters whose replay was interrupted. */
export type Presence = 'yes' | 'partly' | 'no' | 'untold';

const begunMax = 12;

/**
 * What `count` rows of the unit's seal say of the rest: rows of replayed letters are among them,
 * and those of a replay that has not ended may be.
 */
export function presence({ unit }: Rest, count: number, held: HeldRows): Presence {
  if (held.begun.length > begunMax) return 'untold';
  const own = count - held.replayed;
  const ofLetters = sums(held.begun);
  const isWithout = ofLetters.has(own);
  const isWith = ofLetters.has(own - unit.rows);
  if (isWithout) return isWith ? 'untold' : 'no';
  if (isWith) return 'yes';
  if (own < 0) return 'no';
  // Where partitions are not ours a unit is several parts.
  return own < unit.rows ? 'partly' : 'yes';
}

/** Of every choice of `numbers`, also of none. */
function sums(numbers: readonly number[]): ReadonlySet<number> {
  let all = new Set([0]);
  for (const number of numbers) all = new Set([...all, ...all.values().map((sum) => sum + number)]);
  return all;
}

/** How many rows of the whole unit letters hold. */
export function heldRows(rest: Rest): number {
  return rest.wholeRows - rest.unit.rows;
}

function ofRows(unit: EncodedUnit, block: NativeRows): EncodedUnit {
  const chunks = block.encode();
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  return { ...unit, rows: block.rows, chunks, bytes };
}
