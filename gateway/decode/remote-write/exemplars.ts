/**
 * Exemplars of a series, onto the row that is being written. Labels `trace_id` and `span_id` become
 * ids where they are ones; all others are filtered attributes. An exemplar that cannot be stored
 * costs itself and is not counted as written: it never fails a request (PRW2-14).
 *
 * Hot path. Allocations per item: none. Copies: one of each value. Owner: the block. Watched by
 * `remote-write.bench.ts`.
 */
import { putString, type Text } from '../../../clickhouse/native/buffers.ts';
import { endMap, putTexts } from '../attributes.ts';
import type { Context } from '../context.ts';
import { putOffset } from '../envelope.ts';
import type { Exemplars } from '../metric-blocks.ts';
import { putEmpty } from '../text.ts';
import { putMilliseconds } from '../times.ts';
import { need, readLength, readTag, readVarint, skipField, word } from '../wire.ts';
import {
  beginPairs,
  hasSymbol,
  pairSymbol,
  symbolLength,
  symbolStart,
  takeReference,
} from './symbols.ts';

const traceIdDigits = 32;
const spanIdDigits = 16;
const traceIdName = new Uint8Array(Buffer.from('trace_id'));
const spanIdName = new Uint8Array(Buffer.from('span_id'));

/** Where the label under way lies: name, its length, value, its length. */
const label = new Int32Array(4);
/** Where the trace id and the span id of the exemplar lie; -1 when it has none. */
const ids = new Int32Array(2);
const time = new Int32Array(2);

/**
 * One exemplar; counted when it was written.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | labels, or labels_refs in 2.0 | 1 | repeated Label, packed uint32 | ids, FilteredAttributes |
 * | value | 2 | double | Exemplars.Value |
 * | timestamp | 3 | int64, milliseconds | Exemplars.TimeUnix |
 */
export function putExemplar(
  target: Exemplars,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
  isV2: boolean,
): void {
  const { level, attributes } = target;
  level.reserve(1);
  const element = level.count;
  const mapStart = attributes.keys.level.count;
  const valuesStart = attributes.values.size;
  ids.fill(-1);
  beginPairs();
  let valueAt = -1;
  let isValid = false;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x0a) {
      const start = readLength(source, at, end);
      at = start + word[0]!;
      if (isV2) putReferences(target, mapStart, source, view, start, at);
      else if (readLabel(source, start, at)) putLabel(target, mapStart, source, view);
    } else if (tag === 0x08 && isV2) {
      at = readVarint(source, at, end);
      putReference(target, mapStart, source, view, word[0]!);
    } else if (tag === 0x11) {
      need(at, end, 8);
      valueAt = at;
      at += 8;
    } else if (tag === 0x18) {
      at = readVarint(source, at, end);
      isValid = putExemplarTime(time, 0);
    } else at = skipField(source, at, end, tag);
  }
  context.repeatedKeys += endMap(attributes, mapStart, valuesStart);
  if (!isValid) {
    // Its labels are left to nobody.
    attributes.keys.level.count = mapStart;
    attributes.values.cut(valuesStart);
    return;
  }
  putId(target.traceId, source, view, ids[0]!, traceIdDigits);
  putId(target.spanId, source, view, ids[1]!, spanIdDigits);
  target.time.words[2 * element] = time[0]!;
  target.time.words[2 * element + 1] = time[1]!;
  target.value.words[2 * element] = valueAt < 0 ? 0 : view.getInt32(valueAt, true);
  target.value.words[2 * element + 1] = valueAt < 0 ? 0 : view.getInt32(valueAt + 4, true);
  putOffset(attributes.offsets.values.words, element, attributes.keys.level.count);
  level.count = element + 1;
  context.exemplars += 1;
}

/** Reads a Label into {@link label}; false when it has no name. */
export function readLabel(source: Uint8Array, from: number, end: number): boolean {
  label[0] = from;
  label[1] = 0;
  label[2] = from;
  label[3] = 0;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag !== 0x0a && tag !== 0x12) {
      at = skipField(source, at, end, tag);
      continue;
    }
    const start = readLength(source, at, end);
    const place = tag === 0x0a ? 0 : 2;
    label[place] = start;
    label[place + 1] = word[0]!;
    at = start + word[0]!;
  }
  return label[1] !== 0;
}

