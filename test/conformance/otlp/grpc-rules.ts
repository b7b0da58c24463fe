/** OTLP-G: rules of OTLP over gRPC. */
import { gzipSync } from 'node:zlib';
import { frame, goodTraces, grpc } from '../odd/case.ts';
import { answers, ok, type Rule, refusal, tests } from './rule.ts';

const service = (name: string): Readonly<Record<string, string>> => ({
  ':path': `/opentelemetry.proto.collector.${name}/Export`,
});
const nothing = (): Uint8Array => frame(new Uint8Array());
const grpcTest = 'gateway/receive/grpc.test.ts';
const hostileTest = 'gateway/receive/grpc-hostile.test.ts';

// biome-ignore format: a table reads as a table, one rule an entry
export const grpcRules: readonly Rule[] = [
  {
    id: 'OTLP-G1',
    level: 'MUST',
    rule: 'Unary `Export` of the services for traces, metrics and logs',
    section: 'OTLP/gRPC Service and Protobuf Definitions',
    shown: answers(() => [
      [grpc('traces', nothing(), service('trace.v1.TraceService')), ok.grpc],
      [grpc('metrics', nothing(), service('metrics.v1.MetricsService')), ok.grpc],
      [grpc('logs', nothing(), service('logs.v1.LogsService')), ok.grpc],
      [grpc('other', nothing(), service('trace.v2.TraceService')), 'UNIMPLEMENTED'],
    ]),
  },
  {
    id: 'OTLP-G2',
    level: 'SHOULD',
    rule: 'Many calls may be under way on one connection',
    section: 'OTLP/gRPC Concurrent Requests',
    shown: tests(
      [grpcTest, 'may be one of many under way on a connection'],
      [hostileTest, 'more streams than allowed wait or are refused, and the rest is served'],
    ),
  },
  {
    id: 'OTLP-G3',
    level: 'SHOULD',
    rule: 'Bad data is INVALID_ARGUMENT with BadRequest, overload UNAVAILABLE with RetryInfo',
    section: 'OTLP/gRPC Response',
    shown: tests(
      [grpcTest, 'becomes INVALID_ARGUMENT with the place when malformed'],
      [grpcTest, 'becomes UNAVAILABLE with RetryInfo when busy'],
    ),
  },
  {
    id: 'OTLP-G4',
    level: 'client',
    rule: 'Clients drop on INTERNAL and UNKNOWN, so a fault of ours is UNAVAILABLE',
    section: 'OTLP/gRPC Response',
    shown: tests([grpcTest, 'becomes UNAVAILABLE when it throws or rejects, never INTERNAL']),
  },
  {
    id: 'OTLP-G5',
    level: 'SHOULD',
    rule: '`retry_delay` is long enough to help, short enough for the client’s queue',
    section: 'OTLP/gRPC Throttling',
    shown: tests([
      'gateway/receive/http.test.ts',
      'says when to come back in whole seconds, only when that helps',
    ]),
  },
  {
    id: 'OTLP-G6',
    level: 'de facto',
    rule: 'Details travel in `grpc-status-details-bin`, a `google.rpc.Status` in base64',
    section: 'OTLP/gRPC Response',
    shown: answers(() => [
      [grpc('broken', frame(Buffer.from([7]))), 'INVALID_ARGUMENT BadRequest'],
    ]),
  },
  {
    id: 'OTLP-G7',
    level: 'de facto',
    rule: 'A compressed flag without an encoding is INTERNAL, an unknown encoding UNIMPLEMENTED with what we have, another content type HTTP 415',
    section: '',
    shown: answers(() => [
      [grpc('flag', frame(gzipSync(goodTraces()), 1)), 'INTERNAL'],
      [grpc('encoding', frame(goodTraces(), 1), { 'grpc-encoding': 'br' }), 'UNIMPLEMENTED'],
    ]),
  },
  {
    id: 'OTLP-G8',
    level: 'de facto',
    rule: '`grpc-timeout`, resets, GOAWAY before the end, and an age of connections',
    section: '',
    shown: tests(
      [
        'gateway/receive/grpc.test.ts',
        'an answer after the deadline of the client is DEADLINE_EXCEEDED',
      ],
      [grpcTest, 'idle and old connections are told to go, and clients come back'],
      [grpcTest, 'finishes calls under way and ends every connection'],
    ),
  },
  {
    id: 'OTLP-G9',
    level: 'de facto',
    rule: 'An answer to a stream that was reset harms nothing',
    section: '',
    shown: tests(
      [
        hostileTest,
        'a reset while the lane works harms nothing, and memory counts until it is done',
      ],
      [hostileTest, 'thousands of streams opened and reset end the connection, not the server'],
    ),
  },
  {
    id: 'OTLP-G10',
    level: 'de facto',
    rule: '`grpc.health.v1` is served; reflection is not',
    section: '',
    shown: answers(() => [
      [grpc('health', nothing(), { ':path': '/grpc.health.v1.Health/Check' }), ok.grpc],
      [
        grpc('reflection', nothing(), {
          ':path': '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
        }),
        'UNIMPLEMENTED',
      ],
    ]),
  },
  {
    id: 'OTLP-G11',
    level: 'MAY',
    rule: 'gRPC and HTTP on one port',
    section: 'OTLP/HTTP Default Port',
    shown: refusal('two ports, as the Collector has them; who takes the wrong one is told so'),
  },
];
