/**
 * The two envelopes that all signals share: a resource with scopes, a scope with items. Resource
 * and scope are taken first, wherever they stand, because the rows need them.
 *
 * Hot path. Allocations per item: none. Copies: none. Owner: nothing is returned. Watched by
 * `decode.bench.ts`.
 */
import type { Context } from './context.ts';
import { need, readLength, readTag, skipField, word } from './wire.ts';

/** Decodes one item at `[from, end)`. */
type ItemDecoder<Target> = (
  target: Target,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
) => void;

/**
 * Decodes as many of the items that begin at `at` as it likes; returns where the next one begins,
 * which goes to the {@link ItemDecoder}.
 */
export type RunDecoder<Target> = (
  target: Target,
  context: Context,
  source: Uint8Array,
  at: number,
  end: number,
) => number;

export type Decoder<Target> = {
  readonly putItem: ItemDecoder<Target>;
  readonly putRun?: RunDecoder<Target>;
};

/**
 * Decodes an Export request of any signal: its items go to `decoder`.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | resource_spans, resource_logs, resource_metrics | 1 | repeated message | rows |
 */
export function decodeEnvelopes<Target>(
  decoder: Decoder<Target>,
  target: Target,
  context: Context,
  source: Uint8Array,
  view: DataView,
): void {
  const end = source.length;
  let at = 0;
  while (at < end) {
    at = readTag(source, at, end);
    if (word[0] === 0x0a) {
      const start = readLength(source, at, end);
      at = start + word[0]!;
      putResource(decoder, target, context, source, view, start, at);
    } else at = skipField(source, at, end, word[0]!);
  }
}

/**
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | resource | 1 | Resource | see `resource.ts` |
 * | scope_spans, scope_logs, scope_metrics | 2 | repeated message | rows |
 * | schema_url | 3 | string | ResourceSchemaUrl |
 */
function putResource<Target>(
  decoder: Decoder<Target>,
  target: Target,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  context.resource.take(source, view, from, end);
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    if (word[0] === 0x12) {
      const start = readLength(source, at, end);
      at = start + word[0]!;
      putScope(decoder, target, context, source, view, start, at);
    } else at = skipField(source, at, end, word[0]!);
  }
}

/**
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | scope | 1 | InstrumentationScope | see `resource.ts` |
 * | spans, log_records, metrics | 2 | repeated message | rows |
 * | schema_url | 3 | string | ScopeSchemaUrl |
 */
function putScope<Target>(
  decoder: Decoder<Target>,
  target: Target,
  context: Context,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): void {
  context.scope.take(source, view, from, end);
  const { putItem, putRun } = decoder;
  let at = from;
  while (at < end) {
    if (putRun !== undefined && source[at] === 0x12) {
      at = putRun(target, context, source, at, end);
      if (at === end) break;
    }
    at = readTag(source, at, end);
    if (word[0] === 0x12) {
      const start = readLength(source, at, end);
      at = start + word[0]!;
      putItem(target, context, source, view, start, at);
    } else at = skipField(source, at, end, word[0]!);
  }
}

/** Keeps a 64-bit value of fixed width in two words of `field`. */
export function keepFixed64(
  field: Int32Array,
  place: number,
  view: DataView,
  at: number,
  end: number,
): number {
  need(at, end, 8);
  field[place] = view.getInt32(at, true);
  field[place + 1] = view.getInt32(at + 4, true);
  return at + 8;
}

/** Keeps where a string begins and its length in two words of `field`. */
export function keepBytes(
  field: Int32Array,
  place: number,
  source: Uint8Array,
  at: number,
  end: number,
): number {
  const start = readLength(source, at, end);
  field[place] = start;
  field[place + 1] = word[0]!;
  return start + word[0]!;
}

/** Writes a 64-bit value whose high half is zero: where a row's elements end. */
export function putOffset(words: Int32Array, row: number, end: number): void {
  words[2 * row] = end;
  words[2 * row + 1] = 0;
}

/** Whether `length` bytes from `from` on are all zero. */
export function isZero(source: Uint8Array, from: number, length: number): boolean {
  for (let index = 0; index < length; index += 1) if (source[from + index] !== 0) return false;
  return true;
}
