/**
 * OTLP traces: protobuf bytes straight into the columns of `otel_traces`.
 *
 * A row is written when its span ends, except for its attributes, events and links, which go to
 * the end of their columns as they come and are cut back when the span turns out to be rejected.
 * The block is chosen by the start time, which senders write before the attributes; when it comes
 * later the span is read a second time with the time known. The same goes for the trace id, which
 * chooses the shard where there are several.
 *
 * Hot path. Allocations per item: none. Copies: one of each value. Owner: the block. Watched by
 * `decode.bench.ts`.
 */
import { putString } from '../../clickhouse/native/buffers.ts';
import { endMap, putAttribute } from './attributes.ts';
import type { Context } from './context.ts';
import type { Days } from './days.ts';
import { decodeEnvelopes, isZero, keepBytes, keepFixed64, putOffset } from './envelope.ts';
import { shardOfTrace } from './shard.ts';
import { putEvent, putLink } from './span-elements.ts';
import { putStatus, status, statusOf } from './span-status.ts';
import { putEmpty, putHex, writeHex } from './text.ts';
import {
  spanIdStride,
  spanKinds,
  statusCodes,
  type TraceBlock,
  traceIdStride,
} from './trace-block.ts';
import { putSpanRun } from './wasm/span-runs.ts';
import { need, readLength, readTag, readVarint, skipField, word } from './wire.ts';

/**
 * The span under way, two words a field number: where a string begins and its length, or the low
 * and high half of a number. Typed memory, because locals that cross functions would be boxed.
 */
const field = new Int32Array(2 * 17);

const traceIdBytes = 16;
const errorCode = statusCodes.indexOf('Error');
const spanIdBytes = 8;

/** Decodes an ExportTraceServiceRequest. */
export function decodeTraces(
  days: Days<TraceBlock>,
  context: Context,
  source: Uint8Array,
  view: DataView,
): void {
  decodeEnvelopes({ putItem, putRun: putSpanRun }, days, context, source, view);
}

/** One span; read twice when its start time comes late. */
function putItem(
  days: Days<TraceBlock>,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  if (!putSpan(days, context, source, view, from, end, false)) {
    putSpan(days, context, source, view, from, end, true);
  }
}

/**
 * One row. Returns false, having written nothing, when the start time came after what is in the
 * columns already: then it is called again with `isTimeFirst`.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | trace_id | 1 | bytes | TraceId; not 16 bytes or all zero: rejected |
 * | span_id | 2 | bytes | SpanId; not 8 bytes or all zero: rejected |
 * | trace_state | 3 | string | TraceState |
 * | parent_span_id | 4 | bytes | ParentSpanId; all zero is empty, not 8 bytes: rejected |
 * | name | 5 | string | SpanName |
 * | kind | 6 | enum | SpanKind |
 * | start_time_unix_nano | 7 | fixed64 | Timestamp; receive time when zero |
 * | end_time_unix_nano | 8 | fixed64 | Duration |
 * | attributes | 9 | repeated KeyValue | SpanAttributes |
 * | dropped_attributes_count | 10 | uint32 | DroppedAttributesCount |
 * | events | 11 | repeated Event | Events |
 * | dropped_events_count | 12 | uint32 | DroppedEventsCount |
 * | links | 13 | repeated Link | Links |
 * | dropped_links_count | 14 | uint32 | DroppedLinksCount |
 * | status | 15 | Status | StatusCode, StatusMessage |
 * | flags | 16 | fixed32 | SpanFlags |
 */
