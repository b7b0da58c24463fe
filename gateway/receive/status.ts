/**
 * The bodies of answers: Export…ServiceResponse and google.rpc.Status, as protobuf and as JSON.
 * An answer is a few hundred bytes at most, so this is plain code; the full success, which is
 * nearly every answer, is a constant (OTLP-C6).
 */
import type { Answer, OtlpContentType, Signal } from '../answer.ts';
import { messageCharsMax } from './limits.ts';

/** google.rpc.Code, those we send. */
export const rpcCode = {
  ok: 0,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

type RpcCode = (typeof rpcCode)[keyof typeof rpcCode];

/** A refusal in the words of google.rpc.Status; both transports are drawn from it. */
export type RpcStatus = {
  readonly code: RpcCode;
  readonly message: string;
  /** Becomes RetryInfo, and Retry-After in HTTP. */
  readonly retryAfterSeconds?: number;
  /** Becomes a BadRequest detail; the field is the byte offset, where one is known. */
  readonly violation?: { readonly field: string; readonly description: string };
};

export type Refusal = Exclude<Answer, { outcome: 'stored' }>;

const emptyBody: Buffer = Buffer.alloc(0);
const emptyObject: Buffer = Buffer.from('{}');

const rejectedName: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
};

/** Contract, section 5: which status a refusal of the lane is. */
export function statusOf(refusal: Refusal): RpcStatus {
  switch (refusal.outcome) {
    case 'malformed':
      return {
        code: rpcCode.invalidArgument,
        message: refusal.message,
        violation: { field: `byte ${refusal.offset}`, description: refusal.message },
      };
    case 'too_large':
      // Without RetryInfo: the same bytes will never fit.
      return { code: rpcCode.resourceExhausted, message: refusal.message };
    case 'busy':
      return {
        code: rpcCode.unavailable,
        message: refusal.message,
        retryAfterSeconds: Math.max(1, Math.ceil(refusal.retryAfterSeconds)),
      };
  }
}

/** Export…ServiceResponse: empty unless items were rejected or there is a warning. */
export function encodeStored(
  signal: Signal,
  contentType: OtlpContentType,
  rejected: number,
  message: string,
): Buffer {
  if (rejected === 0 && message === '') return contentType === 'json' ? emptyObject : emptyBody;
  const text = shorten(message);
  if (contentType === 'protobuf') {
    // The three response messages have the same field numbers.
    return bytesField(1, Buffer.concat([varintField(1, rejected), stringField(2, text)]));
  }
  // A 64-bit integer is a string in protobuf's JSON (OTLP-J5).
  const count = rejected === 0 ? {} : { [rejectedName[signal]]: String(rejected) };
  return Buffer.from(JSON.stringify({ partialSuccess: { ...count, errorMessage: text } }));
}

/** google.rpc.Status with its details. */
export function encodeStatus(status: RpcStatus, contentType: OtlpContentType): Buffer {
  return contentType === 'json' ? statusJson(status) : statusProtobuf(status);
}

function statusProtobuf(status: RpcStatus): Buffer {
  const parts = [varintField(1, status.code), stringField(2, shorten(status.message))];
  if (status.violation !== undefined) {
    const violation = Buffer.concat([
      stringField(1, status.violation.field),
      stringField(2, shorten(status.violation.description)),
    ]);
    parts.push(anyField('google.rpc.BadRequest', bytesField(1, violation)));
  }
  if (status.retryAfterSeconds !== undefined) {
    const duration = varintField(1, status.retryAfterSeconds);
    parts.push(anyField('google.rpc.RetryInfo', bytesField(1, duration)));
  }
  return Buffer.concat(parts);
}

function statusJson(status: RpcStatus): Buffer {
  const details: object[] = [];
  if (status.violation !== undefined) {
    const { field, description } = status.violation;
    details.push({
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [{ field, description: shorten(description) }],
    });
  }
  if (status.retryAfterSeconds !== undefined) {
    details.push({
      '@type': 'type.googleapis.com/google.rpc.RetryInfo',
      retryDelay: `${status.retryAfterSeconds}s`,
    });
  }
  const message = shorten(status.message);
  return Buffer.from(
    JSON.stringify({ code: status.code, message, ...(details.length > 0 && { details }) }),
  );
}

/** `grpc-message` is percent-encoded: printable ASCII but `%` stands for itself. */
export function encodeGrpcMessage(message: string): string {
  const bytes = Buffer.from(shorten(message));
  let encoded = '';
  for (const byte of bytes) {
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** Cut so that no client's limit on headers or answers is reached (OTLP-C4). */
function shorten(message: string): string {
  if (message.length <= messageCharsMax) return message;
  return `${message.slice(0, messageCharsMax - 1).toWellFormed()}…`;
}

/** Field 3 of Status: google.protobuf.Any. */
function anyField(type: string, value: Buffer): Buffer {
  const url = stringField(1, `type.googleapis.com/${type}`);
  return bytesField(3, Buffer.concat([url, bytesField(2, value)]));
}

function stringField(number: number, text: string): Buffer {
  return bytesField(number, Buffer.from(text));
}

function bytesField(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

/** Up to 2^53: shifts would cut at 32 bits. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
