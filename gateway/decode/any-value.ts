/**
 * AnyValue as text: strings as they are, numbers in decimal, bytes in base64, arrays and maps as
 * JSON. Inside JSON a double that JSON has no word for is a string (`"NaN"`), bytes are a base64
 * string, an empty value is `null`; keys that came twice stay, and readers take the last.
 *
 * Hot path. Allocations per item: one string for a double. Copies: one of a string; two of an
 * array or map. Owner: the column written to. Watched by `decode.bench.ts`.
 */
import { Budget, putBytes, putLength, putString, Text } from '../../clickhouse/native/buffers.ts';
import {
  base64Size,
  doubleText,
  putAscii,
  putEmpty,
  putInt64,
  putRawAscii,
  putRawBase64,
  putRawInt64,
} from './text.ts';
import { Malformed, need, readLength, readTag, readVarint, skipField, word } from './wire.ts';

/** Arrays and maps inside each other that are followed; deeper is malformed. */
export const valueDepthMax = 64;
/** Text under construction; what does not fit is answered as too large. */
const scratchBytesMax = 256 * 1024 * 1024;
const scratchBytesKept = 1024 * 1024;

/** The case of an AnyValue is its field number; 0 is an empty value. */
const caseEmpty = 0;
const caseString = 1;
const caseBool = 2;
const caseInt = 3;
const caseDouble = 4;
const caseArray = 5;
const caseMap = 6;
const caseBytes = 7;

const json = new Text(new Budget(scratchBytesMax));
/** Where the value that {@link findCase} found begins and ends. */
const found = new Float64Array(2);

/**
 * Appends the AnyValue at `[from, end)` to `text` and returns its case.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | string_value | 1 | string | the text |
 * | bool_value | 2 | bool | `true`, `false` |
 * | int_value | 3 | int64 | decimal |
 * | double_value | 4 | double | JavaScript's shortest text |
 * | array_value | 5 | ArrayValue | JSON |
 * | kvlist_value | 6 | KeyValueList | JSON |
 * | bytes_value | 7 | bytes | base64 |
 * | string_value_strindex | 8 | int32 | skipped: only profiles have it |
 */
export function putAnyValue(
  text: Text,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): number {
  const kind = findCase(source, from, end);
  const start = found[0]!;
  const stop = found[1]!;
  switch (kind) {
    case caseString:
      putString(text, source, view, start, stop - start);
      break;
    case caseBool:
      readVarint(source, start, stop);
      putAscii(text, (word[0]! | word[1]!) !== 0 ? 'true' : 'false');
      break;
    case caseInt:
      readVarint(source, start, stop);
      putInt64(text, word[0]!, word[1]!);
      break;
    case caseDouble:
      putAscii(text, doubleText(view.getFloat64(start, true)));
      break;
    case caseBytes:
      text.reserve(base64Size(stop - start) + 5);
      putLength(text, base64Size(stop - start));
      putRawBase64(text, source, start, stop - start);
      break;
    case caseEmpty:
      putEmpty(text);
      break;
    default:
      json.size = 0;
      putJson(kind, source, view, start, stop, 1);
      putString(text, json.bytes, json.view, 0, json.size);
      if (json.size > scratchBytesKept) json.release();
  }
  return kind;
}

/** The case that is set: the last one on the wire, as for every oneof. */
function findCase(source: Uint8Array, from: number, end: number): number {
  let kind = caseEmpty;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    let start = at;
    if (tag === 0x0a || tag === 0x2a || tag === 0x32 || tag === 0x3a) {
      start = readLength(source, at, end);
      at = start + word[0]!;
    } else if (tag === 0x10 || tag === 0x18) {
      at = readVarint(source, at, end);
    } else if (tag === 0x21) {
      need(at, end, 8);
      at += 8;
    } else {
      at = skipField(source, at, end, tag);
      continue;
    }
    kind = tag >>> 3;
    found[0] = start;
    found[1] = at;
  }
  return kind;
}

function putJson(
  kind: number,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
  depth: number,
): void {
  switch (kind) {
    case caseString:
      putJsonString(source, view, from, end);
      break;
    case caseBool:
      readVarint(source, from, end);
      putRawAscii(json, (word[0]! | word[1]!) !== 0 ? 'true' : 'false');
      break;
    case caseInt:
      readVarint(source, from, end);
      putRawInt64(json, word[0]!, word[1]!);
      break;
    case caseDouble: {
      const value = view.getFloat64(from, true);
      putRawAscii(json, Number.isFinite(value) ? doubleText(value) : `"${value}"`);
      break;
    }
    case caseBytes:
      putRawAscii(json, '"');
      putRawBase64(json, source, from, end - from);
      putRawAscii(json, '"');
      break;
    case caseEmpty:
      putRawAscii(json, 'null');
      break;
    default:
      if (depth > valueDepthMax) throw new Malformed('values are nested too deeply', from);
      putRawAscii(json, kind === caseArray ? '[' : '{');
      putMembers(kind, source, view, from, end, depth);
      putRawAscii(json, kind === caseArray ? ']' : '}');
  }
}

/**
 * The members of an ArrayValue or a KeyValueList.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | values | 1 | repeated message | members in order |
 */
function putMembers(
  kind: number,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
  depth: number,
): void {
  let at = from;
  let isFirst = true;
  while (at < end) {
    at = readTag(source, at, end);
    if (word[0] !== 0x0a) {
      at = skipField(source, at, end, word[0]!);
      continue;
    }
    const start = readLength(source, at, end);
    at = start + word[0]!;
    if (!isFirst) putRawAscii(json, ',');
    isFirst = false;
    if (kind === caseMap) putMember(source, view, start, at, depth);
    else putMemberValue(source, view, start, at, depth);
  }
}

function putMemberValue(
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
  depth: number,
): void {
  const kind = findCase(source, from, end);
  putJson(kind, source, view, found[0]!, found[1]!, depth + 1);
}

/** One KeyValue as `"key":value`. */
function putMember(
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
  depth: number,
): void {
  let keyStart = from;
  let keyEnd = from;
  let valueStart = from;
  let valueEnd = from;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag !== 0x0a && tag !== 0x12) {
      at = skipField(source, at, end, tag);
      continue;
    }
    const start = readLength(source, at, end);
    at = start + word[0]!;
    if (tag === 0x0a) {
      keyStart = start;
      keyEnd = at;
    } else {
      valueStart = start;
      valueEnd = at;
    }
  }
  putJsonString(source, view, keyStart, keyEnd);
  putRawAscii(json, ':');
  putMemberValue(source, view, valueStart, valueEnd, depth);
}

function putJsonString(source: Uint8Array, view: DataView, from: number, end: number): void {
  putRawAscii(json, '"');
  let plain = from;
  for (let at = from; at < end; at += 1) {
    const byte = source[at]!;
    if (byte >= 0x20 && byte !== 0x22 && byte !== 0x5c) continue;
    json.reserve(at - plain);
    putBytes(json, source, view, plain, at - plain);
    plain = at + 1;
    putRawAscii(json, JSON.stringify(String.fromCharCode(byte)).slice(1, -1));
  }
  json.reserve(end - plain);
  putBytes(json, source, view, plain, end - plain);
  putRawAscii(json, '"');
}