function putSpan(
  days: Days<TraceBlock>,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
  isTimeFirst: boolean,
): boolean {
  for (let place = 0; place < field.length; place += 1) field[place] = 0;
  for (let place = 0; place < status.length; place += 1) status[place] = 0;
  context.fault = '';
  if (isTimeFirst) findStart(source, view, from, end);
  let block: TraceBlock | undefined;
  let mapStart = 0;
  let valuesStart = 0;
  let at = isTimeFirst ? from : putHead(source, view, from, end);
  while (at < end) {
    // The tag of one byte, here once more: a call for each field costs 5 %.
    let tag = source[at]!;
    if (tag >= 8 && tag < 0x80) at += 1;
    else if (tag === 0x85 && at + 6 <= end && source[at + 1] === 0x01) {
      field[32] = view.getInt32(at + 2, true);
      at += 6;
      continue;
    } else {
      at = readTag(source, at, end);
      tag = word[0]!;
    }
    if (tag === 0x4a || tag === 0x5a || tag === 0x6a) {
      if (block === undefined) {
        const mayCome = context.shards > 1 && field[3] === 0;
        if (((field[14] === 0 && field[15] === 0) || mayCome) && !isTimeFirst) return false;
        block = beginSpan(days, context, source);
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
      if (tag === 0x4a) putAttribute(block.attributes, mapStart, source, view, start, at);
      else if (tag === 0x5a) putEvent(block, context, source, view, start, at);
      else putLink(block, context, source, view, start, at);
    } else if (tag === 0x39) {
      need(at, end, 8);
      if (block !== undefined && !isTimeFirst) {
        block.parts.cutRow();
        block.attributes.hasRepeats = false;
        return false;
      }
      at = isTimeFirst ? at + 8 : keepFixed64(field, 14, view, at, end);
    } else if (tag === 0x0a && isTimeFirst) at = skipField(source, at, end, tag);
    else if (tag === 0x0a && block !== undefined && context.shards > 1) {
      // The last id decides about the shard.
      block.parts.cutRow();
      block.attributes.hasRepeats = false;
      return false;
    } else at = putScalar(source, view, at, end, tag);
  }
  if (block === undefined) {
    block = beginSpan(days, context, source);
    if (block === undefined) return true;
    mapStart = block.attributes.keys.level.count;
    valuesStart = block.attributes.values.size;
  }
  context.repeatedKeys += endMap(block.attributes, mapStart, valuesStart);
  endSpan(block, context, source, view);
  return true;
}

/**
 * Takes the fields that stand in front, in the order and form that senders write them: ids, name,
 * kind and times. Returns where it ends; what is otherwise, or comes again, is the loop's.
 */
function putHead(source: Uint8Array, view: DataView, from: number, end: number): number {
  // Ids, and the name's tag and length.
  if (from + 40 > end || source[from] !== 0x0a || source[from + 1] !== traceIdBytes) return from;
  if (source[from + 18] !== 0x12 || source[from + 19] !== spanIdBytes) return from;
  field[2] = from + 2;
  field[3] = traceIdBytes;
  field[4] = from + 20;
  field[5] = spanIdBytes;
  let at = from + 28;
  if (source[at] === 0x22 && source[at + 1] === spanIdBytes) {
    field[8] = at + 2;
    field[9] = spanIdBytes;
    at += 2 + spanIdBytes;
  }
  const length = source[at + 1]!;
  // Behind the name: a kind of one byte and two times.
  const next = at + 2 + length;
  if (source[at] !== 0x2a || length >= 0x80 || next + 20 > end) return at;
  field[10] = at + 2;
  field[11] = length;
  if (source[next] !== 0x30 || source[next + 1]! >= 0x80) return next;
  field[12] = source[next + 1]!;
  if (source[next + 2] !== 0x39 || source[next + 11] !== 0x41) return next + 2;
  field[14] = view.getInt32(next + 3, true);
  field[15] = view.getInt32(next + 7, true);
  field[16] = view.getInt32(next + 12, true);
  field[17] = view.getInt32(next + 16, true);
  return next + 20;
}

/** Keeps the value of a field that is not nested; the last one wins. */
function putScalar(
  source: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  tag: number,
): number {
  switch (tag) {
    case 0x0a:
    case 0x12:
    case 0x1a:
    case 0x22:
    case 0x2a:
      return keepBytes(field, (tag >>> 3) * 2, source, at, end);
    case 0x30:
    case 0x50:
    case 0x60:
    case 0x70: {
      const next = readVarint(source, at, end);
      const place = (tag >>> 3) * 2;
      field[place] = word[0]!;
      field[place + 1] = word[1]!;
      return next;
    }
    case 0x41:
      return keepFixed64(field, 16, view, at, end);
    case 0x7a: {
      const start = readLength(source, at, end);
      const stop = start + word[0]!;
      putStatus(source, start, stop);
      return stop;
    }
    case 0x85:
      need(at, end, 4);
      field[32] = view.getInt32(at, true);
      return at + 4;
    default:
      return skipField(source, at, end, tag);
  }
}

/** Finds the last start time and the last trace id of a span. */
function findStart(source: Uint8Array, view: DataView, from: number, end: number): void {
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    const next = skipField(source, at, end, tag);
    if (tag === 0x39) keepFixed64(field, 14, view, at, end);
    else if (tag === 0x0a) keepBytes(field, 2, source, at, end);
    at = next;
  }
}

/** The block that the span's start time belongs to, or undefined when the span is rejected. */
function beginSpan(
  days: Days<TraceBlock>,
  context: Context,
  source: Uint8Array,
): TraceBlock | undefined {
  if (field[14] === 0 && field[15] === 0) {
    context.fillTime(field, 14);
  }
  const low = field[14]! >>> 0;
  const high = field[15]! >>> 0;
  if (!context.accepts(low, high)) {
    context.reject('a span starts outside the time range that is stored');
    return undefined;
  }
  const { shards } = context;
  // An id that is none has no shard; its span is rejected.
  const hasShard = shards > 1 && field[3] === traceIdBytes;
  const shard = hasShard ? shardOfTrace(source, field[2]!, shards) : 0;
  const block = days.select(low, high, shard);
  block.beginRow(context);
  return block;
}

