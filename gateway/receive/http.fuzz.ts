/**
 * Damaged HTTP requests over real sockets: each connection is answered in HTTP or ended; nothing
 * reaches the lane but bodies that the bytes carry; memory in flight is none in the end; no
 * exception leaves a handler. `npm run fuzz -- http`.
 */
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../core/clock.ts';
import { type FuzzOptions, fuzz, readCorpus } from '../../test/support/fuzzing.ts';
import type { Acceptor, Submission } from '../answer.ts';
import { Admission } from './admission.ts';
import { startHttp } from './http.ts';

const bodyBytesMax = 100_000;
const silenceMs = 5_000;
const marker = 'MARK';

export async function run(options: FuzzOptions): Promise<void> {
  const admission = new Admission(10_000_000);
  const submitted: Submission[] = [];
  const acceptor: Acceptor = {
    submit: async (submission) => {
      submitted.push({ ...submission, wire: Buffer.from(submission.wire) });
      return { outcome: 'stored', rejected: 0, message: '' };
    },
  };
  const limits = { bodyBytesMax, headersTimeoutMs: 1_000, bodyTimeoutMs: 1_000 };
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    acceptor,
    admission,
    clock: systemClock,
    limits,
  });
  const inputs = [
    ...seeds(),
    ...readCorpus(join(import.meta.dirname, 'testdata/corpus-http.json')),
  ];
  const attempt = async (bytes: Buffer): Promise<string> => {
    submitted.length = 0;
    const answer = await exchange(server.address.port, bytes);
    for (const { wire } of submitted) {
      if (!carries(bytes, Buffer.from(wire))) throw new Error('a body that was never sent');
    }
    // The planted bug: a server that says nothing to what it cannot read.
    if (answer === 'silence' || (options.canary === true && answer === 'HTTP 400')) {
      throw new Error('neither answered nor ended');
    }
    return answer;
  };
  try {
    await fuzz({ name: 'http', inputs, attempt }, options);
    if (admission.inFlightBytes !== 0)
      throw new Error('fuzz finding: http, memory stays in flight');
  } finally {
    await server.close(0);
  }
}

/** Whether `wire` is in `bytes`, in one piece or in the pieces of a chunked body. */
function carries(bytes: Buffer, wire: Buffer): boolean {
  if (bytes.includes(wire)) return true;
  let at = 0;
  for (const byte of wire) {
    at = bytes.indexOf(byte, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

function seeds(): readonly Buffer[] {
  const head = 'POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n';
  const body = Buffer.from(marker.repeat(20));
  const plain = [
    `${head}Content-Length: ${body.length}\r\n\r\n${body}`,
    `${head}Transfer-Encoding: chunked\r\n\r\n10\r\n${body.toString().slice(0, 16)}\r\n0\r\n\r\n`,
    `${head}Expect: 100-continue\r\nContent-Length: 4\r\n\r\nMARK`,
    `${head}Connection: close\r\nContent-Length: 0\r\n\r\n`,
    `${head}Content-Length: 4\r\n\r\nMARK${head}Content-Length: 4\r\n\r\nMARK`,
    'GET / HTTP/1.0\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n\r\n',
    `${head.replace('x-protobuf', 'json')}Content-Length: 2\r\n\r\n{}`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ].map((text) => Buffer.from(text, 'latin1'));
  const zipped = gzipSync(body);
  const zippedHead = `${head}Content-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\n\r\n`;
  return [...plain, Buffer.concat([Buffer.from(zippedHead), zipped])];
}

/** Sends all and says that nothing more will come; what came back, or how it ended. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    const timer = setTimeout(() => {
      socket.destroy();
      resolve('silence');
    }, silenceMs);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
      if (text !== '' && status === undefined) resolve('no HTTP');
      else resolve(status === undefined ? 'ended' : `HTTP ${status}`);
    });
    socket.end(bytes);
  });
}
