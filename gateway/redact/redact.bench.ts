/**
 * CPU-seconds per million items that redaction costs, and what share of decoding the same bodies
 * that is, in turn in one run: with rules that meet nothing, that drop, hash and mask. Off costs
 * nothing: there is no redactor then. `npm run bench redact`.
 */
import { cpuUsSince, median, rounded } from '../../test/support/figures.ts';
import type { ContentType, Signal, Submission } from '../answer.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import {
  bitsOf,
  type Series,
  writeRequestV1,
  writeRequestV2,
} from '../decode/remote-write/testdata/write-request.ts';
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
  readonly contentType?: ContentType;
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
  ...(['remote_write_1', 'remote_write_2'] as const).flatMap((contentType): Case[] => [
    {
      name: `${contentType}-rules-that-meet-nothing`,
      signal: 'metrics',
      contentType,
      rules: [{ action: 'drop', attributes: ['user.email', '*.secret'] }],
    },
    {
      name: `${contentType}-hash-one-of-10`,
      signal: 'metrics',
      contentType,
      rules: [{ action: 'hash', attributes: ['pod'] }],
    },
    {
      name: `${contentType}-mask-two-patterns-everywhere`,
      signal: 'metrics',
      contentType,
      rules: [email, card].map((pattern) => ({ action: 'mask', attributes: ['*'], pattern })),
    },
  ]),
];

/** Runs all cases; prints one JSON line each with `json`. */
export function run({ json }: { readonly json: boolean }): void {
  for (const one of cases) {
    const bodies = Array.from({ length: distinctBodies }, (_, seed) => bodyOf(one, seed + 1));
    const redaction = new Redaction({ rules: one.rules }, key);
    measure(one, bodies, redaction);
    const runs = Array.from({ length: runCount }, () => measure(one, bodies, redaction));
    const line = {
      bench: `redact-${one.name}`,
      value: rounded(median(runs.map(({ redactUs }) => redactUs))),
      unit: 'cpu_s_per_million_items',
      peer: { decode: rounded(median(runs.map(({ decodeUs }) => decodeUs))) },
      ratio: rounded(median(runs.map(({ redactUs, decodeUs }) => redactUs / decodeUs))),
      runs: runs.map(({ redactUs }) => rounded(redactUs)),
    };
    if (json) console.log(JSON.stringify(line));
    else console.log(`${line.bench}: ${line.value} ${line.unit}, ${line.ratio} of decoding`);
  }
}

function bodyOf({ signal, contentType }: Case, seed: number): Uint8Array {
  if (contentType === undefined) return (signal === 'traces' ? traceBody : logBody)(items, seed);
  const list = Array.from({ length: items }, (_, index) => seriesOf(index, seed));
  return contentType === 'remote_write_1' ? writeRequestV1(list) : writeRequestV2(list);
}

/** One sample of a series with ten labels, as an exporter in a cluster has them. */
function seriesOf(index: number, seed: number): Series {
  const pod = `checkout-7c9d5f6b8-${(index * 7919 + seed).toString(36)}`;
  const labels = {
    __name__: 'http_server_request_duration_seconds_bucket',
    cluster: 'prod-eu-1',
    container: 'checkout',
    instance: `10.4.${index % 250}.17:9090`,
    job: 'shop/checkout',
    le: String(0.005 * 2 ** (index % 12)),
    method: 'GET',
    namespace: 'shop',
    pod,
    route: `/api/v1/carts/${index % 40}/items`,
  };
  const samples = [{ bits: bitsOf(index * seed), timeMs: receivedAtNs / 1_000_000n }];
  return { labels: Object.entries(labels), samples };
}

type Run = { readonly redactUs: number; readonly decodeUs: number };

function measure(one: Case, bodies: readonly Uint8Array[], redaction: Redaction): Run {
  const { signal, contentType = 'protobuf' } = one;
  const blocks = createOpenBlocks();
  const used = { redact: 0, decode: 0 };
  for (let request = 0; request < requestsARun; request += 1) {
    const body = bodies[request % bodies.length]!;
    let start = process.cpuUsage();
    const result = redaction.redact(submissionOf(one, body));
    used.redact += cpuUsSince(start);
    if (result.outcome !== 'redacted') throw new Error(result.message);
    start = process.cpuUsage();
    decodeInto(blocks, { signal, contentType, body, receivedAtNs });
    used.decode += cpuUsSince(start);
    if (request % 50 === 49) blocks.clear();
  }
  const total = requestsARun * items;
  return { redactUs: used.redact / total, decodeUs: used.decode / total };
}

function submissionOf(one: Case, body: Uint8Array): Submission {
  const { signal, contentType = 'protobuf' } = one;
  const kind = { signal, transport: 'grpc', contentType, tenant: '' } as const;
  return { ...kind, contentEncoding: 'identity', wire: body, body };
}

if (import.meta.main) run({ json: process.argv.includes('--json') });
