import { Agent, request } from 'node:http';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import {
  RecordingCounters,
  RecordingLane,
  rawExchange,
  until,
} from '../../test/support/receiving.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import type { Answer } from '../answer.ts';
import { snapBlock, snapFrames } from '../decode/testdata/snap.ts';
import { Admission } from './admission.ts';
import { startHttp } from './http.ts';
import type { ReceiveOptions, Receiver } from './receiver.ts';

const protobuf = 'application/x-protobuf';
const json = 'application/json';
const bodyBytesMax = 1_000_000;

let lane: RecordingLane;
let counters: RecordingCounters;
let admission: Admission;
let receiver: Receiver;
let url: string;

async function start(options: Partial<ReceiveOptions> = {}): Promise<void> {
  await receiver?.close(0);
  receiver = await startHttp({
    host: '127.0.0.1',
    port: 0,
    acceptor: lane,
    admission,
    counters,
    clock: systemClock,
    ...options,
    limits: { bodyBytesMax, ...options.limits },
  });
  url = `http://127.0.0.1:${receiver.address.port}`;
}

function post(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  contentType: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    body,
    headers: { 'content-type': contentType, ...headers },
  });
}

const busy: Answer = {
  outcome: 'busy',
  reason: 'disk_budget',
  message: 'the log is full',
  retryAfterSeconds: 2.2,
};

beforeEach(async () => {
  lane = new RecordingLane();
  counters = new RecordingCounters();
  admission = new Admission(10 * bodyBytesMax);
  await start();
});

afterEach(async () => {
  await receiver.close(0);
  expect(admission.inFlightBytes).toBe(0);
});

