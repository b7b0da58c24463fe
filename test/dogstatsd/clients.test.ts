/** What the clients of two languages send, of every type, over UDP and Unix datagrams. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { runSql } from '../support/engine-http.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeer, describeWithPeers } from '../support/peer.ts';

const limitMs = 120_000;
const windowMs = 1_000;
const pollMs = 250;
const run = promisify(execFile);
const scripts = join(import.meta.dirname, 'testdata');

/** Whatever window they fell into, sums and members are the same; of gauges the last. */
const expected = [
  'gauge gauge 7.25',
  'gauge set 2',
  'gauge timing.max 60',
  'gauge histogram.max 60',
  'sum count 6',
  'sum down -5',
  'sum timing.count 3',
  'sum histogram.count 3',
  'distribution 3 90 10 60',
  'log warning dogstatsd.event version 2 is out',
  'log warning dogstatsd.service_check slow',
].toSorted();

describeWithPeers(
  ['hot-shots', 'datadog-python'],
  'DogStatsD clients',
  ([modules = '', python = '']) => {
    let engine: TestEngine;
    let gateway: TestGateway;
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'obsctl-dsd-clients-'));
      engine = await startEngine();
      gateway = await startGateway({
        clickhouseUrl: engine.url,
        args: [
          ...['--dogstatsd', '127.0.0.1:0', '--dogstatsd-window', `${windowMs}ms`],
          ...['--dogstatsd-datagram', join(folder, 'dsd.sock')],
        ],
        // Where the addon is, as if it had been installed beside the gateway.
        env: { NODE_PATH: modules },
      });
    }, limitMs);
    afterAll(async () => {
      await gateway.stop();
      await engine.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const port = (): number => Number(gateway.dogstatsd.split(':').at(-1));
    const socket = (): string => join(folder, 'dsd.sock');
    const byNode = (prefix: string, options: unknown): Promise<unknown> =>
      run(process.execPath, [
        join(scripts, 'hot-shots.mjs'),
        modules,
        prefix,
        JSON.stringify(options),
      ]);
    const byPython = (prefix: string, options: unknown): Promise<unknown> =>
      run(python, [join(scripts, 'datadog_client.py'), prefix, JSON.stringify(options)]);

    it.each([
      ['hot-shots over UDP', 'hu', () => byNode('hu', { host: '127.0.0.1', port: port() })],
      [
        'hot-shots over Unix datagrams',
        'hd',
        () => byNode('hd', { protocol: 'uds', path: socket() }),
      ],
      ['Python over UDP', 'pu', () => byPython('pu', { host: '127.0.0.1', port: port() })],
      ['Python over Unix datagrams', 'pd', () => byPython('pd', { socket_path: socket() })],
    ])(
      '%s: every type is read back',
      async (_, prefix, send) => {
        await send();
        const deadline = Date.now() + limitMs / 2;
        let seen = await storedOf(engine, prefix);
        while (seen.join() !== expected.join() && Date.now() < deadline) {
          await pause(pollMs);
          seen = await storedOf(engine, prefix);
        }
        expect(seen).toEqual(expected);
      },
      limitMs,
    );
  },
);

describeWithPeer('hot-shots', 'the Unix datagram socket', (modules) => {
  let engine: TestEngine;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'obsctl-dsd-socket-'));
    engine = await startEngine();
  }, limitMs);
  afterAll(async () => {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = (env: Readonly<Record<string, string>>): Promise<TestGateway> =>
    startGateway({
      clickhouseUrl: engine.url,
      args: ['--dogstatsd-datagram', join(folder, 'dsd.sock')],
      env,
    });

  it(
    'is taken over from a gateway that was killed, and not from one that lives',
    async () => {
      const first = await start({ NODE_PATH: modules });
      await expect(start({ NODE_PATH: modules })).rejects.toThrow(/OBS-2001/);
      await first.kill();
      const second = await start({ NODE_PATH: modules });
      expect(await second.stop()).toBe(0);
    },
    limitMs,
  );

  it(
    'is missed aloud where the addon is not installed',
    async () => {
      const gateway = await start({ NODE_PATH: '' });
      expect(gateway.talk()).toMatch(/--dogstatsd-datagram needs the optional package unix-dgram/);
      await gateway.stop();
    },
    limitMs,
  );
});

/** All that one client sent, in lines as in {@link expected}. */
async function storedOf(engine: TestEngine, prefix: string): Promise<readonly string[]> {
  const name = `substring(MetricName, ${prefix.length + 2})`;
  const environment = "ResourceAttributes['deployment.environment.name']";
  const mine = `ServiceName = '${prefix}' AND ${environment} = 'test'`;
  const answers = await Promise.all([
    runSql(
      engine.url,
      `SELECT 'gauge', ${name} AS name, argMax(Value, TimeUnix) FROM otel.otel_metrics_gauge
       WHERE ${mine} AND (name IN ('gauge', 'set') OR name LIKE '%.max') GROUP BY name`,
    ),
    runSql(
      engine.url,
      `SELECT 'sum', ${name} AS name, sum(Value) FROM otel.otel_metrics_sum
       WHERE ${mine} GROUP BY name`,
    ),
    runSql(
      engine.url,
      `SELECT ${name} AS name, sum(Count), sum(Sum), min(Min), max(Max)
       FROM otel.otel_metrics_exponential_histogram WHERE ${mine} GROUP BY name`,
    ),
    runSql(
      engine.url,
      `SELECT 'log', SeverityText, EventName, Body FROM otel.otel_logs WHERE ${mine}`,
    ),
  ]);
  const lines = answers.flatMap((text) => text.split('\n')).filter((line) => line !== '');
  return lines.map((line) => line.replaceAll('\t', ' ')).toSorted();
}
