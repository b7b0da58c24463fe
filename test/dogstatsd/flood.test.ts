/** More datagrams than a machine can read: what was lost is counted, and OTLP is stored. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { runSql } from '../support/engine-http.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const limitMs = 120_000;
const sent = 200_000;
const linesPerDatagram = 16;
const items = 3_000;
const main = join(import.meta.dirname, '../../cli/main.ts');

/** As fast as one process can, each datagram with sixteen lines of one counter. */
const flood = `
  const socket = require('node:dgram').createSocket('udp4');
  const [port, count, lines] = process.argv.slice(1).map(Number);
  const body = Array(lines).fill('flood.hits:1|c').join('\\n');
  let begun = 0;
  let left = count;
  // Closing would take back what the kernel does not have yet.
  const sent = () => (left -= 1) === 0 && socket.close();
  const some = () => {
    for (let index = 0; index < 64 && begun < count; index += 1, begun += 1) {
      socket.send(body, port, '127.0.0.1', sent);
    }
    if (begun < count) setImmediate(some);
  };
  some();
`;

let engine: TestEngine;
let gateway: TestGateway;

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({
    clickhouseUrl: engine.url,
    args: ['--dogstatsd', '127.0.0.1:0', '--dogstatsd-window', '2s'],
  });
}, limitMs);
afterAll(async () => {
  await gateway.stop();
  await engine.stop();
});

async function counted(): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${gateway.admin}/metrics`)).text();
  const value = (name: string): number =>
    Number(new RegExp(`^obsctl_gateway_dogstatsd_${name} (.*)$`, 'm').exec(text)?.[1] ?? 0);
  return {
    received: value('datagrams_total{socket="udp"}'),
    dropped: value('kernel_drops_total'),
    logged: value('logged_total'),
    refused: value('refused_total'),
    late: value('late_total'),
  };
}

const stored = async (sql: string): Promise<number> => Number(await runSql(engine.url, sql));

describe('a flood of datagrams', () => {
  it(
    'loses nothing uncounted, from the first one on, and nothing of what has answers',
    async () => {
      const port = String(gateway.dogstatsd.split(':').at(-1));
      const args = ['-e', flood, port, String(sent), String(linesPerDatagram)];
      const flooding = once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit');
      const words = ['send', 'logs', '--count', String(items), '--endpoint', gateway.grpc];
      const report = await promisify(execFile)(process.execPath, [main, ...words]);
      expect(JSON.parse(report.stdout).results).toEqual([
        { signal: 'logs', sent: items, requests: 3 },
      ]);
      expect(await flooding).toEqual([0, null]);
      let counts = await counted();
      let hits = -1;
      // Each figure is told now and then, so one may be ahead of another for a moment.
      const isSettled = (): boolean => {
        const { received = 0, dropped = 0, logged = 0, refused = 0 } = counts;
        const isCounted = received + dropped === sent && logged + refused === received;
        return isCounted && hits === logged * linesPerDatagram;
      };
      const deadline = Date.now() + limitMs / 2;
      const sum = "SELECT sum(Value) FROM otel.otel_metrics_sum WHERE MetricName = 'flood.hits'";
      while (!isSettled() && Date.now() < deadline) {
        await pause(500);
        counts = await counted();
        hits = await stored(sum);
      }
      const { received = 0, dropped = 0, logged = 0, refused = 0, late = 0 } = counts;
      expect([received + dropped, logged + refused, late]).toEqual([sent, received, 0]);
      expect(logged).toBeGreaterThan(0);
      expect(hits).toBe(logged * linesPerDatagram);
      expect(await stored('SELECT count() FROM otel.otel_logs')).toBe(items);
    },
    limitMs,
  );
});
