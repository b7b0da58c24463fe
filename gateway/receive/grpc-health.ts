/**
 * `grpc.health.v1.Health/Check`, which Kubernetes probes and grpcurl ask (OTLP-G10).
 *
 * | field | message | type |
 * | --- | --- | --- |
 * | 1 | HealthCheckRequest.service | string |
 * | 1 | HealthCheckResponse.status | enum: 1 SERVING, 2 NOT_SERVING |
 */
import { type RpcStatus, rpcCode } from './status.ts';

/** A service name; nothing that asks for health needs more. */
export const healthBytesMax = 1024;

const serviceTag = 0x0a;
const serving: Buffer = Buffer.from([0x08, 1]);
const notServing: Buffer = Buffer.from([0x08, 2]);

/** `''` asks for the server as a whole; the others are the services we have. */
const services: ReadonlySet<string> = new Set([
  '',
  'opentelemetry.proto.collector.trace.v1.TraceService',
  'opentelemetry.proto.collector.metrics.v1.MetricsService',
  'opentelemetry.proto.collector.logs.v1.LogsService',
]);

export type HealthReply =
  | { readonly ok: true; readonly message: Buffer }
  | { readonly ok: false; readonly status: RpcStatus };

export function answerHealth(request: Buffer, compressed: boolean, ready: boolean): HealthReply {
  const service = compressed ? undefined : readService(request);
  if (service === undefined) {
    const message = 'not a HealthCheckRequest of at most one service name, uncompressed';
    return { ok: false, status: { code: rpcCode.invalidArgument, message } };
  }
  if (!services.has(service)) {
    const message = `unknown service ${service}`;
    return { ok: false, status: { code: rpcCode.notFound, message } };
  }
  return { ok: true, message: ready ? serving : notServing };
}

/** The one field, when it is the whole message. */
function readService(request: Buffer): string | undefined {
  if (request.length === 0) return '';
  const length = request[1] ?? 0;
  if (request[0] !== serviceTag || length > 127 || request.length !== length + 2) return undefined;
  return request.toString('utf8', 2);
}
