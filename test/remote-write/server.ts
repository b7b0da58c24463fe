/** A real Prometheus in a process of its own, and what it says: metrics, queries, raw points. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unsnap } from '../../gateway/decode/snappy.ts';
import { ask } from '../support/engine-http.ts';
import { freePort } from '../support/free-ports.ts';
import { startProgram } from '../support/program.ts';
import { staleBits } from './rows.ts';
import {
  type Labels,
  type NativeHistogram,
  readRequest,
  readResponse,
  type Series,
} from './wire.ts';

export type Prometheus = {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Everything it has logged. */
  readonly talk: () => string;
  /** What there is to scrape, for every job that finds its targets in `targetsFile`. */
  readonly setTargets: (addresses: readonly string[]) => Promise<void>;
  /** The value of one of its own metrics with all of these labels; 0 when there is none. */
  readonly metric: (name: string, labels: Labels) => Promise<number>;
  /** All raw points that it keeps, stale markers included, as they are sent; no exemplars. */
  readonly points: () => Promise<readonly Series[]>;
  /** SIGTERM, waits for the end, removes its directory. */
  readonly stop: () => Promise<void>;
};

/** Relative to the configuration, which names it. */
export const targetsFile = 'targets.json';

const inflatedBytesMax = 256 * 1024 * 1024;
const readyMsMax = 30_000;
const pollMs = 100;

/** `config` is written as JSON, which is YAML. */
export async function startPrometheus(
  program: string,
  config: unknown,
  features: readonly string[],
): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'obsctl-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, JSON.stringify(config));
  await setTargets(folder, []);
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const server = startProgram(program, [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    `--enable-feature=${features.join(',')}`,
  ]);
  const stop = async (): Promise<void> => {
    server.kill('SIGTERM');
    await server.ended;
    await rm(folder, { recursive: true, force: true });
  };
  let hasEnded = false;
  const end = (): void => {
    hasEnded = true;
  };
  server.ended.then(end, end);
  await untilReady(url, () => hasEnded).catch(async (cause: unknown) => {
    await stop();
    throw new Error(`Prometheus is not ready:\n${server.talk()}`, { cause });
  });
  return {
    url,
    talk: server.talk,
    setTargets: (addresses) => setTargets(folder, addresses),
    metric: async (name, labels) => metricIn(await page(url, '/metrics'), name, labels),
    points: () => pointsOf(url),
    stop,
  };
}

/** Moved into its place, so that it is never read half written. */
async function setTargets(folder: string, addresses: readonly string[]): Promise<void> {
  const file = join(folder, targetsFile);
  await writeFile(`${file}.new`, JSON.stringify([{ targets: addresses, labels: { zone: 'a/b' } }]));
  await rename(`${file}.new`, file);
}

async function untilReady(url: string, hasEnded: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + readyMsMax;
  while (!hasEnded() && Date.now() < deadlineMs) {
    const answer = await ask(url, { method: 'GET', path: '/-/ready' }).catch(() => undefined);
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  throw new Error(hasEnded() ? 'it has ended' : 'it took too long');
}

async function page(url: string, path: string): Promise<string> {
  const { status, text } = await ask(url, { method: 'GET', path });
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return text;
}

function metricIn(text: string, name: string, labels: Labels): number {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && wanted.every((pair) => line.includes(pair)));
  return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
}

async function pointsOf(url: string): Promise<readonly Series[]> {
  const { status, body, text } = await ask(url, {
    path: '/api/v1/read',
    headers: { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf' },
    body: readRequest(0, Date.now() + 60_000),
  });
  if (status !== 200) throw new Error(`remote read: ${status} ${text}`);
  const inflated = unsnap(body, inflatedBytesMax);
  if (!inflated.ok) throw new Error(inflated.message);
  return readResponse(inflated.body).map(withMarkersAsSent);
}

/**
 * A series of native histograms that went away keeps its marker as a histogram; what was written
 * to its log, and is sent, is a sample.
 */
function withMarkersAsSent(series: Series): Series {
  const isMarker = ({ sumBits }: NativeHistogram): boolean => sumBits === staleBits;
  const markers = series.histograms.filter(isMarker);
  return {
    ...series,
    samples: [...series.samples, ...markers.map(({ ms }) => ({ bits: staleBits, ms, startMs: 0 }))],
    histograms: series.histograms.filter((point) => !isMarker(point)),
  };
}

type Matrix = readonly {
  readonly metric: Labels;
  readonly values?: readonly (readonly [seconds: number, value: string])[];
  readonly histograms?: readonly (readonly [
    seconds: number,
    point: { readonly count: string; readonly sum: string },
  ])[];
}[];

/** A point as the query API gives it: `text` is its value, or count and sum of a histogram. */
export type Queried = { readonly labels: Labels; readonly ms: number; readonly text: string };

/**
 * What a person would see: all points of the last hour, without stale markers. One series a query:
 * 2.42 leaves out the last series of several, when it is of native histograms and has a marker.
 */
export async function queryPoints({ url }: Prometheus): Promise<readonly Queried[]> {
  const all = new URLSearchParams({ 'match[]': '{__name__=~".+"}' });
  const answer: { data: readonly Labels[] } = JSON.parse(await page(url, `/api/v1/series?${all}`));
  const points: Queried[] = [];
  for (const labels of answer.data) {
    const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    points.push(...(await queryRange(url, `{${pairs.join(',')}}[1h]`)));
  }
  return points;
}

async function queryRange(url: string, selector: string): Promise<readonly Queried[]> {
  const query = new URLSearchParams({ query: selector });
  const answer: { data: { result: Matrix } } = JSON.parse(
    await page(url, `/api/v1/query?${query}`),
  );
  return answer.data.result.flatMap(({ metric: labels, values = [], histograms = [] }) => [
    ...values.map(([seconds, value]) => ({
      labels,
      ms: Math.round(seconds * 1000),
      text: String(numberOf(value)),
    })),
    ...histograms.map(([seconds, { count, sum }]) => ({
      labels,
      ms: Math.round(seconds * 1000),
      text: `${numberOf(count)} ${numberOf(sum)}`,
    })),
  ]);
}

/** As Prometheus writes numbers. */
function numberOf(text: string): number {
  if (/Inf$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return Number(text);
}

type Exemplars = readonly {
  readonly seriesLabels: Labels;
  readonly exemplars: readonly { labels: Labels; value: string; timestamp: number }[];
}[];

/** All exemplars it keeps, each as a text of series, time, value and labels. */
export async function queryExemplars({
  url,
}: Prometheus): Promise<readonly { labels: Labels; exemplar: Labels; ms: number; text: string }[]> {
  const query = new URLSearchParams({
    query: '{__name__=~".+"}',
    start: '0',
    end: String(Math.ceil(Date.now() / 1000) + 60),
  });
  const answer: { data: Exemplars } = JSON.parse(
    await page(url, `/api/v1/query_exemplars?${query}`),
  );
  return answer.data.flatMap(({ seriesLabels, exemplars }) =>
    exemplars.map(({ labels, value, timestamp }) => ({
      labels: seriesLabels,
      exemplar: labels,
      ms: Math.round(timestamp * 1000),
      text: String(numberOf(value)),
    })),
  );
}
