/**
 * A gateway killed between the sync and the answer: whoever sends metrics by a request sends it
 * again, as each protocol tells it to, and every row is there once.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { compress } from 'snappyjs';
import { distinctSeries } from '../../gateway/decode/remote-write/testdata/load.ts';
import {
  writeRequestV1,
  writeRequestV2,
} from '../../gateway/decode/remote-write/testdata/write-request.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { runSql } from '../support/engine-http.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const limitMs = 60_000;
const seriesCount = 300;
// The present, so that retention keeps it.
const nowMs = BigInt(Date.now());
const series = distinctSeries(seriesCount, 1, nowMs);
const lines = Buffer.from(
  Array.from({ length: seriesCount }, (_, at) => `load,host=h${at} value=${at} ${nowMs}\n`).join(
    '',
  ),
);
const protobuf = 'application/x-protobuf';
const isSnappy = { 'content-encoding': 'snappy' };

type Sender = readonly [
  name: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
];

const senders: readonly Sender[] = [
  [
    'rw1',
    '/api/v1/write',
    { ...isSnappy, 'content-type': protobuf },
    compress(writeRequestV1(series)),
  ],
  [
    'rw2',
    '/api/v1/write',
    { ...isSnappy, 'content-type': `${protobuf};proto=io.prometheus.write.v2.Request` },
    compress(writeRequestV2(series)),
  ],
  ['influx1', '/write?db=telegraf&precision=ms', {}, lines],
  ['influx2', '/api/v2/write?org=o&bucket=b&precision=ms', {}, lines],
];

let engine: TestEngine;
const gateways: TestGateway[] = [];
const folders: string[] = [];

beforeAll(async () => {
  engine = await startEngine();
}, limitMs);
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});
afterAll(() => engine.stop());

describe('metrics that were synced, and whose answer never came', () => {
  it.each(senders)(
    'by %s are stored once, however often they come again',
    async (database, path, headers, body) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'obsctl-lost-answer-'));
      folders.push(dataDir);
      const start = async (env: Record<string, string>): Promise<TestGateway> => {
        const gateway = await startGateway({
          ...{ clickhouseUrl: engine.url, database, dataDir, env },
        });
        gateways.push(gateway);
        return gateway;
      };
      const post = async ({ http }: TestGateway): Promise<number> => {
        const request = { method: 'POST', headers, body: Buffer.from(body) };
        const response = await fetch(http + path, request);
        await response.arrayBuffer();
        return response.status;
      };
      const first = await start({ OBSCTL_CRASH_AT: 'durable' });
      await expect(post(first)).rejects.toThrow();
      expect(await first.exited).toBe('SIGKILL');
      const second = await start({});
      expect([await post(second), await post(second)]).toEqual([204, 204]);
      expect(await second.stop()).toBe(0);
      expect(await rows(database)).toEqual([seriesCount, seriesCount]);
    },
    limitMs,
  );
});

/** Of all tables of single values: how many, and of how many series. */
async function rows(database: string): Promise<readonly number[]> {
  const sql = `SELECT count(), uniqExact(MetricName, Attributes, ResourceAttributes)
    FROM merge('${database}', '^otel_metrics_(gauge|sum)$')`;
  return (await runSql(engine.url, sql)).split('\t').map(Number);
}
