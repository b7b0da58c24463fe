/** A request's body: read under a limit, out of its content encoding and ClickHouse's frames. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { readFrames } from '../frames/frames.ts';
import { engineError } from './exception.ts';
import type { EngineRequest } from './request.ts';

/** An insert is one buffer in memory; ours are under 256 MiB (gateway.md, section 3). */
const bodyBytesMax = 512 * 1024 ** 2;

const inflaters: Readonly<Record<string, (body: Buffer, max: number) => Promise<Buffer>>> = {
  gzip: (body, max) => promisify(gunzip)(body, { maxOutputLength: max }),
  deflate: (body, max) => promisify(inflate)(body, { maxOutputLength: max }),
  br: (body, max) => promisify(brotliDecompress)(body, { maxOutputLength: max }),
  zstd: (body, max) => promisify(zstdDecompress)(body, { maxOutputLength: max }),
};

/** All bodies in memory together, as received and unpacked. */
const budgetBytesMax = 1024 ** 3;

/** Counts the bytes of the bodies that are in memory; one share a request. */
export class BodyBudget {
  #bytes = 0;

  share(): BodyShare {
    let taken = 0;
    return {
      take: (bytes) => {
        if (this.#bytes + bytes > budgetBytesMax) {
          const text = `Too many simultaneous queries: their bodies exceed ${budgetBytesMax} bytes`;
          throw engineError('TOO_MANY_SIMULTANEOUS_QUERIES', text);
        }
        this.#bytes += bytes;
        taken += bytes;
      },
      release: () => {
        this.#bytes -= taken;
        taken = 0;
      },
    };
  }
}

export type BodyShare = {
  /** Throws an EngineError when there is no room; the sender may try again. */
  readonly take: (bytes: number) => void;
  /** Gives everything back; called when the request has been answered. */
  readonly release: () => void;
};

/** The body, unpacked. Throws an EngineError for what cannot be read. */
export async function readBody(
  message: IncomingMessage,
  request: EngineRequest,
  share: BodyShare,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = Number(message.headers['content-length'] ?? 0);
  if (size > bodyBytesMax) throw tooLarge();
  size = 0;
  for await (const chunk of message) {
    size += chunk.length;
    if (size > bodyBytesMax) throw tooLarge();
    share.take(chunk.length);
    chunks.push(chunk);
  }
  const received = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
  const body = await decode(message, received);
  if (body !== received) share.take(body.length);
  if (!request.decompressFrames || body.length === 0) return body;
  try {
    const content = await readFrames(body, {
      verifyChecksums: request.verifyChecksums,
      contentBytesMax: bodyBytesMax,
    });
    share.take(content.length);
    return content;
  } catch (error) {
    if (Error.isError(error) && error.name === 'FrameError') throw fromFrameError(error);
    throw error;
  }
}

/** Out of its Content-Encoding. */
async function decode(message: IncomingMessage, body: Buffer): Promise<Buffer> {
  const encoding = message.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '' || body.length === 0) return body;
  const inflater = inflaters[encoding];
  if (inflater === undefined) {
    throw engineError('UNKNOWN_COMPRESSION_METHOD', `Unknown compression method ${encoding}`);
  }
  try {
    return await inflater(body, bodyBytesMax);
  } catch (error) {
    const code = Error.isError(error) && 'code' in error ? error.code : undefined;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw engineError('CANNOT_DECOMPRESS', `The body is not valid ${encoding}: ${String(error)}`);
  }
}

function fromFrameError(error: Error): Error {
  const fault = 'fault' in error ? error.fault : undefined;
  if (fault === 'checksum') return engineError('CHECKSUM_DOESNT_MATCH', error.message);
  if (fault === 'too large') return engineError('TOO_LARGE_SIZE_COMPRESSED', error.message);
  if (fault === 'method') return engineError('UNKNOWN_COMPRESSION_METHOD', error.message);
  return engineError('CANNOT_DECOMPRESS', error.message);
}

function tooLarge(): Error {
  return engineError(
    'TOO_LARGE_SIZE_COMPRESSED',
    `The body is larger than ${bodyBytesMax} bytes; send it in several inserts`,
  );
}
