/** Flows through a real gateway: an OTLP log and OBI's counter, each in its table in time. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { runSql } from '../support/engine-http.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const limitMs = 120_000;
/** What is promised: a second is there ten after it. */
const freshSeconds = 10;

let engine: TestEngine;
let gateway: TestGateway;

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({ clickhouseUrl: engine.url });
}, limitMs);

afterAll(async () => {
  await gateway?.stop();
  await engine?.stop();
});

async function post(path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', body: JSON.stringify(body), headers };
  const response = await fetch(gateway.http + path, init);
  expect([path, response.status]).toEqual([path, 200]);
}

const attributes = (of: Readonly<Record<string, string | number>>): object[] =>
  Object.entries(of).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: `${value}` } : { stringValue: value },
  }));

const resource = { attributes: attributes({ 'k8s.cluster.name': 'prod' }) };

async function sendLog(second: number): Promise<void> {
  const record = {
    timeUnixNano: `${second}900000000`,
    eventName: 'network.flow',
    attributes: attributes({
      ...{ 'network.transport': 'tcp', 'flow.start': `${second}100000000` },
      ...{ 'flow.end': `${second}800000000`, 'flow.close_reason': 'fin' },
      ...{ 'source.address': '10.0.0.1', 'source.port': 40_000, 'source.bytes': 7000 },
      ...{ 'destination.address': '10.0.0.2', 'destination.port': 443 },
      ...{ 'destination.bytes': 123_456, 'source.k8s.workload.name': 'cart' },
    }),
  };
  await post('/v1/logs', { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] });
}

async function sendPoint(second: number): Promise<void> {
  const point = {
    ...{ startTimeUnixNano: `${second - 1}000000000`, timeUnixNano: `${second}000000000` },
    asInt: '1000',
    attributes: attributes({
      ...{ 'k8s.src.owner.name': 'checkout', 'k8s.dst.owner.name': 'payment' },
      ...{ 'src.zone': 'eu-1a', 'dst.zone': 'eu-1b', 'dst.port': 8080, transport: 'TCP' },
    }),
  };
  const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point] };
  const metrics = [{ name: 'obi.network.flow.bytes', unit: '{bytes}', sum }];
  await post('/v1/metrics', { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] });
}

const pairsOf = (second: number): string => `SELECT SourceWorkload, Protocol, DestinationPort,
  DestinationAddress, SourceBytes, DestinationBytes, ConcurrentMax FROM otel.flow_seconds
  WHERE toUnixTimestamp(Time) = ${second} ORDER BY SourceWorkload FORMAT TSV`;
const cart = 'cart\ttcp\t443\t10.0.0.2\t7000\t123456\t1';
const checkout = 'checkout\ttcp\t8080\t\t1000\t0\t0';

it(
  'come into their tables, seconds within ten of them',
  async () => {
    const first = Math.floor(Date.now() / 1000);
    await sendLog(first);
    // The keeper looks once a minute where nothing was; what it then sees it follows.
    await until(pairsOf(first), cart, 90);
    const second = Math.floor(Date.now() / 1000);
    await Promise.all([sendLog(second), sendPoint(second + 1)]);
    await until(
      pairsOf(second),
      `${cart}\n${checkout}`,
      second + 1 + freshSeconds - Date.now() / 1000,
    );
    const row = '10.0.0.1\t40000\tfin\t7000\tcart\tprod';
    await until(connections, `${row}\n${row}`, 75);
  },
  limitMs * 2,
);

const connections = `SELECT SourceAddress, SourcePort, CloseReason, SourceBytes, SourceWorkload,
  Cluster FROM otel.flow_logs FORMAT TSV`;

async function until(query: string, wanted: string, secondsMax: number): Promise<void> {
  const endMs = Date.now() + secondsMax * 1000;
  for (;;) {
    const found = await runSql(engine.url, query);
    if (found === wanted) return;
    if (Date.now() > endMs) expect(found).toBe(wanted);
    await pause(200);
  }
}
