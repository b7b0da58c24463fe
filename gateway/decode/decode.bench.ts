/**
 * CPU-seconds per million items from inflated protobuf to columns, and from columns to encoded
 * units. `npm run bench -- decode`. Warm: the first second of each case is thrown away.
 */
import type { ContentType, Signal } from '../answer.ts';
import { createOpenBlocks } from './blocks.ts';
import { decodeInto } from './decode.ts';
import { toOtlpJson } from './testdata/json-form.ts';
import { logBody, metricBody, receivedAtNs, traceBody } from './testdata/load.ts';

const runCount = 5;
const requestsPerSeal = 20;
const distinctBodies = 8;

type Case = {
  readonly bench: string;
  readonly unit: string;
  readonly signal: Signal;
  readonly items: number;
  readonly contentType?: ContentType;
  readonly make: (count: number, seed: number) => Uint8Array;
};

const cases: readonly Case[] = [
  {
    bench: 'decode-traces',
    unit: 'cpu_s_per_million_spans',
    signal: 'traces',
    items: 1000,
    make: traceBody,
  },
  {
    bench: 'decode-traces-small',
    unit: 'cpu_s_per_million_spans',
    signal: 'traces',
    items: 10,
    make: traceBody,
  },
  {
    bench: 'decode-logs',
    unit: 'cpu_s_per_million_log_records',
    signal: 'logs',
    items: 1000,
    make: logBody,
  },
  {
    bench: 'decode-metrics',
    unit: 'cpu_s_per_million_data_points',
    signal: 'metrics',
    items: 999,
    make: metricBody,
  },
  {
    bench: 'decode-traces-json',
    unit: 'cpu_s_per_million_spans',
    signal: 'traces',
    items: 1000,
    contentType: 'json',
    make: (count, seed) =>
      new Uint8Array(Buffer.from(toOtlpJson('traces', traceBody(count, seed)))),
  },
];

export type BenchLine = {
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
      one.make(one.items, seed + 1),
    );
    const millions = (options.millionItems ?? 0.3) / (one.contentType === 'json' ? 10 : 1);
    const requests = Math.ceil((millions * 1e6) / one.items);
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
      const bytes = Math.round(bodies[0]!.length / one.items);
      if (options.json) console.log(JSON.stringify(line));
      else console.log(`${line.bench}: ${line.value} ${line.unit} (${bytes} bytes an item)`);
    }
  }
  return lines;
}

/** CPU-seconds per million items to decode, and to encode. */
function measure(one: Case, bodies: readonly Uint8Array[], requests: number): [number, number] {
  const contentType = one.contentType ?? 'protobuf';
  const blocks = createOpenBlocks();
  let decodeUs = 0;
  let encodeUs = 0;
  let items = 0;
  const perSeal = Math.max(requestsPerSeal, Math.floor((requestsPerSeal * 1000) / one.items));
  for (let done = 0; done < requests; ) {
    let start = process.cpuUsage();
    for (let index = 0; index < perSeal; index += 1) {
      const body = bodies[(done + index) % bodies.length]!;
      const input = { signal: one.signal, contentType, body, receivedAtNs } as const;
      const result = decodeInto(blocks, input);
      if (result.outcome !== 'decoded') throw new Error(`not decoded: ${result.outcome}`);
      items += result.accepted;
    }
    done += perSeal;
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
