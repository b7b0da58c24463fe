/**
 * One unary gRPC call: head checked, message read, handed to the lane, answered once.
 *
 *   start ─▶ reading ─▶ submitted ─▶ answered
 *                └── refused ────────▶ answered
 *
 * Invariant: at most one answer is written, never on a stream that the client has reset
 * (OTLP-G9), and the frame's reservation is given back once, after the lane is done with it.
 *
 * Allocations: this object, a frame, a buffer and a submission a call; nothing per item.
 * Copies: one, in the frame. Memory: the message is the lane's until its promise settles.
 * Watched by `receive.bench.ts`.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import type { Answer, ContentEncoding, Signal } from '../answer.ts';
import { messageHeaders } from './call-answer.ts';
import type { CallReader, CallStream } from './call-stream.ts';
import type { RefusalReason } from './counters.ts';
import { GrpcFrame } from './grpc-frame.ts';
import { answerHealth, healthBytesMax } from './grpc-health.ts';
import { type GrpcMethod, readGrpcHead } from './grpc-method.ts';
import { drainBytesMax, drainTimeoutMs } from './limits.ts';
import { acceptBody, internalAnswer, type ReceiverParts, shuttingDownAnswer } from './receiver.ts';
import {
  encodeGrpcMessage,
  encodeStatus,
  encodeStored,
  type RpcStatus,
  rpcCode,
  statusOf,
} from './status.ts';

/** What the calls of one server share. */
export type GrpcServerState = {
  readonly parts: ReceiverParts;
  readonly calls: Set<GrpcCall>;
  readonly ready: () => boolean;
  closing: boolean;
};

type Phase = 'reading' | 'submitted' | 'answered';

const health: GrpcMethod = { kind: 'health' };
const notGrpc: Buffer = Buffer.from('this port speaks gRPC: content-type application/grpc\n');
/** The empty message: what nearly every call is answered with. */
const emptyMessage: Buffer = Buffer.alloc(5);

export class GrpcCall implements CallReader {
  readonly #state: GrpcServerState;
  readonly #stream: CallStream;
  readonly #startedMs: number;
  #method: GrpcMethod = health;
  #frame: GrpcFrame | undefined;
  #phase: Phase = 'reading';
  #tenant = '';
  #ended = false;
  #clientDeadlineMs = Number.POSITIVE_INFINITY;
  #drainedBytes = 0;
  deadlineMs: number;

  constructor(state: GrpcServerState, stream: CallStream) {
    this.#state = state;
    this.#stream = stream;
    this.#startedMs = state.parts.clock.monotonicMs();
    this.deadlineMs = this.#startedMs + state.parts.limits.bodyTimeoutMs;
  }

