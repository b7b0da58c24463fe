/** What a gRPC call asks for, read from its headers (OTLP-G1, G7, G8, G10). */
import type { IncomingHttpHeaders } from 'node:http2';
import type { ContentEncoding, Signal } from '../answer.ts';
import { grpcEncodingOf, grpcEncodings } from './encodings.ts';
import { type RpcStatus, rpcCode } from './status.ts';

export type GrpcMethod =
  | { readonly kind: 'export'; readonly signal: Signal }
  | { readonly kind: 'health' };

const collector = '/opentelemetry.proto.collector';

const methods: Readonly<Record<string, GrpcMethod>> = {
  [`${collector}.trace.v1.TraceService/Export`]: { kind: 'export', signal: 'traces' },
  [`${collector}.metrics.v1.MetricsService/Export`]: { kind: 'export', signal: 'metrics' },
  [`${collector}.logs.v1.LogsService/Export`]: { kind: 'export', signal: 'logs' },
  '/grpc.health.v1.Health/Check': { kind: 'health' },
};

export type GrpcHead =
  | {
      readonly ok: true;
      readonly method: GrpcMethod;
      readonly encoding: ContentEncoding;
      /** Infinity without `grpc-timeout`. */
      readonly timeoutMs: number;
    }
  | { readonly ok: false; readonly kind: 'not_grpc' }
  | {
      readonly ok: false;
      readonly kind: 'wrong_method' | 'unknown_path' | 'unknown_encoding' | 'corrupt';
      readonly status: RpcStatus;
    };

export function readGrpcHead(headers: IncomingHttpHeaders): GrpcHead {
  if (!isGrpc(headers['content-type'])) return { ok: false, kind: 'not_grpc' };
  if (headers[':method'] !== 'POST') {
    const message = 'a gRPC call is an HTTP/2 POST';
    return { ok: false, kind: 'wrong_method', status: { code: rpcCode.internal, message } };
  }
  const path = headers[':path'] ?? '';
  const method = Object.hasOwn(methods, path) ? methods[path] : undefined;
  if (method === undefined) {
    const message = `no such method: ${path.slice(0, 200)}`;
    return { ok: false, kind: 'unknown_path', status: { code: rpcCode.unimplemented, message } };
  }
  const encoding = grpcEncodingOf(headers['grpc-encoding']);
  if (encoding === undefined) {
    const message = `grpc-encoding must be one of ${grpcEncodings}`;
    const status = { code: rpcCode.unimplemented, message };
    return { ok: false, kind: 'unknown_encoding', status };
  }
  const timeoutMs = readTimeoutMs(headers['grpc-timeout']);
  if (timeoutMs === undefined) {
    const message =
      'grpc-timeout is not a number of at most 8 digits and a unit of H, M, S, m, u, n';
    return { ok: false, kind: 'corrupt', status: { code: rpcCode.internal, message } };
  }
  return { ok: true, method, encoding, timeoutMs };
}

/** gRPC-Web and JSON codecs begin alike but are other protocols. */
function isGrpc(header: string | undefined): boolean {
  if (header === 'application/grpc' || header === 'application/grpc+proto') return true;
  if (header === undefined) return false;
  const end = header.indexOf(';');
  const media = (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
  return media === 'application/grpc' || media === 'application/grpc+proto';
}

const timeoutUnitsMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

function readTimeoutMs(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return Number.POSITIVE_INFINITY;
  if (typeof header !== 'string' || !/^\d{1,8}[HMSmun]$/.test(header)) return undefined;
  return Number(header.slice(0, -1)) * (timeoutUnitsMs[header.slice(-1)] ?? 1);
}
