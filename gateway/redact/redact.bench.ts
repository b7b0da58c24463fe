/**
 * CPU-seconds per million items that redaction costs, and what share of decoding the same bodies
 * that is, in turn in one run: with rules that meet nothing, that drop, hash and mask. Off costs
 * nothing: there is no redactor then. `npm run bench redact`.
 */
import type { Signal, Submission } from '../answer.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import { logBody, receivedAtNs, traceBody } from '../decode/testdata/load.ts';
import { Redaction } from './redaction.ts';
import type { RedactionRule } from './rules.ts';

const items = 1000;
const distinctBodies = 8;
const requestsARun = 100;
const runCount = 7;
const key = Buffer.from('a key for benches');

const email = '[\\w.+-]+@[\\w-]+(\\.[\\w-]+)+';
const card = '\\b\\d{4}[ -]?\\d{4}[ -]?\\d{4}[ -]?\\d{4}\\b';

type Case = {
  readonly name: string;
  readonly signal: Signal;
  readonly rules: readonly RedactionRule[];
};

const cases: readonly Case[] = [
  {
    name: 'spans-rules-that-meet-nothing',
    signal: 'traces',
    rules: [{ action: 'drop', attributes: ['user.email', '*.secret'] }],
  },
  {
    name: 'spans-drop-one-of-12',
    signal: 'traces',
    rules: [{ action: 'drop', attributes: ['enduser.id'] }],
  },
  {
    name: 'spans-hash-one-of-12',
    signal: 'traces',
    rules: [{ action: 'hash', attributes: ['enduser.id'] }],
  },
  {
    name: 'spans-mask-two-patterns-everywhere',
    signal: 'traces',
    rules: [email, card].map((pattern) => ({ action: 'mask', attributes: ['*'], pattern })),
  },
  {
    name: 'logs-mask-two-patterns-in-bodies',
    signal: 'logs',
    rules: [email, card].map((pattern) => ({ action: 'mask', bodies: true, pattern })),
  },
];

/** Runs all cases; prints one JSON line each with `json`. */
export function run({ json }: { readonly json: boolean }): void {
  for (const one of cases) {
    const make = one.signal === 'traces' ? traceBody : logBody;
    const bodies = Array.from({ length: distinctBodies }, (_, seed) => make(items, seed + 1));
    const redaction = new Redaction({ rules: one.rules }, key);
    measure(one, bodies, redaction);
    const runs = Array.from({ length: runCount }, () => measure(one, bodies, redaction));
    const line = {
      bench: `redact-${one.name}`,
      value: median(runs.map(({ redactUs }) => redactUs)),
      unit: 'cpu_s_per_million_items',
      peer: { decode: median(runs.map(({ decodeUs }) => decodeUs)) },
      ratio: median(runs.map(({ redactUs, decodeUs }) => redactUs / decodeUs)),
      runs: runs.map(({ redactUs }) => rounded(redactUs)),
    };
    if (json) console.log(JSON.stringify(line));
    else console.log(`${line.bench}: ${line.value} ${line.unit}, ${line.ratio} of decoding`);
  }
}

type Run = { readonly redactUs: number; readonly decodeUs: number };

function measure({ signal }: Case, bodies: readonly Uint8Array[], redaction: Redaction): Run {
  const blocks = createOpenBlocks();
  const used = { redact: 0, decode: 0 };
  for (let request = 0; request < requestsARun; request += 1) {
    const body = bodies[request % bodies.length]!;
    let start = process.cpuUsage();
    const result = redaction.redact(submissionOf(signal, body));
    used.redact += usedSince(start);
    if (result.outcome !== 'redacted') throw new Error(result.message);
    start = process.cpuUsage();
    decodeInto(blocks, { signal, contentType: 'protobuf', body, receivedAtNs });
    used.decode += usedSince(start);
    if (request % 50 === 49) blocks.clear();
  }
  const total = requestsARun * items;
  return { redactUs: used.redact / total, decodeUs: used.decode / total };
}

function submissionOf(signal: Signal, body: Uint8Array): Submission {
  const kind = { signal, transport: 'grpc', contentType: 'protobuf', tenant: '' } as const;
  return { ...kind, contentEncoding: 'identity', wire: body, body };
}

function usedSince(start: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(start);
  return used.user + used.system;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function median(values: readonly number[]): number {
  return rounded(values.toSorted((left, right) => left - right)[values.length >> 1] ?? 0);
}

if (import.meta.main) run({ json: process.argv.includes('--json') });