  start(headers: IncomingHttpHeaders): void {
    this.#state.calls.add(this);
    const head = readGrpcHead(headers);
    if (!head.ok) {
      if (head.kind === 'not_grpc') this.#refuseHttp();
      else this.#fail(head.kind, head.status);
      return;
    }
    this.#method = head.method;
    // Whoever asks for our health has nothing to bring.
    if (head.method.kind === 'export' && !this.#identify(headers)) return;
    this.#clientDeadlineMs = this.#startedMs + head.timeoutMs;
    this.deadlineMs = Math.min(this.deadlineMs, this.#clientDeadlineMs);
    this.#admit(head.encoding);
  }

  /** A deadline has passed: of the body, of the client, or of a client that takes no answer. */
  expire(): void {
    if (this.#phase === 'answered') {
      this.deadlineMs = Number.POSITIVE_INFINITY;
      // NO_ERROR lets what is written flow out first, which a closed window would never do.
      this.#stream.reset(this.#ended ? 'cancel' : 'no_error');
      return;
    }
    const nowMs = this.#state.parts.clock.monotonicMs();
    if (this.#clientDeadlineMs <= nowMs) this.#failDeadline();
    else if (this.#phase === 'reading') {
      const { bodyTimeoutMs } = this.#state.parts.limits;
      const message = `the message did not arrive within ${bodyTimeoutMs} ms; send it again`;
      this.#fail('timeout', { code: rpcCode.unavailable, message, retryAfterSeconds: 1 });
    } else this.deadlineMs = this.#clientDeadlineMs;
  }

  #identify(headers: IncomingHttpHeaders): boolean {
    const verdict = this.#state.parts.guard.check(headers, this.#stream.peer());
    if (verdict.ok) this.#tenant = verdict.tenant;
    else this.#fail(verdict.reason, verdict.status);
    return verdict.ok;
  }

  #admit(encoding: ContentEncoding): void {
    const { parts } = this.#state;
    const method = this.#method;
    const isExport = method.kind === 'export';
    if (isExport) {
      const busy = this.#state.closing ? shuttingDownAnswer() : parts.gate();
      if (busy !== undefined) {
        this.#fail('not_ready', statusOf(busy));
        return;
      }
    }
    const bytesMax = isExport ? parts.limits.bodyBytesMax : healthBytesMax;
    const { admission } = parts;
    const reserving = isExport ? admission.of(method.signal, this.#tenant) : admission;
    this.#frame = new GrpcFrame(parts, encoding, bytesMax, reserving);
  }

  take(bytes: Buffer, from: number, to: number): void {
    if (this.#phase === 'reading' && this.#frame !== undefined) {
      const fault = this.#frame.take(bytes, from, to);
      if (fault !== undefined) this.#fail(fault.reason, fault.status);
      return;
    }
    this.#drainedBytes += to - from;
    if (this.#drainedBytes > drainBytesMax) this.#stream.reset('cancel');
  }

  end(): void {
    this.#ended = true;
    if (this.#phase !== 'reading' || this.#frame === undefined) return;
    const fault = this.#frame.finish();
    if (fault !== undefined) {
      this.#fail(fault.reason, fault.status);
      return;
    }
    if (this.#clientDeadlineMs <= this.#state.parts.clock.monotonicMs()) {
      this.#failDeadline();
      return;
    }
    this.#phase = 'submitted';
    this.deadlineMs = this.#clientDeadlineMs;
    if (this.#method.kind === 'health') this.#answerHealth(this.#frame);
    else this.#accept(this.#frame, this.#method.signal);
  }

  #accept(frame: GrpcFrame, signal: Signal): void {
    const arrived = {
      signal,
      transport: 'grpc',
      contentType: 'protobuf',
      contentEncoding: frame.contentEncoding,
      tenant: this.#tenant,
      wire: frame.message(),
      startedMs: this.#startedMs,
    } as const;
    acceptBody(this.#state.parts, arrived).then(
      (answer) => this.#answer(frame, signal, answer),
      (error: unknown) => this.#answer(frame, signal, internalAnswer(error)),
    );
  }

  #answer(frame: GrpcFrame, signal: Signal, answer: Answer): void {
    frame.release();
    if (answer.outcome !== 'stored') {
      this.#writeStatus(statusOf(answer));
      return;
    }
    const { rejected, message } = answer;
    this.#writeMessage(
      rejected === 0 && message === ''
        ? emptyMessage
        : framed(encodeStored(signal, 'protobuf', rejected, message)),
    );
  }

  #answerHealth(frame: GrpcFrame): void {
    const compressed = frame.contentEncoding !== 'identity';
    const reply = answerHealth(frame.message(), compressed, this.#state.ready());
    frame.release();
    if (reply.ok) this.#writeMessage(framed(reply.message));
    else this.#writeStatus(reply.status);
  }

  #failDeadline(): void {
    const message = 'the deadline of the client has passed';
    const status = { code: rpcCode.deadlineExceeded, message };
    // After the submission the lane's outcome is what is counted.
    if (this.#phase === 'submitted') this.#writeStatus(status);
    else this.#fail('timeout', status);
  }

  #fail(reason: RefusalReason, status: RpcStatus): void {
    this.#state.parts.counters.refused('grpc', reason);
    this.#frame?.release();
    this.#writeStatus(status);
  }

  /** Not gRPC at all: plain HTTP, as the protocol asks. */
  #refuseHttp(): void {
    this.#state.parts.counters.refused('grpc', 'wrong_type');
    const headers = { ':status': 415, 'accept-post': 'application/grpc' };
    if (this.#beginAnswer()) this.#stream.sendText(headers, notGrpc);
  }

  #writeMessage(message: Buffer): void {
    if (this.#beginAnswer()) this.#stream.sendMessage(message);
  }

  /** A trailers-only answer: one frame, whatever of the request is still to come. */
  #writeStatus(status: RpcStatus): void {
    const headers: OutgoingHttpHeaders = {
      ...messageHeaders,
      'grpc-status': String(status.code),
      'grpc-message': encodeGrpcMessage(status.message),
    };
    if (status.retryAfterSeconds !== undefined || status.violation !== undefined) {
      headers['grpc-status-details-bin'] = encodeStatus(status, 'protobuf').toString('base64');
    }
    this.#respond(headers);
  }

  #respond(headers: OutgoingHttpHeaders): void {
    if (this.#beginAnswer()) this.#stream.sendHeaders(headers);
  }

  /** False when there was an answer already, or when nobody is left to take one. */
  #beginAnswer(): boolean {
    if (this.#phase === 'answered') return false;
    this.#phase = 'answered';
    // A client that goes on sending has had its answer: it is read for a moment, then cut off. A
    // reset sent together with the answer would hide the answer from clients (grpc-js).
    const { clock, limits } = this.#state.parts;
    const patienceMs = this.#ended ? limits.bodyTimeoutMs : drainTimeoutMs;
    this.deadlineMs = clock.monotonicMs() + patienceMs;
    return !this.#stream.isGone();
  }

  closed(): void {
    this.#state.calls.delete(this);
    if (this.#phase !== 'reading') return;
    this.#phase = 'answered';
    this.#frame?.release();
    this.#state.parts.counters.refused('grpc', 'cancelled');
  }
}

function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(message.length + 5);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return frame;
}
