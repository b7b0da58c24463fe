/**
 * The decoder's core for what senders write most: runs of ordinary spans or log records out of a
 * scope's bytes, into columns that the TypeScript around it appends to the open block. Whatever
 * is not ordinary ends the run in front of it and is left to the decoder in TypeScript, which
 * knows all rules. Every position is checked before it is read.
 *
 * Hot path. Allocations: none. Copies: each value once. Owner: the module's memory. Watched by
 * `decode.bench.ts`.
 */
import {
  keysAt,
  namesAt,
  outElements,
  outKeys,
  outNames,
  outReason,
  outRows,
  reasonEnd,
  reasonFull,
  reasonOdd,
  reasonShort,
  rowsMax,
  wordsAt,
} from '../layout.ts';
import { clearAttributes, cutAttributes, elements, valuesEnd } from './attributes.ts';
import { clearDictionaries, cutDictionaries, keysCount, namesCount } from './dictionary.ts';
import { putRecord } from './logs.ts';
import {
  clearRoom,
  hasRoom,
  putTextSizes,
  setText1,
  setText2,
  setText3,
  setText4,
  text1,
  text2,
  text3,
  text4,
} from './room.ts';
import { putSpan } from './spans.ts';
import { after, readLength } from './strings.ts';

function out(word: i32, value: i32): void {
  store<i32>(wordsAt + word * 4, value);
}

/** Takes items (field 2) of `[from, end)` as long as they are ordinary; returns where it ends. */
function run(from: i32, end: i32, isSpans: bool): i32 {
  clearDictionaries(keysAt, namesAt);
  clearAttributes();
  clearRoom();
  let at = from;
  let row = 0;
  let reason = reasonEnd;
  while (at < end) {
    if (load<u8>(at) !== 0x12) {
      reason = reasonOdd;
      break;
    }
    const length = readLength(at + 1, end);
    if (length < 0 || after + length > end) {
      reason = reasonShort;
      break;
    }
    if (row === rowsMax || !hasRoom(length)) {
      reason = reasonFull;
      break;
    }
    const next = after + length;
    if (!putItem(after, next, row, isSpans)) {
      reason = reasonOdd;
      break;
    }
    row += 1;
    at = next;
  }
  out(outRows, row);
  out(outReason, reason);
  out(outElements, elements);
  out(outKeys, keysCount);
  out(outNames, namesCount);
  putTextSizes();
  return at;
}

/** One item, or nothing of it. */
function putItem(from: i32, end: i32, row: i32, isSpans: bool): bool {
  const keys = keysCount;
  const names = namesCount;
  const count = elements;
  const values = valuesEnd;
  const was1 = text1;
  const was2 = text2;
  const was3 = text3;
  const was4 = text4;
  if (isSpans ? putSpan(from, end, row) : putRecord(from, end, row)) return true;
  cutDictionaries(keys, names);
  cutAttributes(count, values);
  setText1(was1);
  setText2(was2);
  setText3(was3);
  setText4(was4);
  return false;
}

export function spans(from: i32, end: i32): i32 {
  return run(from, end, true);
}

export function logs(from: i32, end: i32): i32 {
  return run(from, end, false);
}
