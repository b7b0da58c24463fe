/**
 * Mutated requests against redaction: it may say redacted or malformed, and nothing else. What it
 * rewrites the decoder takes as it takes the original, and rewriting once more changes nothing
 * that was dropped. With `canary` a secret is planted in each request under a key that no rule
 * meets, and must be found. `npm run fuzz -- redact --seed S`.
 */
import fc from 'fast-check';
import type { FuzzOptions } from '../../test/support/fuzzing.ts';
import type { Submission } from '../answer.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import {
  type Label,
  writeRequestV1,
  writeRequestV2,
} from '../decode/remote-write/testdata/write-request.ts';
import { receivedAtNs, requestOf } from '../decode/testdata/arbitrary.ts';
import { seededRandom } from '../decode/testdata/load.ts';
import { encodeRequest } from '../decode/testdata/otlp.ts';
import { Redaction } from './redaction.ts';
import { request as writeRequest } from './testdata/write-arbitrary.ts';

/** What a body is. */
type Kind = Pick<Submission, 'signal' | 'contentType'>;

const otlp = [
  { signal: 'traces', contentType: 'protobuf', word: 'spans' },
  { signal: 'logs', contentType: 'protobuf', word: 'logs' },
  { signal: 'metrics', contentType: 'protobuf', word: 'metrics' },
] as const;
const remoteWrite = [
  { signal: 'metrics', contentType: 'remote_write_1', encode: writeRequestV1 },
  { signal: 'metrics', contentType: 'remote_write_2', encode: writeRequestV2 },
] as const;
const samplesPerRound = 10;
const mutationsPerSample = 40;
const changesMax = 4;
const secret = Buffer.from('5ecr3t-5ecr3t');

/** Runs for `seconds`; throws with the seed and the body of the first finding. */
export function run(options: FuzzOptions): void {
  const key = options.canary === true ? 'n0-rule-meets-this' : 'secret';
  const random = seededRandom(options.seed);
  const end = performance.now() + options.seconds * 1000;
  const counts: Record<string, number> = { redacted: 0, malformed: 0 };
  const redaction = new Redaction(
    {
      rules: [
        { action: 'drop', attributes: ['secret'] },
        { action: 'hash', attributes: ['service.*', 'b'] },
        { action: 'mask', attributes: ['*'], bodies: true, pattern: '\\d{2,}|[aeiou]{3}' },
      ],
    },
    Buffer.from('a key for fuzzing'),
  );
  const roundsMax = options.iterations ?? Number.POSITIVE_INFINITY;
  for (let round = 0; performance.now() < end && round < roundsMax; round += 1) {
    for (const [kind, body] of samples(options.seed + round, key)) {
      check(redaction, kind, body, counts);
      for (let index = 0; index < mutationsPerSample; index += 1) {
        attempt(redaction, kind, mutate(body, random), counts);
      }
    }
  }
  console.log(JSON.stringify({ fuzz: 'redact', seed: options.seed, ...counts, findings: 0 }));
}

function samples(seed: number, key: string): (readonly [Kind, Uint8Array])[] {
  const parameters = { seed, numRuns: samplesPerRound };
  const value = { string_value: secret.toString() };
  const resource = { attributes: [{ key, value }] };
  const requests = otlp.flatMap(({ word, ...kind }) =>
    fc.sample(requestOf(kind.signal), parameters).map((request) => {
      const planted = encodeRequest(kind.signal, { [`resource_${word}`]: [{ resource }] });
      const body = Buffer.concat([encodeRequest(kind.signal, request), planted]);
      return [kind, new Uint8Array(body)] as const;
    }),
  );
  const planted: Label = [key, secret.toString()];
  const writes = remoteWrite.flatMap(({ encode, ...kind }) =>
    fc.sample(writeRequest, parameters).map((list) => {
      const series = {
        labels: [planted],
        exemplars: [{ labels: [planted], bits: 1n, timeMs: 1n }],
      };
      return [kind, encode([...list, series])] as const;
    }),
  );
  return [...requests, ...writes];
}

/** A whole request: the secret goes, and the decoder takes the rest. */
function check(
  redaction: Redaction,
  kind: Kind,
  body: Uint8Array,
  counts: Record<string, number>,
): void {
  const rewritten = attempt(redaction, kind, body, counts);
  if (rewritten === undefined) throw finding('a whole request is malformed', body);
  if (Buffer.from(rewritten).includes(secret)) throw finding('the secret is still there', body);
  if (outcomeOf(kind, rewritten) !== outcomeOf(kind, body)) {
    throw finding('the rewritten request is not taken like the original', body);
  }
}

function attempt(
  redaction: Redaction,
  kind: Kind,
  body: Uint8Array,
  counts: Record<string, number>,
): Uint8Array | undefined {
  const sent = { ...kind, transport: 'http', tenant: '', contentEncoding: 'identity' } as const;
  const submission = { ...sent, wire: body, body };
  try {
    const result = redaction.redact(submission);
    counts[result.outcome] = (counts[result.outcome] ?? 0) + 1;
    if (result.outcome !== 'redacted') return undefined;
    // What was well-formed where rules look must stay so.
    const again = redaction.redact(result.submission);
    if (again.outcome !== 'redacted') throw new Error(`rewritten into: ${again.message}`);
    return result.submission.body;
  } catch (error) {
    throw finding(String(error), body, error);
  }
}

function outcomeOf(kind: Kind, body: Uint8Array): string {
  const blocks = createOpenBlocks();
  const result = decodeInto(blocks, { ...kind, body, receivedAtNs });
  return result.outcome === 'decoded' ? `${result.accepted} ${result.rejected}` : result.outcome;
}

function mutate(body: Uint8Array, random: () => number): Uint8Array {
  const mutated = body.slice();
  const changes = 1 + Math.floor(random() * changesMax);
  for (let change = 0; change < changes; change += 1) {
    mutated[Math.floor(random() * mutated.length)] = Math.floor(random() * 256);
  }
  return random() < 0.2 ? mutated.subarray(0, Math.floor(random() * mutated.length)) : mutated;
}

function finding(message: string, body: Uint8Array, cause?: unknown): Error {
  return new Error(`${message}: ${Buffer.from(body).toString('base64')}`, { cause });
}
