/**
 * What a flood of one signal costs the others: the time to the answer of log records and points,
 * while spans come at their usual rate and at ten times it, in turn in one run: 2 000 items a
 * second of each signal, then 20 000 spans. Also while spans come as fast as they are answered.
 * The flood comes from a thread of its own, so that its sending does not delay what is measured.
 * `npm run bench fairness`.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { printLine, quantile, rounded } from '../test/support/figures.ts';
import type { TestGateway } from '../test/support/gateway.ts';
import { type LoadSignal, loadSignals, Messages, sendBurst } from '../test/support/gateway-load.ts';
import { withNullGateway } from '../test/support/null-gateway.ts';

const rounds = 5;
const roundSeconds = 4;
const itemsARequest = 100;
const requestsAtOnce = 8;
const distinctBodies = 12;
const warmUpRequests = 400;
/** Requests of each signal. */
const usualPerSecond = 20;
const floodTimes = 10;

type Sender = { readonly entry: LoadSignal; readonly messages: Messages };

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  await withNullGateway([], ({ gateway }) => measure(gateway, json));
}

async function measure(gateway: TestGateway, json: boolean): Promise<void> {
  const senders = loadSignals.map(senderOf);
  const [traces, ...others] = senders;
  if (traces === undefined) return;
  for (const sender of senders) await burst(gateway.grpc, sender, { count: warmUpRequests });
  const usual = usualPerSecond;
  const flood = usual * floodTimes;
  const calm: number[][] = [];
  const flooded: number[][] = [];
  const hurried: number[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    calm.push(await timesOf(gateway, others, usual, usual));
    flooded.push(await timesOf(gateway, others, usual, flood));
    hurried.push(await timesOf(gateway, others, usual, undefined));
  }
  for (const [name, times] of [
    ['ten-times', flooded],
    ['as-fast-as-answered', hurried],
  ] as const) {
    for (const share of [0.5, 0.95]) {
      const ratios = times.map(
        (one, round) => quantile(one, share) / quantile(calm[round]!, share),
      );
      printLine(json, {
        bench: `fairness-${name}-p${share * 100}`,
        value: rounded(quantile(ratios, 0.5)),
        unit: 'times_the_answer_without_flood',
        calm_ms: rounded(quantile(calm.flat(), share)),
        flooded_ms: rounded(quantile(times.flat(), share)),
        requests_per_second: usual,
        runs: ratios.map(rounded),
      });
    }
  }
}

/** Answers to `senders` at `perSecond` each, beside spans at their own rate, or at any. */
async function timesOf(
  gateway: TestGateway,
  senders: readonly Sender[],
  perSecond: number,
  spansPerSecond: number | undefined,
): Promise<number[]> {
  const data: Flood = { address: gateway.grpc, perSecond: spansPerSecond };
  const flood = new Worker(new URL(import.meta.url), { workerData: data });
  await new Promise((resolve) => flood.once('message', resolve));
  const times = await Promise.all(
    senders.map((sender) =>
      burst(gateway.grpc, sender, { count: perSecond * roundSeconds, perSecond }),
    ),
  );
  await flood.terminate();
  return times.flat();
}

type Flood = { readonly address: string; readonly perSecond: number | undefined };

/** The program of the thread: spans until it is ended. */
async function runFlood({ address, perSecond }: Flood): Promise<void> {
  const [entry] = loadSignals;
  if (entry === undefined) return;
  const sender = senderOf(entry);
  await burst(address, sender, { count: requestsAtOnce });
  parentPort?.postMessage('ready');
  for (;;) await burst(address, sender, { count: 100, ...(perSecond && { perSecond }) });
}

function senderOf(entry: LoadSignal): Sender {
  const bodies = Array.from({ length: distinctBodies }, (_, index) =>
    entry.make(itemsARequest, Math.floor(Math.random() * 1e9) + index),
  );
  return { entry, messages: new Messages(bodies, 'identity') };
}

function burst(
  address: string,
  { entry, messages }: Sender,
  load: { readonly count: number; readonly perSecond?: number },
): Promise<readonly number[]> {
  const { path } = entry;
  const common = { address, encoding: 'identity', atOnce: requestsAtOnce } as const;
  return sendBurst({ ...common, path, messages, ...load });
}

if (!isMainThread) void runFlood(workerData as Flood);
