/**
 * CPU that a request costs before the lane sees it: sockets, HTTP/2 or HTTP/1.1, framing, the body
 * in one buffer, the answer. The lane answers at once and keeps nothing. The load comes from a
 * process of its own; the figure is this process's CPU. `@grpc/grpc-js` with bytes passed through
 * is run in turn as the peer.
 */

import { spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import { systemClock } from '../../core/clock.ts';
import { median, rounded } from '../../test/support/figures.ts';
import type { Acceptor, Answer } from '../answer.ts';
import { Admission } from './admission.ts';
import { startGrpc } from './grpc.ts';
import { startHttp } from './http.ts';
import { bytesInFlightMaxDefault } from './limits.ts';

const roundCount = 5;
const concurrency = 16;
const tracesPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

type Protocol = 'grpc' | 'http';
type Case = {
  readonly name: string;
  readonly protocol: Protocol;
  readonly bytes: number;
  readonly compressed: boolean;
  readonly requestCount: number;
  readonly peer: boolean;
};

const large = { bytes: 560_000, compressed: false, requestCount: 400 } as const;
const small = { bytes: 8_000, compressed: false, requestCount: 4_000 } as const;
const cases: readonly Case[] = [
  { name: 'receive_grpc_560KB', protocol: 'grpc', ...large, peer: true },
  { name: 'receive_grpc_8KB', protocol: 'grpc', ...small, peer: true },
  { name: 'receive_http_560KB', protocol: 'http', ...large, peer: false },
  { name: 'receive_http_8KB', protocol: 'http', ...small, peer: false },
  { name: 'receive_grpc_gzip_560KB', protocol: 'grpc', ...large, compressed: true, peer: false },
];

const storedAnswer: Promise<Answer> = Promise.resolve({
  outcome: 'stored',
  rejected: 0,
  message: '',
});
const nullLane: Acceptor = { submit: () => storedAnswer };

/** One JSON line a case (contract, section 6). */
export async function run(options: { readonly json: boolean }): Promise<void> {
  const ours = await startOurs();
  const peer = await startPeer();
  for (const entry of cases) {
    const runs: number[] = [];
    const peerRuns: number[] = [];
    // The first round is for the compiler.
    for (let round = 0; round <= roundCount; round += 1) {
      const seconds = await measure(entry, ours.ports[entry.protocol]);
      const peerSeconds = entry.peer ? await measure(entry, peer.port) : undefined;
      if (round === 0) continue;
      runs.push(seconds);
      if (peerSeconds !== undefined) peerRuns.push(peerSeconds);
    }
    report(entry, runs, peerRuns, options.json);
  }
  await ours.close();
  peer.close();
}

async function startOurs() {
  const admission = new Admission(bytesInFlightMaxDefault);
  const common = { host: '127.0.0.1', port: 0, acceptor: nullLane, admission, clock: systemClock };
  const [byGrpc, byHttp] = await Promise.all([startGrpc(common), startHttp(common)]);
  return {
    ports: { grpc: byGrpc.address.port, http: byHttp.address.port },
    close: () => Promise.all([byGrpc.close(0), byHttp.close(0)]),
  };
}

function startPeer(): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 });
  const same = (bytes: Buffer): Buffer => bytes;
  const definition = {
    path: tracesPath,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  const answer = Buffer.alloc(0);
  const handler: grpc.handleUnaryCall<Buffer, Buffer> = (_, done) => done(null, answer);
  server.addService({ Export: definition }, { Export: handler });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve({ port, close: () => server.forceShutdown() });
      else reject(error);
    });
  });
}

/** CPU-seconds of this process per 1000 requests. */
async function measure(entry: Case, port: number): Promise<number> {
  const plan = JSON.stringify({ ...entry, port });
  const child = spawn(process.execPath, [import.meta.filename, plan], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // The load says when it is connected and warm, and when it has its last answer.
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const before = process.cpuUsage();
  child.stdin.write('go\n');
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const used = process.cpuUsage(before);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.stdin.end();
  await exited;
  return (used.user + used.system) / 1e6 / (entry.requestCount / 1000);
}

function report(
  entry: Case,
  runs: readonly number[],
  peerRuns: readonly number[],
  json: boolean,
): void {
  const value = median(runs);
  const line: Record<string, unknown> = {
    bench: entry.name,
    value: rounded(value),
    unit: 'cpu_s_per_1000_requests',
  };
  if (peerRuns.length > 0) {
    line['peer'] = { 'grpc-js': rounded(median(peerRuns)) };
    line['ratio'] = rounded(value / median(peerRuns));
  }
  line['runs'] = runs.map(rounded);
  if (json) console.log(JSON.stringify(line));
  else console.log(`${entry.name.padEnd(26)} ${JSON.stringify(line)}`);
}

/** Bytes that look alike to a receiver and compress about as OTLP does. */
function makeBody(bytes: number): Buffer {
  const body = Buffer.alloc(bytes, 'service.name=checkout http.request.method=GET ');
  let state = 1;
  for (let index = 0; index < bytes; index += 9) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    body[index] = state >> 16;
  }
  return body;
}

async function generateLoad(plan: Case & { readonly port: number }): Promise<void> {
  const plain = makeBody(plan.bytes);
  const body = plan.compressed ? gzipSync(plain) : plain;
  const load = plan.protocol === 'grpc' ? grpcLoad(plan, body) : httpLoad(plan, body);
  await sendAll(concurrency * 4, load.send);
  process.stdout.write('ready\n');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  await sendAll(plan.requestCount, load.send);
  process.stdout.write('done\n');
  await new Promise((resolve) => process.stdin.once('end', resolve));
  load.close();
}

async function sendAll(count: number, send: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lanes = Array.from({ length: concurrency }, async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await send(index);
    }
  });
  await Promise.all(lanes);
}

type Load = { readonly send: (index: number) => Promise<void>; readonly close: () => void };

/** Four connections, as a few agents would have. */
function grpcLoad(
  plan: { readonly port: number; readonly compressed: boolean },
  body: Buffer,
): Load {
  const frame = Buffer.alloc(body.length + 5);
  frame[0] = plan.compressed ? 1 : 0;
  frame.writeUInt32BE(body.length, 1);
  body.copy(frame, 5);
  const headers = {
    ':method': 'POST',
    ':path': tracesPath,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(plan.compressed && { 'grpc-encoding': 'gzip' }),
  };
  const sessions: ClientHttp2Session[] = Array.from({ length: 4 }, () =>
    connect(`http://127.0.0.1:${plan.port}`),
  );
  const send = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const stream = sessions[index % sessions.length]?.request(headers);
      let status: unknown;
      stream?.on('trailers', (trailers) => {
        status = trailers['grpc-status'];
      });
      stream?.on('close', () => (status === '0' ? resolve() : reject(new Error(`${status}`))));
      stream?.resume();
      stream?.end(frame);
    });
  const close = (): void => {
    for (const session of sessions) session.close();
  };
  return { send, close };
}

function httpLoad(plan: { readonly port: number }, body: Buffer): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
  const options = { host: '127.0.0.1', port: plan.port, path: '/v1/traces', agent, headers };
  const send = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = request({ ...options, method: 'POST' }, (answer) => {
        answer.resume();
        answer.on('end', () =>
          answer.statusCode === 200 ? resolve() : reject(new Error(`${answer.statusCode}`)),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  return { send, close: () => agent.destroy() };
}

if (import.meta.main) await generateLoad(JSON.parse(process.argv[2] ?? '{}'));
