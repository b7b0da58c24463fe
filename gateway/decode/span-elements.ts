/**
 * Events and links of a span, one element each at the end of their columns.
 *
 * Hot path. Allocations per item: none. Copies: one of each value. Owner: the block. Watched by
 * `decode.bench.ts`.
 */
import { putString } from '../../clickhouse/native/buffers.ts';
import { endMap, putAttribute } from './attributes.ts';
import type { Context } from './context.ts';
import { keepBytes, keepFixed64, putOffset } from './envelope.ts';
import { putHex } from './text.ts';
import type { TraceBlock } from './trace-block.ts';
import { need, readLength, readTag, readVarint, skipField, word } from './wire.ts';

/** Strings of the element under way: where each begins, and its length, by field number. */
const field = new Int32Array(2 * 4);

/**
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | time_unix_nano | 1 | fixed64 | Events.Timestamp |
 * | name | 2 | string | Events.Name |
 * | attributes | 3 | repeated KeyValue | Events.Attributes |
 * | dropped_attributes_count | 4 | uint32 | EventsDroppedAttributesCount |
 */
export function putEvent(
  block: TraceBlock,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  const { level, attributes } = block.events;
  level.reserve(1);
  const element = level.count;
  const mapStart = attributes.keys.level.count;
  const valuesStart = attributes.values.size;
  const times = block.eventTime.words;
  times[2 * element] = 0;
  times[2 * element + 1] = 0;
  field.fill(0);
  let dropped = 0;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x1a) {
      const start = readLength(source, at, end);
      at = start + word[0]!;
      putAttribute(attributes, mapStart, source, view, start, at);
    } else if (tag === 0x09) {
      at = keepFixed64(times, 2 * element, view, at, end);
    } else if (tag === 0x12) at = keepBytes(field, 4, source, at, end);
    else if (tag === 0x20) {
      at = readVarint(source, at, end);
      dropped = word[0]!;
    } else at = skipField(source, at, end, tag);
  }
  block.eventDropped.words[element] = dropped;
  context.repeatedKeys += endMap(attributes, mapStart, valuesStart);
  const name = block.eventName;
  name.indexes.words[element] = name.dictionary.lookup(source, view, field[4]!, field[5]!);
  putOffset(attributes.offsets.values.words, element, attributes.keys.level.count);
  level.count = element + 1;
}

/**
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | trace_id | 1 | bytes | Links.TraceId; neither empty nor 16 bytes: the span is rejected |
 * | span_id | 2 | bytes | Links.SpanId; neither empty nor 8 bytes: the span is rejected |
 * | trace_state | 3 | string | Links.TraceState |
 * | attributes | 4 | repeated KeyValue | Links.Attributes |
 * | dropped_attributes_count | 5 | uint32 | LinksDroppedAttributesCount |
 * | flags | 6 | fixed32 | LinksFlags |
 */
export function putLink(
  block: TraceBlock,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  const { level, attributes } = block.links;
  level.reserve(1);
  const element = level.count;
  const mapStart = attributes.keys.level.count;
  const valuesStart = attributes.values.size;
  field.fill(0);
  let dropped = 0;
  let flags = 0;
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x22) {
      const start = readLength(source, at, end);
      at = start + word[0]!;
      putAttribute(attributes, mapStart, source, view, start, at);
    } else if (tag === 0x0a || tag === 0x12 || tag === 0x1a) {
      at = keepBytes(field, 2 * (tag >>> 3), source, at, end);
    } else if (tag === 0x28) {
      at = readVarint(source, at, end);
      dropped = word[0]!;
    } else if (tag === 0x35) {
      need(at, end, 4);
      flags = view.getInt32(at, true);
      at += 4;
    } else at = skipField(source, at, end, tag);
  }
  block.linkDropped.words[element] = dropped;
  block.linkFlags.words[element] = flags;
  context.repeatedKeys += endMap(attributes, mapStart, valuesStart);
  const isTraceId = field[3] === 0 || field[3] === 16;
  const isSpanId = field[5] === 0 || field[5] === 8;
  if (!isTraceId) context.fault = 'a link has a trace_id that is not 16 bytes';
  if (!isSpanId) context.fault = 'a link has a span_id that is not 8 bytes';
  putHex(block.linkTraceId, source, field[2]!, isTraceId ? field[3]! : 0);
  putHex(block.linkSpanId, source, field[4]!, isSpanId ? field[5]! : 0);
  putString(block.linkTraceState, source, view, field[6]!, field[7]!);
  putOffset(attributes.offsets.values.words, element, attributes.keys.level.count);
  level.count = element + 1;
}
