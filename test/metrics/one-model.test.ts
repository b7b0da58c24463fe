/** The same gauge by four protocols: one query, one answer (docs/guide/metrics.md, seeds D15). */
import { createSocket } from 'node:dgram';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { snapBlock } from '../../gateway/decode/testdata/snap.ts';
import { double, int, join, len } from '../../gateway/decode/testdata/wire-writer.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { runSql } from '../support/engine-http.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const limitMs = 60_000;
const seconds = Math.floor(Date.now() / 1000) - 60;
const value = 7.5;

let engine: TestEngine;
let gateway: TestGateway;

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({
    clickhouseUrl: engine.url,
    args: ['--dogstatsd', '127.0.0.1:0', '--dogstatsd-window', '1s'],
  });
}, limitMs);
afterAll(async () => {
  await gateway.stop();
  await engine.stop();
});

async function post(path: string, body: string | Uint8Array, headers: Record<string, string>) {
  const init = { method: 'POST', body: Buffer.from(body), headers };
  const response = await fetch(gateway.http + path, init);
  expect([path, response.status, await response.text()]).toEqual([
    path,
    path.startsWith('/v1/') ? 200 : 204,
    path.startsWith('/v1/') ? '{}' : '',
  ]);
}

function text(key: string, content: string): object {
  return { key, value: { stringValue: content } };
}

async function sendOtlp(): Promise<void> {
  const point = {
    timeUnixNano: `${seconds}000000000`,
    asDouble: value,
    attributes: [text('route', '/cart')],
  };
  const metrics = [{ name: 'shop_queue_depth', gauge: { dataPoints: [point] } }];
  const resource = { attributes: [text('service.name', 'shop')] };
  const body = { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] };
  await post('/v1/metrics', JSON.stringify(body), { 'content-type': 'application/json' });
}

async function sendRemoteWrite(): Promise<void> {
  const labels = { __name__: 'shop_queue_depth', job: 'shop', route: '/cart' };
  const pairs = Object.entries(labels).map(([name, label]) =>
    len(1, join(len(1, name), len(2, label))),
  );
  const sample = len(2, join(double(1, value), int(2, seconds * 1000)));
  await post('/api/v1/write', snapBlock(len(1, join(...pairs, sample))), {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
  });
}

async function sendInflux(): Promise<void> {
  const line = `shop_queue_depth,service=shop,route=/cart value=${value} ${seconds}`;
  await post('/write?db=shop&precision=s', line, {});
}

async function sendDogstatsd(): Promise<void> {
  const socket = createSocket('udp4');
  const port = Number(gateway.dogstatsd.split(':').at(-1));
  const line = `shop_queue_depth:${value}|g|#service:shop,route:/cart|T${seconds}`;
  await new Promise((resolve) => socket.send(line, port, '127.0.0.1', resolve));
  socket.close();
}

describe('one gauge by OTLP, remote write, Influx and DogStatsD', () => {
  it(
    'is four equal rows',
    async () => {
      await sendOtlp();
      await sendRemoteWrite();
      await sendInflux();
      await sendDogstatsd();
      const columns =
        'ServiceName, MetricName, MetricUnit, mapSort(Attributes) AS Attributes, Value, ' +
        'ValueType, Flags, toUnixTimestamp(TimeUnix) AS Time, StartTimeUnix, Tenant, ' +
        "ResourceAttributes['service.name'] AS Service";
      const sql =
        `SELECT ${columns}, count() AS Rows FROM otel.otel_metrics_gauge ` +
        "WHERE MetricName LIKE 'shop%' GROUP BY ALL FORMAT JSONEachRow";
      let found = '';
      for (let tries = 0; tries < 100 && !found.includes('"Rows":4'); tries += 1) {
        await pause(200);
        found = (await runSql(engine.url, sql)).trim();
      }
      expect(found.split('\n').map((line) => JSON.parse(line))).toMatchObject([
        {
          ServiceName: 'shop',
          MetricName: 'shop_queue_depth',
          Attributes: { route: '/cart' },
          Value: value,
          ValueType: 'Double',
          Flags: 0,
          Time: seconds,
          Rows: 4,
        },
      ]);
    },
    limitMs,
  );
});
