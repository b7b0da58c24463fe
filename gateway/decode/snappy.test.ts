import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compress } from 'snappyjs';
import { crc32c } from './crc32c.ts';
import { unsnap } from './snappy.ts';
import { snapBlock, snapChunk, snapFrames } from './testdata/snap.ts';

/** Made by the Go implementation, which the Collector uses: bodies as base64. */
type Vector = { name: string; plain: string; block: string; framed: string };
const file = join(import.meta.dirname, 'testdata/snappy.json');
const vectors: readonly Vector[] = JSON.parse(readFileSync(file, 'utf8'));
const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64');
const max = 1024 * 1024;

function plainOf(wire: Uint8Array, bytesMax = max): Buffer | string {
  const result = unsnap(wire, bytesMax);
  return result.ok ? Buffer.from(result.body) : result.reason;
}

describe('snappy', () => {
  it.each(vectors)('reads what Go wrote, in both formats: $name', ({ plain, block, framed }) => {
    expect(plainOf(bytes(block))).toEqual(bytes(plain));
    if (framed !== '') expect(plainOf(bytes(framed))).toEqual(bytes(plain));
  });

  it.each(vectors.slice(1))('refuses $name cut off at any byte', ({ block, framed, plain }) => {
    for (let size = 0; size < bytes(block).length; size += 1) {
      expect([size, plainOf(bytes(block).subarray(0, size))]).toEqual([size, 'corrupt']);
    }
    for (let size = 0; size < bytes(framed).length; size += 1) {
      const read = plainOf(bytes(framed).subarray(0, size));
      // Cut between two chunks it is a shorter stream, which nothing marks as cut off.
      if (typeof read !== 'string') expect(bytes(plain).indexOf(read)).toBe(0);
      else expect(read).toBe('corrupt');
    }
  });

  it('notices any changed byte of a frame that has a checksum', () => {
    const framed = bytes(vectors[5]!.framed);
    for (let index = 14; index < framed.length; index += 1) {
      const changed = Buffer.from(framed);
      changed[index]! ^= 0x10;
      expect([index, plainOf(changed)]).toEqual([index, 'corrupt']);
    }
  });

  it('reads back whatever another compressor wrote', () => {
    const text = fc.array(fc.constantFrom('span', 'trace', '\0', 'x'.repeat(70)), {
      maxLength: 400,
    });
    fc.assert(
      fc.property(text, fc.uint8Array({ maxLength: 90 }), (words, noise) => {
        const plain = Buffer.concat([Buffer.from(words.join('')), noise]);
        expect(plainOf(snapBlock(plain))).toEqual(plain);
        expect(plainOf(snapFrames(plain))).toEqual(plain);
      }),
    );
  });

  it('knows the checksum of RFC 3720', () => {
    expect(crc32c(Buffer.alloc(32), 0, 32).toString(16)).toBe('8a9136aa');
    expect(crc32c(Buffer.from('123456789'), 0, 9).toString(16)).toBe('e3069283');
  });
});

describe('snappy that lies', () => {
  it('is too large when it claims 4 GiB, or one byte more than the limit', () => {
    expect(plainOf(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0x78]))).toBe('too_large');
    const plain = Buffer.alloc(5000, 'ab');
    for (const wire of [snapBlock(plain), snapFrames(plain)]) {
      expect(plainOf(wire, plain.length)).toEqual(plain);
      expect(plainOf(wire, plain.length - 1)).toBe('too_large');
    }
  });

  it('takes no memory for what so few bytes cannot hold', () => {
    const before = process.memoryUsage().arrayBuffers;
    const claims = Buffer.from([0x80, 0x80, 0x80, 0x20, 0, 0x78]);
    expect(plainOf(claims, 64 * max)).toBe('corrupt');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(max);
  });

  it('is corrupt when a varint is too long, a copy reaches back too far or nothing fits', () => {
    const block = (...elements: number[]): Buffer => Buffer.from(elements);
    const wrong = [
      block(0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
      block(0xff, 0xff, 0xff, 0xff, 0x7f),
      // A copy before anything was written; one of offset 0; one that reaches back too far.
      block(4, 0x01, 0x01),
      block(5, 0x00, 0x78, 0x01, 0x00),
      block(5, 0x00, 0x78, 0x01, 0x02),
      // A literal that is longer than what follows; one that is longer than what was claimed.
      block(4, 0x0c, 0x78),
      block(1, 0x04, 0x78, 0x79),
      // A literal whose length has four bytes.
      block(2, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x78),
      // Less than was claimed.
      block(2, 0x00, 0x78),
    ];
    for (const wire of wrong) expect([wire, plainOf(wire)]).toEqual([wire, 'corrupt']);
  });

  it('skips chunks that may be skipped, and refuses the others', () => {
    const head = snapFrames(Buffer.alloc(0));
    const chunk = snapChunk(1, Buffer.from('body'), Buffer.from('body'));
    const other = (kind: number): Buffer => snapChunk(kind, Buffer.from('body'), Buffer.from('x'));
    expect(plainOf(Buffer.concat([head, other(0x80), chunk, other(0xfe), head, chunk]))).toEqual(
      Buffer.from('bodybody'),
    );
    for (const kind of [0x02, 0x7f, 0xff]) {
      expect([kind, plainOf(Buffer.concat([head, other(kind)]))]).toEqual([kind, 'corrupt']);
    }
  });

  it('keeps a copy from reaching into the chunk before', () => {
    const head = snapFrames(Buffer.alloc(0));
    const first = snapChunk(1, Buffer.from('aaaa'), Buffer.from('aaaa'));
    const second = snapChunk(0, Buffer.from('aaaa'), Buffer.from([4, 0x01, 0x04]));
    expect(plainOf(Buffer.concat([head, first, second]))).toBe('corrupt');
  });

  it('reads what another library wrote: copies of every length from every distance', () => {
    const unit = fc.uint8Array({ minLength: 1, maxLength: 40 });
    const repeated = fc.tuple(unit, fc.integer({ min: 1, max: 20 }));
    fc.assert(
      fc.property(fc.array(repeated, { maxLength: 60 }), (parts) => {
        const plain = Buffer.concat(
          parts.flatMap(([bytes, count]) => Array<Uint8Array>(count).fill(bytes)),
        );
        expect(plainOf(compress(plain))).toEqual(plain);
      }),
      { numRuns: 500 },
    );
  });

  it('copies elements as the format has it, near and at the end of the block, too', () => {
    const elements = fc.array(
      fc.record({
        literal: fc.uint8Array({ minLength: 1, maxLength: 60 }),
        far: fc.nat(),
        length: fc.integer({ min: 1, max: 64 }),
      }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(elements, (list) => {
        const plain: number[] = [];
        const wire: number[] = [];
        for (const { literal, far, length } of list) {
          wire.push((literal.length - 1) << 2, ...literal);
          plain.push(...literal);
          const offset = 1 + (far % Math.min(plain.length, 20));
          wire.push(((length - 1) << 2) | 2, offset & 0xff, offset >> 8);
          for (let index = 0; index < length; index += 1) plain.push(plain.at(-offset)!);
        }
        const head: number[] = [];
        for (let rest = plain.length; ; rest >>>= 7) {
          head.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
          if (rest < 0x80) break;
        }
        expect(plainOf(Uint8Array.from([...head, ...wire]))).toEqual(Buffer.from(plain));
      }),
      { numRuns: 1000 },
    );
  });
});
