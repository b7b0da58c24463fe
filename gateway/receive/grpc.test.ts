import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import protobufjs from 'protobufjs';
import { systemClock } from '../../core/clock.ts';
import { framing } from '../../test/support/framing.ts';
import { RecordingCounters, RecordingLane, stored, until } from '../../test/support/receiving.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import type { Answer } from '../answer.ts';
import { Admission } from './admission.ts';
import { type GrpcOptions, startGrpc } from './grpc.ts';
import type { Receiver } from './receiver.ts';

const traces = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const health = '/grpc.health.v1.Health/Check';
const bodyBytesMax = 1_000_000;

/** An encoder and decoder that is not ours. */
const oracle = protobufjs.parse(`
  syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message BadRequest { repeated Violation field_violations = 1; }
  message Violation { string field = 1; string description = 2; }
  message Response { Partial partial_success = 1; }
  message Partial { int64 rejected = 1; string error_message = 2; }
  message HealthRequest { string service = 1; }
  message HealthResponse { int32 status = 1; }
`).root;

function decode(type: string, bytes: Uint8Array): unknown {
  const message = oracle.lookupType(type);
  return message.toObject(message.decode(bytes), { longs: String });
}

let lane: RecordingLane;
let counters: RecordingCounters;
let admission: Admission;
let receiver: Receiver;
let client: grpc.Client;

async function start(options: Partial<GrpcOptions> = {}): Promise<void> {
  client?.close();
  await receiver?.close(0);
  const given = { host: '127.0.0.1', port: 0, acceptor: lane, admission, counters };
  receiver = await startGrpc({
    ...given,
    clock: systemClock,
    framing: framing.current,
    ...options,
    limits: { bodyBytesMax, ...options.limits },
  });
  const channel = { 'grpc.max_send_message_length': -1, 'grpc.enable_retries': 0 };
  client = new grpc.Client(
    `127.0.0.1:${receiver.address.port}`,
    grpc.credentials.createInsecure(),
    channel,
  );
}

type Reply = { readonly code: number; readonly body: Buffer; readonly error?: grpc.ServiceError };

const same = (bytes: Buffer): Buffer => bytes;

function call(
  path: string,
  body: Buffer,
  options: grpc.CallOptions = {},
  metadata: grpc.Metadata = new grpc.Metadata(),
): Promise<Reply> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, same, same, body, metadata, options, (error, reply) => {
      if (error === null) resolve({ code: 0, body: reply ?? Buffer.alloc(0) });
      else resolve({ code: error.code, body: Buffer.alloc(0), error });
    });
  });
}

function details(reply: Reply): { details?: readonly { type_url: string; value: Uint8Array }[] } {
  const [bytes] = reply.error?.metadata.get('grpc-status-details-bin') ?? [];
  const empty = Buffer.alloc(0);
  const status = decode('Status', Buffer.isBuffer(bytes) ? bytes : empty) as { details?: [] };
  for (const any of (status.details ?? []) as { typeUrl: string; value: Uint8Array }[]) {
    const type = any.typeUrl.replace('type.googleapis.com/google.rpc.', '');
    Object.assign(any, { decoded: decode(type, any.value), value: undefined });
  }
  return status;
}

beforeEach(async () => {
  lane = new RecordingLane();
  counters = new RecordingCounters();
  admission = new Admission(10 * bodyBytesMax);
  await start();
});

afterEach(async () => {
  client.close();
  await receiver.close(0);
  expect(admission.inFlightBytes).toBe(0);
});

