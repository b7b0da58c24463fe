import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { inflate } from './inflate.ts';
import { snapBlock, snapFrames } from './testdata/snap.ts';

const body = Buffer.from('telemetry '.repeat(500));
const max = 1024 * 1024;

describe('inflating', () => {
  it('gives back what was compressed, and identity as it is', () => {
    expect(inflate('identity', body, max)).toEqual({ ok: true, body });
    for (const [encoding, wire] of [
      ['gzip', gzipSync(body)],
      ['zstd', zstdCompressSync(body)],
      ['deflate', deflateSync(body)],
      ['snappy', snapBlock(body)],
      ['snappy', snapFrames(body)],
    ] as const) {
      const result = inflate(encoding, wire, max);
      expect(result.ok && Buffer.compare(result.body, body)).toBe(0);
    }
  });

  it('accepts a body of exactly the limit and refuses one byte more', () => {
    for (const [encoding, wire] of [
      ['identity', body],
      ['gzip', gzipSync(body)],
      ['zstd', zstdCompressSync(body)],
      ['deflate', deflateSync(body)],
      ['snappy', snapBlock(body)],
      ['snappy', snapFrames(body)],
    ] as const) {
      expect(inflate(encoding, wire, body.length).ok).toBe(true);
      expect(inflate(encoding, wire, body.length - 1)).toMatchObject({
        ok: false,
        reason: 'too_large',
      });
    }
  });

  it('stops a bomb at the limit, however much it would become', () => {
    const zeros = Buffer.alloc(200 * 1024 * 1024);
    const before = process.memoryUsage().arrayBuffers;
    for (const [encoding, wire] of [
      ['gzip', gzipSync(zeros)],
      ['zstd', zstdCompressSync(zeros)],
      ['deflate', deflateSync(zeros)],
      ['snappy', snapFrames(zeros.subarray(0, 2 * max))],
    ] as const) {
      expect(inflate(encoding, wire, max)).toMatchObject({ ok: false, reason: 'too_large' });
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * 1024 * 1024);
  });

  it('reads several members or frames in a row as one body', () => {
    for (const [encoding, compress] of [
      ['gzip', gzipSync],
      ['zstd', zstdCompressSync],
    ] as const) {
      const wire = Buffer.concat([compress(body.subarray(0, 100)), compress(body.subarray(100))]);
      const result = inflate(encoding, wire, max);
      expect([encoding, result.ok && Buffer.compare(result.body, body)]).toEqual([encoding, 0]);
    }
  });

  it('refuses garbage behind the end, zeros too', () => {
    for (const [encoding, compress] of [
      ['gzip', gzipSync],
      ['zstd', zstdCompressSync],
      ['deflate', deflateSync],
    ] as const) {
      for (const garbage of ['x', 'trailing garbage of some length', '\0\0\0\0\0\0\0\0']) {
        const wire = Buffer.concat([compress(body), Buffer.from(garbage)]);
        expect([encoding, garbage, inflate(encoding, wire, max)]).toMatchObject([
          encoding,
          garbage,
          { ok: false, reason: 'corrupt' },
        ]);
      }
    }
  });

  it('refuses a body that is cut off or changed anywhere', () => {
    for (const [encoding, wire] of [
      ['gzip', gzipSync(body)],
      ['zstd', zstdCompressSync(body)],
      ['deflate', deflateSync(body)],
      ['snappy', snapBlock(body)],
    ] as const) {
      for (let size = 1; size < wire.length; size += 1) {
        expect([encoding, size, inflate(encoding, wire.subarray(0, size), max).ok]).toEqual([
          encoding,
          size,
          false,
        ]);
      }
    }
    const changed = gzipSync(body);
    changed[changed.length - 6]! ^= 1;
    expect(inflate('gzip', changed, max)).toMatchObject({ ok: false, reason: 'corrupt' });
  });

  it('refuses what is not compressed at all, and takes no bytes for an empty body', () => {
    expect(inflate('gzip', body, max)).toMatchObject({ ok: false, reason: 'corrupt' });
    expect(inflate('zstd', body, max)).toMatchObject({ ok: false, reason: 'corrupt' });
    expect(inflate('deflate', body, max)).toMatchObject({ ok: false, reason: 'corrupt' });
    expect(inflate('snappy', body, max)).toMatchObject({ ok: false, reason: 'corrupt' });
    expect(inflate('gzip', new Uint8Array(0), max)).toMatchObject({ ok: true });
  });
});
