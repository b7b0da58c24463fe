/**
 * Mutated and random requests against the decoder: it may say decoded, malformed or full, and
 * nothing else; after anything but decoded the blocks are as they were; what it accepts gives the
 * same bytes when it comes again, and without the core. `npm run fuzz -- decode --seed S`.
 */
import fc from 'fast-check';
import type { ContentType, Signal } from '../answer.ts';
import { type Blocks, createOpenBlocks } from './blocks.ts';
import { decodeInto } from './decode.ts';
import { longRequestOf, receivedAtNs, requestOf } from './testdata/arbitrary.ts';
import { toOtlpJson } from './testdata/json-form.ts';
import { seededRandom } from './testdata/load.ts';
import { encodeRequest } from './testdata/otlp.ts';
import { useCore } from './wasm/core.ts';

const signals: readonly Signal[] = ['traces', 'logs', 'metrics'];
const changesMax = 6;
const samplesPerRound = 20;
const mutationsPerSample = 50;

type Sample = {
  readonly signal: Signal;
  readonly contentType: ContentType;
  readonly body: Uint8Array;
};

/** Runs for `seconds`; throws with the seed and the body of the first finding. */
export function run(options: { readonly seed: number; readonly seconds: number }): void {
  const random = seededRandom(options.seed);
  const end = performance.now() + options.seconds * 1000;
  const counts: Record<string, number> = { decoded: 0, malformed: 0, full: 0 };
  const blocks = createOpenBlocks({ bytesMax: 64 * 1024 * 1024 });
  for (let round = 0; performance.now() < end; round += 1) {
    for (const sample of samples(options.seed + round)) {
      blocks.clear();
      decodeInto(blocks, { ...sample, receivedAtNs });
      for (let index = 0; index < mutationsPerSample; index += 1) {
        const mutated = { ...sample, body: mutate(sample.body, random) };
        const outcome = attempt(blocks, mutated, options.seed);
        counts[outcome] = (counts[outcome] ?? 0) + 1;
      }
    }
  }
  console.log(JSON.stringify({ fuzz: 'decode', seed: options.seed, ...counts, findings: 0 }));
}

function samples(seed: number): Sample[] {
  return signals.flatMap((signal) =>
    fc
      .sample(requestsOf(signal), { seed, numRuns: samplesPerRound })
      .flatMap((request): Sample[] => {
        const body = encodeRequest(signal, request);
        const json = new Uint8Array(Buffer.from(toOtlpJson(signal, body)));
        return [
          { signal, contentType: 'protobuf', body },
          { signal, contentType: 'json', body: json },
        ];
      }),
  );
}

function requestsOf(signal: Signal): fc.Arbitrary<Record<string, unknown>> {
  const short = requestOf(signal);
  return signal === 'metrics' ? short : fc.oneof(short, longRequestOf(signal));
}

function attempt(blocks: Blocks, sample: Sample, seed: number): string {
  const before = digest(blocks);
  const input = { ...sample, receivedAtNs };
  try {
    useCore('wasm', true);
    const mark = blocks.mark();
    const { outcome } = decodeInto(blocks, input);
    const after = digest(blocks);
    if (outcome === 'decoded') {
      blocks.cutBack(mark);
      if (digest(blocks) !== before) throw new Error('cutting back did not restore the blocks');
      decodeInto(blocks, input);
      if (digest(blocks) !== after) throw new Error('the same body gave other blocks');
      blocks.cutBack(mark);
      useCore('plain');
      decodeInto(blocks, input);
      if (digest(blocks) !== after) throw new Error('the core gave other blocks');
    } else if (after !== before) throw new Error(`${outcome} changed the blocks`);
    return outcome;
  } catch (error) {
    const body = Buffer.from(sample.body).toString('base64');
    const place = `seed ${seed}, ${sample.signal} ${sample.contentType}, body ${body}`;
    throw new Error(`fuzz finding: ${place}`, { cause: error });
  }
}

/** Checksums of all units: cheap to compare. */
function digest(blocks: Blocks): string {
  return blocks
    .encode(9n)
    .map(({ table, partition, rows, checksum }) => `${table} ${partition} ${rows} ${checksum}`)
    .join('\n');
}

function mutate(body: Uint8Array, random: () => number): Uint8Array {
  const below = (bound: number): number => Math.floor(random() * bound);
  let bytes = Buffer.from(body);
  for (let change = below(changesMax); change > 0 && bytes.length > 0; change -= 1) {
    const at = below(bytes.length);
    const other = below(bytes.length);
    switch (below(5)) {
      case 0:
        bytes[at] = below(256);
        break;
      case 1:
        bytes = bytes.subarray(0, at);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(other)]);
        break;
      case 3:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          bytes.subarray(Math.min(at, other), other),
          bytes.subarray(at),
        ]);
        break;
      default:
        bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)]!;
    }
  }
  return new Uint8Array(bytes);
}

if (import.meta.main)
  run({ seed: Number(process.argv[2] ?? 1), seconds: Number(process.argv[3] ?? 10) });