describe('a request that is stored', () => {
  it('reaches the lane as it came, and inflated', async () => {
    const body = Buffer.from('some bytes '.repeat(1000));
    for (const [name, encoding, wire] of [
      ['gzip', 'gzip', gzipSync(body)],
      ['zstd', 'zstd', zstdCompressSync(body)],
      ['deflate', 'deflate', deflateSync(body)],
      ['zlib', 'deflate', deflateSync(body)],
      ['snappy', 'snappy', snapBlock(body)],
      ['snappy', 'snappy', snapFrames(body)],
      ['x-snappy-framed', 'snappy', snapFrames(body)],
      ['identity', 'identity', body],
    ] as const) {
      const answer = await post('/v1/metrics', wire, protobuf, { 'content-encoding': name });
      expect(answer.status).toBe(200);
      const submission = lane.submissions.at(-1);
      expect(submission).toMatchObject({
        signal: 'metrics',
        transport: 'http',
        contentType: 'protobuf',
        contentEncoding: encoding,
        tenant: '',
      });
      expect(wire.equals(submission?.wire ?? Buffer.alloc(1))).toBe(true);
      expect(Buffer.from(submission?.body ?? []).equals(body)).toBe(true);
    }
    const last = lane.submissions.at(-1);
    expect(last?.body).toBe(last?.wire);
  });

  it.each([
    ['/v1/traces', 'traces'],
    ['/v1/metrics', 'metrics'],
    ['/v1/logs?source=a', 'logs'],
  ])('%s carries %s', async (path, signal) => {
    expect((await post(path, 'x', protobuf)).status).toBe(200);
    expect(lane.submissions[0]?.signal).toBe(signal);
  });

  it('is answered by no bytes of protobuf, or {} in JSON, in the type of the request', async () => {
    const binary = await post('/v1/traces', 'x', protobuf);
    expect(binary.headers.get('content-type')).toBe(protobuf);
    expect((await binary.bytes()).length).toBe(0);
    const text = await post('/v1/traces', '{}', 'Application/JSON; charset=utf-8');
    expect(text.headers.get('content-type')).toBe(json);
    expect(await text.text()).toBe('{}');
  });

  it('may be empty', async () => {
    expect((await post('/v1/traces', '', protobuf)).status).toBe(200);
    expect(lane.submissions[0]?.body.byteLength).toBe(0);
  });

  it('may come in chunks without a length, byte by byte', async () => {
    const port = receiver.address.port;
    const bytes = [...'hello'].map((letter) => `1\r\n${letter}\r\n`);
    const head =
      'POST /v1/logs HTTP/1.1\r\nhost: a\r\nconnection: close\r\n' +
      'content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
    const answer = await rawExchange(port, head, ...bytes, '0\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 200 OK/);
    expect(Buffer.from(lane.submissions[0]?.body ?? []).toString()).toBe('hello');
  });

  it('says how many items were rejected, by the name of the signal', async () => {
    lane.answer = () =>
      Promise.resolve({ outcome: 'stored', rejected: 5_000_000_000, message: 'ids' });
    const names = { traces: 'Spans', metrics: 'DataPoints', logs: 'LogRecords' };
    for (const [signal, name] of Object.entries(names)) {
      const answer = await post(`/v1/${signal}`, '{}', json);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({
        partialSuccess: { [`rejected${name}`]: '5000000000', errorMessage: 'ids' },
      });
    }
  });
});

describe('a request that is refused', () => {
  const cases: readonly (readonly [string, number, Answer, object])[] = [
    ['malformed', 400, { outcome: 'malformed', message: 'bad tag', offset: 17 }, { code: 3 }],
    ['too large', 413, { outcome: 'too_large', message: 'rows' }, { code: 8, message: 'rows' }],
    ['busy', 503, busy, { code: 14, message: 'the log is full' }],
  ];

  it.each(cases)('is answered by a status when it is %s', async (_, status, said, expected) => {
    lane.answer = () => Promise.resolve(said);
    const answer = await post('/v1/traces', '{}', json);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe(json);
    expect(await answer.json()).toMatchObject(expected);
    const binary = await post('/v1/traces', 'x', protobuf);
    expect(binary.status).toBe(status);
    expect(binary.headers.get('content-type')).toBe(protobuf);
    // Field 1 of google.rpc.Status is the code.
    const bytes = await binary.bytes();
    expect([...bytes.subarray(0, 2)]).toEqual([8, (expected as { code: number }).code]);
  });

  it('says when to come back in whole seconds, only when that helps', async () => {
    lane.answer = () => Promise.resolve(busy);
    const answer = await post('/v1/traces', '{}', json);
    expect(answer.headers.get('retry-after')).toBe('3');
    expect(await answer.json()).toMatchObject({ details: [{ retryDelay: '3s' }] });
    lane.answer = () => Promise.resolve({ outcome: 'too_large', message: 'rows' });
    expect((await post('/v1/traces', '{}', json)).headers.get('retry-after')).toBeNull();
  });

  it('names the byte where a malformed body goes wrong', async () => {
    lane.answer = () => Promise.resolve({ outcome: 'malformed', message: 'bad tag', offset: 17 });
    expect(await (await post('/v1/traces', '{}', json)).json()).toMatchObject({
      details: [{ fieldViolations: [{ field: 'byte 17', description: 'bad tag' }] }],
    });
  });

  it('is told to come back when the lane throws or rejects, never 500', async () => {
    lane.answer = () => Promise.reject(new Error('disk on fire'));
    expect((await post('/v1/traces', '{}', json)).status).toBe(503);
    lane.answer = () => {
      throw new TypeError('x is undefined');
    };
    const answer = await post('/v1/traces', '{}', json);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(counters.events.at(-1)).toBe('answered traces http busy');
  });

  it.each([
    ['an unknown path', 404, 'POST', '/v1/profiles', json, 'unknown_path'],
    ['a name from Object.prototype', 404, 'POST', '/constructor', json, 'unknown_path'],
    ['a GET', 405, 'GET', '/v1/traces', json, 'wrong_method'],
    ['a browser asking about CORS', 405, 'OPTIONS', '/v1/traces', json, 'wrong_method'],
    ['another content type', 415, 'POST', '/v1/traces', 'text/plain', 'wrong_type'],
    ['a content type that only begins alike', 415, 'POST', '/v1/logs', `${json}5`, 'wrong_type'],
  ])('%s is answered %i', async (_, status, method, path, contentType, reason) => {
    const answer = await fetch(url + path, { method, headers: { 'content-type': contentType } });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(await answer.json()).toMatchObject({ message: expect.any(String) });
    expect(counters.events).toEqual([`refused http ${reason}`]);
    expect(lane.submissions).toEqual([]);
  });

  it('is answered 415 with what we can read for an unknown encoding', async () => {
    const answer = await post('/v1/traces', '{}', json, { 'content-encoding': 'br' });
    expect(answer.status).toBe(415);
    expect(answer.headers.get('accept-encoding')).toBe('gzip, zstd, deflate, snappy, identity');
  });

  it('is answered 400 when the compression is broken or cut off', async () => {
    const whole = Buffer.alloc(5000, 'abcdefg');
    for (const [encoding, wire] of [
      ['gzip', Buffer.from('not gzip')],
      ['gzip', gzipSync(whole).subarray(0, 20)],
      ['zstd', Buffer.from('not zstd')],
      ['zstd', zstdCompressSync(whole).subarray(0, 14)],
    ] as const) {
      const answer = await post('/v1/traces', wire, protobuf, { 'content-encoding': encoding });
      expect(answer.status).toBe(400);
      expect(counters.events.at(-1)).toBe('refused http corrupt');
    }
    expect(lane.submissions).toEqual([]);
  });
});

describe('the size limit', () => {
  it('lets a body of exactly the limit in, and no byte more', async () => {
    const body = Buffer.alloc(bodyBytesMax + 1);
    const exact = body.subarray(1);
    expect((await post('/v1/traces', exact, protobuf)).status).toBe(200);
    expect((await post('/v1/traces', body, protobuf)).status).toBe(413);
    const gzip = { 'content-encoding': 'gzip' };
    expect((await post('/v1/traces', gzipSync(exact), protobuf, gzip)).status).toBe(200);
    expect((await post('/v1/traces', gzipSync(body), protobuf, gzip)).status).toBe(413);
    expect(lane.submissions).toHaveLength(2);
  });

  it('is counted while a body without a length comes in', async () => {
    const chunk = Buffer.alloc(100_000);
    const stream = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent <= bodyBytesMax; sent += chunk.length) controller.enqueue(chunk);
        controller.close();
      },
    });
    const init = { method: 'POST', body: stream, duplex: 'half' } as const;
    const answer = await fetch(`${url}/v1/logs`, { ...init, headers: { 'content-type': json } });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 8 });
  });

  it('is told before the body is sent when the client asks first', async () => {
    const ask = (length: number) =>
      rawExchange(
        receiver.address.port,
        `POST /v1/traces HTTP/1.1\r\nhost: a\r\nconnection: close\r\nexpect: 100-continue\r\n` +
          `content-type: ${protobuf}\r\ncontent-length: ${length}\r\n\r\n`,
        ...(length <= bodyBytesMax ? ['x'.repeat(length)] : []),
      );
    expect(await ask(5)).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
    expect(await ask(bodyBytesMax + 1)).toMatch(/^HTTP\/1.1 413/);
  });
});

