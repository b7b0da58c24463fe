/**
 * ClickHouse's compressed frames, as `decompress=1` sends them and `compress=1` asks for them:
 *
 *     16 bytes CityHash128 of all that follows · method · UInt32 size with these 9 bytes ·
 *     UInt32 size before compression · data
 *
 * Sizes are checked against the limits before anything is allocated.
 */
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import { cityHash128 } from './city-hash.ts';
import { decompressLz4 } from './lz4.ts';

export const methodLz4 = 0x82;
export const methodZstd = 0x90;
export const methodNone = 0x02;

const checksumBytes = 16;
const headerBytes = 9;
/** ClickHouse's own limit of a block's size, before and after compression. */
const frameBytesMax = 0x40000000;
/** How much of a result goes into one frame that we write. */
const frameContentBytes = 1 << 20;

/** A trip to the thread pool costs more than unpacking this much. */
const inflateInlineBytesMax = 65_536;

type FrameFault = 'truncated' | 'checksum' | 'too large' | 'method' | 'data';

/** What is wrong with a frame. Test it by `fault`. */
class FrameError extends Error {
  override readonly name: string = 'FrameError';
  readonly fault: FrameFault;

  constructor(fault: FrameFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

export type ReadFramesOptions = {
  readonly verifyChecksums: boolean;
  /** Limit of all frames' contents together. */
  readonly contentBytesMax: number;
};

type FrameHeader = {
  readonly method: number;
  readonly data: Uint8Array;
  readonly contentBytes: number;
};

/** The contents of all frames in `bytes`, in one buffer. Throws a {@link FrameError}. */
export async function readFrames(bytes: Uint8Array, options: ReadFramesOptions): Promise<Buffer> {
  const frames: FrameHeader[] = [];
  let total = 0;
  for (let at = 0; at < bytes.length; ) {
    const frame = readHeader(bytes, at, options.verifyChecksums);
    total += frame.contentBytes;
    if (total > options.contentBytesMax) {
      throw new FrameError('too large', `more than ${options.contentBytesMax} bytes`);
    }
    frames.push(frame);
    at += checksumBytes + headerBytes + frame.data.length;
  }
  const output = Buffer.allocUnsafe(total);
  let to = 0;
  for (const frame of frames) {
    await readContent(frame, output.subarray(to, to + frame.contentBytes));
    to += frame.contentBytes;
  }
  return output;
}

function readHeader(bytes: Uint8Array, at: number, verify: boolean): FrameHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  if (view.byteLength < checksumBytes + headerBytes) {
    throw new FrameError('truncated', `a frame at byte ${at} has no whole header`);
  }
  const size = view.getUint32(checksumBytes + 1, true);
  const contentBytes = view.getUint32(checksumBytes + 5, true);
  if (size < headerBytes || size > frameBytesMax || contentBytes > frameBytesMax) {
    throw new FrameError('too large', `a frame at byte ${at} says ${size} and ${contentBytes}`);
  }
  if (size > view.byteLength - checksumBytes) {
    throw new FrameError('truncated', `the frame at byte ${at} ends after the body's end`);
  }
  const hashed = bytes.subarray(at + checksumBytes, at + checksumBytes + size);
  if (verify) {
    const hash = cityHash128(hashed);
    const same =
      hash.low === view.getBigUint64(0, true) && hash.high === view.getBigUint64(8, true);
    if (!same) throw new FrameError('checksum', `the frame at byte ${at} has another checksum`);
  }
  return { method: hashed[0] as number, data: hashed.subarray(headerBytes), contentBytes };
}

async function readContent(frame: FrameHeader, output: Buffer): Promise<void> {
  if (frame.method === methodLz4) {
    if (decompressLz4(frame.data, output)) return;
  } else if (frame.method === methodNone) {
    if (frame.data.length === output.length) {
      output.set(frame.data);
      return;
    }
  } else if (frame.method === methodZstd) {
    const content = await inflateZstd(frame.data, output.length);
    if (content.length === output.length) {
      output.set(content);
      return;
    }
  } else {
    throw new FrameError('method', `compression method 0x${frame.method.toString(16)}`);
  }
  throw new FrameError('data', 'a frame does not unpack to the size that it says');
}

async function inflateZstd(data: Uint8Array, size: number): Promise<Buffer> {
  try {
    const options = { maxOutputLength: Math.max(size, 1) };
    if (size <= inflateInlineBytesMax) return zstdDecompressSync(data, options);
    return await promisify(zstdDecompress)(data, options);
  } catch (error) {
    throw new FrameError('data', Error.isError(error) ? error.message : String(error));
  }
}

/** `content` as frames, compressed by zstd level 1, which needs no code of ours. */
export async function writeFrames(content: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length; at += frameContentBytes) {
    parts.push(await writeFrame(content.subarray(at, at + frameContentBytes)));
  }
  return Buffer.concat(parts);
}

async function writeFrame(content: Buffer): Promise<Buffer> {
  const data = await promisify(zstdCompress)(content, {
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
  });
  return packFrame(methodZstd, data, content.length);
}

/** One frame around data that are compressed already. */
export function packFrame(method: number, data: Uint8Array, contentBytes: number): Buffer {
  const frame = Buffer.allocUnsafe(checksumBytes + headerBytes + data.length);
  frame[checksumBytes] = method;
  frame.writeUInt32LE(headerBytes + data.length, checksumBytes + 1);
  frame.writeUInt32LE(contentBytes, checksumBytes + 5);
  frame.set(data, checksumBytes + headerBytes);
  const hash = cityHash128(frame.subarray(checksumBytes));
  frame.writeBigUInt64LE(hash.low, 0);
  frame.writeBigUInt64LE(hash.high, 8);
  return frame;
}
