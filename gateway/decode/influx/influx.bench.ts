/**
 * CPU-seconds per million lines from an inflated body to columns, and from columns to encoded
 * units. `npm run bench -- influx`. Warm: the first run of each case is thrown away.
 */
import { createOpenBlocks } from '../blocks.ts';
import { decodeInto } from '../decode.ts';
import { batchOf, type Shape } from './testdata/batches.ts';
import { receivedAtNs } from './testdata/points.ts';

const runCount = 5;
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

/** One JSON line a case (contract, section 6). */
export function run(): void {
  for (const [shape, words] of cases) {
    const bodies = Array.from({ length: distinctBodies }, (_, seed) =>
      batchOf(shape, linesPerBody, seed + 1, receivedAtNs),
    );
    measure(bodies, words);
    const runs = Array.from({ length: runCount }, () => measure(bodies, words));
    const name = words === parameters ? shape : `${shape}_as_logs`;
    const bytes = Math.round(bodies[0]!.length / linesPerBody);
    for (const [step, pick] of [
      ['decode', 0],
      ['encode', 1],
    ] as const) {
      const values = runs.map((pair) => pair[pick]);
      const line = {
        bench: `influx_${name}_${step}`,
        value: values.toSorted((left, right) => left - right)[runCount >> 1],
        unit: 'cpu_s_per_million_lines',
        bytesPerLine: bytes,
        runs: values,
      };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
  }
}

function measure(bodies: readonly Uint8Array[], words: string): [number, number] {
  const blocks = createOpenBlocks();
  const spentUs = [0, 0] as [number, number];
  for (let seal = 0; seal < sealsPerRun; seal += 1) {
    let start = process.cpuUsage();
    for (let index = 0; index < bodiesPerSeal; index += 1) {
      const body = bodies[(seal + index) % bodies.length]!;
      const input = { signal: 'metrics', contentType: 'influx', parameters: words, body } as const;
      const result = decodeInto(blocks, { ...input, receivedAtNs });
      if (result.outcome !== 'decoded' || result.rejected > 0) throw new Error('a bad body');
    }
    spentUs[0] += usedSince(start);
    start = process.cpuUsage();
    blocks.encode(1n);
    spentUs[1] += usedSince(start);
    blocks.clear();
  }
  const lines = sealsPerRun * bodiesPerSeal * linesPerBody;
  return [rounded(spentUs[0] / lines), rounded(spentUs[1] / lines)];
}

function usedSince(start: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(start);
  return used.user + used.system;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
