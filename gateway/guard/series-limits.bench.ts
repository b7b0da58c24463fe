/**
 * What a limit of series costs: CPU of judging a million series, and what share of decoding the
 * same bodies that is, in turn in one run; while all are known, and while none may come in. And the
 * bytes that a known series takes. `npm run bench -- series-limits`.
 */
import { cpuUsSince, median, rounded } from '../../test/support/figures.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import type { Submission } from '../answer.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import {
  bitsOf,
  type Series,
  writeRequestV1,
  writeRequestV2,
} from '../decode/remote-write/testdata/write-request.ts';
import { receivedAtNs } from '../decode/testdata/load.ts';
import { SeriesGuard } from './series-guard.ts';
import { KnownSeries, SeriesLimits } from './series-limits.ts';

const series = 1000;
const distinctBodies = 40;
const requestsARun = 200;
const runCount = 7;
const seeds = [
  { low: 1, high: 2 },
  { low: 3, high: 4 },
] as const;

const versions = ['remote_write_1', 'remote_write_2'] as const;

export function run({ json }: { readonly json: boolean }): void {
  for (const contentType of versions) {
    const write = contentType === 'remote_write_1' ? writeRequestV1 : writeRequestV2;
    const submissions = Array.from({ length: distinctBodies }, (_, seed) => {
      const body = write(Array.from({ length: series }, (_unused, index) => seriesOf(index, seed)));
      const kind = { signal: 'metrics', transport: 'http', contentType, tenant: 'shop' } as const;
      return { ...kind, contentEncoding: 'identity', wire: body, body } as const;
    });
    for (const [name, seriesMax] of [['known', 1_000_000] as const, ['refused', 1] as const]) {
      const guard = guardOf(seriesMax);
      measure(guard, submissions);
      const runs = Array.from({ length: runCount }, () => measure(guard, submissions));
      print(json, {
        bench: `series-${contentType}-${name}`,
        value: rounded(median(runs.map(({ guardUs }) => guardUs))),
        unit: 'cpu_s_per_million_series',
        peer: { decode: rounded(median(runs.map(({ decodeUs }) => decodeUs))) },
        ratio: rounded(median(runs.map(({ guardUs, decodeUs }) => guardUs / decodeUs))),
        runs: runs.map(({ guardUs }) => rounded(guardUs)),
      });
    }
  }
  print(json, { bench: 'series-bytes', value: bytesOfOne(), unit: 'bytes_per_known_series' });
}

/** Of a million series in ten thousand metrics that keep coming. */
function bytesOfOne(): number {
  const known = new KnownSeries({ seriesMax: 1_000_000, seriesPerMetricMax: 1000 });
  for (let hour = 0; hour < 2; hour += 1) {
    known.turn();
    for (let index = 0; index < 1_000_000; index += 1) {
      const seriesLow = Math.imul(index, 0x9e3779b1);
      const metricLow = Math.imul(index % 10_000, 0x85ebca6b);
      known.admit({ seriesHigh: index, seriesLow, metricHigh: 0, metricLow });
    }
  }
  return rounded(known.bytes / known.count);
}

function guardOf(seriesMax: number): SeriesGuard {
  const clock = simulatedClock();
  const limits = new SeriesLimits(() => ({ seriesMax, seriesPerMetricMax: seriesMax }), clock);
  return new SeriesGuard({ limits, clock, seeds, onRefused: () => {}, log: () => {} });
}

/** One sample of a series with ten labels, as an exporter in a cluster has them. */
function seriesOf(index: number, seed: number): Series {
  const labels = {
    __name__: 'http_server_request_duration_seconds_bucket',
    cluster: 'prod-eu-1',
    container: 'checkout',
    instance: `10.4.${seed}.17:9090`,
    job: 'shop/checkout',
    le: String(0.005 * 2 ** (index % 12)),
    method: 'GET',
    namespace: 'shop',
    pod: `checkout-7c9d5f6b8-${seed.toString(36)}`,
    route: `/api/v1/carts/${Math.floor(index / 12)}/items`,
  };
  const samples = [{ bits: bitsOf(index * seed), timeMs: receivedAtNs / 1_000_000n }];
  return { labels: Object.entries(labels), samples };
}

type Run = { readonly guardUs: number; readonly decodeUs: number };

function measure(guard: SeriesGuard, submissions: readonly Submission[]): Run {
  const blocks = createOpenBlocks();
  const used = { guard: 0, decode: 0 };
  for (let request = 0; request < requestsARun; request += 1) {
    const submission = submissions[request % submissions.length]!;
    const { signal, contentType, body } = submission;
    let start = process.cpuUsage();
    guard.admit(submission);
    used.guard += cpuUsSince(start);
    start = process.cpuUsage();
    decodeInto(blocks, { signal, contentType, body, receivedAtNs });
    used.decode += cpuUsSince(start);
    if (request % 50 === 49) blocks.clear();
  }
  const total = requestsARun * series;
  return { guardUs: used.guard / total, decodeUs: used.decode / total };
}

function print(json: boolean, line: Readonly<Record<string, unknown>>): void {
  if (json) console.log(JSON.stringify(line));
  else
    console.log(
      Object.values(line)
        .map((part) => JSON.stringify(part))
        .join(' '),
    );
}

if (import.meta.main) run({ json: process.argv.includes('--json') });
