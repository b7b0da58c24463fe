/**
 * Prometheus remote write over HTTP, 1.0 and 2.0: `POST /api/v1/write`, a snappy block. Which
 * version a body is, its content type says; what we do not take is 415, so that senders of 2.0 step
 * down (PRW2-2, PRW2-3). Errors are text, as Prometheus logs them.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Written } from '../answer.ts';
import { keepsTargetParameter } from '../decode/remote-write/message.ts';
import {
  type Announcement,
  brings,
  type HttpProtocol,
  type Reply,
  refused,
} from './http-protocol.ts';
import { rpcCode } from './status.ts';

export const remoteWritePath = '/api/v1/write';

/** Where job and instance of a series go: to the resource alone, or also to its attributes. */
export type RemoteWriteLabels = 'otel' | 'prometheus';

const mediaType = 'application/x-protobuf';
const messages = new Map([
  ['prometheus.WriteRequest', 'remote_write_1'],
  ['io.prometheus.write.v2.Request', 'remote_write_2'],
] as const);

const nothingWritten: Written = { samples: 0, histograms: 0, exemplars: 0 };

export function remoteWriteHttp(labels: RemoteWriteLabels): HttpProtocol {
  const parameters = labels === 'prometheus' ? keepsTargetParameter : '';
  return {
    announce: (request) => announce(request, parameters),
    stored: ({ contentType }, { rejected, message, written }) => {
      const headers = contentType === 'remote_write_2' ? writtenHeaders(written) : {};
      if (rejected === 0) return { httpStatus: 204, headers, body: Buffer.alloc(0) };
      // The valid rest is stored; 400, because sending it again would help nobody (PRW2-6).
      const reply = textReply(400, `${rejected} not stored, the rest is: ${message}`);
      return { ...reply, headers: { ...reply.headers, ...headers } };
    },
    refused: (request, httpStatus, { message }) => {
      // Prometheus drops what is answered with 429, unless it is told otherwise.
      const reply = textReply(httpStatus === 429 ? 503 : httpStatus, message);
      if (typeOf(request) !== 'remote_write_2') return reply;
      return { ...reply, headers: { ...reply.headers, ...writtenHeaders(nothingWritten) } };
    },
  };
}

function announce(request: IncomingMessage, parameters: string): Announcement {
  const { method, headers } = request;
  if (method === 'GET' || method === 'HEAD') {
    // Vector looks whether anybody is there, and takes 405 for nobody (PRW1-12).
    return { kind: 'reply', reply: textReply(200, 'remote write is sent here with POST') };
  }
  if (method !== 'POST') {
    const status = { code: rpcCode.unimplemented, message: 'remote write is sent with POST' };
    return refused({
      reason: 'wrong_method',
      httpStatus: 405,
      status,
      headers: { allow: 'GET, HEAD, POST' },
    });
  }
  const contentType = typeOf(request);
  if (contentType === undefined) {
    const names = [...messages.keys()].map((name) => `${mediaType};proto=${name}`).join(' or ');
    const status = { code: rpcCode.invalidArgument, message: `the content type must be ${names}` };
    return refused({ reason: 'wrong_type', httpStatus: 415, status });
  }
  const encoding = (headers['content-encoding'] ?? 'snappy').trim().toLowerCase();
  if (encoding !== 'snappy') {
    const message = 'the content encoding must be snappy, in its block format';
    const status = { code: rpcCode.invalidArgument, message };
    return refused({ reason: 'unknown_encoding', httpStatus: 415, status });
  }
  return brings({ signal: 'metrics', contentType, contentEncoding: 'snappy', parameters });
}

/** By media type and its parameter `proto`; without a content type it is 1.0, as in Prometheus. */
function typeOf({ headers }: IncomingMessage): 'remote_write_1' | 'remote_write_2' | undefined {
  const [media = '', ...parameters] = (headers['content-type'] ?? mediaType).split(';');
  if (media.trim().toLowerCase() !== mediaType) return undefined;
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=', 2);
    if (name.trim().toLowerCase() !== 'proto') continue;
    const message = value.trim().replace(/^"(.*)"$/, '$1');
    for (const [known, type] of messages) if (known === message) return type;
    return undefined;
  }
  return 'remote_write_1';
}

/** PRW2-4, with the names of the specification. */
function writtenHeaders(written: Written = nothingWritten): OutgoingHttpHeaders {
  return {
    'X-Prometheus-Remote-Write-Samples-Written': String(written.samples),
    'X-Prometheus-Remote-Write-Histograms-Written': String(written.histograms),
    'X-Prometheus-Remote-Write-Exemplars-Written': String(written.exemplars),
  };
}

function textReply(httpStatus: number, message: string): Reply {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  return { httpStatus, headers, body: Buffer.from(`${message}\n`) };
}
