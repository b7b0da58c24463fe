/**
 * Damaged datagrams: each line is read as the plain oracle reads it, alone as among others; every
 * line is counted once; what windows become does not depend on the order of datagrams and is taken
 * by the gateway's own decoder, every item of it. `npm run fuzz -- dogstatsd`.
 */

import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type FuzzOptions, fuzz, readCorpus } from '../../test/support/fuzzing.ts';
import type { Random } from '../../test/support/random.ts';
import type { Signal } from '../answer.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import { decodeCloseMark, encodeCloseMark } from './close-mark.ts';
import { emissionOf } from './emission.ts';
import { LineParser } from './parse/line-parser.ts';
import { createIntake } from './testdata/intakes.ts';
import { datagrams } from './testdata/load.ts';
import { readByParser, readPlainly, readTogether } from './testdata/oracle.ts';
import { datadogWrapper } from './wrap/datadog.ts';
import { wrapSettingsDefault } from './wrap/settings.ts';

const nowNs = 1_795_000_000_000_000_000n;
const bodyBytesMax = 1_000_000;
const corpus = join(import.meta.dirname, 'testdata/corpus-dogstatsd.json');
const wrapper = datadogWrapper(wrapSettingsDefault);

export async function run(options: FuzzOptions): Promise<void> {
  const inputs = [...readCorpus(corpus), ...datagrams(8, 60, 1)];
  const attempt = (bytes: Buffer, random: Random): string => {
    const isPlain = random.oneIn(3);
    const faults = checkLines(bytes, isPlain, options.canary === true);
    checkWindows(bytes, isPlain, random);
    checkMark(bytes);
    return faults === 0 ? 'all lines read' : 'some lines faulty';
  };
  await fuzz({ name: 'dogstatsd', inputs, attempt }, options);
}

/** How many lines are faulty. */
function checkLines(bytes: Buffer, isPlain: boolean, isCanary: boolean): number {
  const parser = new LineParser({ isPlain });
  const read = readByParser(parser, bytes);
  const expected = readPlainly(bytes, isPlain);
  if (!isDeepStrictEqual(read, expected) && !hasLongHex(bytes)) {
    throw new Error('the parser and its oracle disagree');
  }
  const together = new LineParser({ isPlain });
  const good = read.lines.filter(({ kind }) => kind !== 'fault');
  if (!isDeepStrictEqual(readTogether(together, bytes), good)) {
    throw new Error('a line is read in another way among others than alone');
  }
  if (!isDeepStrictEqual(together.counts, parser.counts)) {
    throw new Error('a line is counted in another way among others than alone');
  }
  // The planted bug: an unknown part that costs its line.
  if (isCanary && Object.keys(read.ignored).length > 0) throw new Error('a part cost its line');
  const { lines, metrics, events, serviceChecks, faults } = parser.counts;
  const faulty = faults.reduce((sum, count) => sum + count, 0);
  if (lines !== metrics + events + serviceChecks + faulty || lines !== expected.lines.length) {
    throw new Error('a line was not counted once');
  }
  return faulty;
}

/** The oracle knows only short hexadecimal numbers; long ones are Go's to judge. */
function hasLongHex(bytes: Buffer): boolean {
  return /0x[\da-f.]{13}/i.test(bytes.toString('latin1'));
}

function checkWindows(bytes: Buffer, isPlain: boolean, random: Random): void {
  // Three datagrams that share series, in two orders.
  const cuts = [random.below(bytes.length + 1), random.below(bytes.length + 1)].sort(
    (left, right) => left - right,
  );
  const parts = [bytes.subarray(0, cuts[0]), bytes.subarray(...cuts), bytes.subarray(cuts[1])];
  const [first, second] = [parts, parts.toReversed()].map((order) => {
    const intake = createIntake({ isPlain });
    order.forEach((part, position) => {
      const place = parts.indexOf(part);
      intake.fold(position, nowNs + BigInt(place) * 4_000_000_000n, part);
    });
    const closing = intake.close(nowNs + 100_000_000_000n);
    const counts = { series: 0, points: 0, failed: 0, lastFailure: '' };
    const emission = emissionOf(closing, wrapper, counts, bodyBytesMax);
    if (counts.failed > 0) throw new Error(`the wrapper failed: ${counts.lastFailure}`);
    if (intake.aggregator.words !== 0) throw new Error('closed windows still hold room');
    return emission;
  });
  if (!Buffer.concat(first!.metrics).equals(Buffer.concat(second!.metrics))) {
    throw new Error('another order gave other points');
  }
  takenByDecoder('metrics', first!.metrics);
  takenByDecoder('logs', first!.logs);
}

function takenByDecoder(signal: Signal, bodies: readonly Uint8Array[]): void {
  for (const body of bodies) {
    const blocks = createOpenBlocks();
    const input = { signal, contentType: 'protobuf', body, receivedAtNs: nowNs } as const;
    const result = decodeInto(blocks, input);
    if (result.outcome !== 'decoded') throw new Error(`a body was ${result.outcome}`);
    // Times that lines brought may be too old; nothing else is ever rejected.
    const isOld = result.message.includes('time range');
    if (result.rejected > 0 && !isOld) throw new Error(`rejected: ${result.message}`);
  }
}

/** Bytes that are the mark of a CLOSE are the ones that it is written as. */
function checkMark(bytes: Buffer): void {
  const mark = decodeCloseMark(bytes);
  if (mark !== undefined && !Buffer.from(encodeCloseMark(mark)).equals(bytes)) {
    throw new Error('a mark was read that would be written otherwise');
  }
}
