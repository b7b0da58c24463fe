/**
 * Damaged and random requests of both versions: decoded, malformed or full and nothing else; after
 * anything but decoded the blocks are as they were; what is accepted is counted right and comes to
 * the same bytes again, whatever the decoder has seen before. `npm run fuzz -- remote-write`.
 */
import { join } from 'node:path';
import fc from 'fast-check';
import { type FuzzOptions, fuzz, readCorpus } from '../../../test/support/fuzzing.ts';
import { type Blocks, createOpenBlocks } from '../blocks.ts';
import type { DecodeResult } from '../decode-types.ts';
import { countWritten } from './count.ts';
import { fullSeries, metadataList, plainSeries } from './testdata/arbitrary.ts';
import { decodeWrite, type Version } from './testdata/decode-write.ts';
import { writeRequestV1, writeRequestV2 } from './testdata/write-request.ts';

const samples = 60;
const bytesMax = 64 * 1024 * 1024;

type Decoded = Extract<DecodeResult, { outcome: 'decoded' }>;

/** Two sets of blocks, of which the second one sees other requests between. */
type Sides = { readonly blocks: Blocks; readonly others: Blocks; readonly base: Uint8Array };

export async function run(options: FuzzOptions): Promise<void> {
  const some = { seed: options.seed, numRuns: samples };
  const list = fc.array(plainSeries, { maxLength: 4 });
  const inputs = [
    ...fc.sample(fc.tuple(list, metadataList), some).map((parts) => writeRequestV1(...parts)),
    ...fc.sample(fc.array(fullSeries, { maxLength: 4 }), some).map(writeRequestV2),
    ...readCorpus(join(import.meta.dirname, 'testdata/corpus.json')),
  ];
  const [blocks, others] = [createOpenBlocks({ bytesMax }), createOpenBlocks({ bytesMax })];
  const sides: Sides = { blocks, others, base: inputs[0]! };
  const attempt = (bytes: Buffer): string => {
    const outcomes = ([1, 2] as const).map((version) => {
      return check(sides, version, bytes, options.canary === true);
    });
    return outcomes.join(' ');
  };
  await fuzz({ name: 'remote-write', inputs, attempt }, options);
}

function check(sides: Sides, version: Version, bytes: Buffer, isCanary: boolean): string {
  const { blocks, others, base } = sides;
  blocks.clear();
  decodeWrite(1, base, blocks);
  const [before, rows, mark] = [digest(blocks), blocks.rowCount(), blocks.mark()];
  const kept = Buffer.from(bytes);
  const result = decodeWrite(version, bytes, blocks);
  if (!kept.equals(bytes)) throw new Error('the body was changed');
  const after = digest(blocks);
  if (result.outcome !== 'decoded') {
    if (after !== before) throw new Error(`${result.outcome} changed the blocks`);
    return result.outcome;
  }
  checkCounts(result, version, bytes, blocks.rowCount() - rows, isCanary);
  blocks.cutBack(mark);
  if (digest(blocks) !== before) throw new Error('cutting back did not restore the blocks');
  others.clear();
  decodeWrite(1, base, others);
  const seen = others.mark();
  decodeWrite(version === 1 ? 2 : 1, bytes, others);
  decodeWrite(version, bytes.subarray(0, bytes.length >> 1), others);
  others.cutBack(seen);
  decodeWrite(version, bytes, others);
  if (digest(others) !== after) throw new Error('the same body gave other rows');
  return 'decoded';
}

function checkCounts(
  result: Decoded,
  version: Version,
  bytes: Uint8Array,
  rows: number,
  isCanary: boolean,
): void {
  const { accepted, rejected, message, written, hasOwnTimes } = result;
  if (written === undefined) throw new Error('nothing was said of what was written');
  const { samples: points, histograms, exemplars } = written;
  // The planted bug: exemplars that take a row each.
  if (accepted !== rows + (isCanary ? exemplars : 0))
    throw new Error(`${accepted} of ${rows} rows`);
  if (points + histograms > accepted) throw new Error('more was written than accepted');
  if (rejected > 0 !== message.length > 0) throw new Error(`rejected ${rejected}: ${message}`);
  if (!message.isWellFormed() || message.length > 400) throw new Error('an unreadable reason');
  if (!hasOwnTimes) throw new Error('a time was made up for a sample');
  if (version === 1 || rejected > 0) return;
  const counted = countWritten(bytes);
  if (JSON.stringify(counted) !== JSON.stringify(written)) {
    throw new Error(`a resend is told ${JSON.stringify(counted)}, not ${JSON.stringify(written)}`);
  }
}

/** Checksums of all units: cheap to compare. */
function digest(blocks: Blocks): string {
  return blocks
    .encode(9n)
    .map(({ table, partition, rows, checksum }) => `${table} ${partition} ${rows} ${checksum}`)
    .join('\n');
}
