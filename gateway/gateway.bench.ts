/**
 * CPU-seconds of the gateway's process per million items, from the socket to the acknowledged
 * insert: gRPC without compression, 1 000 items a request, the log synced, into tables of engine
 * Null with the real schema, so that every block is parsed and checked. No request repeats the
 * bytes of another. Also the time to the answer at half of what one worker can take.
 * `npm run bench gateway`.
 */
import { printLine, quantile, rounded } from '../test/support/figures.ts';
import type { TestGateway } from '../test/support/gateway.ts';
import {
  cpuSeconds,
  type LoadSignal,
  loadSignals,
  Messages,
  sendBurst,
  settleGateway,
  statusBytes,
} from '../test/support/gateway-load.ts';
import { withNullGateway } from '../test/support/null-gateway.ts';

const runsMax = 5;
const requestsARun = 300;
const warmUpRequests = 600;
const requestsAtOnce = 4;
const requestsAtOncePaced = 16;
const distinctBodies = 24;
const itemsARequest = 999;
const idleMs = 3_000;
const pacedSeconds = 8;

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  await withNullGateway([], async ({ gateway }) => {
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    const bytes = statusBytes(gateway.pid, 'VmRSS');
    printLine(json, { bench: 'gateway-idle-memory', value: bytes, unit: 'bytes', runs: [bytes] });
    for (const entry of loadSignals) await runCase(entry, gateway, json);
    const peak = statusBytes(gateway.pid, 'VmHWM');
    printLine(json, { bench: 'gateway-peak-memory', value: peak, unit: 'bytes', runs: [peak] });
  });
}

async function runCase(entry: LoadSignal, gateway: TestGateway, json: boolean): Promise<void> {
  const bodies = Array.from({ length: distinctBodies }, (_, seed) =>
    entry.make(itemsARequest, seed),
  );
  const messages = new Messages(bodies, 'identity');
  const common = {
    address: gateway.grpc,
    path: entry.path,
    messages,
    encoding: 'identity',
    atOnce: requestsAtOnce,
  } as const;
  await sendBurst({ ...common, count: warmUpRequests });
  await settleGateway(gateway.admin);
  const runs: number[] = [];
  const answersMs: number[] = [];
  const perSecond: number[] = [];
  for (let index = 0; index < runsMax; index += 1) {
    const before = cpuSeconds(gateway.pid);
    const beganMs = performance.now();
    answersMs.push(...(await sendBurst({ ...common, count: requestsARun })));
    perSecond.push((requestsARun / (performance.now() - beganMs)) * 1000);
    await settleGateway(gateway.admin);
    const used = cpuSeconds(gateway.pid) - before;
    runs.push((used / (requestsARun * itemsARequest)) * 1e6);
  }
  printLine(json, {
    bench: `gateway-${entry.signal}`,
    value: rounded(quantile(runs, 0.5)),
    unit: `cpu_s_per_million_${entry.items}`,
    runs: runs.map(rounded),
    answer_p50_ms: rounded(quantile(answersMs, 0.5)),
    answer_p99_ms: rounded(quantile(answersMs, 0.99)),
  });
  const half = quantile(perSecond, 0.5) / 2;
  const paced = await sendBurst({
    ...common,
    count: Math.ceil(half * pacedSeconds),
    atOnce: requestsAtOncePaced,
    perSecond: half,
  });
  await settleGateway(gateway.admin);
  printLine(json, {
    bench: `gateway-${entry.signal}-answer-p99-half-load`,
    value: rounded(quantile(paced, 0.99)),
    unit: 'ms',
    requests_per_second: rounded(half),
    answer_p50_ms: rounded(quantile(paced, 0.5)),
    runs: [rounded(quantile(paced, 0.99))],
  });
}