describe('admission', () => {
  it('turns a request away while others hold the memory, and lets it in afterwards', async () => {
    admission = new Admission(bodyBytesMax * 2);
    await start();
    let letGo: (answer: Answer) => void = () => {};
    lane.answer = () => new Promise((resolve) => (letGo = resolve));
    const first = post('/v1/traces', Buffer.alloc(bodyBytesMax), protobuf);
    await until(() => lane.submissions.length === 1);
    expect(admission.inFlightBytes).toBe(bodyBytesMax);
    // The wire would fit; what it inflates to does not.
    const wire = gzipSync(Buffer.alloc(bodyBytesMax));
    const second = await post('/v1/traces', wire, protobuf, { 'content-encoding': 'gzip' });
    expect(second.status).toBe(503);
    expect(second.headers.get('retry-after')).toBe('1');
    expect(counters.events.at(-1)).toBe('refused http memory');
    letGo({ outcome: 'stored', rejected: 0, message: '' });
    expect((await first).status).toBe(200);
    expect(admission.inFlightBytes).toBe(0);
    lane.answer = () => Promise.resolve({ outcome: 'stored', rejected: 0, message: '' });
    const third = await post('/v1/traces', wire, protobuf, { 'content-encoding': 'gzip' });
    expect(third.status).toBe(200);
    expect(admission.peakBytes).toBeLessThanOrEqual(bodyBytesMax * 2);
  });

  it('calls a body too large that could not be admitted alone', async () => {
    admission = new Admission(100_000);
    await start();
    const body = Buffer.alloc(100_001);
    expect((await post('/v1/traces', body, protobuf)).status).toBe(413);
    const gzip = { 'content-encoding': 'gzip' };
    expect((await post('/v1/traces', gzipSync(body), protobuf, gzip)).status).toBe(413);
    expect((await post('/v1/traces', body.subarray(1), protobuf)).status).toBe(200);
  });

  it('asks the gate before it reads a body', async () => {
    let closed = true;
    await start({ gate: () => (closed ? (busy as never) : undefined) });
    expect((await post('/v1/traces', 'x', protobuf)).status).toBe(503);
    expect(counters.events).toEqual(['refused http not_ready']);
    closed = false;
    expect((await post('/v1/traces', 'x', protobuf)).status).toBe(200);
  });

  it('gives back what a client reserved that went away', async () => {
    const agent = new Agent();
    const client = request(`${url}/v1/traces`, {
      agent,
      method: 'POST',
      headers: { 'content-type': protobuf, 'content-length': 900_000 },
    });
    client.on('error', () => {});
    client.write('begin');
    await until(() => admission.inFlightBytes === 900_000);
    client.destroy();
    await until(() => admission.inFlightBytes === 0);
    expect(counters.events).toEqual(['refused http cancelled']);
    agent.destroy();
  });
});