describe('an Export call', () => {
  it.each([
    ['trace.v1.TraceService', 'traces'],
    ['metrics.v1.MetricsService', 'metrics'],
    ['logs.v1.LogsService', 'logs'],
  ])('of %s carries %s to the lane as the bytes that were sent', async (service, signal) => {
    const path = `/opentelemetry.proto.collector.${service}/Export`;
    for (const size of [0, 1, 16_379, 65_536, bodyBytesMax]) {
      const body = Buffer.alloc(size, 'telemetry');
      const reply = await call(path, body);
      expect(reply).toEqual({ code: 0, body: Buffer.alloc(0) });
      const submission = lane.submissions.at(-1);
      expect(submission).toMatchObject({
        signal,
        transport: 'grpc',
        contentType: 'protobuf',
        contentEncoding: 'identity',
        tenant: '',
      });
      expect(body.equals(submission?.body ?? Buffer.from('?'))).toBe(true);
      expect(submission?.wire).toBe(submission?.body);
    }
    expect(counters.events.slice(-2)).toEqual([
      `received ${signal} grpc ${bodyBytesMax} ${bodyBytesMax}`,
      `answered ${signal} grpc stored`,
    ]);
  });

  it('may be compressed with gzip', async () => {
    client.close();
    client = new grpc.Client(
      `127.0.0.1:${receiver.address.port}`,
      grpc.credentials.createInsecure(),
      { 'grpc.default_compression_algorithm': 2 },
    );
    const body = Buffer.alloc(200_000, 'telemetry');
    expect((await call(traces, body)).code).toBe(0);
    const [submission] = lane.submissions;
    expect(submission?.contentEncoding).toBe('gzip');
    expect(submission?.wire.length).toBeLessThan(10_000);
    expect(body.equals(submission?.body ?? Buffer.alloc(0))).toBe(true);
  });

  it('may be one of many under way on a connection', async () => {
    const waiting: (() => void)[] = [];
    lane.answer = () => new Promise((resolve) => waiting.push(() => resolve(stored)));
    const replies = Array.from({ length: 200 }, (_, index) =>
      call(traces, Buffer.alloc(1000 + index)),
    );
    await until(() => waiting.length === 200);
    expect(receiver.connectionCount()).toBe(1);
    expect(receiver.requestCount()).toBe(200);
    for (const letGo of waiting.reverse()) letGo();
    expect((await Promise.all(replies)).every((reply) => reply.code === 0)).toBe(true);
    await until(() => receiver.requestCount() === 0);
  });
});

