/** What strangers and attackers send to the HTTP port (faults F23, F24, F30). */
import { connect } from 'node:net';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import {
  RecordingCounters,
  RecordingLane,
  rawExchange,
  stored,
  until,
} from '../../test/support/receiving.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { Admission } from './admission.ts';
import { startHttp } from './http.ts';
import { receiveLimitsDefault } from './limits.ts';
import type { ReceiveOptions, Receiver } from './receiver.ts';

let lane: RecordingLane;
let counters: RecordingCounters;
let admission: Admission;
let receiver: Receiver;
let port: number;

async function start(options: Partial<ReceiveOptions> = {}): Promise<void> {
  await receiver?.close(0);
  const given = { host: '127.0.0.1', port: 0, acceptor: lane, admission, counters };
  receiver = await startHttp({ ...given, clock: systemClock, ...options });
  port = receiver.address.port;
}

beforeEach(async () => {
  lane = new RecordingLane();
  counters = new RecordingCounters();
  admission = new Admission(192 * 1024 ** 2);
  await start();
});

afterEach(async () => {
  // Whatever was done to it, the receiver still serves.
  const body = new Uint8Array(3);
  const headers = { 'content-type': 'application/x-protobuf' };
  const answer = await fetch(`http://127.0.0.1:${port}/v1/logs`, { method: 'POST', body, headers });
  expect(answer.status).toBe(200);
  await receiver.close(0);
  expect(admission.inFlightBytes).toBe(0);
});

const head = 'POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n';

