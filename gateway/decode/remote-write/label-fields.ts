/**
 * The labels of a series as they stand in its fields: messages of a name and a value (1.0), or
 * references to symbols in pairs (2.0).
 *
 * Hot path. Allocations per item: none. Copies: none. Owner: the series under way. Watched by
 * `remote-write.bench.ts`.
 */
import { readVarint, word } from '../wire.ts';
import { labelPart, readLabel } from './exemplars.ts';
import {
  addLabel,
  isKeyAgain,
  isNameAgain,
  lastLabelBytes,
  spoilLabels,
  takesMessageAgain,
  takesPairAgain,
  takesValue,
} from './labels.ts';
import {
  hasSymbol,
  isPairOpen,
  pairSymbol,
  spendBytes,
  symbolLength,
  symbolStart,
  takeReference,
} from './symbols.ts';

/** One label of 1.0. */
export function putLabel(source: Uint8Array, view: DataView, start: number, end: number): void {
  const length = end - start;
  if (takesMessageAgain(source, view, start, length)) return;
  // The form that every sender writes: name, value, lengths of one byte.
  if (length >= 4 && source[start] === 0x0a) {
    const nameLength = source[start + 1]!;
    const valueAt = start + 2 + nameLength;
    if (nameLength < 0x80 && valueAt + 2 <= end && source[valueAt] === 0x12) {
      const valueLength = source[valueAt + 1]!;
      if (valueLength < 0x80 && valueAt + 2 + valueLength === end) {
        const isAgain = isNameAgain(view, start, 2 + nameLength);
        if (isAgain && takesValue(source, start, length, valueAt + 2, valueLength)) return;
        addLabel(source, start, length, start + 2, nameLength, valueAt + 2, valueLength);
        return;
      }
    }
  }
  if (readLabel(source, start, end)) {
    addLabel(source, start, length, labelPart(0), labelPart(1), labelPart(2), labelPart(3));
  } else spoilLabels('a label has no name');
}

/** A packed list of references of 2.0. */
export function putReferences(source: Uint8Array, start: number, end: number): void {
  let at = start;
  while (at < end) {
    let key = source[at]!;
    const second = source[at + 1]!;
    // Two references of two bytes or less, nearly all that comes, are read in place.
    if (at + 4 <= end && (key < 0x80 || second < 0x80) && !isPairOpen()) {
      const isShort = key < 0x80;
      if (!isShort) key = (key & 0x7f) | (second << 7);
      const valueAt = isShort ? at + 1 : at + 2;
      let value = source[valueAt]!;
      const next = source[valueAt + 1]!;
      if (value < 0x80 || next < 0x80) {
        const isShortValue = value < 0x80;
        if (!isShortValue) value = (value & 0x7f) | (next << 7);
        at = isShortValue ? valueAt + 1 : valueAt + 2;
        putPair(source, key, value);
        continue;
      }
    }
    at = readVarint(source, at, end);
    putReference(source, word[0]!);
  }
}

/** One reference; every second one completes a label. */
export function putReference(source: Uint8Array, reference: number): void {
  if (takeReference(reference)) putPair(source, pairSymbol(0), pairSymbol(1));
}

function putPair(source: Uint8Array, key: number, value: number): void {
  if (takesPairAgain(source, key, value)) {
    spendBytes(lastLabelBytes());
    return;
  }
  if (hasSymbol(key) && hasSymbol(value)) {
    const start = symbolStart(value);
    const length = symbolLength(value);
    if (isKeyAgain(key) && takesValue(source, key, value, start, length)) return;
    addLabel(source, key, value, symbolStart(key), symbolLength(key), start, length);
  } else spoilLabels('a label refers to a symbol that is not there');
}
