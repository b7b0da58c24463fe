/**
 * Damaged compressed bodies: read or refused, never more than the limit, never an exception, and
 * whatever memory they ask for within what they could become. `npm run fuzz -- encodings`.
 */
import { join } from 'node:path';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { type FuzzOptions, fuzz, readCorpus } from '../../test/support/fuzzing.ts';
import type { ContentEncoding } from '../answer.ts';
import { inflate } from './inflate.ts';
import { traceBody } from './testdata/load.ts';
import { snapBlock, snapFrames } from './testdata/snap.ts';

const encodings: readonly ContentEncoding[] = ['gzip', 'zstd', 'deflate', 'snappy', 'identity'];
const bytesMax = 20_000;

export async function run(options: FuzzOptions): Promise<void> {
  const plain = [
    Buffer.from('telemetry '.repeat(90)),
    Buffer.from(traceBody(3, 1)),
    Buffer.alloc(0),
  ];
  const compressors = [gzipSync, zstdCompressSync, deflateSync, snapBlock, snapFrames];
  const inputs = [
    ...plain.flatMap((body) => compressors.map((compress) => compress(body))),
    ...readCorpus(join(import.meta.dirname, 'testdata/corpus-encodings.json')),
  ];
  const attempt = (bytes: Buffer): string => {
    // Each input under each name: a body is easily sent under the wrong one.
    for (const encoding of encodings) check(encoding, bytes, options.canary === true);
    const first = encodings.find((encoding) => inflate(encoding, bytes, bytesMax).ok);
    return first ?? 'refused';
  };
  await fuzz({ name: 'encodings', inputs, attempt }, options);
}

function check(encoding: ContentEncoding, bytes: Buffer, isCanary: boolean): void {
  const before = Buffer.from(bytes);
  const result = inflate(encoding, bytes, bytesMax);
  if (!before.equals(bytes)) throw new Error(`${encoding} changed its input`);
  if (!result.ok) {
    const again = inflate(encoding, bytes, bytesMax * 1000);
    if (result.reason === 'corrupt' && again.ok)
      throw new Error(`${encoding}: corrupt by its size`);
    return;
  }
  const { body } = result;
  // The planted bug: a limit that is off by one.
  const limit = isCanary ? body.length - 1 : bytesMax;
  if (body.length > limit) throw new Error(`${encoding} gave ${body.length} bytes`);
  if (body.length === 0) return;
  const twice = inflate(encoding, bytes, body.length);
  if (!twice.ok || Buffer.compare(twice.body, body) !== 0) {
    throw new Error(`${encoding}: the same bytes gave another body`);
  }
  if (inflate(encoding, bytes, body.length - 1).ok) {
    throw new Error(`${encoding}: a limit of one byte less was not kept`);
  }
}
