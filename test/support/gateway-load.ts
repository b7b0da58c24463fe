/**
 * Load for benches of a whole gateway, ours or a peer's: requests of realistic size over gRPC,
 * no two with the same bytes, because a gateway may answer a repeat without storing it. Also the
 * target that both sides write into, and what a process has used.
 */
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { gunzipSync, gzipSync } from 'node:zlib';
import { tables } from '../../clickhouse/schema/tables.ts';
import { quoteName } from '../../clickhouse/sql.ts';
import type { Signal } from '../../gateway/answer.ts';
import { logBody, metricBody, traceBody } from '../../gateway/decode/testdata/load.ts';
import { runSql } from './engine-http.ts';

export type LoadSignal = {
  readonly signal: Signal;
  /** As in `cpu_s_per_million_spans`. */
  readonly items: string;
  readonly path: string;
  readonly make: (count: number, seed: number) => Uint8Array;
};

const service = '/opentelemetry.proto.collector';
export const loadSignals: readonly LoadSignal[] = [
  {
    signal: 'traces',
    items: 'spans',
    path: `${service}.trace.v1.TraceService/Export`,
    make: traceBody,
  },
  {
    signal: 'logs',
    items: 'log_records',
    path: `${service}.logs.v1.LogsService/Export`,
    make: logBody,
  },
  {
    signal: 'metrics',
    items: 'data_points',
    path: `${service}.metrics.v1.MetricsService/Export`,
    make: metricBody,
  },
];

export type Encoding = 'identity' | 'gzip';

const prefixBytes = 5;
const gzipTimeAt = prefixBytes + 4;
/** An attribute that items of every signal have; its digits are ours to change. */
const variable = Buffer.from('/api/v1/carts/');
const slash = 0x2f;

/** Messages to send again and again, each time with other bytes. */
export class Messages {
  readonly #free: Buffer[];
  readonly #encoding: Encoding;
  #sent = 0;

  constructor(bodies: readonly Uint8Array[], encoding: Encoding) {
    this.#encoding = encoding;
    this.#free = bodies.map((body) => {
      const isPlain = encoding === 'identity';
      return frame(isPlain ? body : gzipSync(body, { level: 6 }), isPlain ? 0 : 1);
    });
  }

  /** The caller's until `give`; nobody has sent these bytes before. */
  take(): Buffer {
    const message = this.#free.shift();
    if (message === undefined) throw new Error('more requests under way than messages');
    this.#sent += 1;
    // A gzip header has a time that nobody reads; a plain body has digits in a path.
    if (this.#encoding === 'gzip') message.writeUInt32LE(this.#sent, gzipTimeAt);
    else stamp(message, this.#sent);
    return message;
  }

  give(message: Buffer): void {
    this.#free.push(message);
  }
}

function stamp(message: Buffer, count: number): void {
  const from = message.indexOf(variable) + variable.length;
  const digits = message.indexOf(slash, from) - from;
  message.write(count.toString(36).padStart(digits, '0').slice(-digits), from, 'latin1');
}

/** gRPC's message: flag, length, bytes. */
function frame(body: Uint8Array, flag: number): Buffer {
  const head = Buffer.alloc(prefixBytes);
  head[0] = flag;
  head.writeUInt32BE(body.byteLength, 1);
  return Buffer.concat([head, body]);
}

/** Answers that reject nothing: an empty message, or the Collector's empty `partial_success`. */
const allStored: ReadonlySet<string> = new Set(['', '\n\0']);

/** The message of an answer, which a server may have compressed as the request was. */
function messageOf(framed: Buffer): string {
  const message = framed.subarray(prefixBytes);
  return (framed[0] === 1 ? gunzipSync(message) : message).toString('latin1');
}

export type Burst = {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly path: string;
  readonly messages: Messages;
  readonly encoding: Encoding;
  readonly count: number;
  readonly atOnce: number;
  /** Requests a second, evenly; absent: as fast as answers come. */
  readonly perSecond?: number;
};

/** Sends `count` requests over one connection; how long each answer took. */
export async function sendBurst(burst: Burst): Promise<readonly number[]> {
  const session = connect(`http://${burst.address}`, { settings: { enablePush: false } });
  const answersMs: number[] = [];
  const beganMs = performance.now();
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < burst.count) {
      const index = next++;
      if (burst.perSecond !== undefined) {
        const dueMs = beganMs + (index / burst.perSecond) * 1000 - performance.now();
        if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
      }
      const message = burst.messages.take();
      const startedMs = performance.now();
      await call(session, burst, message);
      answersMs.push(performance.now() - startedMs);
      burst.messages.give(message);
    }
  };
  try {
    await Promise.all(Array.from({ length: burst.atOnce }, loop));
  } finally {
    session.close();
  }
  return answersMs;
}

function call(session: ClientHttp2Session, burst: Burst, message: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': burst.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(burst.encoding !== 'identity' && { 'grpc-encoding': burst.encoding }),
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
      const text = messageOf(Buffer.concat(answer));
      if (status === '0' && allStored.has(text)) resolve();
      else reject(new Error(`grpc-status ${String(status)}: ${text}`));
    });
    stream.end(message);
  });
}

/** Every table of the schema with its columns and engine Null: blocks are parsed and checked. */
export async function createNullTables(url: string, database: string): Promise<void> {
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

const settleMsMax = 60_000;
const gaugeAgeMs = 700;

/** Waits until ClickHouse has acknowledged everything that our gateway answered. */
export async function settleGateway(admin: string): Promise<void> {
  const deadline = performance.now() + settleMsMax;
  // Gauges are up to half a second old.
  await new Promise((resolve) => setTimeout(resolve, gaugeAgeMs));
  for (;;) {
    const text = await (await fetch(`${admin}/metrics`)).text();
    const value = (name: string): number => readMetric(text, `obsctl_gateway_${name}`);
    if (value('lag_seconds') === 0 && value('sealed_backlog') === 0) return;
    if (performance.now() > deadline) throw new Error('ClickHouse did not take everything');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** One value of a page of Prometheus text; NaN when it is not there. */
export function readMetric(text: string, name: string): number {
  return Number(new RegExp(`^${name}(?:{[^}]*})? (.*)$`, 'm').exec(text)?.[1]);
}

/** `USER_HZ`: the unit of CPU time in `/proc`. */
const ticksPerSecond = 100;

/** User and system time of a process and all its threads. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** One figure of `/proc/PID/status` that is given in kB. */
export function statusBytes(pid: number, name: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024;
}
