/**
 * What a flood of DogStatsD datagrams costs the other protocols: the time to the answer of log
 * records and points by OTLP at their usual rate, while a thread sends datagrams as fast as it can
 * to the gateway, and in turn to a socket that nobody reads, so that what the sender costs the
 * machine is on both sides. `npm run bench -- datagram-flood`.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { printLine, quantile, rounded } from '../test/support/figures.ts';
import { loadSignals, Messages, sendBurst } from '../test/support/gateway-load.ts';
import { withNullGateway } from '../test/support/null-gateway.ts';
import { datagrams } from './dogstatsd/testdata/load.ts';

const rounds = 5;
const roundSeconds = 6;
const itemsARequest = 100;
const requestsAtOnce = 8;
const requestsPerSecond = 20;
const warmUpRequests = 400;
const series = 1000;
const loopback = '127.0.0.1';

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  await withNullGateway(['--dogstatsd', `${loopback}:0`], async ({ gateway, stops }) => {
    const sink = await startSink();
    stops.defer(async () => {
      await sink.stop();
    });
    const port = Number(gateway.dogstatsd.split(':').at(-1));
    await answersOf(gateway.grpc, warmUpRequests, undefined);
    await flooded(port, () => answersOf(gateway.grpc, requestsPerSecond * 2, requestsPerSecond));
    const beside: (readonly number[])[] = [];
    const through: (readonly number[])[] = [];
    const count = requestsPerSecond * roundSeconds;
    const measure = (): Promise<readonly number[]> =>
      answersOf(gateway.grpc, count, requestsPerSecond);
    for (let round = 0; round < rounds; round += 1) {
      beside.push(await flooded(sink.port, measure));
      through.push(await flooded(port, measure));
    }
    report(json, beside, through, await linesOf(gateway.admin));
  });
}

function report(
  json: boolean,
  beside: readonly (readonly number[])[],
  through: readonly (readonly number[])[],
  lines: Readonly<Record<string, number>>,
): void {
  for (const share of [0.5, 0.95]) {
    const ratios = through.map(
      (one, round) => quantile(one, share) / quantile(beside[round] ?? [], share),
    );
    printLine(json, {
      bench: `datagram-flood-p${share * 100}`,
      value: rounded(quantile(ratios, 0.5)),
      unit: 'times_the_answer_beside_a_flood_elsewhere',
      beside_ms: rounded(quantile(beside.flat(), share)),
      flooded_ms: rounded(quantile(through.flat(), share)),
      ...lines,
      runs: ratios.map(rounded),
    });
  }
}

/** What the gateway says it took of the flood, and what the kernel had no room for. */
async function linesOf(admin: string): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${admin}/metrics`)).text();
  const value = (name: string): number =>
    Number(new RegExp(`^obsctl_gateway_dogstatsd_${name} (.*)$`, 'm').exec(text)?.[1] ?? 0);
  return {
    datagrams: value('datagrams_total{socket="udp"}'),
    kernel_drops: value('kernel_drops_total'),
  };
}

/** Times of answers in milliseconds, of log records and points together. */
async function answersOf(
  address: string,
  count: number,
  perSecond: number | undefined,
): Promise<readonly number[]> {
  const all = await Promise.all(
    loadSignals
      .filter((entry) => entry.signal !== 'traces')
      .map((entry) => {
        const bodies = Array.from({ length: requestsAtOnce + 4 }, () =>
          entry.make(itemsARequest, Math.floor(Math.random() * 1e9)),
        );
        const messages = new Messages(bodies, 'identity');
        const load = { count, atOnce: requestsAtOnce, ...(perSecond && { perSecond }) };
        return sendBurst({ address, path: entry.path, encoding: 'identity', messages, ...load });
      }),
  );
  return all.flat();
}

async function flooded<Result>(port: number, use: () => Promise<Result>): Promise<Result> {
  const flood = new Worker(new URL(import.meta.url), { workerData: port });
  await once(flood, 'message');
  const result = await use();
  await flood.terminate();
  return result;
}

/** The program of the thread: datagrams until it is ended. */
function runFlood(port: number): void {
  const load = datagrams(2000, series, 1);
  const socket = createSocket('udp4');
  let sent = 0;
  const send = (): void => {
    for (let index = 0; index < 64; index += 1, sent += 1) {
      socket.send(load[sent % load.length] ?? '', port, loopback);
    }
    setImmediate(send);
  };
  send();
  parentPort?.postMessage('ready');
}

/** A bound socket whose process never reads it. */
async function startSink(): Promise<{ readonly port: number; readonly stop: () => void }> {
  const script = `const socket = require('node:dgram').createSocket('udp4');
    socket.bind(0, '${loopback}', () => {
      require('node:fs').writeSync(1, socket.address().port + '\\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  return { port: Number(String(line)), stop: () => child.kill('SIGKILL') };
}

if (!isMainThread) runFlood(workerData as number);
