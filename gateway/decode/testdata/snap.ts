/** A small Snappy compressor for tests and fuzzing: greedy, with all kinds of elements. */
import { crc32c } from '../crc32c.ts';

const hashBits = 12;
const literalBytesMax = 60;
const copyBytesMax = 64;
const chunkBytesMax = 65_536;

/** The block format. */
export function snapBlock(plain: Uint8Array): Buffer<ArrayBuffer> {
  const pieces: Buffer[] = [Buffer.from(varint(plain.length))];
  const seen = new Int32Array(1 << hashBits).fill(-1);
  let literalFrom = 0;
  let at = 0;
  while (at + 4 <= plain.length) {
    const word = Buffer.from(plain.buffer, plain.byteOffset + at, 4).readUInt32LE();
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - hashBits);
    const before = seen[slot]!;
    seen[slot] = at;
    const length = before < 0 ? 0 : matchLength(plain, before, at);
    if (length < 4) {
      at += 1;
      continue;
    }
    pieces.push(...literals(plain, literalFrom, at), copyElement(at - before, length));
    at += length;
    literalFrom = at;
  }
  pieces.push(...literals(plain, literalFrom, plain.length));
  return Buffer.concat(pieces);
}

/** The framing format; what does not shrink goes in as it is. */
export function snapFrames(plain: Uint8Array): Buffer<ArrayBuffer> {
  const pieces: Buffer[] = [Buffer.from('\xff\x06\x00\x00sNaPpY', 'latin1')];
  for (let from = 0; from < plain.length; from += chunkBytesMax) {
    const part = plain.subarray(from, from + chunkBytesMax);
    const block = snapBlock(part);
    const isSmaller = block.length < part.length;
    pieces.push(snapChunk(isSmaller ? 0 : 1, part, isSmaller ? block : part));
  }
  return Buffer.concat(pieces);
}

/** One chunk that says it holds `plain`, in the form `data`. */
export function snapChunk(kind: number, plain: Uint8Array, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUIntLE(data.length + 4, 1, 3);
  head[0] = kind;
  const sum = crc32c(plain, 0, plain.length);
  head.writeUInt32LE((((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0, 4);
  return Buffer.concat([head, data]);
}

function matchLength(plain: Uint8Array, before: number, at: number): number {
  let length = 0;
  const bound = Math.min(copyBytesMax, plain.length - at);
  while (length < bound && plain[before + length] === plain[at + length]) length += 1;
  return length;
}

function* literals(plain: Uint8Array, from: number, to: number): Generator<Buffer> {
  for (let at = from; at < to; at += literalBytesMax) {
    const part = plain.subarray(at, Math.min(to, at + literalBytesMax));
    yield Buffer.concat([Buffer.from([(part.length - 1) << 2]), part]);
  }
}

function copyElement(offset: number, length: number): Buffer {
  if (length <= 11 && offset < 2048) {
    return Buffer.from([1 | ((length - 4) << 2) | ((offset >> 8) << 5), offset & 0xff]);
  }
  const isNear = offset < 65_536;
  const element = Buffer.alloc(isNear ? 3 : 5);
  element[0] = ((length - 1) << 2) | (isNear ? 2 : 3);
  if (isNear) element.writeUInt16LE(offset, 1);
  else element.writeUInt32LE(offset, 1);
  return element;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return [...bytes, rest];
}
