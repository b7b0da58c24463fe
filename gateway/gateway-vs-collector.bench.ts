/**
 * CPU-seconds per million items of the gateway's process against the real Collector 0.161 with its
 * ClickHouse exporter: the same payloads over gRPC, the same tables of engine Null with the real
 * schema, sides taken in turn in one run, from the first byte to the last acknowledged insert.
 *
 * Spans and log records: the Collector's queue is on disk and synced, as ours is. Data points: its
 * queue is memory, which is what its figure to beat was taken with. `npm run peers collector`.
 */
import { type CollectorQueue, startCollectorSide } from '../test/support/collector-side.ts';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { printLine, quantile, rounded } from '../test/support/figures.ts';
import { freePort } from '../test/support/free-ports.ts';
import { startGateway } from '../test/support/gateway.ts';
import {
  cpuSeconds,
  createNullTables,
  type Encoding,
  type LoadSignal,
  loadSignals,
  Messages,
  sendBurst,
  settleGateway,
  statusBytes,
} from '../test/support/gateway-load.ts';
import type { Signal } from './answer.ts';

const rounds = Number(process.env['OBSCTL_BENCH_ROUNDS'] ?? 5);
/** By hand: OBSCTL_BENCH_ROUNDS, OBSCTL_BENCH_ITEMS a round, OBSCTL_BENCH_CASES by pattern. */
const itemsARound = Number(process.env['OBSCTL_BENCH_ITEMS'] ?? 300_000);
const itemsWarmUp = 300_000;
const requestsAtOnce = 4;
const distinctBodies = 16;
const settleMsMax = 120_000;
const database = 'bench';

type Side = {
  readonly name: string;
  readonly grpc: string;
  readonly pid: number;
  /** Waits until ClickHouse has everything that was sent so far. */
  readonly settle: (signal: Signal, sent: number) => Promise<void>;
  readonly stop: () => Promise<unknown>;
};

type Case = LoadSignal & {
  readonly shape: string;
  readonly itemsARequest: number;
  readonly encoding: Encoding;
  readonly queue: CollectorQueue;
};

/** Multiples of three, because data points are of three kinds in turn. */
const shapes = [
  { shape: '1000', itemsARequest: 999, encoding: 'identity' },
  { shape: '1000-gzip', itemsARequest: 999, encoding: 'gzip' },
  { shape: '100', itemsARequest: 99, encoding: 'identity' },
] as const;

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  const engine = await startEngine();
  const stops: (() => Promise<unknown>)[] = [() => engine.stop()];
  try {
    await createNullTables(engine.url, database);
    const ours = await startOurs(engine);
    stops.push(ours.stop);
    const theirs: Record<CollectorQueue, Side> = {
      fsync: await startCollector(engine, 'fsync'),
      memory: await startCollector(engine, 'memory'),
    };
    stops.push(theirs.fsync.stop, theirs.memory.stop);
    const wanted = process.env['OBSCTL_BENCH_CASES'];
    for (const entry of cases()) {
      if (wanted !== undefined && !`${entry.signal}-${entry.shape}`.match(wanted)) continue;
      await runCase(entry, ours, theirs[entry.queue], json);
    }
    for (const side of [ours, theirs.fsync, theirs.memory]) {
      const bytes = statusBytes(side.pid, 'VmHWM');
      printLine(json, {
        bench: `peak-memory-${side.name}`,
        value: bytes,
        unit: 'bytes',
        runs: [bytes],
      });
    }
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

function cases(): readonly Case[] {
  return shapes.flatMap((shape) => [
    ...loadSignals.map((entry): Case => {
      return { ...entry, ...shape, queue: entry.signal === 'metrics' ? 'memory' : 'fsync' };
    }),
    // Both ways for data points: what is asked of 1 000 a request, and what promises the same.
    ...loadSignals
      .filter(({ signal }) => signal === 'metrics')
      .map((entry): Case => {
        return { ...entry, ...shape, shape: `${shape.shape}-synced`, queue: 'fsync' };
      }),
  ]);
}

async function runCase(entry: Case, ours: Side, peer: Side, json: boolean): Promise<void> {
  const bodies = Array.from({ length: distinctBodies }, (_, seed) =>
    entry.make(entry.itemsARequest, seed),
  );
  const messages = new Messages(bodies, entry.encoding);
  const measure = async (side: Side, items: number): Promise<number> => {
    const count = Math.round(items / entry.itemsARequest);
    const before = cpuSeconds(side.pid);
    const { path, encoding } = entry;
    const address = side.grpc;
    await sendBurst({ address, path, messages, encoding, count, atOnce: requestsAtOnce });
    await side.settle(entry.signal, count * entry.itemsARequest);
    return ((cpuSeconds(side.pid) - before) / (count * entry.itemsARequest)) * 1e6;
  };
  const ownRuns: number[] = [];
  const peerRuns: number[] = [];
  await measure(ours, itemsWarmUp);
  await measure(peer, itemsWarmUp / 5);
  for (let index = 0; index < rounds; index += 1) {
    ownRuns.push(await measure(ours, itemsARound));
    peerRuns.push(await measure(peer, itemsARound));
  }
  const ratios = ownRuns.map((value, index) => value / (peerRuns[index] ?? 0));
  const [value, theirs] = [quantile(ownRuns, 0.5), quantile(peerRuns, 0.5)];
  printLine(json, {
    bench: `gateway-vs-collector-${entry.signal}-${entry.shape}`,
    value: rounded(value),
    unit: `cpu_s_per_million_${entry.items}`,
    peer: { [peer.name]: rounded(theirs) },
    ratio: rounded(value / theirs),
    // Of the ratios of the rounds: what a difference must exceed to mean something.
    ratios_min_max: [rounded(Math.min(...ratios)), rounded(Math.max(...ratios))],
    runs: ownRuns.map(rounded),
    peer_runs: peerRuns.map(rounded),
  });
}

async function startOurs(engine: TestEngine): Promise<Side> {
  const gateway = await startGateway({
    clickhouseUrl: engine.url,
    args: ['--database', database, '--no-migrate'],
  });
  return {
    name: 'gateway',
    grpc: gateway.grpc,
    pid: gateway.pid,
    settle: () => settleGateway(gateway.admin),
    stop: gateway.stop,
  };
}

const sentMetrics: Readonly<Record<Signal, string>> = {
  traces: 'otelcol_exporter_sent_spans(?:_total)?',
  logs: 'otelcol_exporter_sent_log_records(?:_total)?',
  metrics: 'otelcol_exporter_sent_metric_points(?:_total)?',
};

async function startCollector(engine: TestEngine, queue: CollectorQueue): Promise<Side> {
  const grpc = `127.0.0.1:${await freePort()}`;
  const receivers = { otlp: { protocols: { grpc: { endpoint: grpc } } } };
  const signals = loadSignals.map((entry) => entry.signal);
  const target = { url: engine.url, database };
  const collector = await startCollectorSide({ ...target, queue, receivers, signals });
  const sent: Record<Signal, number> = { traces: 0, logs: 0, metrics: 0 };
  return {
    name: `collector-0.161-${queue}`,
    grpc,
    pid: collector.pid,
    settle: async (signal, items) => {
      sent[signal] += items;
      const deadline = performance.now() + settleMsMax;
      for (;;) {
        const count = await collector.metric(sentMetrics[signal]);
        if (count >= sent[signal]) return;
        if (performance.now() > deadline) {
          throw new Error(
            `${count} of ${sent[signal]} delivered\n${collector.talk().slice(-2000)}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    stop: collector.stop,
  };
}
