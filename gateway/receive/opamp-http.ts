/**
 * OpAMP over plain HTTP (section “Plain HTTP Transport” of its specification): agents report how
 * they are, see `../opamp/`. Over a WebSocket they do not: it would keep a connection open for
 * each agent, for offers that we never make.
 */
import type { IncomingMessage } from 'node:http';
import { inflate } from '../decode/inflate.ts';
import { encodeErrorAnswer } from '../opamp/answer.ts';
import { opampBytesMax } from '../opamp/message.ts';
import type { OpampAnswer } from '../opamp/opamp.ts';
import { httpEncodingOf } from './encodings.ts';
import {
  type Announcement,
  type HttpProtocol,
  type Refusing,
  type Reply,
  refused,
} from './http-protocol.ts';
import { memoryRetryAfterSeconds } from './limits.ts';
import { type RpcStatus, rpcCode } from './status.ts';

export const opampPath = '/v1/opamp';

const mediaType = 'application/x-protobuf';
const encodings = 'gzip, identity';

/** Asks whoever knows the agents; undefined when too many wait. */
export type AskOpamp = (tenant: string, body: Uint8Array) => Promise<OpampAnswer> | undefined;

export function opampHttp(ask: AskOpamp): HttpProtocol {
  return {
    announce: (request) => announce(request, ask),
    // Nothing of it goes to the lane.
    stored: () => replyOf(200, new Uint8Array()),
    refused: (_request, httpStatus, { message, retryAfterSeconds }) => {
      const type = retryAfterSeconds === undefined ? 'bad_request' : 'unavailable';
      return replyOf(httpStatus, encodeErrorAnswer(type, message, retryAfterSeconds));
    },
  };
}

function announce({ method, headers }: IncomingMessage, ask: AskOpamp): Announcement {
  if (method !== 'POST') {
    const message =
      headers.upgrade === undefined
        ? 'OpAMP is sent with POST'
        : 'OpAMP is spoken over plain HTTP here: give the agent “server: http:”, not “ws:”';
    const status = { code: rpcCode.unimplemented, message };
    return refused({
      reason: 'wrong_method',
      httpStatus: 405,
      status,
      headers: { allow: 'POST' },
    });
  }
  const [media = ''] = (headers['content-type'] ?? '').split(';');
  if (media.trim().toLowerCase() !== mediaType) {
    const status = { code: rpcCode.invalidArgument, message: `the content type is ${mediaType}` };
    return refused({ reason: 'wrong_type', httpStatus: 415, status });
  }
  const encoding = httpEncodingOf(headers['content-encoding']);
  if (encoding !== 'gzip' && encoding !== 'identity') {
    const message = 'the content encoding must be gzip or identity';
    const status = { code: rpcCode.invalidArgument, message };
    const offered = { 'accept-encoding': encodings };
    return refused({ reason: 'unknown_encoding', httpStatus: 415, status, headers: offered });
  }
  return {
    kind: 'asks',
    answer: async (body, tenant) => {
      const inflated = inflate(encoding, body, opampBytesMax);
      if (inflated.ok) return await answered(ask(tenant, inflated.body));
      const { reason, message } = inflated;
      const isLarge = reason === 'too_large';
      const code = isLarge ? rpcCode.resourceExhausted : rpcCode.invalidArgument;
      return { reason, httpStatus: isLarge ? 413 : 400, status: { code, message } };
    },
  };
}

async function answered(asked: Promise<OpampAnswer> | undefined): Promise<Reply | Refusing> {
  if (asked === undefined) {
    const status: RpcStatus = {
      code: rpcCode.unavailable,
      message: 'too many agents report at once; come back',
      retryAfterSeconds: memoryRetryAfterSeconds,
    };
    return { reason: 'memory', httpStatus: 503, status };
  }
  const answer = await asked;
  if (answer.kind === 'answer') return replyOf(200, answer.body);
  const status = { code: rpcCode.invalidArgument, message: answer.reason };
  return { reason: 'protocol', httpStatus: 400, status };
}

function replyOf(httpStatus: number, body: Uint8Array): Reply {
  return { httpStatus, headers: { 'content-type': mediaType }, body: Buffer.from(body) };
}
