/**
 * Runs of ordinary spans: fields in order, each once, no trace state, events or links.
 *
 * Hot path. Allocations: none. Copies: each value once. Owner: the module's memory. Watched by
 * `decode.bench.ts`.
 */
import {
  byte1At,
  byte2At,
  dropped1At,
  dropped2At,
  dropped3At,
  ids2At,
  idsAt,
  offsetsAt,
  time2At,
  timeAt,
  wordsFlagsAt,
} from '../layout.ts';
import { elements, putAttributes } from './attributes.ts';
import { putName } from './dictionary.ts';
import { isInBounds, setText1, setText2, text1, text2 } from './room.ts';
import { after, putId, putString, readLength, readVarint, varint } from './strings.ts';

let statusCode = 0;
let statusStart = 0;
let statusLength = 0;

/** One span at `[from, end)` into row `row`; false when it is not an ordinary one. */
export function putSpan(from: i32, end: i32, row: i32): bool {
  if (from + 28 > end) return false;
  if (load<u16>(from) !== 0x100a || load<u16>(from + 18) !== 0x0812) return false;
  if ((load<u64>(from + 2) | load<u64>(from + 10)) === 0) return false;
  if (load<u64>(from + 20) === 0) return false;
  let at = putParent(from + 28, end);
  if (at < 0 || at + 2 > end || load<u8>(at) !== 0x2a) return false;
  const nameLength = readLength(at + 1, end);
  if (nameLength < 0 || after + nameLength + 18 > end) return false;
  at = after + nameLength;
  if (!putName(row, after, nameLength)) return false;
  let kind = 0;
  if (load<u8>(at) === 0x30) {
    kind = <i32>load<u8>(at + 1);
    if (kind >= 0x80) return false;
    at += 2;
  }
  if (at + 18 > end || load<u8>(at) !== 0x39 || load<u8>(at + 9) !== 0x41) return false;
  const start = load<u64>(at + 1);
  const stop = load<u64>(at + 10);
  if (!isInBounds(start)) return false;
  at = putAttributes(0x4a, at + 18, end);
  if (at < 0) return false;
  if (!putRest(at, end, row)) return false;
  store<u64>(timeAt + row * 8, start);
  store<u64>(time2At + row * 8, stop > start ? stop - start : 0);
  store<u8>(byte1At + row, kind < 6 ? kind : 0);
  store<u8>(byte2At + row, statusCode);
  putId(idsAt + row * 33, from + 2, 16);
  putId(ids2At + row * 17, from + 20, 8);
  store<i32>(offsetsAt + row * 4, elements);
  return true;
}

/** The parent's id, which may be absent or empty; returns where it ends, or -1. */
function putParent(at: i32, end: i32): i32 {
  let next = at;
  let parent = 0;
  if (at + 2 <= end && load<u8>(at) === 0x22) {
    const length = load<u8>(at + 1);
    if (length !== 0 && length !== 8) return -1;
    next = at + 2 + length;
    if (next > end) return -1;
    if (length === 8 && load<u64>(at + 2) !== 0) parent = at + 2;
  }
  if (parent === 0) {
    store<u8>(text1, 0);
    setText1(text1 + 1);
  } else setText1(putId(text1, parent, 8));
  return next;
}

/** What stands behind the attributes: counts of what was dropped, status, flags. */
function putRest(from: i32, end: i32, row: i32): bool {
  let at = from;
  let last = 0x4a;
  let flags: u32 = 0;
  let dropped1: u32 = 0;
  let dropped2: u32 = 0;
  let dropped3: u32 = 0;
  statusCode = 0;
  statusLength = 0;
  while (at < end) {
    const tag = <i32>load<u8>(at);
    if (tag <= last) return false;
    last = tag;
    if (tag === 0x7a) {
      const length = readLength(at + 1, end);
      if (length < 0 || after + length > end) return false;
      at = after + length;
      if (!readStatus(after, at)) return false;
    } else if (tag === 0x85) {
      if (at + 6 !== end || load<u8>(at + 1) !== 0x01) return false;
      flags = load<u32>(at + 2);
      at += 6;
    } else if (tag === 0x50 || tag === 0x60 || tag === 0x70) {
      at = readVarint(at + 1, end);
      if (at < 0) return false;
      if (tag === 0x50) dropped1 = <u32>varint;
      else if (tag === 0x60) dropped2 = <u32>varint;
      else dropped3 = <u32>varint;
    } else return false;
  }
  store<u32>(wordsFlagsAt + row * 4, flags);
  store<u32>(dropped1At + row * 4, dropped1);
  store<u32>(dropped2At + row * 4, dropped2);
  store<u32>(dropped3At + row * 4, dropped3);
  setText2(putString(text2, statusStart, statusLength));
  return true;
}

/** Message and code, in this order, each at most once. */
function readStatus(from: i32, end: i32): bool {
  let at = from;
  if (at < end && load<u8>(at) === 0x12) {
    const length = readLength(at + 1, end);
    if (length < 0 || after + length > end) return false;
    statusStart = after;
    statusLength = length;
    at = after + length;
  }
  if (at < end) {
    if (at + 2 !== end || load<u8>(at) !== 0x18) return false;
    const code = <i32>load<u8>(at + 1);
    if (code >= 0x80) return false;
    statusCode = code < 3 ? code : 0;
    at += 2;
  }
  return at === end;
}
