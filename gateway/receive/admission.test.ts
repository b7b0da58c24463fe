import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Admission } from './admission.ts';
import { BodyBuffer } from './body-buffer.ts';

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
        const body = new BodyBuffer(admission, 1_500_000);
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
    const body = new BodyBuffer(admission, 100_000);
    const chunk = Buffer.alloc(60_000);
    expect(body.declare(100_001)).toBe('too_large');
    expect(body.append(chunk, 0, 60_000)).toBeUndefined();
    const other = new BodyBuffer(admission, 100_000);
    expect(other.declare(100_000)).toBe('memory');
    expect(body.append(chunk, 0, 60_000)).toBe('too_large');
    expect(body.size).toBe(60_000);
    body.release();
    expect(other.declare(100_000)).toBeUndefined();
    other.release();
  });
});
