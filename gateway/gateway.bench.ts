/**
 * CPU-seconds of the gateway's process per million items, from the socket to the acknowledged
 * insert: gRPC without compression, 1 000 items a request, the log synced, into tables of engine
 * Null with the real schema, so that every block is parsed and checked. `npm run bench gateway`.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { tables } from '../clickhouse/schema/tables.ts';
import { quoteName } from '../clickhouse/sql.ts';
import { startEngine } from '../test/support/engine.ts';
import { runSql } from '../test/support/engine-http.ts';
import { startGateway, type TestGateway } from '../test/support/gateway.ts';
import type { Signal } from './answer.ts';
import { logBody, metricBody, traceBody } from './decode/testdata/load.ts';

const runsMax = 5;
const requestsARun = 300;
const warmUpRequests = 600;
const requestsAtOnce = 4;
const distinctBodies = 8;
const itemsARequest = 999;
const settleMsMax = 60_000;
const idleMs = 3_000;
const gaugeAgeMs = 700;
/** `USER_HZ`: the unit of CPU time in `/proc`. */
const ticksPerSecond = 100;
const database = 'bench';

type Case = {
  readonly bench: string;
  readonly unit: string;
  readonly signal: Signal;
  readonly path: string;
  readonly make: (count: number, seed: number) => Uint8Array;
};

const service = '/opentelemetry.proto.collector';
const cases: readonly Case[] = [
  {
    bench: 'gateway-traces',
    unit: 'cpu_s_per_million_spans',
    signal: 'traces',
    path: `${service}.trace.v1.TraceService/Export`,
    make: traceBody,
  },
  {
    bench: 'gateway-logs',
    unit: 'cpu_s_per_million_log_records',
    signal: 'logs',
    path: `${service}.logs.v1.LogsService/Export`,
    make: logBody,
  },
  {
    bench: 'gateway-metrics',
    unit: 'cpu_s_per_million_data_points',
    signal: 'metrics',
    path: `${service}.metrics.v1.MetricsService/Export`,
    make: metricBody,
  },
];

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  const engine = await startEngine();
  try {
    await createNullTables(engine.url);
    const gateway = await startGateway({
      clickhouseUrl: engine.url,
      args: ['--database', database, '--no-migrate'],
    });
    try {
      await new Promise((resolve) => setTimeout(resolve, idleMs));
      const bytes = statusBytes(gateway.pid, 'VmRSS');
      print(json, { bench: 'gateway-idle-memory', value: bytes, unit: 'bytes', runs: [bytes] });
      for (const entry of cases) await runCase(entry, gateway, json);
      const peak = statusBytes(gateway.pid, 'VmHWM');
      print(json, { bench: 'gateway-peak-memory', value: peak, unit: 'bytes', runs: [peak] });
    } finally {
      await gateway.stop();
    }
  } finally {
    await engine.stop();
  }
}

async function createNullTables(url: string): Promise<void> {
  await runSql(url, `CREATE DATABASE ${database}`);
  for (const table of tables) {
    const columns = table.columns
      .filter((column) => column.computed === undefined)
      .map((column) => `${quoteName(column.name)} ${column.type}`);
    await runSql(
      url,
      `CREATE TABLE ${database}.${table.name} (${columns.join(', ')}) ENGINE = Null`,
    );
  }
}

async function runCase(entry: Case, gateway: TestGateway, json: boolean): Promise<void> {
  const bodies = Array.from({ length: distinctBodies }, (_, seed) =>
    frame(entry.make(itemsARequest, seed)),
  );
  await send(entry, gateway, bodies, warmUpRequests);
  await settle(gateway);
  const runs: number[] = [];
  const answersMs: number[] = [];
  for (let index = 0; index < runsMax; index += 1) {
    const before = cpuSeconds(gateway.pid);
    answersMs.push(...(await send(entry, gateway, bodies, requestsARun)));
    await settle(gateway);
    const used = cpuSeconds(gateway.pid) - before;
    runs.push((used / (requestsARun * itemsARequest)) * 1e6);
  }
  answersMs.sort((a, b) => a - b);
  print(json, {
    bench: entry.bench,
    value: rounded([...runs].sort((a, b) => a - b)[Math.floor(runsMax / 2)] ?? 0),
    unit: entry.unit,
    runs: runs.map(rounded),
    answer_p50_ms: rounded(answersMs[Math.floor(answersMs.length * 0.5)] ?? 0),
    answer_p99_ms: rounded(answersMs[Math.floor(answersMs.length * 0.99)] ?? 0),
  });
}

/** Sends `count` requests, a few at a time; how long each answer took. */
async function send(
  entry: Case,
  gateway: TestGateway,
  bodies: readonly Buffer[],
  count: number,
): Promise<readonly number[]> {
  const session = connect(`http://${gateway.grpc}`);
  const answersMs: number[] = [];
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < count) {
      const body = bodies[next++ % bodies.length] ?? Buffer.alloc(0);
      const startedMs = performance.now();
      await call(session, entry.path, body);
      answersMs.push(performance.now() - startedMs);
    }
  };
  try {
    await Promise.all(Array.from({ length: requestsAtOnce }, loop));
  } finally {
    session.close();
  }
  return answersMs;
}

function call(session: ReturnType<typeof connect>, path: string, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let status: unknown;
    const answer: Buffer[] = [];
    const read = (headers: Record<string, unknown>): void => {
      status = headers['grpc-status'] ?? status;
    };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('data', (chunk: Buffer) => answer.push(chunk));
    stream.on('error', reject);
    stream.on('end', () => {
      // An empty answer: nothing was rejected.
      const isWhole = Buffer.concat(answer).byteLength === 5;
      if (status === '0' && isWhole) resolve();
      else reject(new Error(`grpc-status ${String(status)}: ${Buffer.concat(answer).toString()}`));
    });
    stream.end(body);
  });
}

/** Waits until ClickHouse has acknowledged everything that was answered. */
async function settle(gateway: TestGateway): Promise<void> {
  const deadline = performance.now() + settleMsMax;
  // Gauges are up to half a second old.
  await new Promise((resolve) => setTimeout(resolve, gaugeAgeMs));
  for (;;) {
    const text = await (await fetch(`${gateway.admin}/metrics`)).text();
    const value = (name: string): number =>
      Number(new RegExp(`^obsctl_gateway_${name} (.*)$`, 'm').exec(text)?.[1]);
    if (value('lag_seconds') === 0 && value('sealed_backlog') === 0) return;
    if (performance.now() > deadline) throw new Error('ClickHouse did not take everything');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** gRPC's message: not compressed, length, bytes. */
function frame(body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.byteLength, 1);
  return Buffer.concat([head, body]);
}

/** User and system time of a process and all its threads. */
function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function statusBytes(pid: number, name: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

type Line = {
  readonly bench: string;
  readonly value: number;
  readonly unit: string;
  readonly runs: readonly number[];
  readonly [extra: string]: unknown;
};

function print(json: boolean, line: Line): void {
  const text = json ? JSON.stringify(line) : `${line.bench}: ${line.value} ${line.unit}`;
  process.stdout.write(`${text}\n`);
}
