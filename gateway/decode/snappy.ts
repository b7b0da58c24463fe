/**
 * Snappy in both of its formats. `Content-Encoding: snappy` means the block format, but older
 * Collectors sent the framing format under that name, and gRPC's `snappy` is always framed; a
 * block cannot begin with the ten bytes of a stream identifier (they would be a copy from before
 * the beginning), so which one it is can be told from the bytes.
 *
 * Hot path. Allocations: the result, and only when the lengths that the body claims are within
 * the limit and within what so few bytes can hold (22 times as many). Copies: one. Owner: the
 * caller owns what is returned. Watched by `encodings.bench.ts`.
 */
import { crc32c } from './crc32c.ts';

export type Unsnapped =
  | { readonly ok: true; readonly body: Uint8Array }
  | { readonly ok: false; readonly reason: 'too_large' | 'corrupt'; readonly message: string };

const streamIdentifier = Buffer.from([0xff, 6, 0, 0, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]);
const chunkHeadBytes = 4;
const checksumBytes = 4;
/** What one chunk may hold, and what it may take on the wire (the longest a block can become). */
const chunkDataBytesMax = 65_536;
const chunkBytesMax = 76_490 + checksumBytes;
/** A copy of 64 bytes takes three: nothing that is valid grows more than this. */
const growthMax = 22;
/** Below this a loop is faster than a call. */
const wordBytes = 8;
const shortCopyBytes = 32;

const compressedChunk = 0x00;
const plainChunk = 0x01;
const identifierChunk = 0xff;
const skippableFrom = 0x80;

/** The bytes that `wire` stands for, at most `bytesMax`. */
export function unsnap(wire: Uint8Array, bytesMax: number): Unsnapped {
  return isFramed(wire) ? unframe(wire, bytesMax) : unblock(wire, bytesMax);
}

function isFramed(wire: Uint8Array): boolean {
  const size = streamIdentifier.length;
  return wire.length >= size && streamIdentifier.equals(wire.subarray(0, size));
}

function unblock(wire: Uint8Array, bytesMax: number): Unsnapped {
  const length = claimedBytes(wire, 0, wire.length);
  if (length === undefined) return corrupt('its length is not a varint of 32 bits');
  if (length > bytesMax) return tooLarge(bytesMax);
  if (length > wire.length * growthMax) {
    return corrupt(`${wire.length} bytes cannot become the ${length} that it claims`);
  }
  // Every byte is written before it is seen, or the body is refused.
  const body = Buffer.allocUnsafeSlow(length);
  const filled = decodeBlock(wire, elementsFrom(wire, 0), wire.length, body, 0, length);
  return filled ? { ok: true, body } : corrupt('its elements do not make up what it claims');
}

/** Two passes: the first adds up what the chunks claim, so that memory is taken once. */
function unframe(wire: Uint8Array, bytesMax: number): Unsnapped {
  const length = framedBytes(wire);
  if (typeof length === 'string') return corrupt(length);
  if (length > bytesMax) return tooLarge(bytesMax);
  const body = Buffer.allocUnsafeSlow(length);
  let to = 0;
  for (let at = 0; at < wire.length; ) {
    const kind = wire[at]!;
    const from = at + chunkHeadBytes;
    const end = from + chunkBytes(wire, at);
    at = end;
    if (kind !== compressedChunk && kind !== plainChunk) continue;
    const start = to;
    if (kind === plainChunk) {
      body.set(wire.subarray(from + checksumBytes, end), to);
      to += end - from - checksumBytes;
    } else {
      const claimed = claimedBytes(wire, from + checksumBytes, end) ?? 0;
      const data = elementsFrom(wire, from + checksumBytes);
      if (!decodeBlock(wire, data, end, body, to, to + claimed)) {
        return corrupt(`the chunk at byte ${from - chunkHeadBytes} is broken`);
      }
      to += claimed;
    }
    if (maskedSum(body, start, to) !== readUint32(wire, from)) {
      return corrupt(`the checksum of the chunk at byte ${from - chunkHeadBytes} is wrong`);
    }
  }
  return { ok: true, body };
}

