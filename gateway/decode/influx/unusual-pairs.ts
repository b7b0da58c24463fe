/**
 * Attributes that are not a line's tags alone: with its strings, with the digits of an integer that
 * no column holds, or with the name of the field that became a body.
 *
 * Hot path of lines with strings. Allocations per item: none; one string for an unsigned beyond
 * 2^63 - 1. Copies: none. Owner: the caller's pairs. Watched by `influx.bench.ts`.
 */
import { fieldWords, kindString, type Line } from './line.ts';
import { fieldsEnd } from './metric-names.ts';
import { textOf } from './numbers.ts';
import { type Pairs, pairKind } from './pairs.ts';

const zero = 0x30;

/** Makes `pairs` the tags and the string fields but `without`, which is named if there is one. */
export function addStrings(pairs: Pairs, line: Line, source: Uint8Array, without: number): void {
  const { fields } = line;
  pairs.clear();
  pairs.addAll(line.tags);
  const end = fieldsEnd(line);
  for (let field = 0; field < end; field += fieldWords) {
    if (fields[field + 3] !== kindString || field === without) continue;
    pairs.add(
      pairKind.string,
      fields[field]!,
      fields[field + 1]!,
      fields[field + 2]!,
      fields[field + 4]!,
      fields[field + 5]!,
      fields[field + 6]!,
    );
  }
  if (without >= 0) {
    pairs.addOwn(pairKind.field, fields[without]!, fields[without + 1]!, fields[without + 2]!);
  }
  pairs.sort(source);
  pairs.tellApart(source);
}

/** Makes `pairs` the tags and the digits of the unsigned integer in `field`. */
export function addUnsigned(pairs: Pairs, line: Line, source: Uint8Array, field: number): void {
  const start = digitsStart(line, source, field);
  pairs.clear();
  pairs.addAll(line.tags);
  pairs.addOwn(pairKind.exact, start, digitsEnd(source, start), 0);
  pairs.sort(source);
  pairs.tellApart(source);
}

/** The double nearest to the unsigned integer in `field`. */
export function unsignedAsDouble(line: Line, source: Uint8Array, field: number): number {
  const start = digitsStart(line, source, field);
  return Number(textOf(source, start, digitsEnd(source, start)));
}

function digitsStart(line: Line, source: Uint8Array, field: number): number {
  let start = line.fields[field + 6]!;
  while (source[start] === zero) start += 1;
  return start;
}

function digitsEnd(source: Uint8Array, start: number): number {
  let end = start;
  while (source[end]! >= zero && source[end]! <= 0x39) end += 1;
  return end;
}