/** Writes all but the nested columns and counts the row, or takes the row back. */
function endSpan(block: TraceBlock, context: Context, source: Uint8Array, view: DataView): void {
  const fault = context.fault === '' ? faultOf(source) : context.fault;
  if (fault !== '') {
    block.parts.cutRow();
    context.reject(fault);
    return;
  }
  context.accepted += 1;
  if (context.keeper.isThrottling || field[7] !== 0) {
    if (isLeftOut(block, context, source, view)) return;
  }
  const row = block.rows.count;
  block.time.words[2 * row] = field[14]!;
  block.time.words[2 * row + 1] = field[15]!;
  putIds(block, row, source);
  putText(block, source, view);
  block.spanKind.bytes[row] = kindOf();
  block.statusCode.bytes[row] = statusOf();
  putDuration(block.duration.words, row);
  block.flags.words[row] = field[32]!;
  block.droppedAttributes.words[row] = field[20]!;
  block.droppedEvents.words[row] = field[24]!;
  block.droppedLinks.words[row] = field[28]!;
  putOffset(block.attributes.offsets.values.words, row, block.attributes.keys.level.count);
  putOffset(block.events.offsets.values.words, row, block.events.level.count);
  putOffset(block.links.offsets.values.words, row, block.links.level.count);
  block.endRow();
}

/** Weighs the span; one that is left out has its row taken back, and is kept for the rollups. */
function isLeftOut(
  block: TraceBlock,
  context: Context,
  source: Uint8Array,
  view: DataView,
): boolean {
  const isError = status[0] === errorCode;
  const weight = context.keeper.weighSpan(source, field[2]!, field[6]!, field[7]!, isError);
  if (weight > 0) {
    if (weight !== 1) block.weights.put(block.rows.count, weight);
    return false;
  }
  block.parts.cutRow();
  const spans = block.leftOut;
  spans.level.reserve(1);
  const at = spans.level.count;
  spans.time.words[2 * at] = field[14]!;
  spans.time.words[2 * at + 1] = field[15]!;
  spans.resource.words[at] = block.resourceEntry;
  const { dictionary } = block.spanName;
  spans.name.words[at] = dictionary.lookup(source, view, field[10]!, field[11]!);
  spans.kind.bytes[at] = kindOf();
  spans.status.bytes[at] = statusOf();
  putDuration(spans.duration.words, at);
  spans.level.count = at + 1;
  return true;
}

function kindOf(): number {
  const kind = field[12]!;
  return field[13] === 0 && kind > 0 && kind < spanKinds.length ? kind : 0;
}

function putIds(block: TraceBlock, row: number, source: Uint8Array): void {
  const traceAt = row * traceIdStride;
  block.traceId.bytes[traceAt] = 2 * traceIdBytes;
  writeHex(block.traceId.view, traceAt + 1, source, field[2]!, traceIdBytes);
  const spanAt = row * spanIdStride;
  block.spanId.bytes[spanAt] = 2 * spanIdBytes;
  writeHex(block.spanId.view, spanAt + 1, source, field[4]!, spanIdBytes);
  if (field[9] === 0 || isZero(source, field[8]!, spanIdBytes)) putEmpty(block.parentSpanId);
  else putHex(block.parentSpanId, source, field[8]!, spanIdBytes);
}

function putText(block: TraceBlock, source: Uint8Array, view: DataView): void {
  putString(block.traceState, source, view, field[6]!, field[7]!);
  putString(block.statusMessage, source, view, status[1]!, status[2]!);
  const name = block.spanName;
  name.indexes.words[block.rows.count] = name.dictionary.lookup(
    source,
    view,
    field[10]!,
    field[11]!,
  );
}

/** End minus start, 0 when the end lies before the start. */
function putDuration(words: Int32Array, row: number): void {
  const endLow = field[16]! >>> 0;
  const endHigh = field[17]! >>> 0;
  const startLow = field[14]! >>> 0;
  const startHigh = field[15]! >>> 0;
  const borrow = endLow < startLow ? 1 : 0;
  const high = endHigh - startHigh - borrow;
  words[2 * row] = high < 0 ? 0 : endLow - startLow;
  words[2 * row + 1] = Math.max(high, 0);
}

/** Why the span under way can never be stored; empty when it can. */
function faultOf(source: Uint8Array): string {
  if (field[3] !== traceIdBytes) return 'a span has a trace_id that is not 16 bytes';
  if (field[5] !== spanIdBytes) return 'a span has a span_id that is not 8 bytes';
  if (field[9] !== 0 && field[9] !== spanIdBytes) {
    return 'a span has a parent_span_id that is neither empty nor 8 bytes';
  }
  if (isZero(source, field[2]!, traceIdBytes)) return 'a span has a trace_id of zeros';
  if (isZero(source, field[4]!, spanIdBytes)) return 'a span has a span_id of zeros';
  return '';
}
