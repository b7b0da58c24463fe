/**
 * OTLP logs: protobuf bytes straight into the columns of `otel_logs`. A row is written when its
 * record ends, except for its attributes (see `traces.ts` for why and how).
 *
 * Hot path. Allocations per item: none. Copies: one of each value. Owner: the block. Watched by
 * `decode.bench.ts`.
 */
import { putString } from '../../clickhouse/native/buffers.ts';
import { putAnyValue } from './any-value.ts';
import { endMap, putAttribute } from './attributes.ts';
import type { Context } from './context.ts';
import type { Days } from './days.ts';
import { decodeEnvelopes, isZero, keepBytes, keepFixed64, putOffset } from './envelope.ts';
import { type LogBlock, severities } from './log-block.ts';
import { putHex } from './text.ts';
import { putLogRun } from './wasm/log-runs.ts';
import { need, readLength, readTag, readVarint, skipField, word } from './wire.ts';

/** The record under way, two words a field number (see `traces.ts`). */
const field = new Int32Array(2 * 13);

/** Severity number of ERROR; FATAL lies above. */
const errorSeverity = 17;

const severityBytes = severities.map((name) => {
  const bytes = new Uint8Array(Buffer.from(name));
  return { bytes, view: new DataView(bytes.buffer) };
});

/** Decodes an ExportLogsServiceRequest. */
export function decodeLogs(
  days: Days<LogBlock>,
  context: Context,
  source: Uint8Array,
  view: DataView,
): void {
  decodeEnvelopes({ putItem, putRun: putLogRun }, days, context, source, view);
}

/** One record; read twice when its time comes late. */
function putItem(
  days: Days<LogBlock>,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  if (!putRecord(days, context, source, view, from, end, false)) {
    putRecord(days, context, source, view, from, end, true);
  }
}

/**
 * One row. Returns false, having written nothing, when the time came after what is in the columns
 * already: then it is called again with `isTimeFirst`.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | time_unix_nano | 1 | fixed64 | Timestamp; observed time when zero, receive time when both are |
 * | severity_number | 2 | enum | SeverityNumber; 0 when not one byte |
 * | severity_text | 3 | string | SeverityText; from the number when empty |
 * | body | 5 | AnyValue | Body, BodyType |
 * | attributes | 6 | repeated KeyValue | LogAttributes |
 * | dropped_attributes_count | 7 | uint32 | DroppedAttributesCount |
 * | flags | 8 | fixed32 | LogFlags; the low byte TraceFlags |
 * | trace_id | 9 | bytes | TraceId; empty or all zero is empty, not 16 bytes: rejected |
 * | span_id | 10 | bytes | SpanId; empty or all zero is empty, not 8 bytes: rejected |
 * | observed_time_unix_nano | 11 | fixed64 | ObservedTimestamp |
 * | event_name | 12 | string | EventName |
 */
function putRecord(
  days: Days<LogBlock>,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
  isTimeFirst: boolean,
): boolean {
  // A loop: `fill` is a call.
  for (let place = 0; place < field.length; place += 1) field[place] = 0;
  if (isTimeFirst) findTimes(source, view, from, end);
  let block: LogBlock | undefined;
  let mapStart = 0;
  let valuesStart = 0;
  let at = isTimeFirst ? from : putHead(source, view, from, end);
  while (at < end) {
    // Tags and lengths of one byte in place, as in `traces.ts`.
    let tag = source[at]!;
    if (tag >= 8 && tag < 0x80) at += 1;
    else {
      at = readTag(source, at, end);
      tag = word[0]!;
    }
    if (tag === 0x32) {
      if (block === undefined) {
        if (field[2] === 0 && field[3] === 0 && !isTimeFirst) return false;
        block = beginRecord(days, context);
        if (block === undefined) return true;
        mapStart = block.attributes.keys.level.count;
        valuesStart = block.attributes.values.size;
      }
      let start = at + 1;
      const length = at < end ? source[at]! : 0x80;
      if (length < 0x80 && start + length <= end) at = start + length;
      else {
        start = readLength(source, at, end);
        at = start + word[0]!;
      }
      putAttribute(block.attributes, mapStart, source, view, start, at);
    } else if (tag === 0x09) {
      need(at, end, 8);
      if (block !== undefined && !isTimeFirst) {
        block.parts.cutRow();
        block.attributes.hasRepeats = false;
        return false;
      }
      at = isTimeFirst ? at + 8 : keepFixed64(field, 2, view, at, end);
    } else at = putScalar(source, view, at, end, tag);
  }
  if (block === undefined) {
    block = beginRecord(days, context);
    if (block === undefined) return true;
    mapStart = block.attributes.keys.level.count;
    valuesStart = block.attributes.values.size;
  }
  context.repeatedKeys += endMap(block.attributes, mapStart, valuesStart);
  endRecord(block, context, source, view, from, end);
  return true;
}

/**
 * Takes the fields that stand in front, in the order and form that senders write them: time,
 * severity and body. Returns where it ends; what is otherwise, or comes again, is the loop's.
 */
