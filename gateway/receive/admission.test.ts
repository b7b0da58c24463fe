import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Admission } from './admission.ts';
import { BodyBuffer } from './body-buffer.ts';
import { BodyPool } from './body-pool.ts';
import { poolBytesMax } from './limits.ts';

describe('admission', () => {
  it('never holds more than its limit, and counts what it turns away', () => {
    const admission = new Admission(100);
    expect(admission.tryReserve(60)).toBe(true);
    expect(admission.tryReserve(41)).toBe(false);
    expect(admission.tryReserve(40)).toBe(true);
    expect(admission.tryReserve(1)).toBe(false);
    admission.release(60);
    expect(admission.tryReserve(1)).toBe(true);
    expect([admission.inFlightBytes, admission.peakBytes, admission.refusedCount]).toEqual([
      41, 100, 2,
    ]);
  });

  it('takes a second release of the same bytes for a programming error', () => {
    const admission = new Admission(100);
    admission.tryReserve(10);
    admission.release(10);
    expect(() => admission.release(10)).toThrow('given back twice');
  });
});

describe('a body buffer', () => {
  it('gives back the bytes that came, whatever the pieces, and every byte it reserved', () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 70_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(chunks, fc.option(fc.nat(200_000), { nil: undefined }), (pieces, declared) => {
        const admission = new Admission(2_000_000);
        const body = new BodyBuffer(admission, new BodyPool(), 1_500_000);
        const whole = Buffer.concat(pieces);
        if (declared !== undefined) expect(body.declare(declared)).toBeUndefined();
        for (const piece of pieces) {
          expect(body.append(Buffer.from(piece), 0, piece.length)).toBeUndefined();
        }
        expect(body.size).toBe(whole.length);
        expect(body.view().equals(whole)).toBe(true);
        expect(admission.inFlightBytes).toBeGreaterThanOrEqual(whole.length);
        body.release();
        body.release();
        expect(admission.inFlightBytes).toBe(0);
      }),
    );
  });

  it('stops at the size limit and at the memory limit, keeping what it has', () => {
    const admission = new Admission(150_000);
    const body = new BodyBuffer(admission, new BodyPool(), 100_000);
    const chunk = Buffer.alloc(60_000);
    expect(body.declare(100_001)).toBe('too_large');
    expect(body.append(chunk, 0, 60_000)).toBeUndefined();
    const other = new BodyBuffer(admission, new BodyPool(), 100_000);
    expect(other.declare(100_000)).toBe('memory');
    expect(body.append(chunk, 0, 60_000)).toBe('too_large');
    expect(body.size).toBe(60_000);
    body.release();
    expect(other.declare(100_000)).toBeUndefined();
    other.release();
  });
});

describe('the memory of bodies', () => {
  it('is used again, by one request at a time, and what lies unused is bounded', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 5_000_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.boolean()), (wanted, choices) => {
        const pool = new BodyPool();
        const taken = new Set<Buffer>();
        for (const bytes of wanted) {
          const buffer = pool.take(bytes);
          expect(buffer.length).toBeGreaterThanOrEqual(bytes);
          expect(buffer.length).toBeLessThanOrEqual(Math.max(bytes, bytes * 1.25));
          expect(taken.has(buffer) && bytes > 0).toBe(false);
          if (choices.next().value === true) pool.give(buffer);
          else taken.add(buffer);
          expect(pool.heldBytes).toBeLessThanOrEqual(poolBytesMax);
        }
        expect(pool.heldBytes).toBeGreaterThanOrEqual(0);
      }),
    );
    const pool = new BodyPool();
    const first = pool.take(560_000);
    pool.give(first);
    expect(pool.take(570_000)).toBe(first);
    expect(pool.take(570_000)).not.toBe(first);
  });
});
