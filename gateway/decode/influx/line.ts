/**
 * One line of line protocol: `measurement,tag=value field=1,other="x" 1465839830100400200`. Found
 * are the places of its parts in the body, and the values of its numbers; nothing is copied.
 *
 * | part | ends at | then |
 * | --- | --- | --- |
 * | measurement | comma, space | unescaped: comma, space, backslash |
 * | tag key | equals sign | unescaped: comma, equals sign, space, backslash |
 * | tag value | comma, space | likewise |
 * | field key | equals sign | likewise |
 * | field value | comma, space, end of line | number, integer `i`, unsigned `u`, boolean, string |
 * | timestamp | space, end of line | digits |
 *
 * A line ends with LF or CRLF; in a quoted string both are text (INF-8 to INF-12).
 *
 * Hot path. Allocations per item: none; the arrays double when they are full. Copies: none. Owner:
 * the reader, until the next line. Watched by `influx.bench.ts`.
 */
import { fault } from './faults.ts';
import { inMeasurement, inName, inString, scanName, scanned } from './names.ts';
import {
  kindInteger,
  kindTooLarge,
  number,
  type Precision,
  readNumber,
  readTime,
} from './numbers.ts';
import { Pairs, pairKind } from './pairs.ts';
import { isReserved, ResourceTags } from './resource-tags.ts';

/** Words of a field: the ends of its key, escapes in it, its kind, and three of its value. */
export const fieldWords = 7;
/** A kind beside those of numbers. The value's words are its ends and the escapes in it. */
export const kindString = 8;

const fieldsAtFirst = 64;
const fieldsMax = 65_536;
/** Of measurement and tags, as InfluxDB has it. */
const keyBytesMax = 65_535;

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const equals = 0x3d;
const backslash = 0x5c;

const timeKey = new Uint8Array(Buffer.from('time'));
const booleans = ['t', 'T', 'true', 'True', 'TRUE', 'f', 'F', 'false', 'False', 'FALSE'].map(
  (text) => new Uint8Array(Buffer.from(text)),
);
const falseFrom = 5;

export class Line {
  measurementStart = 0;
  measurementEnd = 0;
  measurementDropped = 0;
  /** All tags but those of the resource. */
  readonly tags = new Pairs();
  readonly resource = new ResourceTags();
  fields = new Int32Array(fieldWords * fieldsAtFirst);
  fieldCount = 0;
  stringCount = 0;
  hasTime = false;
  timeLow = 0;
  timeHigh = 0;
  /** What is wrong with it, and where. */
  fault: number = fault.none;
  faultAt = 0;

  /** Reads the line at `from`, which is neither blank nor a comment; returns where the next is. */
  read(source: Uint8Array, from: number, end: number, precision: Precision): number {
    this.fault = fault.none;
    this.tags.clear();
    this.resource.clear();
    this.fieldCount = 0;
    this.stringCount = 0;
    this.hasTime = false;
    let at = this.#readKey(source, from, end);
    if (at >= 0) at = this.#readFields(source, at, end);
    if (at >= 0) at = this.#readTime(source, at, end, precision);
    return at >= 0 ? at : afterBadLine(source, from, end);
  }

