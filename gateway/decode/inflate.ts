/**
 * Step 3 of the house: a compressed body becomes plain, under a limit that holds while inflating,
 * so that a bomb costs no more than the limit. Synchronous: for bodies of this size the thread
 * pool costs more than the work.
 *
 * Hot path. Allocations: the result. Copies: one. Owner: the caller owns what is returned; for
 * `identity` it is the wire itself. Watched by `encodings.bench.ts`.
 */
import { constants, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { ContentEncoding } from '../answer.ts';
import { unsnap } from './snappy.ts';

export type Inflated =
  | { readonly ok: true; readonly body: Uint8Array }
  | {
      readonly ok: false;
      readonly reason: 'too_large' | 'corrupt';
      readonly message: string;
    };

/** Window a zstd frame may ask for, as a power of two: 8 MiB, what the RFC says to support. */
const zstdWindowLogMax = 23;

/** zlib's output comes in pieces that are joined: few large ones cost 20 % less than 16 KiB. */
const pieceBytesMin = 16 * 1024;
const pieceBytesMax = 256 * 1024;
/** What OTLP compresses by at least, as a guess of the output. */
const ratioGuess = 4;

/**
 * The body of `wire`, at most `bytesMax` bytes. Several gzip members or zstd frames in a row are
 * one body; anything else behind the last one is refused. `deflate` is zlib's format.
 */
export function inflate(encoding: ContentEncoding, wire: Uint8Array, bytesMax: number): Inflated {
  if (encoding === 'identity') {
    return wire.length > bytesMax ? tooLarge(bytesMax) : { ok: true, body: wire };
  }
  if (wire.length === 0) return { ok: true, body: wire };
  if (encoding === 'snappy') return unsnap(wire, bytesMax);
  try {
    return { ok: true, body: unzip(encoding, wire, bytesMax) };
  } catch (error) {
    return inflationFault(encoding, error, bytesMax);
  }
}

/** What an exception of zlib means. */
function inflationFault(encoding: ContentEncoding, error: unknown, bytesMax: number): Inflated {
  const code = Error.isError(error) && 'code' in error ? error.code : '';
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(bytesMax);
  const detail = Error.isError(error) ? error.message : String(error);
  return {
    ok: false,
    reason: 'corrupt',
    message: `the body is not valid ${encoding}: ${detail}`,
  };
}

type Zipped = 'gzip' | 'zstd' | 'deflate';

function unzip(encoding: Zipped, wire: Uint8Array, bytesMax: number): Uint8Array {
  const options = inflationOptions(encoding, wire, bytesMax);
  if (encoding === 'gzip') return wholeBody(wire, gunzipSync(wire, options));
  if (encoding === 'deflate') return wholeBody(wire, inflateSync(wire, options));
  return wholeBody(wire, zstdDecompressSync(wire, options));
}

type InflationOptions = {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
  readonly info: true;
  readonly params?: Readonly<Record<number, number>>;
};

function inflationOptions(encoding: Zipped, wire: Uint8Array, bytesMax: number): InflationOptions {
  const options = { maxOutputLength: bytesMax, chunkSize: pieceBytes(wire), info: true } as const;
  if (encoding !== 'zstd') return options;
  return { ...options, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax } };
}

function pieceBytes(wire: Uint8Array): number {
  return Math.min(pieceBytesMax, Math.max(pieceBytesMin, wire.length * ratioGuess));
}

/** Node forgives garbage behind the last member or frame; `info` tells how much it read. */
function wholeBody(wire: Uint8Array, result: unknown): Uint8Array {
  const { buffer, engine } = result as { buffer: Buffer; engine: { bytesWritten: number } };
  const trailing = wire.length - engine.bytesWritten;
  if (trailing > 0) throw new TypeError(`${trailing} bytes follow its end`);
  return buffer;
}

function tooLarge(bytesMax: number): Inflated {
  return {
    ok: false,
    reason: 'too_large',
    message: `the body has more than ${bytesMax} bytes after inflating`,
  };
}