function putHead(source: Uint8Array, view: DataView, from: number, end: number): number {
  if (from + 13 > end || source[from] !== 0x09) return from;
  field[2] = view.getInt32(from + 1, true);
  field[3] = view.getInt32(from + 5, true);
  let at = from + 9;
  if (source[at] === 0x10 && source[at + 1]! < 0x80) {
    field[4] = source[at + 1]!;
    at += 2;
  }
  let length = source[at + 1]!;
  if (source[at] === 0x1a && length < 0x80 && at + 4 + length <= end) {
    field[6] = at + 2;
    field[7] = length;
    at += 2 + length;
  }
  length = source[at + 1]!;
  if (source[at] !== 0x2a || length >= 0x80 || at + 2 + length > end) return at;
  field[10] = at + 2;
  field[11] = length;
  return at + 2 + length;
}

/** Keeps the value of a field that is not an attribute; the last one wins. */
function putScalar(
  source: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  tag: number,
): number {
  switch (tag) {
    case 0x1a:
    case 0x2a:
    case 0x4a:
    case 0x52:
    case 0x62:
      return keepBytes(field, (tag >>> 3) * 2, source, at, end);
    case 0x10:
    case 0x38: {
      const next = readVarint(source, at, end);
      const place = (tag >>> 3) * 2;
      field[place] = word[0]!;
      field[place + 1] = word[1]!;
      return next;
    }
    case 0x45:
      need(at, end, 4);
      field[16] = view.getInt32(at, true);
      return at + 4;
    case 0x59:
      return keepFixed64(field, 22, view, at, end);
    default:
      return skipField(source, at, end, tag);
  }
}

/** Finds the last time and observed time of a record. */
function findTimes(source: Uint8Array, view: DataView, from: number, end: number): void {
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    const next = skipField(source, at, end, tag);
    if (tag === 0x09) keepFixed64(field, 2, view, at, end);
    else if (tag === 0x59) keepFixed64(field, 22, view, at, end);
    at = next;
  }
}

/** The block that the record's time belongs to, or undefined when the record is rejected. */
function beginRecord(days: Days<LogBlock>, context: Context): LogBlock | undefined {
  if (field[2] === 0 && field[3] === 0) {
    field[2] = field[22]!;
    field[3] = field[23]!;
    if (field[22] === 0 && field[23] === 0) context.fillTime(field, 2);
  }
  const low = field[2]! >>> 0;
  const high = field[3]! >>> 0;
  if (!context.accepts(low, high)) {
    context.reject('a log record lies outside the time range that is stored');
    return undefined;
  }
  const block = days.select(low, high, context.resourceShard());
  block.beginRow(context);
  return block;
}

/** Writes all but the attributes and counts the row, or takes the row back. */
function endRecord(
  block: LogBlock,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  const fault = faultOf();
  if (fault !== '') {
    block.parts.cutRow();
    context.reject(fault);
    return;
  }
  context.accepted += 1;
  if (context.keeper.isThrottling) {
    if (isLeftOut(block, context, source, view, from, end)) return;
  }
  const row = block.rows.count;
  block.time.words[2 * row] = field[2]!;
  block.time.words[2 * row + 1] = field[3]!;
  block.observed.words[2 * row] = field[22]!;
  block.observed.words[2 * row + 1] = field[23]!;
  putId(block.traceId, 18, source);
  putId(block.spanId, 20, source);
  block.traceFlags.bytes[row] = field[16]! & 0xff;
  block.flags.words[row] = field[16]!;
  putSeverity(block, row, source, view);
  const bodyStart = field[10]!;
  block.bodyType.bytes[row] = putAnyValue(
    block.body,
    source,
    view,
    bodyStart,
    bodyStart + field[11]!,
  );
  putString(block.eventName, source, view, field[24]!, field[25]!);
  block.droppedAttributes.words[row] = field[14]!;
  putOffset(block.attributes.offsets.values.words, row, block.attributes.keys.level.count);
  block.endRow();
}

/** Weighs the record at `[from, end)`; one that is left out has its row taken back. */
function isLeftOut(
  block: LogBlock,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): boolean {
  const isError = field[5] === 0 && field[4]! >= errorSeverity;
  const id = field[18]!;
  const weight = context.keeper.weighLog(source, view, id, field[19]!, from, end, isError);
  if (weight === 0) {
    block.parts.cutRow();
    return true;
  }
  if (weight !== 1) block.weights.put(block.rows.count, weight);
  return false;
}

function putId(text: LogBlock['traceId'], place: number, source: Uint8Array): void {
  const start = field[place]!;
  const length = field[place + 1]!;
  putHex(text, source, start, isZero(source, start, length) ? 0 : length);
}

function putSeverity(block: LogBlock, row: number, source: Uint8Array, view: DataView): void {
  const number = field[5] === 0 && field[4]! >>> 0 < 256 ? field[4]! : 0;
  block.severityNumber.bytes[row] = number;
  const { dictionary, indexes } = block.severityText;
  const known = field[7] === 0 ? severityBytes[number - 1] : undefined;
  indexes.words[row] =
    known === undefined
      ? dictionary.lookup(source, view, field[6]!, field[7]!)
      : dictionary.lookup(known.bytes, known.view, 0, known.bytes.length);
}

/** Why the record under way can never be stored; empty when it can. */
function faultOf(): string {
  if (field[19] !== 0 && field[19] !== 16) {
    return 'a log record has a trace_id that is neither empty nor 16 bytes';
  }
  if (field[21] !== 0 && field[21] !== 8) {
    return 'a log record has a span_id that is neither empty nor 8 bytes';
  }
  return '';
}
