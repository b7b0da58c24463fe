/**
 * CPU-seconds per million items from inflated protobuf to columns, and from columns to encoded
 * units. `npm run bench -- decode`. Warm: the first second of each case is thrown away.
 */
import { benchDecoder, type DecoderCase } from '../../test/support/decoder-bench.ts';
import type { ContentType, Signal } from '../answer.ts';
import { decodeInto } from './decode.ts';
import { toOtlpJson } from './testdata/json-form.ts';
import { logBody, metricBody, receivedAtNs, traceBody } from './testdata/load.ts';

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

/** Prints all cases, one JSON line each with `json`. */
export function run({ json }: { readonly json: boolean }): void {
  for (const { bench, unit, signal, items, contentType = 'protobuf', make } of cases) {
    const millions = contentType === 'json' ? 0.03 : 0.3;
    const bodies = Array.from({ length: distinctBodies }, (_, seed) => make(items, seed + 1));
    const one: DecoderCase = {
      bench,
      unit,
      bodies,
      itemsPerBody: items,
      bodyCount: Math.ceil((millions * 1e6) / items),
      bodiesPerSeal: Math.max(requestsPerSeal, Math.floor((requestsPerSeal * 1000) / items)),
      decode: (blocks, body) => {
        const result = decodeInto(blocks, { signal, contentType, body, receivedAtNs });
        if (result.outcome !== 'decoded') throw new Error(`not decoded: ${result.outcome}`);
        return result.accepted;
      },
    };
    benchDecoder(one, json);
  }
}

if (import.meta.main) run({ json: process.argv.includes('--json') });
