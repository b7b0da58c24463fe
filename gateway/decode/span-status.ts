/**
 * The status of a span, which is a message of its own.
 *
 * Hot path. Allocations: none. Copies: none. Owner: the span under way. Watched by
 * `decode.bench.ts`.
 */
import { statusCodes } from './trace-block.ts';
import { readLength, readTag, readVarint, skipField, word } from './wire.ts';

/** Of the span under way: code, where the message begins, and its length. */
export const status = new Int32Array(3);

/**
 * Several occurrences merge, as protobuf demands of a message.
 *
 * | field | number | wire type | into |
 * | --- | --- | --- | --- |
 * | message | 2 | string | StatusMessage |
 * | code | 3 | enum | StatusCode |
 */
export function putStatus(source: Uint8Array, from: number, end: number): void {
  let at = from;
  while (at < end) {
    at = readTag(source, at, end);
    const tag = word[0]!;
    if (tag === 0x12) {
      const start = readLength(source, at, end);
      status[1] = start;
      status[2] = word[0]!;
      at = start + word[0]!;
    } else if (tag === 0x18) {
      at = readVarint(source, at, end);
      status[0] = word[1] === 0 ? word[0]! : -1;
    } else at = skipField(source, at, end, tag);
  }
}

/** The code as the column has it. */
export function statusOf(): number {
  const code = status[0]!;
  return code > 0 && code < statusCodes.length ? code : 0;
}
