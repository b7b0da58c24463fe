/**
 * Runs of ordinary log records: fields in order, each once, a body that is a string.
 *
 * Hot path. Allocations: none. Copies: each value once. Owner: the module's memory. Watched by
 * `decode.bench.ts`.
 */
import {
  byte1At,
  byte2At,
  byte3At,
  dropped1At,
  offsetsAt,
  severitiesAt,
  time2At,
  timeAt,
  wordsFlagsAt,
} from '../layout.ts';
import { elements, putAttributes } from './attributes.ts';
import { putName } from './dictionary.ts';
import {
  isInBounds,
  setText1,
  setText2,
  setText3,
  setText4,
  text1,
  text2,
  text3,
  text4,
} from './room.ts';
import { after, putId, putString, readLength, readVarint, varint } from './strings.ts';

/** Case number of a string in an AnyValue. */
const caseString = 1;

/** The record under way: what stands behind its attributes. */
let flags: u32 = 0;
let dropped: u32 = 0;
let traceId = 0;
let spanId = 0;
let observed: u64 = 0;
let eventStart = 0;
let eventLength = 0;

/** One record at `[from, end)` into row `row`; false when it is not an ordinary one. */
export function putRecord(from: i32, end: i32, row: i32): bool {
  let at = from;
  let time: u64 = 0;
  if (at + 9 <= end && load<u8>(at) === 0x09) {
    time = load<u64>(at + 1);
    at += 9;
  }
  let severity = 0;
  if (at + 2 <= end && load<u8>(at) === 0x10) {
    severity = <i32>load<u8>(at + 1);
    if (severity >= 0x80) return false;
    at += 2;
  }
  let nameStart = at;
  let nameLength = 0;
  if (at < end && load<u8>(at) === 0x1a) {
    nameLength = readLength(at + 1, end);
    if (nameLength < 0 || after + nameLength > end) return false;
    nameStart = after;
    at = after + nameLength;
  }
  if (!putSeverity(row, nameStart, nameLength, severity)) return false;
  at = putBody(at, end, row);
  if (at < 0) return false;
  at = putAttributes(0x32, at, end);
  if (at < 0 || !readRest(at, end)) return false;
  if (time === 0) time = observed;
  if (!isInBounds(time)) return false;
  store<u64>(timeAt + row * 8, time);
  store<u64>(time2At + row * 8, observed);
  store<u8>(byte2At + row, severity);
  store<u8>(byte3At + row, <u8>flags);
  store<u32>(wordsFlagsAt + row * 4, flags);
  store<u32>(dropped1At + row * 4, dropped);
  store<i32>(offsetsAt + row * 4, elements);
  setText1(putIdOrNothing(text1, traceId, 16));
  setText2(putIdOrNothing(text2, spanId, 8));
  setText4(putString(text4, eventStart, eventLength));
  return true;
}

function putIdOrNothing(to: i32, from: i32, bytes: i32): i32 {
  if (from === 0) {
    store<u8>(to, 0);
    return to + 1;
  }
  return putId(to, from, bytes);
}

/** The severity's text; the number's name when there is none. */
function putSeverity(row: i32, textStart: i32, textLength: i32, number: i32): bool {
  let from = textStart;
  let length = textLength;
  if (length === 0 && number >= 1 && number <= 24) {
    const name = severitiesAt + (number - 1) * 8;
    length = <i32>load<u8>(name);
    from = name + 1;
  }
  return putName(row, from, length);
}

/** The body, when it is a string or absent; returns where it ends, or -1. */
function putBody(from: i32, end: i32, row: i32): i32 {
  if (from >= end || load<u8>(from) !== 0x2a) {
    store<u8>(text3, 0);
    setText3(text3 + 1);
    store<u8>(byte1At + row, 0);
    return from;
  }
  const length = readLength(from + 1, end);
  if (length < 0 || after + length > end) return -1;
  const start = after;
  const stop = start + length;
  if (length === 0) return -1;
  if (load<u8>(start) !== 0x0a) return -1;
  const textLength = readLength(start + 1, stop);
  if (textLength < 0 || after + textLength !== stop) return -1;
  setText3(putString(text3, after, textLength));
  store<u8>(byte1At + row, caseString);
  return stop;
}

/** Counts, flags, ids, the time of observation and the event's name, in this order. */
function readRest(from: i32, end: i32): bool {
  let at = from;
  let last = 0x32;
  flags = 0;
  dropped = 0;
  traceId = 0;
  spanId = 0;
  observed = 0;
  eventLength = 0;
  while (at < end) {
    const tag = <i32>load<u8>(at);
    if (tag <= last) return false;
    last = tag;
    if (tag === 0x38) {
      at = readVarint(at + 1, end);
      if (at < 0) return false;
      dropped = <u32>varint;
    } else if (tag === 0x45) {
      if (at + 5 > end) return false;
      flags = load<u32>(at + 1);
      at += 5;
    } else if (tag === 0x59) {
      if (at + 9 > end) return false;
      observed = load<u64>(at + 1);
      at += 9;
    } else if (tag === 0x4a || tag === 0x52 || tag === 0x62) {
      const length = readLength(at + 1, end);
      if (length < 0 || after + length > end) return false;
      at = after + length;
      if (!takeBytes(tag, after, length)) return false;
    } else return false;
  }
  return true;
}

function takeBytes(tag: i32, from: i32, length: i32): bool {
  if (tag === 0x62) {
    eventStart = from;
    eventLength = length;
    return true;
  }
  if (length === 0) return true;
  if (tag === 0x4a) {
    if (length !== 16) return false;
    if ((load<u64>(from) | load<u64>(from + 8)) !== 0) traceId = from;
    return true;
  }
  if (length !== 8) return false;
  if (load<u64>(from) !== 0) spanId = from;
  return true;
}
