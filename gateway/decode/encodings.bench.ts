/**
 * Bytes a second that bodies are inflated at, by encoding: one request of 1 000 spans, compressed
 * as its sender would. `npm run bench -- encodings`.
 */
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { ContentEncoding } from '../answer.ts';
import { inflate } from './inflate.ts';
import { traceBody } from './testdata/load.ts';
import { snapBlock, snapFrames } from './testdata/snap.ts';

const spanCount = 1_000;
const bytesMax = 64 * 1024 ** 2;
const roundCount = 5;
const repeats = 60;

/** One JSON line an encoding (contract, section 6). */
export function run(): void {
  const plain = traceBody(spanCount, 1);
  const cases: readonly (readonly [string, ContentEncoding, Uint8Array])[] = [
    ['gzip', 'gzip', gzipSync(plain)],
    ['zstd', 'zstd', zstdCompressSync(plain)],
    ['deflate', 'deflate', deflateSync(plain)],
    ['snappy_block', 'snappy', snapBlock(plain)],
    ['snappy_frames', 'snappy', snapFrames(plain)],
  ];
  for (const [name, encoding, wire] of cases) {
    const runs: number[] = [];
    for (let round = 0; round <= roundCount; round += 1) {
      const startMs = performance.now();
      for (let repeat = 0; repeat < repeats; repeat += 1) {
        if (!inflate(encoding, wire, bytesMax).ok) throw new Error(`${name} was refused`);
      }
      const seconds = (performance.now() - startMs) / 1000;
      // The first round is for the compiler.
      if (round > 0) runs.push(Math.round((plain.length * repeats) / seconds / 1e6));
    }
    const value = runs.toSorted((left, right) => left - right)[roundCount >> 1];
    const ratio = Math.round((plain.length / wire.length) * 10) / 10;
    const line = { bench: `inflate_${name}`, value, unit: 'mb_per_s', wireRatio: ratio, runs };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}