describe('what the lane says', () => {
  it('becomes partial_success when items were rejected or there is a warning', async () => {
    for (const [rejected, message] of [
      [3, 'wrong ids'],
      [5_000_000_000, 'ids'],
      [0, 'only a warning'],
    ] as const) {
      lane.answer = () => Promise.resolve({ outcome: 'stored', rejected, message });
      const reply = await call(traces, Buffer.from('x'));
      expect(reply.code).toBe(0);
      expect(decode('Response', reply.body)).toEqual({
        partialSuccess: {
          ...(rejected > 0 && { rejected: String(rejected) }),
          errorMessage: message,
        },
      });
    }
  });

  it('becomes INVALID_ARGUMENT with the place when malformed', async () => {
    lane.answer = () => Promise.resolve({ outcome: 'malformed', message: 'bad tag', offset: 17 });
    const reply = await call(traces, Buffer.from('x'));
    expect(reply.code).toBe(grpc.status.INVALID_ARGUMENT);
    expect(details(reply)).toEqual({
      code: 3,
      message: 'bad tag',
      details: [
        {
          typeUrl: 'type.googleapis.com/google.rpc.BadRequest',
          decoded: { fieldViolations: [{ field: 'byte 17', description: 'bad tag' }] },
        },
      ],
    });
  });

  it('becomes RESOURCE_EXHAUSTED without RetryInfo when too large', async () => {
    lane.answer = () => Promise.resolve({ outcome: 'too_large', message: 'too many rows' });
    const reply = await call(traces, Buffer.from('x'));
    expect(reply.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
    expect(reply.error?.metadata.get('grpc-status-details-bin')).toEqual([]);
  });

  it('becomes UNAVAILABLE with RetryInfo when busy', async () => {
    const message = 'Größe: 100 %, 日本';
    lane.answer = () =>
      Promise.resolve({
        outcome: 'busy',
        reason: 'disk_budget',
        message,
        retryAfterSeconds: 4.1,
      });
    const reply = await call(traces, Buffer.from('x'));
    expect(reply.code).toBe(grpc.status.UNAVAILABLE);
    expect(reply.error?.details).toBe(message);
    expect(details(reply)).toEqual({
      code: 14,
      message,
      details: [
        {
          typeUrl: 'type.googleapis.com/google.rpc.RetryInfo',
          decoded: { retryDelay: { seconds: '5' } },
        },
      ],
    });
  });

  it('becomes UNAVAILABLE when it throws or rejects, never INTERNAL', async () => {
    lane.answer = () => Promise.reject(new Error('disk on fire'));
    expect((await call(traces, Buffer.from('x'))).code).toBe(grpc.status.UNAVAILABLE);
    lane.answer = () => {
      throw new TypeError('x is undefined');
    };
    expect((await call(traces, Buffer.from('x'))).code).toBe(grpc.status.UNAVAILABLE);
  });

  it('is cut when it would burst the headers a client takes', async () => {
    const message = '\n'.repeat(100_000);
    lane.answer = () => Promise.resolve({ outcome: 'malformed', message, offset: 0 });
    const reply = await call(traces, Buffer.from('x'));
    expect(reply.code).toBe(grpc.status.INVALID_ARGUMENT);
    expect(reply.error?.details).toMatch(/^\n{500,}…$/);
  });
});

describe('a call that does not reach the lane', () => {
  it('is RESOURCE_EXHAUSTED without RetryInfo over the size limit', async () => {
    for (const size of [bodyBytesMax + 1, 80_000_000]) {
      const reply = await call(traces, Buffer.alloc(size));
      expect(reply.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
      expect(reply.error?.metadata.get('grpc-status-details-bin')).toEqual([]);
    }
    expect(lane.submissions).toEqual([]);
    expect(counters.events).toEqual(['refused grpc too_large', 'refused grpc too_large']);
  });

  it('is UNAVAILABLE with RetryInfo while others hold the memory', async () => {
    admission = new Admission(bodyBytesMax * 2);
    await start();
    let letGo: (answer: Answer) => void = () => {};
    lane.answer = () => new Promise((resolve) => (letGo = resolve));
    const first = call(traces, Buffer.alloc(bodyBytesMax));
    await until(() => lane.submissions.length === 1);
    expect(admission.tryReserve(1)).toBe(true);
    const second = await call(traces, Buffer.alloc(bodyBytesMax));
    expect(second.code).toBe(grpc.status.UNAVAILABLE);
    expect(details(second)).toMatchObject({ details: [{ decoded: { retryDelay: {} } }] });
    letGo(stored);
    expect((await first).code).toBe(0);
    admission.release(1);
  });

  it('is refused by the gate, while health is answered', async () => {
    let open = false;
    await start({
      ready: () => open,
      gate: () =>
        open
          ? undefined
          : { outcome: 'busy', reason: 'disk_error', message: 'EIO', retryAfterSeconds: 1 },
    });
    expect((await call(traces, Buffer.from('x'))).code).toBe(grpc.status.UNAVAILABLE);
    expect(decode('HealthResponse', (await call(health, Buffer.alloc(0))).body)).toEqual({
      status: 2,
    });
    open = true;
    expect((await call(traces, Buffer.from('x'))).code).toBe(0);
  });

  it('is UNIMPLEMENTED for an unknown service or method', async () => {
    for (const path of ['/a.B/C', '/opentelemetry.proto.collector.trace.v1.TraceService/Get']) {
      expect((await call(path, Buffer.alloc(10))).code).toBe(grpc.status.UNIMPLEMENTED);
    }
  });
});

describe('health', () => {
  it.each([
    ['', 0],
    ['opentelemetry.proto.collector.logs.v1.LogsService', 0],
    ['no.such.Service', grpc.status.NOT_FOUND],
  ])('of %j is known to be %i', async (service, code) => {
    const type = oracle.lookupType('HealthRequest');
    const reply = await call(health, Buffer.from(type.encode({ service }).finish()));
    expect(reply.code).toBe(code);
    if (code === 0) expect(decode('HealthResponse', reply.body)).toEqual({ status: 1 });
  });

  it('is not asked with more than a name', async () => {
    const reply = await call(health, Buffer.alloc(5000));
    expect(reply.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
    const noise = await call(health, Buffer.from([0x0a, 0x7f, 1]));
    expect(noise.code).toBe(grpc.status.INVALID_ARGUMENT);
  });
});

describe('time', () => {
  it('an answer after the deadline of the client is DEADLINE_EXCEEDED', async () => {
    const clock = simulatedClock();
    await start({ clock });
    let letGo: (answer: Answer) => void = () => {};
    lane.answer = () => new Promise((resolve) => (letGo = resolve));
    // As an interceptor would: the header alone, so that only the server can notice.
    const metadata = new grpc.Metadata();
    metadata.set('grpc-timeout', '3S');
    const reply = call(traces, Buffer.from('x'), {}, metadata);
    await until(() => lane.submissions.length === 1);
    clock.advance(2_900);
    expect(receiver.requestCount()).toBe(1);
    clock.advance(300);
    expect((await reply).code).toBe(grpc.status.DEADLINE_EXCEEDED);
    // The lane still has it: its memory counts until it is done.
    expect(admission.inFlightBytes).toBe(1);
    letGo(stored);
    await until(() => admission.inFlightBytes === 0);
  });

  it('idle and old connections are told to go, and clients come back', async () => {
    const clock = simulatedClock();
    await start({ clock, limits: { idleTimeoutMs: 60_000, connectionAgeMsMax: 100_000 } });
    expect((await call(traces, Buffer.from('x'))).code).toBe(0);
    expect(receiver.connectionCount()).toBe(1);
    clock.advance(61_000);
    await until(() => receiver.connectionCount() === 0);
    expect((await call(traces, Buffer.from('x'))).code).toBe(0);
    let letGo: (answer: Answer) => void = () => {};
    lane.answer = () => new Promise((resolve) => (letGo = resolve));
    const last = call(traces, Buffer.from('x'));
    await until(() => lane.submissions.length === 3);
    clock.advance(130_000);
    letGo(stored);
    expect((await last).code).toBe(0);
    await until(() => receiver.connectionCount() === 0);
  });
});

describe('closing', () => {
  it('finishes calls under way and ends every connection', async () => {
    let letGo: (answer: Answer) => void = () => {};
    lane.answer = () => new Promise((resolve) => (letGo = resolve));
    const slow = call(traces, Buffer.from('x'));
    await until(() => lane.submissions.length === 1);
    const closed = receiver.close(60_000);
    const late = call(traces, Buffer.from('y'), { deadline: new Date(2 ** 41) });
    letGo(stored);
    expect((await slow).code).toBe(0);
    await closed;
    expect((await late).code).toBe(grpc.status.UNAVAILABLE);
    expect(lane.submissions).toHaveLength(1);
    expect(receiver.connectionCount()).toBe(0);
  });

  it('cuts what has not finished when the grace time ends', async () => {
    const clock = simulatedClock();
    await start({ clock });
    let letGo: (answer: Answer) => void = () => {};
    lane.answer = () => new Promise((resolve) => (letGo = resolve));
    const hanging = call(traces, Buffer.from('x'));
    await until(() => lane.submissions.length === 1);
    const closed = receiver.close(5_000);
    clock.advance(5_000);
    await closed;
    expect((await hanging).code).toBe(grpc.status.UNAVAILABLE);
    letGo(stored);
    await until(() => admission.inFlightBytes === 0);
  });
});
