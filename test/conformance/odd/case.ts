/** What one odd request is, and short ways to write it down. */
import type { Signal } from '../../../gateway/answer.ts';
import { span as okSpan, request } from '../../../gateway/decode/testdata/wire-writer.ts';

export type OddCase =
  | {
      readonly id: string;
      readonly kind: 'http';
      /** The bytes on the wire, whole: head and body. */
      readonly bytes: Uint8Array;
    }
  | {
      readonly id: string;
      readonly kind: 'grpc';
      readonly headers: Readonly<Record<string, string | readonly string[]>>;
      readonly data: Uint8Array;
    };

export const mediaType = { protobuf: 'application/x-protobuf', json: 'application/json' } as const;

/** Times are those of now: old items would be rejected for their age. */
export const nowNs: bigint = BigInt(Date.now()) * 1_000_000n;

let count = 0;

/** A whole request of one span that nobody has sent before. */
export function goodTraces(): Uint8Array {
  count += 1;
  return request([okSpan(nowNs + BigInt(count))]);
}

export function goodJson(): string {
  count += 1;
  return jsonSpan(`"startTimeUnixNano":"${nowNs + BigInt(count)}"`);
}

/** A span in JSON whose ids are right, with more members. */
export function jsonSpan(members: string): string {
  const ids = `"traceId":"${'5b'.repeat(16)}","spanId":"${'a5'.repeat(8)}","name":"odd"`;
  return `{"resourceSpans":[{"scopeSpans":[{"spans":[{${ids},${members}}]}]}]}`;
}

export type HttpParts = {
  readonly method?: string;
  readonly target?: string;
  readonly version?: string;
  readonly signal?: Signal;
  readonly contentType?: string | undefined;
  /** Lines as they are, without line ends. */
  readonly headers?: readonly string[];
  readonly body?: Uint8Array | string;
  /** Sent as `Content-Length`; undefined counts, null leaves it out. */
  readonly contentLength?: string | null;
};

/** An HTTP/1.1 request, right unless told otherwise. */
export function http(id: string, parts: HttpParts = {}): OddCase {
  const body = Buffer.from(parts.body ?? goodTraces());
  const contentType = 'contentType' in parts ? parts.contentType : mediaType.protobuf;
  const length = parts.contentLength === undefined ? String(body.length) : parts.contentLength;
  const target = parts.target ?? `/v1/${parts.signal ?? 'traces'}`;
  const lines = [
    `${parts.method ?? 'POST'} ${target} ${parts.version ?? 'HTTP/1.1'}`,
    'Host: 127.0.0.1',
    ...(contentType === undefined ? [] : [`Content-Type: ${contentType}`]),
    ...(length === null ? [] : [`Content-Length: ${length}`]),
    ...(parts.headers ?? []),
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return { id, kind: 'http', bytes: Buffer.concat([head, body]) };
}

/** Bytes that are no request as a client would write it. */
export function raw(id: string, ...pieces: readonly (string | Uint8Array)[]): OddCase {
  const bytes = pieces.map((piece) =>
    typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece,
  );
  return { id, kind: 'http', bytes: Buffer.concat(bytes) };
}

/** One JSON document, to where `signal` goes. */
export function json(id: string, body: Uint8Array | string, signal: Signal = 'traces'): OddCase {
  return http(id, { contentType: mediaType.json, body, signal });
}

export function protobuf(id: string, body: Uint8Array, signal: Signal = 'traces'): OddCase {
  return http(id, { body, signal });
}

export const grpcPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

export function grpc(
  id: string,
  data: Uint8Array,
  headers: Readonly<Record<string, string | readonly string[] | undefined>> = {},
): OddCase {
  const all = {
    ':method': 'POST',
    ':path': grpcPath,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return { id, kind: 'grpc', headers: Object.fromEntries(given) as never, data };
}

export function frame(body: Uint8Array, flag = 0, length = body.length): Uint8Array {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
}
