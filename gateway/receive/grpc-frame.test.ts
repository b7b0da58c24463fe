import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '../../core/clock.ts';
import { RecordingLane } from '../../test/support/receiving.ts';
import { Admission } from './admission.ts';
import { GrpcFrame } from './grpc-frame.ts';
import { fillIn } from './receiver.ts';

const bodyBytesMax = 1000;

function newFrame() {
  const admission = new Admission(10_000);
  const acceptor = new RecordingLane();
  const parts = fillIn({
    host: '',
    port: 0,
    acceptor,
    admission,
    clock: systemClock,
    limits: { bodyBytesMax },
  });
  return { admission, frame: new GrpcFrame(parts, 'gzip', bodyBytesMax) };
}

/** Feeds `bytes` cut at the places given; the status code of the first fault, or the end's. */
function feed(frame: GrpcFrame, bytes: Buffer, cuts: readonly number[]): number | undefined {
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  let from = 0;
  for (const to of places.sort((a, b) => a - b)) {
    const fault = frame.take(bytes, from, to);
    if (fault !== undefined) return fault.status.code;
    from = to;
  }
  return frame.finish()?.status.code;
}

const cutsArbitrary = fc.array(fc.nat(), { maxLength: 12 });

describe('a frame', () => {
  it('is the message that was sent, however it was cut', () => {
    const message = fc.uint8Array({ maxLength: bodyBytesMax });
    fc.assert(
      fc.property(message, fc.boolean(), cutsArbitrary, (sent, compressed, cuts) => {
        const { admission, frame } = newFrame();
        const head = Buffer.from([compressed ? 1 : 0, 0, 0, 0, 0]);
        head.writeUInt32BE(sent.length, 1);
        expect(feed(frame, Buffer.concat([head, sent]), cuts)).toBeUndefined();
        expect(frame.message().equals(sent)).toBe(true);
        expect(frame.contentEncoding).toBe(compressed ? 'gzip' : 'identity');
        frame.release();
        expect(admission.inFlightBytes).toBe(0);
      }),
    );
  });

  it('of any bytes gives one verdict, however they are cut, and never more than the limit', () => {
    // Short lengths, so that whole, cut-off and overfull messages all come up.
    const prefix = fc.tuple(
      fc.nat(3),
      fc.constantFrom(0, 0, 0, 1),
      fc.constantFrom(0, 3),
      fc.nat(9),
    );
    const bytes = fc.tuple(prefix, fc.uint8Array({ maxLength: 20 }), fc.nat(25));
    fc.assert(
      fc.property(bytes, cutsArbitrary, ([[flag, b, c, d], rest, size], cuts) => {
        const sent = Buffer.from([flag, 0, b, c, d, ...rest]).subarray(0, size);
        const whole = newFrame();
        const pieces = newFrame();
        const verdict = feed(whole.frame, sent, []);
        expect(feed(pieces.frame, sent, cuts)).toBe(verdict);
        const length = size < 5 || sent.length < 5 ? undefined : sent.readUInt32BE(1);
        const isWhole = flag <= 1 && length === sent.length - 5;
        expect(verdict === undefined).toBe(isWhole);
        expect(whole.admission.peakBytes).toBeLessThanOrEqual(bodyBytesMax);
      }),
    );
  });
});
