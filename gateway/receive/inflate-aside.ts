/**
 * Inflating that does not hold up the event loop: a body that becomes more than 4 MiB is inflated
 * on a thread of the platform's pool, one at a time, so that bombs delay each other and nobody
 * else (F23). What is smaller costs less here than the way to another thread.
 *
 * Allocations: the result; for large bodies its pieces before that, of one body at a time.
 * Copies: one. Owner: the caller owns what is returned; `wire` must stay untouched until then.
 * Watched by `receive.bench.ts`, and `hostile.bench.ts` for what it is good for.
 */
import { promisify } from 'node:util';
import { gunzip, inflate as unzlib, zstdDecompress } from 'node:zlib';
import type { ContentEncoding } from '../answer.ts';
import {
  type Inflated,
  inflate,
  inflationFault,
  inflationOptions,
  wholeBody,
} from '../decode/inflate.ts';

/** About four milliseconds of work. */
const atOnceBytesMax = 4 * 1024 ** 2;

type Zipped = 'gzip' | 'zstd' | 'deflate';

const later = {
  gzip: promisify(gunzip),
  zstd: promisify(zstdDecompress),
  deflate: promisify(unzlib),
} as const;

export class InflateAside {
  /** Settles when the thread is free. */
  #last: Promise<unknown> = Promise.resolve();

  inflate(
    encoding: ContentEncoding,
    wire: Uint8Array,
    bytesMax: number,
  ): Inflated | Promise<Inflated> {
    // Snappy grows 22 times at most, so its work is bounded by the body on the wire.
    if (encoding === 'identity' || encoding === 'snappy' || bytesMax <= atOnceBytesMax) {
      return inflate(encoding, wire, bytesMax);
    }
    const first = inflate(encoding, wire, atOnceBytesMax);
    if (first.ok || first.reason === 'corrupt') return first;
    const turn = this.#last.then(() => inflateLater(encoding, wire, bytesMax));
    this.#last = turn;
    return turn;
  }
}

async function inflateLater(
  encoding: Zipped,
  wire: Uint8Array,
  bytesMax: number,
): Promise<Inflated> {
  try {
    const options = inflationOptions(encoding, wire, bytesMax);
    return { ok: true, body: wholeBody(wire, await later[encoding](wire, options)) };
  } catch (error) {
    return inflationFault(encoding, error, bytesMax);
  }
}
