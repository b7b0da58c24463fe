/**
 * `npm run bench -- freshness`: how long after a span was sent a query finds it in the embedded
 * engine, almost idle and with load beside it. A probe is a request of one span; a reader asks all
 * the time which probes are there, so a figure is at most one query too long.
 */
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { runSql } from '../test/support/engine-http.ts';
import { printLine, quantile, rounded } from '../test/support/figures.ts';
import { startGateway, type TestGateway } from '../test/support/gateway.ts';
import { loadSignals, Messages, sendBurst, settleGateway } from '../test/support/gateway-load.ts';

const probes = 150;
const probeEveryMs = 137;
const waitMsMax = 60_000;
const readEveryMs = 25;
const itemsARequest = 999;
const requestsAtOnce = 8;
const distinctBodies = 24;
const backgroundRates = [0, 10_000];
/** What is promised of a server, and of the engine that `obsctl up` starts beside the gateway. */
const settings = [
  { name: 'default', args: [], promisedMs: 2_000 },
  { name: 'up', args: ['--freshness', '3500ms'], promisedMs: 5_000 },
] as const;
type Setting = (typeof settings)[number];

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  for (const setting of settings) {
    const engine = await startEngine();
    try {
      const gateway = await startGateway({ clickhouseUrl: engine.url, args: setting.args });
      try {
        for (const rate of backgroundRates) await runCase(engine, gateway, setting, rate, json);
      } finally {
        await gateway.stop();
      }
    } finally {
      await engine.stop();
    }
  }
}

async function runCase(
  engine: TestEngine,
  gateway: TestGateway,
  setting: Setting,
  rate: number,
  json: boolean,
): Promise<void> {
  const seconds = Math.ceil((probes * probeEveryMs) / 1000);
  const background = rate === 0 ? Promise.resolve() : load(gateway, rate, seconds);
  const prefix = `probe-${rate}-`;
  const sentMs = new Map<string, number>();
  const foundMs = new Map<string, number>();
  const reading = readProbes(engine.url, prefix, sentMs, foundMs);
  for (let index = 0; index < probes; index += 1) {
    const name = prefix + index;
    sentMs.set(name, performance.now());
    await sendProbe(gateway.http, name);
    await new Promise((resolve) => setTimeout(resolve, probeEveryMs));
  }
  await reading;
  await background;
  await settleGateway(gateway.admin);
  const times = [...foundMs].map(([name, at]) => at - (sentMs.get(name) ?? Number.NaN));
  if (times.length < probes) throw new Error(`${probes - times.length} probes were never found`);
  printLine(json, {
    bench: `freshness-${setting.name}-${rate === 0 ? 'idle' : `${rate}-spans-per-second`}`,
    value: rounded(quantile(times, 0.95)),
    unit: 'ms_p95',
    p50: rounded(quantile(times, 0.5)),
    greatest: rounded(Math.max(...times)),
    ratio: rounded(quantile(times, 0.95) / setting.promisedMs),
    runs: [rounded(quantile(times, 0.95))],
  });
}

async function load(gateway: TestGateway, rate: number, seconds: number): Promise<void> {
  const [spans] = loadSignals;
  if (spans === undefined) throw new Error('no load of spans');
  const bodies = Array.from({ length: distinctBodies }, (_, seed) =>
    spans.make(itemsARequest, seed),
  );
  const perSecond = rate / itemsARequest;
  await sendBurst({
    address: gateway.grpc,
    path: spans.path,
    messages: new Messages(bodies, 'identity'),
    encoding: 'identity',
    count: Math.ceil(perSecond * seconds),
    atOnce: requestsAtOnce,
    perSecond,
  });
}

async function sendProbe(base: string, name: string): Promise<void> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const span = {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    name: 'probe',
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now),
  };
  const attributes = [{ key: 'service.name', value: { stringValue: name } }];
  const body = { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }] };
  const response = await fetch(`${base}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  await response.body?.cancel();
}

/** Notes when each probe was first seen, until all were or the time is over. */
async function readProbes(
  url: string,
  prefix: string,
  sentMs: ReadonlyMap<string, number>,
  foundMs: Map<string, number>,
): Promise<void> {
  const deadline = performance.now() + probes * probeEveryMs + waitMsMax;
  while (foundMs.size < probes && performance.now() < deadline) {
    const text = await runSql(
      url,
      `SELECT DISTINCT ServiceName FROM otel.otel_traces
        WHERE ServiceName >= '${prefix}' AND ServiceName < '${prefix}~' FORMAT TSV`,
    );
    const now = performance.now();
    for (const name of text.split('\n')) {
      if (sentMs.has(name) && !foundMs.has(name)) foundMs.set(name, now);
    }
    await new Promise((resolve) => setTimeout(resolve, readEveryMs));
  }
}
