/**
 * CPU-seconds per million lines from an inflated body to columns, and from columns to encoded
 * units. `npm run bench -- influx`. Warm: the first run of each case is thrown away.
 */
import { benchDecoder, type DecoderCase } from '../../../test/support/decoder-bench.ts';
import { decodeInto } from '../decode.ts';
import { batchOf, type Shape } from './testdata/batches.ts';
import { receivedAtNs } from './testdata/points.ts';

const linesPerBody = 1000;
const distinctBodies = 8;
const bodiesPerSeal = 8;
const sealsPerRun = 12;
const parameters = 'precision=ns&db=telegraf';

const cases: readonly (readonly [Shape, string])[] = [
  ['telegraf', parameters],
  ['one_field', parameters],
  ['integers', parameters],
  ['strings', parameters],
  ['strings', `${parameters}&strings=logs&logs_days=7`],
];

/** Prints all cases, one JSON line each with `json`. */
export function run({ json }: { readonly json: boolean }): void {
  for (const [shape, words] of cases) {
    const one: DecoderCase = {
      bench: `influx_${words === parameters ? shape : `${shape}_as_logs`}`,
      unit: 'cpu_s_per_million_lines',
      bodies: Array.from({ length: distinctBodies }, (_, seed) =>
        batchOf(shape, linesPerBody, seed + 1, receivedAtNs),
      ),
      itemsPerBody: linesPerBody,
      bodyCount: sealsPerRun * bodiesPerSeal,
      bodiesPerSeal,
      decode: (blocks, body) => {
        const input = {
          signal: 'metrics',
          contentType: 'influx',
          parameters: words,
          body,
        } as const;
        const result = decodeInto(blocks, { ...input, receivedAtNs });
        if (result.outcome !== 'decoded' || result.rejected > 0) throw new Error('a bad body');
        return linesPerBody;
      },
    };
    benchDecoder(one, json);
  }
}

if (import.meta.main) run({ json: process.argv.includes('--json') });
