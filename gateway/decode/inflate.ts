/**
 * Content encodings of request bodies, with a bound on what comes out: a few kilobytes of gzip or
 * zstd can claim gigabytes, so the bound is enforced while inflating, not after.
 *
 * Allocations: the inflated body (and the chunks it is made of). Copies: one by zlib, to join its
 * chunks. Memory: the result belongs to the caller; identity returns `wire` itself.
 * Watched by `gateway/receive/receive.bench.ts`.
 */
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { ContentEncoding } from '../answer.ts';

export type Inflated =
  | { readonly ok: true; readonly body: Uint8Array }
  | {
      readonly ok: false;
      readonly reason: 'too_large' | 'corrupt';
      readonly message: string;
    };

/** zstd's window comes from the sender and is allocated before any output: at most 8 MiB. */
const zstdWindowLogMax = 23;

/** Undoes `encoding`; at most `bytesMax` come out. Never throws on what a sender can send. */
export function inflate(encoding: ContentEncoding, wire: Uint8Array, bytesMax: number): Inflated {
  try {
    switch (encoding) {
      case 'identity':
        return wire.byteLength <= bytesMax ? { ok: true, body: wire } : tooLarge(bytesMax);
      case 'gzip':
        return { ok: true, body: gunzipSync(wire, { maxOutputLength: bytesMax }) };
      case 'zstd': {
        const params = { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax };
        return { ok: true, body: zstdDecompressSync(wire, { maxOutputLength: bytesMax, params }) };
      }
    }
  } catch (error) {
    if (!Error.isError(error)) throw error;
    if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(bytesMax);
    return { ok: false, reason: 'corrupt', message: `not valid ${encoding}: ${error.message}` };
  }
}

function tooLarge(bytesMax: number): Inflated {
  const message = `the body inflates to more than ${bytesMax} bytes; send smaller batches`;
  return { ok: false, reason: 'too_large', message };
}