  /** Measurement and tags. Returns where the fields begin, or -1. */
  #readKey(source: Uint8Array, from: number, end: number): number {
    let at = scanName(source, from, end, inMeasurement);
    if (at === from) return this.#fail(fault.measurement, at);
    this.measurementStart = from;
    this.measurementEnd = at;
    this.measurementDropped = scanned.dropped;
    while (at < end && source[at] === comma) {
      at = this.#readTag(source, at + 1, end);
      if (at < 0) return at;
      if (at - from > keyBytesMax) return this.#fail(fault.keyLength, at);
    }
    if (at >= end || source[at] !== space) return this.#fail(fault.fields, at);
    this.resource.giveBack(this.tags);
    if (!this.tags.isSorted) {
      this.tags.sort(source);
      if (this.tags.hasRepeat(source)) return this.#fail(fault.duplicateTag, at);
    }
    return at;
  }

  /** Returns where the tag ends, or -1. */
  #readTag(source: Uint8Array, from: number, end: number): number {
    const keyEnd = scanName(source, from, end, inName);
    const keyDropped = scanned.dropped;
    if (keyEnd === from) return this.#fail(fault.tagKey, keyEnd);
    if (keyEnd >= end || source[keyEnd] !== equals) return this.#fail(fault.tagValue, keyEnd);
    const valueEnd = scanName(source, keyEnd + 1, end, inName);
    const valueDropped = scanned.dropped;
    const isEqual = valueEnd < end && source[valueEnd] === equals;
    if (isEqual) return this.#fail(fault.tagFormat, valueEnd);
    if (valueEnd === keyEnd + 1) return this.#fail(fault.tagValue, valueEnd);
    const { tags, resource } = this;
    const slot = keyDropped === 0 ? resource.slotOf(source, from, keyEnd) : -1;
    if (slot >= 0) {
      if (resource.has(slot)) return this.#fail(fault.duplicateTag, from);
      resource.put(slot, from, keyEnd, keyEnd + 1, valueEnd, valueDropped);
      return valueEnd;
    }
    if (isReserved(source, from, keyEnd)) return this.#fail(fault.reservedTag, from);
    tags.add(pairKind.tag, from, keyEnd, keyDropped, keyEnd + 1, valueEnd, valueDropped);
    if (tags.checkLast(source) === 0) return this.#fail(fault.duplicateTag, from);
    return valueEnd;
  }

  /** Returns where the fields end: at a space, at the end of the line, or -1. */
  #readFields(source: Uint8Array, from: number, end: number): number {
    let at = skipBlank(source, from, end);
    if (isLineEnd(source, at, end)) return this.#fail(fault.fields, at);
    for (;;) {
      at = this.#readField(source, at, end);
      if (at < 0 || at >= end || source[at] !== comma) return at;
      at += 1;
    }
  }

  #readField(source: Uint8Array, from: number, end: number): number {
    const keyEnd = scanName(source, from, end, inName);
    const keyDropped = scanned.dropped;
    const hasEquals = keyEnd < end && source[keyEnd] === equals;
    if (keyEnd === from) return this.#fail(hasEquals ? fault.fieldKey : fault.fieldFormat, from);
    if (!hasEquals) return this.#fail(fault.fieldFormat, keyEnd);
    if (isKey(source, from, keyEnd, timeKey)) return this.#fail(fault.reservedField, from);
    if (this.fieldCount === fieldsMax) return this.#fail(fault.fieldCount, from);
    if ((this.fieldCount + 1) * fieldWords > this.fields.length) this.#growFields();
    const place = this.fieldCount * fieldWords;
    const { fields } = this;
    fields[place] = from;
    fields[place + 1] = keyEnd;
    fields[place + 2] = keyDropped;
    const at = this.#readValue(source, keyEnd + 1, end, place);
    if (at >= 0) this.fieldCount += 1;
    return at;
  }

  /** Returns where the value ends, which is where it may, or -1. */
  #readValue(source: Uint8Array, from: number, end: number, place: number): number {
    const first = from < end ? source[from]! : lineFeed;
    if (first === quote) return this.#readString(source, from, end, place);
    if ((first >= 0x30 && first <= 0x39) || first === 0x2d || first === 0x2e) {
      const at = readNumber(source, from, end);
      if (at < 0 || !isValueEnd(source, at, end)) return this.#fail(fault.number, from);
      if (number.kind === kindTooLarge) return this.#fail(fault.numberRange, from);
      this.#setValue(place, number.kind, number.low, number.high, from);
      return at;
    }
    if (first === comma || first === space || isLineEnd(source, from, end)) {
      return this.#fail(fault.fieldValue, from);
    }
    const letter = first | 0x20;
    if (letter !== 0x74 && letter !== 0x66) return this.#fail(fault.value, from);
    for (let index = 0; index < booleans.length; index += 1) {
      const at = from + booleans[index]!.length;
      if (!isKey(source, from, at, booleans[index]!) || !isValueEnd(source, at, end)) continue;
      this.#setValue(place, kindInteger, index < falseFrom ? 1 : 0, 0, from);
      return at;
    }
    return this.#fail(fault.boolean, from);
  }

  #readString(source: Uint8Array, from: number, end: number, place: number): number {
    const at = scanName(source, from + 1, end, inString);
    if (at >= end) return this.#fail(fault.quotes, from);
    this.#setValue(place, kindString, from + 1, at, scanned.dropped);
    this.stringCount += 1;
    return isValueEnd(source, at + 1, end) ? at + 1 : this.#fail(fault.afterString, at + 1);
  }

  #setValue(place: number, kind: number, first: number, second: number, third: number): void {
    const { fields } = this;
    fields[place + 3] = kind;
    fields[place + 4] = first;
    fields[place + 5] = second;
    fields[place + 6] = third;
  }

  /** Returns where the next line begins, or -1. */
  #readTime(source: Uint8Array, from: number, end: number, precision: Precision): number {
    let at = skipBlank(source, from, end);
    if (!isLineEnd(source, at, end)) {
      const start = at;
      at = readTime(source, at, end, precision);
      if (at < 0) return this.#fail(fault.timestamp, start);
      at = skipBlank(source, at, end);
      if (!isLineEnd(source, at, end)) return this.#fail(fault.timestamp, start);
      if (number.kind === kindTooLarge) return this.#fail(fault.timeRange, start);
      this.hasTime = true;
      this.timeLow = number.low;
      this.timeHigh = number.high;
    }
    if (at < end && source[at] === carriageReturn) at += 1;
    return at < end ? at + 1 : end;
  }

  #fail(kind: number, at: number): number {
    this.fault = kind;
    this.faultAt = at;
    return -1;
  }

  #growFields(): void {
    const fields = new Int32Array(this.fields.length * 2);
    fields.set(this.fields);
    this.fields = fields;
  }
}

