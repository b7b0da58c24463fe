/**
 * Protobuf's wire format: tags, varints, lengths, and how to skip what is not known. Every length
 * is checked against the end of its message before it is used; a varint has at most ten bytes.
 *
 * Hot path. Allocations per item: none. Copies: none. Owner: nothing is returned but positions;
 * second results go to {@link word}. Watched by `decode.bench.ts`.
 */

/** Groups inside groups that are followed before the body is called malformed. */
const groupDepthMax = 64;
const varintBytesMax = 10;

export const wireVarint = 0;
export const wireFixed64 = 1;
export const wireBytes = 2;
const wireGroup = 3;
const wireGroupEnd = 4;
export const wireFixed32 = 5;

/** Second results: the low and high half of a varint, or in `[0]` a length or a tag. */
export const word = new Int32Array(2);

/** A body that can never be valid; the caller rolls back. */
export class Malformed extends Error {
  override readonly name: string = 'Malformed';
  /** Byte offset in the inflated body. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Whether `error` is a {@link Malformed}, also across realms. */
export function isMalformed(error: unknown): error is Malformed {
  return Error.isError(error) && error.name === 'Malformed' && 'offset' in error;
}

/** Reads a varint into {@link word}; returns the position after it. */
export function readVarint(source: Uint8Array, at: number, end: number): number {
  if (at + 2 <= end) {
    const first = source[at]!;
    const second = source[at + 1]!;
    if (first < 0x80 || second < 0x80) {
      word[0] = first < 0x80 ? first : (first & 0x7f) | (second << 7);
      word[1] = 0;
      return first < 0x80 ? at + 1 : at + 2;
    }
  }
  return readLongVarint(source, at, end);
}

function readLongVarint(source: Uint8Array, at: number, end: number): number {
  let low = 0;
  let high = 0;
  let position = at;
  for (let index = 0; index < varintBytesMax; index += 1) {
    if (position >= end) throw new Malformed('a varint runs past the end of its message', at);
    const byte = source[position]!;
    position += 1;
    const bits = byte & 0x7f;
    if (index < 4) low |= bits << (7 * index);
    else if (index === 4) {
      low |= bits << 28;
      high = bits >>> 4;
    } else high |= bits << (7 * index - 32);
    if (byte < 0x80) {
      word[0] = low;
      word[1] = high;
      return position;
    }
  }
  throw new Malformed('a varint has more than ten bytes', at);
}

/** Reads a tag into `word[0]`; returns the position after it. */
export function readTag(source: Uint8Array, at: number, end: number): number {
  const byte = source[at]!;
  if (byte < 0x80) {
    if (byte < 8) throw new Malformed('a field has number 0', at);
    word[0] = byte;
    return at + 1;
  }
  const position = readVarint(source, at, end);
  // Field numbers have 29 bits, so a tag fits 32.
  if (word[1] !== 0) throw new Malformed('a field number is larger than 29 bits', at);
  if (word[0]! >>> 3 === 0) throw new Malformed('a field has number 0', at);
  return position;
}

/** Reads a length into `word[0]` and checks it; returns where the content begins. */
export function readLength(source: Uint8Array, at: number, end: number): number {
  if (at < end) {
    const byte = source[at]!;
    if (byte < 0x80) {
      if (at + 1 + byte > end) throw tooLong(at);
      word[0] = byte;
      return at + 1;
    }
  }
  const position = readVarint(source, at, end);
  if (word[1] !== 0 || word[0]! < 0 || position + word[0]! > end) throw tooLong(at);
  return position;
}

/** Checks that `bytes` more bytes are there. */
export function need(at: number, end: number, bytes: number): void {
  if (at + bytes > end) throw new Malformed('a fixed-width value runs past its message', at);
}

/** Skips the value of a field of unknown number, or of a known one with another wire type. */
export function skipField(source: Uint8Array, at: number, end: number, tag: number): number {
  switch (tag & 7) {
    case wireVarint:
      return readVarint(source, at, end);
    case wireFixed64:
      need(at, end, 8);
      return at + 8;
    case wireBytes: {
      const start = readLength(source, at, end);
      return start + word[0]!;
    }
    case wireGroup:
      return skipGroup(source, at, end, tag >>> 3);
    case wireFixed32:
      need(at, end, 4);
      return at + 4;
    default:
      throw new Malformed(`wire type ${tag & 7} where a field was expected`, at);
  }
}

/** Skips a group and the groups in it, without recursion. */
function skipGroup(source: Uint8Array, at: number, end: number, field: number): number {
  const open = [field];
  let position = at;
  while (position < end) {
    position = readTag(source, position, end);
    const tag = word[0]!;
    if ((tag & 7) === wireGroup) {
      if (open.length >= groupDepthMax) throw new Malformed('groups are nested too deeply', at);
      open.push(tag >>> 3);
    } else if ((tag & 7) === wireGroupEnd) {
      if (open.pop() !== tag >>> 3)
        throw new Malformed('a group ends that did not begin', position);
      if (open.length === 0) return position;
    } else {
      position = skipField(source, position, end, tag);
    }
  }
  throw new Malformed('a group does not end', at);
}

function tooLong(at: number): Malformed {
  return new Malformed('a length runs past the end of its message', at);
}
