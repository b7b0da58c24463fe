/**
 * Damaged gRPC frames in pieces of any size: what is accepted is the message that the bytes say,
 * the verdict does not depend on where they were cut, and memory is given back.
 * `npm run fuzz -- frames`.
 */
import { join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { type FuzzOptions, fuzz, readCorpus } from '../../test/support/fuzzing.ts';
import type { Random } from '../../test/support/random.ts';
import { RecordingLane } from '../../test/support/receiving.ts';
import { Admission } from './admission.ts';
import { GrpcFrame } from './grpc-frame.ts';
import { fillIn } from './receiver.ts';

const bodyBytesMax = 2000;
const piecesMax = 6;

export async function run(options: FuzzOptions): Promise<void> {
  const bodies = ['', 'x', 'a message', 'm'.repeat(500), 'm'.repeat(bodyBytesMax)];
  const inputs = [
    ...bodies.flatMap((body) => [0, 1, 2].map((flag) => frame(Buffer.from(body), flag))),
    Buffer.concat([frame(Buffer.from('one'), 0), frame(Buffer.from('two'), 0)]),
    ...readCorpus(join(import.meta.dirname, 'testdata/corpus-frames.json')),
  ];
  const attempt = (bytes: Buffer, random: Random): string => {
    const encoding = random.oneIn(2) ? 'gzip' : 'identity';
    const expected = verdict(bytes, encoding, options.canary === true);
    for (let round = 0; round < 3; round += 1) {
      const given = feed(bytes, encoding, random);
      if (given !== expected) throw new Error(`${given} instead of ${expected}`);
    }
    return expected.split(' ')[0] ?? '';
  };
  await fuzz({ name: 'frames', inputs, attempt }, options);
}

function frame(body: Buffer, flag: number): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** The rules once more, on the whole input at once. Codes are those of google.rpc.Code. */
function verdict(bytes: Buffer, encoding: 'gzip' | 'identity', isCanary: boolean): string {
  if (bytes.length === 0) return '12';
  if (bytes.length < 5) return '3';
  const flag = bytes[0] ?? 0;
  if (flag > 1 || (flag === 1 && encoding === 'identity')) return '13';
  // The planted bug: a length of three bytes.
  const length = isCanary ? bytes.readUIntBE(2, 3) & 0xff : bytes.readUInt32BE(1);
  if (length > bodyBytesMax) return '8';
  if (bytes.length > 5 + length) return '12';
  if (bytes.length < 5 + length) return '3';
  const body = bytes.subarray(5);
  return `message ${flag === 1 ? encoding : 'identity'} ${body.toString('base64')}`;
}

function feed(bytes: Buffer, encoding: 'gzip' | 'identity', random: Random): string {
  const admission = new Admission(10_000);
  const acceptor = new RecordingLane();
  const limits = { bodyBytesMax };
  const parts = fillIn({ host: '', port: 0, acceptor, admission, clock: systemClock, limits });
  const taken = new GrpcFrame(parts, encoding, bodyBytesMax);
  const given = takeAll(taken, bytes, random);
  taken.release();
  if (admission.inFlightBytes !== 0) throw new Error('memory was not given back');
  return given;
}

function takeAll(taken: GrpcFrame, bytes: Buffer, random: Random): string {
  const cuts = Array.from({ length: random.below(piecesMax) }, () =>
    random.below(bytes.length + 1),
  );
  let from = 0;
  for (const to of [...cuts, bytes.length].sort((left, right) => left - right)) {
    const fault = taken.take(bytes, from, to);
    if (fault !== undefined) return String(fault.status.code);
    from = to;
  }
  const fault = taken.finish();
  if (fault !== undefined) return String(fault.status.code);
  return `message ${taken.contentEncoding} ${taken.message().toString('base64')}`;
}