describe('requests that are not HTTP, or are two things at once', () => {
  it.each([
    ['both lengths', `${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['two lengths', `${head}content-length: 4\r\ncontent-length: 5\r\n\r\n{}  `],
    ['a signed length', `${head}content-length: +4\r\n\r\n{}  `],
    ['a hexadecimal length', `${head}content-length: 0x4\r\n\r\n{}  `],
    ['chunked not last', `${head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ['a chunk size that is no number', `${head}transfer-encoding: chunked\r\n\r\nxyz\r\n{}\r\n`],
    ['an overflowing chunk size', `${head}transfer-encoding: chunked\r\n\r\n${'f'.repeat(20)}\r\n`],
    [
      'a chunk longer than it says',
      `${head}transfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n`,
    ],
    ['a bare line feed in the headers', `${head}x: 1\ny: 2\r\ncontent-length: 0\r\n\r\n`],
    ['a space before the colon', `${head}content-length : 2\r\n\r\n{}`],
    ['a folded header', `${head}x: 1\r\n y\r\ncontent-length: 0\r\n\r\n`],
    ['no host', 'POST /v1/traces HTTP/1.1\r\ncontent-length: 0\r\n\r\n'],
    ['noise', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['gRPC', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('%s is answered 400 and the connection ends', async (_, bytes) => {
    const answer = await rawExchange(port, Buffer.from(bytes, 'latin1'));
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(answer.match(/HTTP\/1.1 \d/g)).toHaveLength(1);
    expect(lane.submissions).toEqual([]);
  });

  it('tells who speaks gRPC here that this is the wrong port', async () => {
    expect(await rawExchange(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).toContain('gRPC');
  });

  it('answers 431 to headers without end', async () => {
    const answer = await rawExchange(port, head, `x: ${'y'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 431 /);
  });

  it('never lets a fault behind a request pass for the answer to it', async () => {
    const whole = `${head}content-length: 2\r\n\r\n{}`;
    expect(await rawExchange(port, `${whole}garbage\r\n\r\n`)).toBe('');
    lane.submissions.length = 0;
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    const closed = new Promise((resolve) => socket.on('close', resolve));
    lane.answer = () => new Promise((resolve) => closed.then(() => resolve(stored)));
    socket.write(whole);
    await until(() => lane.submissions.length === 1);
    socket.write('garbage\r\n\r\n');
    await closed;
    expect(text).toBe('');
    lane.answer = () => Promise.resolve(stored);
  });

  it('answers pipelined requests in their order', async () => {
    lane.answer = (submission) =>
      Promise.resolve(
        submission.signal === 'logs' ? { outcome: 'too_large', message: '' } : stored,
      );
    const one = `${head}content-length: 2\r\n\r\n{}`;
    const two = one.replace('/v1/traces', '/v1/logs').replace('host', 'connection: close\r\nhost');
    const answers = await rawExchange(port, one + two);
    expect([...answers.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1])).toEqual([
      '200',
      '413',
    ]);
    lane.answer = () => Promise.resolve(stored);
  });
});

describe('bombs', () => {
  it.each([
    ['gzip', gzipSync(Buffer.alloc(300 * 1024 ** 2))],
    ['zstd', zstdCompressSync(Buffer.alloc(300 * 1024 ** 2))],
    ['deflate', deflateSync(Buffer.alloc(300 * 1024 ** 2))],
  ])(
    'a %s body of a thousand times its size is answered 413 and reaches nobody',
    async (name, wire) => {
      expect(wire.length).toBeLessThan(400_000);
      const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
        method: 'POST',
        body: wire,
        headers: { 'content-type': 'application/json', 'content-encoding': name },
      });
      expect(answer.status).toBe(413);
      expect(lane.submissions).toEqual([]);
    },
  );

  it('cannot take more memory than one body, however many come', async () => {
    const wire = zstdCompressSync(Buffer.alloc(300 * 1024 ** 2));
    const beforeBytes = process.memoryUsage.rss();
    let peakBytes = 0;
    const sent = Array.from({ length: 20 }, async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
        method: 'POST',
        body: wire,
        headers: { 'content-type': 'application/json', 'content-encoding': 'zstd' },
      });
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
      return answer.status;
    });
    expect(new Set(await Promise.all(sent))).toEqual(new Set([413]));
    expect(peakBytes - beforeBytes).toBeLessThan(6 * receiveLimitsDefault.bodyBytesMax);
  });
});

describe('slow and greedy clients', () => {
  it('headers that trickle in are cut off at the timeout', async () => {
    await start({ limits: { headersTimeoutMs: 300 } });
    expect(await rawExchange(port, 'POST /v1/traces HTTP/1.1\r\nx: ')).toMatch(/^HTTP\/1.1 408 /);
    await until(() => receiver.connectionCount() === 0);
  });

  it('connections that say nothing, or stop speaking after an answer, are closed', async () => {
    await start({ limits: { headersTimeoutMs: 300, idleTimeoutMs: 300 } });
    const silent = rawExchange(port);
    const quiet = rawExchange(port, `${head}content-length: 2\r\n\r\n{}`);
    expect(await silent).toMatch(/^(HTTP\/1.1 408 |$)/);
    expect(await quiet).toMatch(/^HTTP\/1.1 200 /);
    await until(() => receiver.connectionCount() === 0);
  });

  it('many slow bodies are all answered at the deadline and free what they held', async () => {
    const clock = simulatedClock();
    await start({ clock });
    const slow = Array.from({ length: 50 }, () =>
      rawExchange(port, `${head}content-length: 1000000\r\n\r\n{`),
    );
    await until(() => admission.inFlightBytes === 50_000_000);
    clock.advance(receiveLimitsDefault.bodyTimeoutMs + 1);
    for (const answer of await Promise.all(slow)) expect(answer).toMatch(/^HTTP\/1.1 503 /);
    expect(admission.inFlightBytes).toBe(0);
  });

  it('lengths that are only declared cannot take more than the bytes in flight', async () => {
    const sockets = Array.from({ length: 5 }, () => connect(port, '127.0.0.1'));
    const answers: string[] = [];
    for (const socket of sockets) {
      socket.on('data', (chunk) => answers.push(chunk.toString()));
      socket.write(`${head}content-length: ${64 * 1024 ** 2}\r\n\r\n`);
    }
    // A third one would leave other signals less than is kept free for them.
    await until(() => answers.length === 3);
    expect(admission.inFlightBytes).toBe(128 * 1024 ** 2);
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1.1 503 /);
    for (const socket of sockets) socket.destroy();
    await until(() => admission.inFlightBytes === 0);
  });

  it('bytes in tiny chunks are counted by what they cost', async () => {
    const count = 100_000;
    const answer = await rawExchange(
      port,
      `${head}connection: close\r\ntransfer-encoding: chunked\r\n\r\n`,
      '1\r\n \r\n'.repeat(count),
      '0\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(lane.submissions[0]?.body.byteLength).toBe(count);
    expect(admission.peakBytes).toBeLessThan(3 * count);
  });

  it('a body that goes on long after its refusal is cut off', async () => {
    await start({ limits: { bodyBytesMax: 1000 } });
    const bytes = Buffer.alloc(1024 ** 2);
    const socket = connect(port, '127.0.0.1');
    let text = '';
    let sentBytes = 0;
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.write(`${head}content-length: 1000000000\r\n\r\n`);
    const pump = (): void => {
      while (!socket.destroyed && socket.write(bytes)) sentBytes += bytes.length;
      sentBytes += bytes.length;
    };
    socket.on('drain', pump);
    pump();
    await closed;
    expect(text).toMatch(/^HTTP\/1.1 413 /);
    expect(sentBytes).toBeLessThan(200_000_000);
  });

  it('connections beyond the limit are not served, the others are', async () => {
    await start({ limits: { connectionsMax: 3 } });
    const idle = Array.from({ length: 10 }, () => rawExchange(port));
    await until(() => receiver.connectionCount() === 3);
    await Promise.all(idle.slice(3));
    await receiver.close(0);
    await start();
  });
});
