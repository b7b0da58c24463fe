/**
 * The rendered node-agent on this machine, from a pod's log file to the table: the real Collector,
 * our gateway, the embedded engine. `OBSCTL_OUTAGE_MS` sets how long the gateway is away (15 s; the
 * full form is 120000).
 */

import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { startEngine } from '../support/engine.ts';
import { freePort } from '../support/free-ports.ts';
import { startGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { makePodLog } from './pod-log-file.ts';
import { type Machine, type MachineOptions, makeMachine } from './running-agent.ts';

const outageMs = Number(process.env['OBSCTL_OUTAGE_MS'] ?? 15_000);
const arrivalMsMax = 30_000;
/** A repeat would follow its original within a poll and a batch. */
const settleMs = 1500;
const pollMs = 100;
/** Around one poll of the reader and one flush behind it. */
const killMomentsMs = [20, 60, 100, 140, 180, 220, 260, 300, 340, 380, 420];

type Row = {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly stream: string;
  readonly body: string;
};

let engine: Awaited<ReturnType<typeof startEngine>>;
let gateway: Awaited<ReturnType<typeof startGateway>>;
let clickhouse: ClickHouse;
let gatewayPort = 0;
let gatewayDir = '';
const machines: Machine[] = [];

async function gatewayUp(): Promise<void> {
  gateway = await startGateway({
    clickhouseUrl: engine.url,
    dataDir: gatewayDir,
    args: ['--otlp-grpc', `127.0.0.1:${gatewayPort}`],
  });
}

describeWithPeer('collector-0.149', 'the rendered node-agent', (collector) => {
  beforeAll(async () => {
    engine = await startEngine();
    gatewayPort = await freePort();
    gatewayDir = mkdtempSync(join(tmpdir(), 'obsctl-node-agent-gateway-'));
    await gatewayUp();
    clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  }, 60_000);

  afterEach(async () => {
    for (const machine of machines.splice(0)) await machine.remove();
  });

  afterAll(async () => {
    await clickhouse?.close();
    await gateway?.stop();
    await engine?.stop();
    rmSync(gatewayDir, { recursive: true, force: true });
  });

  const machineWith = (
    presets: MachineOptions['presets'],
    target: MachineOptions['target'] = 'kubernetes',
  ): Machine => {
    const address = `127.0.0.1:${gatewayPort}`;
    const machine = makeMachine({ collector, presets, target, gateway: address });
    machines.push(machine);
    return machine;
  };

  it('stores a pod line once, parts joined, with namespace, pod and container', async () => {
    const machine = machineWith({ pod_logs: {}, persistent_queue: {} });
    const log = makePodLog(machine.podLogs, {
      namespace: 'shop',
      pod: 'checkout-7d9f',
      container: 'app',
      stream: 'stderr',
    });
    log.line('before the agent');
    const agent = await machine.start();
    log.line('after the agent');
    const long = `long ${'x'.repeat(40)} end`;
    log.line(long, 10);
    const bodies = ['before the agent', 'after the agent', long];
    expect(await arrived('shop', 'checkout-7d9f', bodies.length)).toEqual(
      bodies.toSorted().map((body) => ({
        namespace: 'shop',
        pod: 'checkout-7d9f',
        container: 'app',
        stream: 'stderr',
        body,
      })),
    );
    await agent.stop();
  });

  it('tells the formats of CRI-O and Docker apart, with their times', async () => {
    const machine = machineWith({ pod_logs: {}, persistent_queue: {} });
    const crio = makePodLog(machine.podLogs, { namespace: 'shop', pod: 'crio', container: 'app' });
    const docker = makePodLog(machine.podLogs, {
      namespace: 'shop',
      pod: 'dock',
      container: 'app',
    });
    const nowMs = Date.now();
    const ahead = new Date(nowMs + 7_200_000).toISOString().slice(0, 23);
    appendFileSync(crio.file, `${ahead}000001+02:00 stdout P over here, \n`);
    appendFileSync(crio.file, `${ahead}000002+02:00 stderr F between\n`);
    appendFileSync(crio.file, `${ahead}000003+02:00 stdout F over there\n`);
    const time = new Date(nowMs).toISOString();
    for (const log of ['in {part', 's} joined\n', 'whole\n']) {
      appendFileSync(docker.file, `${JSON.stringify({ log, stream: 'stdout', time })}\n`);
    }
    const agent = await machine.start();
    expect(bodiesOf(await arrived('shop', 'crio', 2))).toEqual([
      'between',
      'over here, over there',
    ]);
    expect(bodiesOf(await arrived('shop', 'dock', 2))).toEqual(['in {parts} joined', 'whole']);
    const times = await select(`SELECT DISTINCT toUnixTimestamp64Milli(Timestamp)::Float64 AS ms
      FROM otel.otel_logs WHERE ResourceAttributes['k8s.pod.name'] IN ('crio', 'dock')`);
    expect(times).toEqual([{ ms: nowMs }]);
    await agent.stop();
  });

  it('reads on across rotation, and leaves compressed files and its own log out', async () => {
    const machine = machineWith({ pod_logs: {}, persistent_queue: {} });
    const log = makePodLog(machine.podLogs, {
      namespace: 'shop',
      pod: 'rotated',
      container: 'app',
    });
    const own = makePodLog(machine.podLogs, {
      namespace: 'observability-agents',
      pod: 'shop-node-agent-abcde',
      container: 'collector',
    });
    const agent = await machine.start();
    own.line('of the agent itself');
    log.line('first');
    await arrived('shop', 'rotated', 1);
    const sent = numbered('line', 300);
    for (const [index, text] of sent.entries()) {
      if (index === 100 || index === 200) {
        const rotated = log.rotate();
        // The runtime has the old file open for a moment longer.
        log.late(rotated, `late ${index}`);
        writeFileSync(`${rotated}.gz`, gzipSync('2026-01-01T00:00:00.0Z stdout F again\n'));
      }
      log.line(text);
    }
    const all = ['first', 'late 100', 'late 200', ...sent];
    expect(bodiesOf(await arrived('shop', 'rotated', all.length))).toEqual(all.toSorted());
    expect(await rowsOf('observability-agents', 'shop-node-agent-abcde')).toEqual([]);
    await agent.stop();
  });

  it('loses and repeats nothing over a restart, whatever rotated or was born', async () => {
    const machine = machineWith({ pod_logs: {}, persistent_queue: {} });
    const log = makePodLog(machine.podLogs, { namespace: 'shop', pod: 'steady', container: 'app' });
    const first = await machine.start();
    const sent = numbered('line', 400);
    for (const text of sent.slice(0, 100)) log.line(text);
    // What was read must not be read again; what comes now must not be left out.
    await arrived('shop', 'steady', 100);
    for (const text of sent.slice(100, 200)) log.line(text);
    await first.stop();
    for (const text of sent.slice(200, 250)) log.line(text);
    log.rotate();
    for (const text of sent.slice(250, 300)) log.line(text);
    const born = makePodLog(machine.podLogs, { namespace: 'shop', pod: 'born', container: 'app' });
    born.line('while nobody looked');
    const second = await machine.start();
    for (const text of sent.slice(300)) log.line(text);
    expect(bodiesOf(await arrived('shop', 'steady', sent.length))).toEqual(sent.toSorted());
    expect(bodiesOf(await arrived('shop', 'born', 1))).toEqual(['while nobody looked']);
    await second.stop();
  });

  it('loses nothing when it is killed, at whatever moment', async () => {
    const machine = machineWith({ pod_logs: {}, persistent_queue: {} });
    const log = makePodLog(machine.podLogs, { namespace: 'shop', pod: 'killed', container: 'app' });
    const sent = numbered('line', killMomentsMs.length * 50);
    for (const [round, momentMs] of killMomentsMs.entries()) {
      const agent = await machine.start();
      for (const text of sent.slice(round * 50, round * 50 + 50)) log.line(text);
      await new Promise((resolve) => setTimeout(resolve, momentMs));
      await agent.kill();
    }
    const last = await machine.start();
    const stored = await until(
      async () => new Set(bodiesOf(await rowsOf('shop', 'killed'))),
      (bodies) => bodies.size >= sent.length,
    );
    expect(sent.filter((text) => !stored.has(text))).toEqual([]);
    await last.stop();
  });

  it(
    'delivers everything once after the gateway was away, though it was restarted meanwhile',
    async () => {
      const machine = machineWith({ pod_logs: {}, persistent_queue: {} });
      const log = makePodLog(machine.podLogs, { namespace: 'shop', pod: 'away', container: 'app' });
      const first = await machine.start();
      log.line('0000 before');
      await arrived('shop', 'away', 1);
      await gateway.stop();
      const sent: string[] = ['0000 before'];
      const write = async (untilMs: number): Promise<void> => {
        while (Date.now() < untilMs) {
          sent.push(`${String(sent.length).padStart(4, '0')} while away`);
          log.line(sent.at(-1) ?? '');
          await new Promise((resolve) => setTimeout(resolve, pollMs));
        }
      };
      const beginMs = Date.now();
      await write(beginMs + outageMs / 2);
      await first.stop();
      const second = await machine.start();
      await write(beginMs + outageMs);
      await gatewayUp();
      // gRPC tries to connect less and less often: the next try comes within 0.6 of the absence.
      const rows = await arrived('shop', 'away', sent.length, arrivalMsMax + outageMs);
      expect(bodiesOf(rows)).toEqual(sent);
      await second.stop();
    },
    2 * outageMs + 120_000,
  );

  it('joins the lines of one entry where a rule says so, and only there', async () => {
    const rule = { namespace: 'shop', pod: 'java-.*', first_line: '^\\d{4}-', flush_after: '1s' };
    const machine = machineWith({ pod_logs: { multiline: [rule] }, persistent_queue: {} });
    const name = { namespace: 'shop', pod: 'java-1', container: 'app' };
    const log = makePodLog(machine.podLogs, name);
    const other = makePodLog(machine.podLogs, { ...name, pod: 'go-1' });
    const agent = await machine.start();
    const trace = ['2026-01-01 failed', '  at A.b(A.java:1)', '  at C.d(C.java:2)'];
    for (const text of [...trace, '2026-01-01 went on']) log.line(text);
    for (const text of trace) other.line(text);
    expect(bodiesOf(await arrived('shop', 'java-1', 2))).toEqual([
      trace.join('\n'),
      '2026-01-01 went on',
    ]);
    expect(bodiesOf(await arrived('shop', 'go-1', 3))).toEqual(trace.toSorted());
    await agent.stop();
  });

  it('counts a machine without Kubernetes, and takes OTLP where no gateway listens', async () => {
    const machine = machineWith(
      {
        pod_logs: {},
        host_metrics: { collection_interval: '1s' },
        otlp_ingest: {},
        resource_detection: {},
        persistent_queue: {},
      },
      'host',
    );
    const agent = await machine.start();
    const answer = await fetch(`http://${machine.address}:14318/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(oneRecord('host-app', 'from an application')),
    });
    expect(answer.status).toBe(200);
    const query = `SELECT DISTINCT MetricName AS name FROM otel.otel_metrics_sum
      WHERE ResourceAttributes['host.name'] != '' ORDER BY name`;
    await expect(untilSome(query, 'system.cpu.time')).resolves.toContain('system.network.io');
    const found = await until(
      () =>
        select<{ n: number }>(
          `SELECT toUInt32(count()) AS n FROM otel.otel_logs WHERE ServiceName='host-app'`,
        ),
      (rows) => rows[0]?.n === 1,
    );
    expect(found).toEqual([{ n: 1 }]);
    await agent.stop();
  });
});

function oneRecord(service: string, text: string): unknown {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] };
  const record = { timeUnixNano: `${Date.now()}000000`, body: { stringValue: text } };
  return { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] };
}

function numbered(word: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${word} ${String(index).padStart(5, '0')}`);
}

function bodiesOf(rows: readonly Row[]): readonly string[] {
  return rows.map(({ body }) => body);
}

async function select<Found>(query: string): Promise<readonly Found[]> {
  const answer = await clickhouse.client.query({ query, format: 'JSONEachRow' });
  return answer.json<Found>();
}

async function rowsOf(namespace: string, pod: string): Promise<readonly Row[]> {
  return select<Row>(`SELECT ResourceAttributes['k8s.namespace.name'] AS namespace,
      ResourceAttributes['k8s.pod.name'] AS pod,
      ResourceAttributes['k8s.container.name'] AS container,
      LogAttributes['log.iostream'] AS stream, Body AS body
    FROM otel.otel_logs WHERE namespace = '${namespace}' AND pod = '${pod}' ORDER BY body`);
}

/** Waits for `count` rows, then for repeats that would follow, and gives all that is there. */
async function arrived(
  namespace: string,
  pod: string,
  count: number,
  msMax = arrivalMsMax,
): Promise<readonly Row[]> {
  await until(
    () => rowsOf(namespace, pod),
    (rows) => rows.length >= count,
    msMax,
  );
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  return rowsOf(namespace, pod);
}

async function untilSome(query: string, name: string): Promise<readonly string[]> {
  const rows = await until(
    () => select<{ name: string }>(query),
    (found) => found.some((row) => row.name === name),
  );
  return rows.map((row) => row.name);
}

async function until<Found>(
  look: () => Promise<Found>,
  enough: (found: Found) => boolean,
  msMax = arrivalMsMax,
): Promise<Found> {
  const deadlineMs = Date.now() + msMax;
  let found = await look();
  while (!enough(found) && Date.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    found = await look();
  }
  return found;
}
