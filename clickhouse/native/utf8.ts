/**
 * The one rule for text that is not well-formed UTF-8, whatever brought it: each ill-formed
 * sequence is stored as U+FFFD, as browsers do. ClickHouse would store the bytes as they are,
 * and its JSON answers would then be invalid for everybody who reads the row.
 *
 * Hot path. Allocations: one subarray a column and request. Copies: none while text is
 * well-formed. Owner: the column. Watched by `gateway/decode/decode.bench.ts`.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { type Budget, putString, Text } from './buffers.ts';

const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/** `bytes` with each ill-formed sequence replaced by U+FFFD. */
export function wellFormed(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.from(decoder.decode(bytes)));
}

/** Whether `length` bytes from `from` on are well-formed UTF-8. */
export function isWellFormed(
  source: Uint8Array,
  view: DataView,
  from: number,
  length: number,
): boolean {
  let seen = 0;
  let at = from;
  const end = from + length;
  for (; at + 4 <= end; at += 4) seen |= view.getInt32(at, true);
  for (; at < end; at += 1) seen |= source[at]! & 0x80 ? 0x80 : 0;
  return (seen & 0x80808080) === 0 || isUtf8(source.subarray(from, end));
}

/**
 * Checks the strings that were appended since the last check and repairs those that are
 * ill-formed. Returns how many it repaired. One native scan when all is short ASCII.
 */
export function repairStrings(text: Text, budget: Budget): number {
  const from = text.checkedSize;
  if (text.size === from) return 0;
  if (isAscii(text.bytes.subarray(from, text.size))) {
    text.checkedSize = text.size;
    return 0;
  }
  let at = from;
  while (at < text.size) {
    const length = lengthAt(text.bytes, at);
    const start = at + lengthSize(length);
    if (!isWellFormed(text.bytes, text.view, start, length)) return rewrite(text, at, budget);
    at = start + length;
  }
  text.checkedSize = text.size;
  return 0;
}

/** Writes the strings from `from` on anew; all before it are well-formed. */
function rewrite(text: Text, from: number, budget: Budget): number {
  const copy = new Text(budget);
  copy.reserve(text.size - from);
  copy.bytes.set(text.bytes.subarray(from, text.size));
  const end = text.size - from;
  let repaired = 0;
  try {
    text.size = from;
    for (let at = 0; at < end; ) {
      const length = lengthAt(copy.bytes, at);
      const start = at + lengthSize(length);
      if (isWellFormed(copy.bytes, copy.view, start, length)) {
        putString(text, copy.bytes, copy.view, start, length);
      } else {
        const better = wellFormed(copy.bytes.subarray(start, start + length));
        putString(text, better, new DataView(better.buffer), 0, better.length);
        repaired += 1;
      }
      at = start + length;
    }
  } finally {
    copy.release();
  }
  text.checkedSize = text.size;
  return repaired;
}

/** The varuint at `at`; the column wrote it, so it is canonical and below 2^32. */
export function lengthAt(bytes: Uint8Array, at: number): number {
  let length = 0;
  let factor = 1;
  for (let index = at; ; index += 1) {
    const byte = bytes[index]!;
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) return length;
    factor *= 128;
  }
}

/** How many bytes the varuint of `length` takes. */
export function lengthSize(length: number): number {
  let size = 1;
  for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 128)) size += 1;
  return size;
}
