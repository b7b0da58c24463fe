/**
 * A real Prometheus that scrapes the fixture target and sends what it has to a gateway, which is
 * killed on the way; then the target goes away, then there is nothing more to scrape.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { startEngine } from '../support/engine.ts';
import { freePort } from '../support/free-ports.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Row, staleBits } from './rows.ts';
import {
  type Prometheus,
  type Queried,
  queryExemplars,
  queryPoints,
  startPrometheus,
  targetsFile,
} from './server.ts';
import { storedRows } from './stored.ts';
import { startTarget } from './target.ts';
import type { Series } from './wire.ts';

/** One entry of `remote_write`; its name is also the label `via` of everything that it sends. */
type Sender = {
  readonly name: string;
  readonly version: 1 | 2;
  /** More of its configuration. */
  readonly config: Readonly<Record<string, unknown>>;
};

export type Sending = {
  readonly program: string;
  readonly features: readonly string[];
  readonly senders: readonly Sender[];
  /** More of the scrape configuration, by the path that is scraped. */
  readonly scrapes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly durationMs: number;
};

const kinds = ['samples', 'histograms', 'exemplars'] as const;
type Counts = Readonly<Record<(typeof kinds)[number], number>>;

export type Sent = {
  readonly name: string;
  readonly version: 1 | 2;
  /** What Prometheus says it sent, each once. */
  readonly counts: Counts;
  /** Samples that were sent again. */
  readonly retried: number;
  readonly failed: number;
  /** By reason. */
  readonly dropped: number;
  readonly rows: readonly Row[];
};

export type Outcome = {
  readonly sent: readonly Sent[];
  /** What Prometheus itself keeps. */
  readonly points: readonly Series[];
  readonly queried: readonly Queried[];
  readonly exemplars: Awaited<ReturnType<typeof queryExemplars>>;
  /** Rows of no series: descriptions and units, that version 1 sends in lists. */
  readonly metadata: readonly Row[];
  readonly talk: string;
};

const awayMs = 2500;
/** Markers of the last scrapes come seconds later: targets are looked up every five. */
const settleMsMax = 45_000;
const pollMs = 2500;
const scrapeInterval = '1s';

export async function send(sending: Sending): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const engine = await startEngine();
  stack.defer(engine.stop);
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  stack.defer(clickhouse.close);
  const dataDir = await mkdtemp(join(tmpdir(), 'obsctl-remote-write-'));
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const args = ['--otlp-http', `127.0.0.1:${await freePort()}`];
  const start = (): Promise<TestGateway> =>
    startGateway({ clickhouseUrl: engine.url, dataDir, args });
  let gateway = await start();
  stack.defer(async () => void (await gateway.stop()));
  const target = await startTarget();
  stack.defer(target.stop);

  const config = configOf(sending, gateway.http);
  const prometheus = await startPrometheus(sending.program, config, sending.features);
  stack.defer(prometheus.stop);
  await prometheus.setTargets([target.address]);
  await pause(sending.durationMs * 0.4);
  await gateway.kill();
  await pause(awayMs);
  gateway = await start();
  await pause(sending.durationMs * 0.4);
  await target.stop();
  await pause(sending.durationMs * 0.2);
  await prometheus.setTargets([]);
  await settled(prometheus, clickhouse, sending.senders);
  return await outcomeOf(prometheus, clickhouse, sending.senders);
}

function configOf(sending: Sending, gatewayUrl: string) {
  return {
    global: { scrape_interval: scrapeInterval, scrape_timeout: scrapeInterval },
    scrape_configs: Object.entries(sending.scrapes).map(([path, more]) => ({
      // Two words, of which the first is the namespace.
      job_name: `shop${path}`,
      metrics_path: path,
      file_sd_configs: [{ files: [targetsFile] }],
      ...more,
    })),
    remote_write: sending.senders.map(({ name, config }) => ({
      name,
      url: `${gatewayUrl}/api/v1/write`,
      send_exemplars: true,
      send_native_histograms: true,
      metadata_config: { send: true, send_interval: '5s' },
      // As many queues from first to last: a queue that is closed counts what it had twice.
      queue_config: { min_shards: 2, max_shards: 2, batch_send_deadline: '1s' },
      write_relabel_configs: [{ target_label: 'via', replacement: name }],
      ...config,
    })),
  };
}

/** Every target was given up, nothing more is sent, and all that was is in the tables. */
async function settled(
  prometheus: Prometheus,
  clickhouse: ClickHouse,
  senders: readonly Sender[],
): Promise<void> {
  const deadlineMs = Date.now() + settleMsMax;
  let before = '';
  while (Date.now() < deadlineMs) {
    const counts = await Promise.all(senders.map(({ name }) => sentBy(prometheus, name)));
    const now = JSON.stringify(counts);
    if (now === before && hasGivenUp(await prometheus.points())) {
      const rows = await Promise.all(senders.map(({ name }) => rowsVia(clickhouse, name)));
      const wanted = counts.map(({ samples, histograms }) => samples + histograms);
      if (rows.every((list, index) => list.length >= (wanted[index] ?? 0))) return;
    }
    before = now;
    // Longer than a batch waits: anything late would have shown.
    await pause(pollMs);
  }
  throw new Error(`it does not come to rest:\n${prometheus.talk()}`);
}

function hasGivenUp(points: readonly Series[]): boolean {
  const ups = points.filter(({ labels }) => labels['__name__'] === 'up');
  return ups.length > 0 && ups.every(({ samples }) => samples.at(-1)?.bits === staleBits);
}

async function outcomeOf(
  prometheus: Prometheus,
  clickhouse: ClickHouse,
  senders: readonly Sender[],
): Promise<Outcome> {
  const sent = senders.map(async ({ name, version }): Promise<Sent> => {
    const total = async (what: string): Promise<number> => {
      const values = kinds.map((kind) => metricOf(prometheus, name, `${kind}_${what}_total`));
      return (await Promise.all(values)).reduce((left, right) => left + right);
    };
    return {
      name,
      version,
      counts: await sentBy(prometheus, name),
      retried: await metricOf(prometheus, name, 'samples_retried_total'),
      failed: await total('failed'),
      dropped: await total('dropped'),
      rows: await rowsVia(clickhouse, name),
    };
  });
  return {
    sent: await Promise.all(sent),
    points: await prometheus.points(),
    queried: await queryPoints(prometheus),
    exemplars: await queryExemplars(prometheus),
    metadata: await storedRows(clickhouse, "NOT mapContains(Attributes, 'via')"),
    talk: prometheus.talk(),
  };
}

/** Every attempt counts as sent; what was tried again is counted apart. */
async function sentBy(prometheus: Prometheus, name: string): Promise<Counts> {
  const counts = kinds.map(async (kind) => {
    const attempts = await metricOf(prometheus, name, `${kind}_total`);
    return [kind, attempts - (await metricOf(prometheus, name, `${kind}_retried_total`))];
  });
  return Object.fromEntries(await Promise.all(counts));
}

function metricOf(prometheus: Prometheus, sender: string, what: string): Promise<number> {
  return prometheus.metric(`prometheus_remote_storage_${what}`, { remote_name: sender });
}

function rowsVia(clickhouse: ClickHouse, name: string): Promise<readonly Row[]> {
  return storedRows(clickhouse, `Attributes['via'] = '${name}'`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