describe('time', () => {
  it('a body that does not arrive is told to come back, and its memory is freed', async () => {
    const clock = simulatedClock();
    await start({ clock });
    const answer = rawExchange(
      receiver.address.port,
      `POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: ${json}\r\n` +
        'content-length: 100\r\n\r\n{',
    );
    await until(() => admission.inFlightBytes === 100);
    clock.advance(29_000);
    expect(receiver.requestCount()).toBe(1);
    clock.advance(2_000);
    expect(await answer).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after: 1\r\n[\s\S]*"code":14/);
    expect(counters.events).toEqual(['refused http timeout']);
    await until(() => receiver.connectionCount() === 0);
  });
});

describe('closing', () => {
  it('finishes what is under way, refuses what comes, and ends every connection', async () => {
    let letGo: (answer: Answer) => void = () => {};
    lane.answer = () => new Promise((resolve) => (letGo = resolve));
    const slow = post('/v1/traces', 'x', protobuf);
    await until(() => lane.submissions.length === 1);
    const closed = receiver.close(60_000);
    letGo({ outcome: 'stored', rejected: 0, message: '' });
    const answer = await slow;
    expect(answer.status).toBe(200);
    expect(answer.headers.get('connection')).toBe('close');
    await closed;
    expect(receiver.connectionCount()).toBe(0);
    await expect(post('/v1/traces', 'x', protobuf)).rejects.toThrow();
  });

  it('cuts what has not finished when the grace time ends', async () => {
    const clock = simulatedClock();
    await start({ clock });
    lane.answer = () => new Promise(() => {});
    const hanging = post('/v1/traces', 'x', protobuf).catch((error: unknown) => error);
    await until(() => lane.submissions.length === 1);
    const closed = receiver.close(5_000);
    clock.advance(5_000);
    await closed;
    expect(Error.isError(await hanging)).toBe(true);
    // The lane never answered: what it was given still counts as in flight.
    admission = new Admission(1);
  });

  it('does not wait for connections that never said anything', async () => {
    const idle = rawExchange(receiver.address.port);
    await until(() => receiver.connectionCount() === 1);
    await receiver.close(60_000);
    expect(await idle).toBe('');
  });

  it('may be asked twice', async () => {
    await Promise.all([receiver.close(0), receiver.close(0)]);
  });
});