/** What all chunks together claim, or what is wrong with them. */
function framedBytes(wire: Uint8Array): number | string {
  let total = 0;
  for (let at = 0; at < wire.length; ) {
    if (wire.length - at < chunkHeadBytes) return `the chunk at byte ${at} is cut off`;
    const kind = wire[at]!;
    const size = chunkBytes(wire, at);
    const from = at + chunkHeadBytes;
    if (size > wire.length - from) return `the chunk at byte ${at} is cut off`;
    if (kind === compressedChunk || kind === plainChunk) {
      if (size < checksumBytes || size > chunkBytesMax)
        return `the chunk at byte ${at} is no chunk`;
      const claimed =
        kind === plainChunk
          ? size - checksumBytes
          : claimedBytes(wire, from + checksumBytes, from + size);
      if (claimed === undefined || claimed > chunkDataBytesMax) {
        return `the chunk at byte ${at} claims more than ${chunkDataBytesMax} bytes`;
      }
      if (claimed > size * growthMax) return `the chunk at byte ${at} claims more than it can hold`;
      total += claimed;
    } else if (kind === identifierChunk) {
      const isRight = streamIdentifier.equals(wire.subarray(at, at + streamIdentifier.length));
      if (!isRight) return `the stream identifier at byte ${at} is wrong`;
    } else if (kind < skippableFrom) return `the chunk at byte ${at} is of unknown kind ${kind}`;
    at = from + size;
  }
  return total;
}

function chunkBytes(wire: Uint8Array, at: number): number {
  return wire[at + 1]! | (wire[at + 2]! << 8) | (wire[at + 3]! << 16);
}

/** The varint at the beginning of a block: what it will become. */
function claimedBytes(wire: Uint8Array, from: number, end: number): number | undefined {
  let value = 0;
  for (let index = 0; index < 5 && from + index < end; index += 1) {
    const byte = wire[from + index]!;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return value < 2 ** 32 ? value : undefined;
  }
  return undefined;
}

/** Where the elements begin: the varint may be longer than it needs to be. */
function elementsFrom(wire: Uint8Array, from: number): number {
  let at = from;
  while (wire[at]! >= 0x80) at += 1;
  return at + 1;
}

/** Elements of `from[at..end)` into `to[start..limit)`; whether they filled it exactly. */
function decodeBlock(
  from: Uint8Array,
  at: number,
  end: number,
  to: Uint8Array,
  start: number,
  limit: number,
): boolean {
  const fromView = new DataView(from.buffer, from.byteOffset, from.byteLength);
  const toView = new DataView(to.buffer, to.byteOffset, to.byteLength);
  // Eight bytes at a time where there is room; what is written too far is overwritten.
  const readRoom = end - wordBytes;
  const writeRoom = limit - wordBytes;
  let read = at;
  let write = start;
  while (read < end) {
    const tag = from[read]!;
    const kind = tag & 3;
    if (kind === 0) {
      let length = (tag >> 2) + 1;
      read += 1;
      if (length > 60) {
        const extra = length - 60;
        if (extra > end - read) return false;
        length = 1;
        for (let index = 0; index < extra; index += 1) length += from[read + index]! * 256 ** index;
        read += extra;
      }
      if (length > end - read || length > limit - write) return false;
      if (length > shortCopyBytes) to.set(from.subarray(read, read + length), write);
      else if (read + length <= readRoom && write + length <= writeRoom) {
        for (let index = 0; index < length; index += wordBytes) {
          toView.setBigInt64(write + index, fromView.getBigInt64(read + index, true), true);
        }
      } else {
        for (let index = 0; index < length; index += 1) to[write + index] = from[read + index]!;
      }
      read += length;
      write += length;
      continue;
    }
    const size = kind === 1 ? 2 : kind === 2 ? 3 : 5;
    if (size > end - read) return false;
    const length = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const offset =
      kind === 1
        ? ((tag & 0xe0) << 3) | from[read + 1]!
        : kind === 2
          ? from[read + 1]! | (from[read + 2]! << 8)
          : readUint32(from, read + 1);
    read += size;
    // Never from before this block: in a stream that would be another chunk's data.
    if (offset === 0 || offset > write - start || length > limit - write) return false;
    const source = write - offset;
    if (offset >= wordBytes && write + length <= writeRoom) {
      for (let index = 0; index < length; index += wordBytes) {
        toView.setBigInt64(write + index, toView.getBigInt64(source + index, true), true);
      }
    } else {
      // Forwards, byte by byte: a copy may overlap what it writes.
      for (let index = 0; index < length; index += 1) to[write + index] = to[source + index]!;
    }
    write += length;
  }
  return write === limit;
}

function readUint32(bytes: Uint8Array, at: number): number {
  const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  return low + bytes[at + 3]! * 2 ** 24;
}

/** As the framing format asks: rotated and shifted, so that sums of sums do not collide. */
function maskedSum(bytes: Uint8Array, from: number, to: number): number {
  const sum = crc32c(bytes, from, to);
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}

function corrupt(detail: string): Unsnapped {
  return { ok: false, reason: 'corrupt', message: `the body is not valid snappy: ${detail}` };
}

function tooLarge(bytesMax: number): Unsnapped {
  const message = `the body has more than ${bytesMax} bytes after inflating`;
  return { ok: false, reason: 'too_large', message };
}
