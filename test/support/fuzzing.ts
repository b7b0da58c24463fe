/** The loop that fuzz targets share: corpus in, damage done, outcome counted, findings told. */
import { readFileSync } from 'node:fs';
import { type Random, seededRandom } from './random.ts';

export type FuzzOptions = {
  readonly seed: number;
  readonly seconds: number;
  /** Ends earlier after so many inputs. */
  readonly iterations?: number;
  /** Runs against a bug that was planted, which must be found. */
  readonly canary?: boolean;
};

export type FuzzTarget = {
  readonly name: string;
  /** Inputs to damage, beside those of `corpus/<name>.json`. */
  readonly inputs: readonly Uint8Array[];
  /** Says what became of an input; throws when that is wrong. */
  readonly attempt: (bytes: Buffer, random: Random) => string | Promise<string>;
};

const changesMax = 6;
const spanBytesMax = 64;
const trickyBytes = [0x00, 0x01, 0x0a, 0x0d, 0x20, 0x22, 0x5c, 0x7b, 0x7f, 0x80, 0xff];

/** What earlier findings were, and what is worth trying first: a list of base64 texts. */
export function readCorpus(file: string): readonly Buffer[] {
  const entries: readonly { readonly base64: string }[] = JSON.parse(readFileSync(file, 'utf8'));
  return entries.map(({ base64 }) => Buffer.from(base64, 'base64'));
}

/** Every input as it is, then damaged ones until time or number is up; throws what it finds. */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<void> {
  const { name, inputs, attempt } = target;
  const random = seededRandom(options.seed);
  const endMs = performance.now() + options.seconds * 1000;
  const iterationsMax = options.iterations ?? Number.POSITIVE_INFINITY;
  const outcomes: Record<string, number> = {};
  let iterations = 0;
  for (; iterations < iterationsMax && performance.now() < endMs; iterations += 1) {
    const plain = Buffer.from(inputs[iterations % inputs.length] ?? []);
    const bytes = iterations < inputs.length ? plain : damage(plain, inputs, random);
    const kept = Buffer.from(bytes);
    try {
      const outcome = await attempt(bytes, random);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (error) {
      const place = `${name}, seed ${options.seed}, input ${iterations}`;
      throw new Error(`fuzz finding: ${place}, bytes ${kept.toString('base64')}`, { cause: error });
    }
  }
  const line = { fuzz: name, seed: options.seed, iterations, outcomes, findings: 0 };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function damage(plain: Buffer, inputs: readonly Uint8Array[], random: Random): Buffer {
  let bytes: Buffer = plain;
  for (let left = 1 + random.below(changesMax); left > 0; left -= 1) {
    bytes = change(bytes, inputs, random);
  }
  return bytes;
}

function change(bytes: Buffer, inputs: readonly Uint8Array[], random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const span = random.below(Math.min(spanBytesMax, bytes.length - at) + 1);
  const before = bytes.subarray(0, at);
  switch (random.below(7)) {
    case 0:
      if (at < bytes.length) bytes[at] = random.below(256);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 2:
      if (at < bytes.length) bytes[at] = trickyBytes[random.below(trickyBytes.length)] ?? 0;
      return bytes;
    case 3:
      return Buffer.concat([before, bytes.subarray(at + span)]);
    case 4:
      return Buffer.concat([before, bytes.subarray(at, at + span), bytes.subarray(at)]);
    case 5: {
      // A piece of another input: what is right there may be wrong here.
      const other = inputs[random.below(inputs.length)] ?? bytes;
      const from = random.below(other.length + 1);
      return Buffer.concat([before, other.subarray(from, from + span + 8), bytes.subarray(at)]);
    }
    default:
      return random.oneIn(4) ? Buffer.from(before) : bytes;
  }
}
