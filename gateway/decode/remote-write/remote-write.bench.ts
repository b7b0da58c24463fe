/**
 * CPU-seconds per million samples from inflated remote write to columns, and from columns to
 * encoded units. `npm run bench -- remote-write`. Warm: the first run of each case is thrown away.
 */
import { benchDecoder, type DecoderCase } from '../../../test/support/decoder-bench.ts';
import { decodeWrite, type Version } from './testdata/decode-write.ts';
import { loads } from './testdata/load.ts';
import { nowMs } from './testdata/times.ts';

const itemsPerRun = 300_000;
const requestsPerSeal = 40;
const distinctBodies = 8;
/** What Prometheus sends at most at once, until 3.0. */
const seriesPerRequest = 500;

type Case = {
  readonly bench: string;
  readonly unit: string;
  readonly version: Version;
  readonly load: keyof typeof loads;
};

const cases: readonly Case[] = [
  { bench: 'remote-write-v1', unit: 'cpu_s_per_million_samples', version: 1, load: 'v1' },
  { bench: 'remote-write-v2', unit: 'cpu_s_per_million_samples', version: 2, load: 'v2' },
  {
    bench: 'remote-write-histograms',
    unit: 'cpu_s_per_million_histograms',
    version: 2,
    load: 'histograms',
  },
];

/** Prints all cases, one JSON line each with `json`. */
export function run({ json }: { readonly json: boolean }): void {
  for (const { bench, unit, version, load } of cases) {
    const one: DecoderCase = {
      bench,
      unit,
      bodies: Array.from({ length: distinctBodies }, (_, seed) =>
        loads[load](seriesPerRequest, seed + 1, nowMs),
      ),
      itemsPerBody: seriesPerRequest,
      bodyCount: Math.ceil(itemsPerRun / seriesPerRequest),
      bodiesPerSeal: requestsPerSeal,
      decode: (blocks, body) => {
        const result = decodeWrite(version, body, blocks);
        if (result.outcome !== 'decoded') throw new Error(`not decoded: ${result.outcome}`);
        return result.accepted;
      },
    };
    benchDecoder(one, json);
  }
}

if (import.meta.main) run({ json: process.argv.includes('--json') });
