/** What strangers and attackers send to the gRPC port (OTLP-G7 to G9, faults F23 and F24). */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectSocket, type Socket } from 'node:net';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import { framing } from '../../test/support/framing.ts';
import {
  RecordingCounters,
  RecordingLane,
  rawExchange,
  stored,
  until,
} from '../../test/support/receiving.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { Admission } from './admission.ts';
import { type GrpcOptions, startGrpc } from './grpc.ts';
import { receiveLimitsDefault } from './limits.ts';
import type { Receiver } from './receiver.ts';

const traces = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

let lane: RecordingLane;
let counters: RecordingCounters;
let admission: Admission;
let receiver: Receiver;
let session: ClientHttp2Session;

async function start(options: Partial<GrpcOptions> = {}): Promise<void> {
  session?.destroy();
  await receiver?.close(0);
  const given = { host: '127.0.0.1', port: 0, acceptor: lane, admission, counters };
  const framed = { clock: systemClock, framing: framing.current };
  receiver = await startGrpc({ ...given, ...framed, ...options });
  session = openSession();
}

function openSession(): ClientHttp2Session {
  const opened = connect(`http://127.0.0.1:${receiver.address.port}`);
  opened.on('error', () => {});
  return opened;
}

function open(headers: OutgoingHttpHeaders = {}, on: ClientHttp2Session = session) {
  const stream = on.request({
    ':method': 'POST',
    ':path': traces,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.on('error', () => {});
  return stream;
}

type Reply = IncomingHttpHeaders & { readonly reset?: number };

/** Headers and trailers of the answer as one, or what the stream was reset with. */
function reply(stream: ClientHttp2Stream): Promise<Reply> {
  return new Promise((resolve) => {
    const all: Reply = {};
    stream.on('response', (headers) => Object.assign(all, headers));
    stream.on('trailers', (trailers) => Object.assign(all, trailers));
    stream.on('close', () => resolve(Object.assign(all, { reset: stream.rstCode })));
    stream.resume();
  });
}

function frame(message: Uint8Array, flag = 0, length = message.length): Buffer {
  const head = Buffer.from([flag, 0, 0, 0, 0]);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

async function send(bytes: Buffer, headers: OutgoingHttpHeaders = {}): Promise<Reply> {
  const stream = open(headers);
  const answer = reply(stream);
  stream.end(bytes);
  return await answer;
}

/** One HTTP/2 frame. */
function h2Frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

const greeting = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  h2Frame(4, 0, 0, Buffer.alloc(0)),
]);

/** Headers of a call of Export: static names and literal values. */
const exportBlock = Buffer.concat([
  Buffer.from([0x83, 0x86, 0x01, 0x01, 0x61, 0x04, traces.length]),
  Buffer.from(traces),
  Buffer.from([0x0f, 0x10, 16]),
  Buffer.from('application/grpc'),
]);

beforeEach(async () => {
  lane = new RecordingLane();
  counters = new RecordingCounters();
  admission = new Admission(192 * 1024 ** 2);
  await start();
});

afterEach(async () => {
  // Whatever was done to it, the receiver still serves.
  session.destroy();
  session = openSession();
  lane.answer = () => Promise.resolve(stored);
  expect(await send(frame(Buffer.from('x')))).toMatchObject({ 'grpc-status': '0' });
  session.destroy();
  await receiver.close(0);
  expect(admission.inFlightBytes).toBe(0);
});

const text = Buffer.from('hello');

describe('frames', () => {
  it.each([
    ['an unknown flag', frame(text, 2), {}, '13'],
    ['compressed without an encoding', frame(text, 1), {}, '13'],
    ['compressed by identity', frame(text, 1), { 'grpc-encoding': 'identity' }, '13'],
    ['half a prefix', frame(text).subarray(0, 3), {}, '3'],
    ['half a message', frame(text).subarray(0, 7), {}, '3'],
    ['a prefix alone', frame(text).subarray(0, 5), {}, '3'],
    ['two messages', Buffer.concat([frame(text), frame(text)]), {}, '12'],
    ['a byte too many', Buffer.concat([frame(text), text.subarray(0, 1)]), {}, '12'],
    ['two empty messages', Buffer.alloc(10), {}, '12'],
    ['no message', Buffer.alloc(0), {}, '12'],
    ['a length of 4 GiB', frame(text, 0, 2 ** 32 - 1), {}, '8'],
    ['a length just over the limit', frame(text, 0, 64 * 1024 ** 2 + 1), {}, '8'],
    ['broken gzip', frame(text, 1), { 'grpc-encoding': 'gzip' }, '3'],
    ['broken zstd', frame(text, 1), { 'grpc-encoding': 'zstd' }, '3'],
    ['an unreadable grpc-timeout', frame(text), { 'grpc-timeout': '5 seconds' }, '13'],
    ['a grpc-timeout that has passed', frame(text), { 'grpc-timeout': '0n' }, '4'],
  ])('%s is answered, and nothing reaches the lane', async (_, bytes, headers, status) => {
    const answer = await send(bytes, headers);
    expect(answer).toMatchObject({ ':status': 200, 'grpc-status': status, reset: 0 });
    expect(answer['content-type']).toBe('application/grpc');
    expect(decodeURIComponent(String(answer['grpc-message']))).not.toBe('');
    expect(lane.submissions).toEqual([]);
    expect(counters.events).toHaveLength(1);
  });

  it('an unknown encoding is UNIMPLEMENTED with what we can read', async () => {
    const answer = await send(frame(text), { 'grpc-encoding': 'lz4' });
    expect(answer['grpc-status']).toBe('12');
    expect(answer['grpc-accept-encoding']).toBe('identity,gzip,zstd,deflate,snappy');
  });

  it('a message may come byte by byte, and plain though an encoding is named', async () => {
    const stream = open({ 'grpc-encoding': 'gzip' });
    const answer = reply(stream);
    for (const byte of frame(text)) stream.write(Buffer.from([byte]));
    stream.end();
    expect(await answer).toMatchObject({ 'grpc-status': '0' });
    expect(lane.submissions[0]?.contentEncoding).toBe('identity');
    expect(Buffer.from(lane.submissions[0]?.body ?? []).toString()).toBe('hello');
  });

  it('zstd messages are inflated', async () => {
    const wire = zstdCompressSync(text);
    await send(frame(wire, 1), { 'grpc-encoding': 'zstd' });
    expect(lane.submissions[0]?.contentEncoding).toBe('zstd');
    expect(Buffer.from(lane.submissions[0]?.body ?? []).toString()).toBe('hello');
    expect(wire.equals(lane.submissions[0]?.wire ?? text)).toBe(true);
  });

  it.each(['application/json', 'application/grpc-web', 'application/grpc+json', 'text/html'])(
    'content type %s is not gRPC: 415',
    async (contentType) => {
      const answer = await send(frame(text), { 'content-type': contentType });
      expect(answer[':status']).toBe(415);
      expect(counters.events).toEqual(['refused grpc wrong_type']);
    },
  );

  it('content type application/grpc+proto;charset=utf-8 in any case is gRPC', async () => {
    const answer = await send(frame(text), { 'content-type': 'Application/grpc+proto; charset=x' });
    expect(answer['grpc-status']).toBe('0');
  });
});

describe('clients that go away', () => {
  // Raw frames: Node's own client ends a stream before it resets it. NO_ERROR is not taken for
  // an abort by Node's server either.
  it.each([
    ['CANCEL', constants.NGHTTP2_CANCEL],
    ['NO_ERROR', constants.NGHTTP2_NO_ERROR],
  ])('a message without an end, then a reset with %s, stores nothing', async (_, code) => {
    const socket = connectSocket(receiver.address.port, '127.0.0.1');
    socket.write(Buffer.concat([greeting, h2Frame(1, 4, 1, exportBlock)]));
    socket.write(h2Frame(0, 0, 1, frame(text)));
    await until(() => admission.inFlightBytes === text.length);
    socket.write(h2Frame(3, 0, 1, Buffer.from([0, 0, 0, code])));
    await until(() => receiver.requestCount() === 0);
    expect(counters.events).toEqual(['refused grpc cancelled']);
    expect(admission.inFlightBytes).toBe(0);
    expect(lane.submissions).toEqual([]);
    socket.destroy();
  });

  it('a reset while the lane works harms nothing, and memory counts until it is done', async () => {
    const letGo: (() => void)[] = [];
    lane.answer = () => new Promise((resolve) => letGo.push(() => resolve(stored)));
    const streams = Array.from({ length: 50 }, () => {
      const stream = open();
      stream.end(frame(Buffer.alloc(1000)));
      return stream;
    });
    await until(() => letGo.length === 50);
    for (const stream of streams.slice(25)) stream.close(constants.NGHTTP2_CANCEL);
    await until(() => receiver.requestCount() === 25);
    session.destroy();
    await until(() => receiver.requestCount() === 0);
    expect(admission.inFlightBytes).toBe(50_000);
    for (const go of letGo) go();
    await until(() => admission.inFlightBytes === 0);
  });
});

describe('bombs', () => {
  const zeros = Buffer.alloc(300 * 1024 ** 2);

  it.each([
    ['gzip', gzipSync(zeros)],
    ['zstd', zstdCompressSync(zeros)],
    ['deflate', deflateSync(zeros)],
  ])(
    '%s of a thousand times its size is RESOURCE_EXHAUSTED and reaches nobody',
    async (name, wire) => {
      const beforeBytes = process.memoryUsage.rss();
      const answer = await send(frame(wire, 1), { 'grpc-encoding': name });
      expect(answer['grpc-status']).toBe('8');
      expect(answer['grpc-status-details-bin']).toBeUndefined();
      const grownBytes = process.memoryUsage.rss() - beforeBytes;
      expect(grownBytes).toBeLessThan(5 * receiveLimitsDefault.bodyBytesMax);
      expect(lane.submissions).toEqual([]);
    },
  );
});

describe('slow clients', () => {
  it('a message that does not arrive is UNAVAILABLE at the deadline', async () => {
    const clock = simulatedClock();
    await start({ clock });
    const stream = open();
    const answer = reply(stream);
    stream.write(frame(Buffer.alloc(10), 0, 1000));
    await until(() => admission.inFlightBytes === 1000);
    clock.advance(receiveLimitsDefault.bodyTimeoutMs + 1);
    await until(() => admission.inFlightBytes === 0);
    // It goes on sending: read for a moment, then told to stop.
    stream.write(Buffer.alloc(10));
    clock.advance(3_000);
    expect(await answer).toMatchObject({ 'grpc-status': '14', reset: 0 });
    expect(counters.events).toEqual(['refused grpc timeout']);
    await until(() => receiver.requestCount() === 0);
  });

  it('an answer that is not taken is thrown away at the deadline', async () => {
    const clock = simulatedClock();
    await start({ clock });
    session.destroy();
    session = connect(`http://127.0.0.1:${receiver.address.port}`, {
      settings: { initialWindowSize: 0 },
    });
    const stream = open();
    const answer = reply(stream);
    stream.end(frame(text));
    await until(() => lane.submissions.length === 1);
    await until(() => counters.events.length === 2);
    expect(receiver.requestCount()).toBe(1);
    clock.advance(receiveLimitsDefault.bodyTimeoutMs + 1);
    expect((await answer)['grpc-status']).toBeUndefined();
    await until(() => receiver.requestCount() === 0);
  });

  it('connections that say nothing, or the wrong thing, are cut off', async () => {
    const clock = simulatedClock();
    await start({ clock });
    const silent = rawExchange(receiver.address.port);
    const half = rawExchange(receiver.address.port, 'PRI * HTTP/2.0\r\n');
    await until(() => receiver.connectionCount() === 3);
    clock.advance(receiveLimitsDefault.headersTimeoutMs + 1_000);
    await Promise.all([silent, half]);
    const http = rawExchange(receiver.address.port, 'POST /v1/traces HTTP/1.1\r\n\r\n');
    await http;
    expect(counters.events).toContain('refused grpc protocol');
  });
});

/** Sends `bytes` again and again until the other side closes; resolves with how often. */
function flood(first: Buffer, bytes: Buffer, countMax: number): Promise<number> {
  return new Promise((resolve) => {
    const socket: Socket = connectSocket(receiver.address.port, '127.0.0.1');
    let count = 0;
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.on('close', () => resolve(count));
    socket.write(first);
    const pump = (): void => {
      while (count < countMax && !socket.destroyed) {
        count += 1;
        if (!socket.write(bytes)) break;
      }
      if (count >= countMax) socket.end();
    };
    socket.on('drain', pump);
    pump();
  });
}

/** POST, scheme http, path / from HPACK's static table, and the authority `a`. */
const headerBlock = Buffer.from([0x83, 0x86, 0x84, 0x01, 0x01, 0x61]);

describe('floods', () => {
  it('thousands of streams opened and reset end the connection, not the server', async () => {
    const pairs: Buffer[] = [];
    for (let id = 1; id < 20_000; id += 2) {
      pairs.push(h2Frame(1, 4, id, headerBlock), h2Frame(3, 0, id, Buffer.alloc(4)));
    }
    await flood(Buffer.concat([greeting, ...pairs]), Buffer.alloc(0), 1);
    expect(counters.events.length).toBeLessThan(2_500);
    await until(() => receiver.requestCount() === 0);
  });

  it('resets of a real client within the burst are no fault', async () => {
    for (let count = 0; count < 300; count += 1) open().close(constants.NGHTTP2_CANCEL);
    expect(await send(frame(text))).toMatchObject({ 'grpc-status': '0' });
    expect(session.destroyed).toBe(false);
  });

  it('headers that never end are cut off', async () => {
    const first = Buffer.concat([greeting, h2Frame(1, 0, 1, headerBlock)]);
    // A literal header without indexing: name `x`, value of 1000 bytes.
    const literal = Buffer.concat([
      Buffer.from([0x00, 0x01, 0x78, 0x7f, 0xe9, 0x06]),
      Buffer.alloc(1000, 0x79),
    ]);
    const beforeBytes = process.memoryUsage.rss();
    const count = await flood(first, h2Frame(9, 0, 1, literal), 200_000);
    expect(count).toBeLessThan(200_000);
    expect(process.memoryUsage.rss() - beforeBytes).toBeLessThan(100 * 1024 ** 2);
  });

  it.each([
    ['SETTINGS', h2Frame(4, 0, 0, Buffer.alloc(0))],
    ['PING', h2Frame(6, 0, 0, Buffer.alloc(8))],
  ])('%s floods do not grow memory', async (_, bytes) => {
    const beforeBytes = process.memoryUsage.rss();
    await flood(greeting, Buffer.concat(Array.from({ length: 1000 }, () => bytes)), 100);
    expect(process.memoryUsage.rss() - beforeBytes).toBeLessThan(150 * 1024 ** 2);
  });

  it('more streams than allowed wait or are refused, and the rest is served', async () => {
    await start({ limits: { streamsMax: 10 } });
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    expect(session.remoteSettings.maxConcurrentStreams).toBe(10);
    const answers = await Promise.all(Array.from({ length: 100 }, () => send(frame(text))));
    expect(answers.every((answer) => answer['grpc-status'] === '0')).toBe(true);
  });

  it('a big request is not slowed by the default windows', async () => {
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    expect(session.remoteSettings.initialWindowSize).toBe(1024 ** 2);
    await send(frame(text));
    expect(session.state.remoteWindowSize).toBeGreaterThan(10 * 1024 ** 2);
  });
});
