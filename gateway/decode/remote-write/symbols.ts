/**
 * The symbols of a remote write 2.0 request: where each one lies in the body (PRW2-9).
 *
 * Hot path. Allocations per item: none; the table grows to the largest request's, and is given
 * back beyond a bound. Copies: none. Owner: the request under way. Watched by
 * `remote-write.bench.ts`.
 */
import { BlockFull } from '../../../clickhouse/native/buffers.ts';
import { Malformed, readLength, readTag, skipField, word } from '../wire.ts';

const symbolsInitial = 4096;
const symbolsKept = 256 * 1024;
/** A body of 64 MiB has room for more, of one byte each; nobody has that many names. */
const symbolsMax = 8 * 1024 * 1024;

const symbolsTag = 0x22;

/** Two words a symbol: where it begins, and its length. */
let table = new Int32Array(2 * symbolsInitial);
let count = 0;

/** Finds the symbols of a request, wherever they stand in it. */
export function readSymbols(source: Uint8Array): void {
  const end = source.length;
  count = 0;
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

export function hasSymbol(reference: number): boolean {
  return reference >= 0 && reference < count;
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
  if (count >= symbolsMax) throw new BlockFull('a request has too many symbols');
  const larger = new Int32Array(table.length * 2);
  larger.set(table);
  table = larger;
}
