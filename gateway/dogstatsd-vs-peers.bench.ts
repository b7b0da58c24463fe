/**
 * CPU-seconds per million DogStatsD lines over UDP, 16 a datagram, in windows of ten seconds: our
 * gateway, whose datagrams are in a log before they count and whose windows are then in ClickHouse
 * (engine Null, the real schema), against the Collector's statsd receiver with the same tables
 * behind it and its queue in memory. 48 000 lines a second; what a side's socket had no room for is
 * said and not counted. Lines of types that both know.
 * `npm run peers collector`, `npm run bench -- dogstatsd`.
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCollectorSide } from '../test/support/collector-side.ts';
import type { TestEngine } from '../test/support/engine.ts';
import { freePort } from '../test/support/free-ports.ts';
import { settleGateway } from '../test/support/gateway-load.ts';
import { nullDatabase, withNullGateway } from '../test/support/null-gateway.ts';
import { type BenchSide, compareSides, untilQuiet } from '../test/support/peer-bench.ts';
import { datagrams } from './dogstatsd/testdata/load.ts';

const linesPerDatagram = 16;
const distinctDatagrams = 20_000;
const datagramsAtOnce = 15;
const pauseMs = 5;
const linesARound = 400_000;
const windowMs = 10_000;
const settleMs = windowMs + 2_000;
const loopback = '127.0.0.1';

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  await withNullGateway(['--dogstatsd', `${loopback}:0`], async ({ engine, gateway, stops }) => {
    const ownPort = Number(gateway.dogstatsd.split(':').at(-1));
    const collector = await startReceiver(engine);
    stops.defer(collector.stop);
    for (const series of [1000, 10_000]) {
      const load = datagrams(distinctDatagrams, series, series, ['s']);
      await compareSides({
        bench: `dogstatsd-${series}-series`,
        unit: 'cpu_s_per_million_lines',
        ours: sideOf('gateway', gateway.pid, ownPort, load, () => settleGateway(gateway.admin)),
        peers: [sideOf('collector-0.161', collector.pid, collector.port, load, collector.settle)],
        itemsWarmUp: linesARound,
        items: linesARound,
        json,
      });
    }
  });
}

export function sideOf(
  name: string,
  pid: number,
  port: number,
  load: readonly Uint8Array[],
  settle: () => Promise<unknown>,
): BenchSide {
  return {
    name,
    pid,
    run: async (items) => {
      const count = Math.round(items / linesPerDatagram);
      const before = dropsAt(port);
      await sendAll(port, load, count);
      // The last window closes.
      await sleep(settleMs);
      await settle();
      const dropped = dropsAt(port) - before;
      if (dropped > 0) process.stderr.write(`${name} did not read ${dropped} datagrams\n`);
      // Of those that it did.
      return (count - dropped) * linesPerDatagram;
    },
  };
}

async function sendAll(port: number, load: readonly Uint8Array[], count: number): Promise<void> {
  const socket = createSocket('udp4');
  const beganMs = performance.now();
  for (let sent = 0; sent < count; ) {
    for (let index = 0; index < datagramsAtOnce && sent < count; index += 1, sent += 1) {
      socket.send(load[sent % load.length]!, port, loopback);
    }
    const dueMs = beganMs + (sent / datagramsAtOnce) * pauseMs - performance.now();
    if (dueMs > 0) await sleep(dueMs);
    else await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise<void>((resolve) => socket.close(resolve));
}

/** What the kernel dropped of a UDP port, from column 13 of its table. */
function dropsAt(port: number): number {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = ['/proc/net/udp', '/proc/net/udp6'].flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/)),
  );
  const own = rows.filter((row) => row[1]?.endsWith(suffix) === true);
  if (own.length === 0) throw new Error(`nobody listens at UDP port ${port}`);
  return own.reduce((sum, row) => sum + Number(row[12]), 0);
}

async function startReceiver(engine: TestEngine): Promise<{
  readonly port: number;
  readonly pid: number;
  readonly settle: () => Promise<unknown>;
  readonly stop: () => Promise<void>;
}> {
  const port = await freePort();
  const mapping = (type: string, observer: string): unknown => {
    return { statsd_type: type, observer_type: observer };
  };
  const collector = await startCollectorSide({
    url: engine.url,
    database: nullDatabase,
    queue: 'memory',
    receivers: {
      statsd: {
        endpoint: `${loopback}:${port}`,
        aggregation_interval: `${windowMs}ms`,
        // Of each value a point otherwise, which is no aggregation.
        timer_histogram_mapping: [
          mapping('timing', 'summary'),
          mapping('histogram', 'summary'),
          mapping('distribution', 'histogram'),
        ],
      },
    },
    signals: ['metrics'],
  });
  const delivered = (): Promise<number> =>
    collector.metric('otelcol_exporter_sent_metric_points(?:_total)?');
  let last = 0;
  return {
    port,
    pid: collector.pid,
    settle: async () => {
      last = await untilQuiet(delivered, last + 1);
    },
    stop: collector.stop,
  };
}