export function labelPart(part: number): number {
  return label[part]!;
}

/**
 * Writes the time of the exemplar at `[from, end)` to two words of `target`; false when it has none
 * that can be stored.
 */
export function readExemplarTime(
  target: Int32Array,
  place: number,
  source: Uint8Array,
  from: number,
  end: number,
): boolean {
  let isValid = false;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    if (word[0] !== 0x18) {
      at = skipField(source, at, end, word[0]!);
      continue;
    }
    at = readVarint(source, at, end);
    isValid = putExemplarTime(target, place);
  }
  return isValid;
}

/** The milliseconds in {@link word}; 0 is none. */
function putExemplarTime(target: Int32Array, place: number): boolean {
  const isNone = (word[0]! | word[1]!) === 0;
  return putMilliseconds(target, place, word[0]!, word[1]!) && !isNone;
}

/** Whether a label, as places in the body, becomes an id of its exemplar and no attribute. */
export function isExemplarId(
  source: Uint8Array,
  nameStart: number,
  nameLength: number,
  valueStart: number,
  valueLength: number,
): boolean {
  label[0] = nameStart;
  label[1] = nameLength;
  label[2] = valueStart;
  label[3] = valueLength;
  if (is(source, traceIdName)) return isHex(source, traceIdDigits);
  return is(source, spanIdName) && isHex(source, spanIdDigits);
}

function putReferences(
  target: Exemplars,
  mapStart: number,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  let at = from;
  while (at < end) {
    at = readVarint(source, at, end);
    putReference(target, mapStart, source, view, word[0]!);
  }
}

/** One more reference; a pair that is not whole, or names nothing, is left out. */
function putReference(
  target: Exemplars,
  mapStart: number,
  source: Uint8Array,
  view: DataView,
  reference: number,
): void {
  if (!takeReference(reference)) return;
  const name = pairSymbol(0);
  const value = pairSymbol(1);
  if (!hasSymbol(name) || !hasSymbol(value)) return;
  label[0] = symbolStart(name);
  label[1] = symbolLength(name);
  label[2] = symbolStart(value);
  label[3] = symbolLength(value);
  if (label[1] !== 0) putLabel(target, mapStart, source, view);
}

function putLabel(target: Exemplars, mapStart: number, source: Uint8Array, view: DataView): void {
  if (is(source, traceIdName) && isHex(source, traceIdDigits)) ids[0] = label[2]!;
  else if (is(source, spanIdName) && isHex(source, spanIdDigits)) ids[1] = label[2]!;
  else {
    const { attributes } = target;
    putTexts(attributes, mapStart, source, view, label[0]!, label[1]!, label[2]!, label[3]!);
  }
}

function putId(text: Text, source: Uint8Array, view: DataView, at: number, digits: number): void {
  if (at < 0) {
    putEmpty(text);
    return;
  }
  const from = text.size + 1;
  putString(text, source, view, at, digits);
  for (let place = from; place < text.size; place += 1) text.bytes[place]! |= 0x20;
}

function is(source: Uint8Array, name: Uint8Array): boolean {
  if (label[1] !== name.length) return false;
  for (let index = 0; index < name.length; index += 1) {
    if (source[label[0]! + index] !== name[index]) return false;
  }
  return true;
}

/** Whether the label's value is that many hexadecimal digits, not all of them zero. */
function isHex(source: Uint8Array, digits: number): boolean {
  if (label[3] !== digits) return false;
  let isZero = true;
  for (let index = 0; index < digits; index += 1) {
    const byte = source[label[2]! + index]!;
    const isDigit = byte >= 0x30 && byte <= 0x39;
    const letter = byte | 0x20;
    if (!isDigit && (letter < 0x61 || letter > 0x66)) return false;
    if (byte !== 0x30) isZero = false;
  }
  return !isZero;
}
