/** `obsctl send` by every protocol, to a real gateway, read back from a real ClickHouse. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { runSql } from '../support/engine-http.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const limitMs = 120_000;
const pollMs = 250;
const count = 2_345;
const main = join(import.meta.dirname, '../../cli/main.ts');
const run = promisify(execFile);

let engine: TestEngine;
let gateway: TestGateway;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obsctl-send-'));
  engine = await startEngine();
  const stream = ['--dogstatsd-stream', join(folder, 'dsd.sock'), '--dogstatsd-window', '1s'];
  gateway = await startGateway({
    clickhouseUrl: engine.url,
    args: ['--dogstatsd', '127.0.0.1:0', ...stream],
  });
}, limitMs);
afterAll(async () => {
  await gateway.stop();
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

async function send(service: string, ...words: readonly string[]): Promise<unknown> {
  const args = ['send', 'metrics', '--count', String(count), '--service', service, ...words];
  const { stdout } = await run(process.execPath, [main, ...args]);
  return JSON.parse(stdout).results[0];
}

/** What a query says, once it says `wanted`; else what it says at last. */
async function answer(sql: string, wanted: string): Promise<string> {
  const deadline = Date.now() + limitMs / 3;
  for (;;) {
    const text = await runSql(engine.url, sql);
    if (text === wanted || Date.now() > deadline) return text;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

const sums = (service: string): string =>
  `SELECT sum(Value) FROM otel.otel_metrics_sum WHERE ServiceName = '${service}'`;

describe('obsctl send', () => {
  it(
    'sends remote write: every item is a sample of two metrics',
    async () => {
      const words = ['--protocol', 'remote-write', '--endpoint', gateway.http];
      expect(await send('by-rw', ...words)).toEqual({
        signal: 'metrics',
        sent: count,
        requests: 3,
      });
      const wanted = `${count}\t${count}`;
      const sql = `SELECT count(), max(Value) FROM otel.otel_metrics_sum
      WHERE ServiceName = 'by-rw' AND MetricName = 'sample_count_total'`;
      expect(await answer(sql, wanted)).toBe(wanted);
      const durations = `SELECT count(), countDistinct(TimeUnix) FROM otel.otel_metrics_gauge
      WHERE ServiceName = 'by-rw' AND MetricName = 'sample_duration'`;
      expect(await answer(durations, wanted)).toBe(wanted);
    },
    limitMs,
  );

  it.each([
    ['UDP', 'by-udp', () => gateway.dogstatsd],
    ['a Unix stream', 'by-stream', () => `unix://${folder}/dsd.sock`],
  ])(
    'sends datagrams over %s, which nobody answers',
    async (_, service, endpoint) => {
      const report = await send(service, '--protocol', 'dogstatsd', '--endpoint', endpoint());
      expect(report).toEqual({ signal: 'metrics', sent: count, unanswered: true, requests: 294 });
      expect(await answer(sums(service), String(count))).toBe(String(count));
      const spread = `SELECT sum(Count) FROM otel.otel_metrics_exponential_histogram
      WHERE ServiceName = '${service}' AND MetricName = 'sample.duration'`;
      expect(await answer(spread, String(count))).toBe(String(count));
    },
    limitMs,
  );

  it.each([
    [['--protocol', 'dogstatsd', '--endpoint', 'http://x'], /expected a URL as udp:\/\//],
    [['--protocol', 'remote-write', '--gzip'], /--gzip is not for --protocol remote-write/],
    [['--protocol', 'dogstatsd', '--endpoint', 'unix:///nowhere.sock'], /ENOENT/],
  ])(
    'refuses %j',
    async (words, message) => {
      await expect(send('x', ...words)).rejects.toThrow(message);
    },
    limitMs,
  );
});
