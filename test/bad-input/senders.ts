/** Bodies to a gateway as they are, over both transports, and its answers in common words. */
import { Agent, type IncomingMessage, request } from 'node:http';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import type { OtlpContentType, Signal } from '../../gateway/answer.ts';

export type Reply = {
  /** `200`, `400`, … or `OK`, `INVALID_ARGUMENT`, …: the transport's own word. */
  readonly status: string;
  readonly rejected: number;
  readonly message: string;
  /** Whether the sender is told to try again: Retry-After or RetryInfo. */
  readonly retry: boolean;
};

export type Sender = {
  readonly http: (signal: Signal, body: Uint8Array, more?: HttpOptions) => Promise<Reply>;
  readonly grpc: (signal: Signal, body: Uint8Array, gzip?: boolean) => Promise<Reply>;
  readonly close: () => void;
};

export type HttpOptions = {
  readonly contentType?: OtlpContentType;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly path?: string;
};

const socketsMax = 16;
/** No answer at all by then: long, because the machine may be busy with other tests. */
const timeoutMs = 120_000;

/** The answers' messages, whose field numbers are the same for all signals. */
const messages = protobuf.parse(
  `
  syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message Response { Partial partial_success = 1; }
  message Partial { int64 rejected = 1; string error_message = 2; }
`,
  { keepCase: true },
).root;

const services: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};

const mediaTypes = { protobuf: 'application/x-protobuf', json: 'application/json' } as const;

export function connectSender(httpUrl: string, grpcAddress: string): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: socketsMax });
  const limits = { 'grpc.max_send_message_length': -1, 'grpc.enable_retries': 0 };
  const insecure = grpc.credentials.createInsecure();
  const plain = new grpc.Client(grpcAddress, insecure, limits);
  const zipped = new grpc.Client(grpcAddress, insecure, {
    ...limits,
    'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip,
  });
  return {
    http: (signal, body, more = {}) => sendHttp(agent, httpUrl, signal, body, more),
    grpc: (signal, body, gzip = false) => sendGrpc(gzip ? zipped : plain, signal, body),
    close: () => {
      agent.destroy();
      plain.close();
      zipped.close();
    },
  };
}

async function sendHttp(
  agent: Agent,
  url: string,
  signal: Signal,
  body: Uint8Array,
  more: HttpOptions,
): Promise<Reply> {
  const contentType = more.contentType ?? 'protobuf';
  const outgoing = request(new URL(more.path ?? `/v1/${signal}`, url), {
    agent,
    method: more.method ?? 'POST',
    timeout: timeoutMs,
    headers: {
      'content-type': mediaTypes[contentType],
      'content-length': body.length,
      ...more.headers,
    },
  });
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.end(body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const isJson = incoming.headers['content-type'] === mediaTypes.json;
  const status = String(incoming.statusCode);
  const type = status === '200' ? 'Response' : 'Status';
  const bytes = Buffer.concat(chunks);
  return {
    status,
    ...(isJson ? fromJson(bytes) : fromProtobuf(type, bytes)),
    retry: incoming.headers['retry-after'] !== undefined,
  };
}

const same = (bytes: Buffer): Buffer => bytes;

function sendGrpc(client: grpc.Client, signal: Signal, body: Uint8Array): Promise<Reply> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const options = { deadline: Date.now() + timeoutMs };
  return new Promise((resolve) => {
    client.makeUnaryRequest(services[signal], same, same, bytes, options, (error, reply) => {
      if (error === null) {
        const answer = fromProtobuf('Response', reply ?? Buffer.alloc(0));
        resolve({ status: 'OK', ...answer, retry: false });
        return;
      }
      const details = error.metadata.get('grpc-status-details-bin').join('');
      const retry = details.includes('RetryInfo');
      resolve({ status: grpc.status[error.code], rejected: 0, message: error.details, retry });
    });
  });
}

type Answer = { readonly rejected: number; readonly message: string };

function fromProtobuf(type: 'Response' | 'Status', bytes: Buffer): Answer {
  const message = messages.lookupType(type);
  const answer = message.toObject(message.decode(bytes), { longs: Number });
  if (type === 'Status') return { rejected: 0, message: answer['message'] ?? '' };
  const partial = answer['partial_success'] ?? {};
  return { rejected: partial.rejected ?? 0, message: partial.error_message ?? '' };
}

function fromJson(bytes: Buffer): Answer {
  const answer = JSON.parse(bytes.toString());
  const partial = answer.partialSuccess ?? {};
  const { rejectedSpans, rejectedLogRecords, rejectedDataPoints } = partial;
  const rejected = Number(rejectedSpans ?? rejectedLogRecords ?? rejectedDataPoints ?? 0);
  return { rejected, message: partial.errorMessage ?? answer.message ?? '' };
}
