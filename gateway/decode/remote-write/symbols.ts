/**
 * The symbols of a remote write 2.0 request: where each one lies in the body (PRW2-9), and the
 * references to them, which come in pairs of a name and a value.
 *
 * Hot path. Allocations per item: none; the table grows to the largest request's, and is given
 * back beyond a bound. Copies: none. Owner: the request under way. Watched by
 * `remote-write.bench.ts`.
 */
import { Malformed, readLength, readTag, skipField, word } from '../wire.ts';

const symbolsInitial = 4096;
const symbolsKept = 256 * 1024;
/** A body of 64 MiB has room for more, of one byte each; nobody has that many names. */
const symbolsMax = 8 * 1024 * 1024;

/**
 * Text that references may stand for, as a multiple of the body: a reference has two bytes, and
 * what it names is compared and copied each time. Real requests stay below 30.
 */
const expansionMax = 64;
const expansionBytesMin = 1024 * 1024;
const expansionBytesMax = 2 ** 31 - 1;

const symbolsTag = 0x22;

/** Two words a symbol: where it begins, and its length. */
let table = new Int32Array(2 * symbolsInitial);
let count = 0;
/** Bytes that references may still stand for; a small integer, which costs no memory to change. */
let bytesLeft = 0;

/** The pair of references that is complete, or of which the first one is there. */
const pair = new Int32Array(2);
let isHalf = false;

/** Finds the symbols of a request, wherever they stand in it. */
export function readSymbols(source: Uint8Array): void {
  const end = source.length;
  count = 0;
  bytesLeft = Math.min(expansionBytesMax, Math.max(expansionBytesMin, end * expansionMax));
  let at = 0;
  while (at < end) {
    at = readTag(source, at, end);
    if (word[0] !== symbolsTag) {
      at = skipField(source, at, end, word[0]!);
      continue;
    }
    const start = readLength(source, at, end);
    const length = word[0]!;
    at = start + length;
    if (2 * count === table.length) grow();
    table[2 * count] = start;
    table[2 * count + 1] = length;
    if (count === 0 && length > 0) throw new Malformed('symbols[0] is not empty', start);
    count += 1;
  }
}

/** Whether there is such a symbol; counts what it stands for. */
export function hasSymbol(reference: number): boolean {
  if (reference < 0 || reference >= count) return false;
  spendBytes(table[2 * reference + 1]!);
  return true;
}

/** Counts `bytes` that references stand for. */
export function spendBytes(bytes: number): void {
  bytesLeft -= bytes;
  if (bytesLeft < 0) {
    throw new Malformed(`its references stand for more than ${expansionMax} times its size`, 0);
  }
}

/** Begins a list of references. */
export function beginPairs(): void {
  isHalf = false;
}

/** Takes one more reference; whether it completes a pair, see {@link pairSymbol}. */
export function takeReference(reference: number): boolean {
  pair[isHalf ? 1 : 0] = reference;
  isHalf = !isHalf;
  return !isHalf;
}

/** Whether a name waits for its value. */
export function isPairOpen(): boolean {
  return isHalf;
}

/** A reference of the last pair: 0 its name, 1 its value. */
export function pairSymbol(part: number): number {
  return pair[part]!;
}

export function symbolCount(): number {
  return count;
}

/** Where a symbol begins. The reference must be one that is there, as for {@link symbolLength}. */
export function symbolStart(reference: number): number {
  return table[2 * reference]!;
}

export function symbolLength(reference: number): number {
  return table[2 * reference + 1]!;
}

/** Gives back what one huge request needed. */
export function releaseSymbols(): void {
  if (table.length > 2 * symbolsKept) table = new Int32Array(2 * symbolsInitial);
  count = 0;
}

function grow(): void {
  if (count >= symbolsMax) throw new Malformed(`it has more than ${symbolsMax} symbols`, 0);
  const larger = new Int32Array(table.length * 2);
  larger.set(table);
  table = larger;
}