/**
 * Where the next line begins behind one that is bad, whatever is wrong with it. Line feeds in its
 * quoted strings are text even so, or what stands in a string could pass for a line. A string that
 * is never closed ends with its line: one bad line does not cost the others.
 */
function afterBadLine(source: Uint8Array, from: number, end: number): number {
  let at = from;
  let hasFields = false;
  while (at < end && source[at] !== lineFeed) {
    if (source[at] === backslash && at + 1 < end && source[at + 1] !== lineFeed) at += 1;
    else if (source[at] === space) hasFields = true;
    else if (hasFields && source[at] === equals && source[at + 1] === quote) {
      const close = scanName(source, at + 2, end, inString);
      at = close < end ? close : at + 1;
    }
    at += 1;
  }
  return at < end ? at + 1 : end;
}

function skipBlank(source: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (source[at] === space || source[at] === tab)) at += 1;
  return at;
}

/** Whether the line ends here: LF, CRLF or the end of the body, also behind CR. */
function isLineEnd(source: Uint8Array, at: number, end: number): boolean {
  if (at >= end) return true;
  const byte = source[at];
  if (byte === lineFeed) return true;
  return byte === carriageReturn && (at + 1 >= end || source[at + 1] === lineFeed);
}

function isValueEnd(source: Uint8Array, at: number, end: number): boolean {
  if (at >= end) return true;
  const byte = source[at];
  return byte === comma || byte === space || isLineEnd(source, at, end);
}

/** Whether the bytes at `[from, end)` are those of `key`. */
function isKey(source: Uint8Array, from: number, end: number, key: Uint8Array): boolean {
  if (end - from !== key.length) return false;
  for (let index = 0; index < key.length; index += 1) {
    if (source[from + index] !== key[index]) return false;
  }
  return true;
}
