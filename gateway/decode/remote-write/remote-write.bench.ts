/**
 * CPU-seconds per million samples from inflated remote write to columns, and from columns to
 * encoded units. `npm run bench -- remote-write`. Warm: the first run of each case is thrown away.
 */
import { createOpenBlocks } from '../blocks.ts';
import { decodeWrite, type Version } from './testdata/decode-write.ts';
import { loads } from './testdata/load.ts';
import { nowMs } from './testdata/times.ts';

const runCount = 5;
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

type BenchLine = {
  readonly bench: string;
  readonly value: number;
  readonly unit: string;
  readonly runs: readonly number[];
};

/** Runs all cases; prints one JSON line each with `json`. */
export function run(options: {
  readonly json: boolean;
  readonly millionItems?: number;
}): BenchLine[] {
  const lines: BenchLine[] = [];
  for (const one of cases) {
    const bodies = Array.from({ length: distinctBodies }, (_, seed) =>
      loads[one.load](seriesPerRequest, seed + 1, nowMs),
    );
    const requests = Math.ceil(((options.millionItems ?? 0.3) * 1e6) / seriesPerRequest);
    measure(one, bodies, requests);
    const runs = Array.from({ length: runCount }, () => measure(one, bodies, requests));
    for (const [suffix, pick] of [
      ['', 0],
      ['-encode', 1],
    ] as const) {
      const values = runs.map((pair) => pair[pick]);
      const line = {
        bench: one.bench + suffix,
        value: median(values),
        unit: one.unit,
        runs: values,
      };
      lines.push(line);
      const bytes = Math.round(bodies[0]!.length / seriesPerRequest);
      if (options.json) console.log(JSON.stringify(line));
      else console.log(`${line.bench}: ${line.value} ${line.unit} (${bytes} bytes a series)`);
    }
  }
  return lines;
}

/** CPU-seconds per million items to decode, and to encode. */
function measure(one: Case, bodies: readonly Uint8Array[], requests: number): [number, number] {
  const blocks = createOpenBlocks();
  let decodeUs = 0;
  let encodeUs = 0;
  let items = 0;
  for (let done = 0; done < requests; ) {
    let start = process.cpuUsage();
    for (let index = 0; index < requestsPerSeal; index += 1) {
      const body = bodies[(done + index) % bodies.length]!;
      const result = decodeWrite(one.version, body, blocks);
      if (result.outcome !== 'decoded') throw new Error(`not decoded: ${result.outcome}`);
      items += result.accepted;
    }
    done += requestsPerSeal;
    decodeUs += usedSince(start);
    start = process.cpuUsage();
    blocks.encode(1n);
    encodeUs += usedSince(start);
    blocks.clear();
  }
  return [rounded(decodeUs / items), rounded(encodeUs / items)];
}

function usedSince(start: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(start);
  return used.user + used.system;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? 0;
}

if (import.meta.main) run({ json: process.argv.includes('--json') });
