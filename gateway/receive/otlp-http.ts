/** OTLP over HTTP: protobuf and JSON on `/v1/traces`, `/v1/metrics` and `/v1/logs`. */
import type { IncomingMessage } from 'node:http';
import type { OtlpContentType, Signal } from '../answer.ts';
import { httpEncodingOf, httpEncodings } from './encodings.ts';
import {
  type Announcement,
  brings,
  type HttpProtocol,
  type Reply,
  refused,
} from './http-protocol.ts';
import { encodeStatus, encodeStored, type RpcStatus, rpcCode } from './status.ts';

const mediaTypes: Readonly<Record<OtlpContentType, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** By path. */
export const otlpHttp: Readonly<Record<string, HttpProtocol>> = {
  '/v1/traces': protocolOf('traces'),
  '/v1/metrics': protocolOf('metrics'),
  '/v1/logs': protocolOf('logs'),
};

function protocolOf(signal: Signal): HttpProtocol {
  return {
    announce: (request) => announce(request, signal),
    stored: ({ contentType }, { rejected, message }) => {
      const spoken = contentType === 'json' ? 'json' : 'protobuf';
      return replyOf(200, spoken, encodeStored(signal, spoken, rejected, message));
    },
    refused: refuseInOtlp,
  };
}

/** google.rpc.Status in the type that the request came in; JSON where it named none of ours. */
export function refuseInOtlp(
  request: IncomingMessage,
  httpStatus: number,
  status: RpcStatus,
): Reply {
  const contentType = contentTypeOf(request.headers['content-type']) ?? 'json';
  return replyOf(httpStatus, contentType, encodeStatus(status, contentType));
}

function announce({ method, headers }: IncomingMessage, signal: Signal): Announcement {
  if (method !== 'POST') {
    const status = { code: rpcCode.unimplemented, message: 'OTLP is sent with POST' };
    return refused({
      reason: 'wrong_method',
      httpStatus: 405,
      status,
      headers: { allow: 'POST' },
    });
  }
  const contentType = contentTypeOf(headers['content-type']);
  if (contentType === undefined) {
    const message = `the content type must be ${mediaTypes.protobuf} or ${mediaTypes.json}`;
    const status = { code: rpcCode.invalidArgument, message };
    return refused({ reason: 'wrong_type', httpStatus: 415, status });
  }
  const contentEncoding = httpEncodingOf(headers['content-encoding']);
  if (contentEncoding === undefined) {
    const message = `the content encoding must be one of ${httpEncodings}`;
    const status = { code: rpcCode.invalidArgument, message };
    const offered = { 'accept-encoding': httpEncodings };
    return refused({ reason: 'unknown_encoding', httpStatus: 415, status, headers: offered });
  }
  return brings({ signal, contentType, contentEncoding, parameters: '' });
}

/** The media type without parameters and case (OTLP-H2). */
function contentTypeOf(header: string | undefined): OtlpContentType | undefined {
  if (header === mediaTypes.protobuf) return 'protobuf';
  if (header === mediaTypes.json) return 'json';
  if (header === undefined) return undefined;
  const end = header.indexOf(';');
  const media = (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
  if (media === mediaTypes.protobuf) return 'protobuf';
  return media === mediaTypes.json ? 'json' : undefined;
}

function replyOf(httpStatus: number, contentType: OtlpContentType, body: Buffer): Reply {
  return { httpStatus, headers: { 'content-type': mediaTypes[contentType] }, body };
}
