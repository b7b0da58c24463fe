/**
 * One OTLP/HTTP request: checked, admitted, read, handed to the lane, answered once.
 *
 *   start ─▶ reading ─▶ submitted ─▶ answered
 *                └── refused ────────▶ answered
 *
 * Invariant: exactly one answer is written, and the buffer's reservation is given back once.
 *
 * Allocations: this object, a body buffer and a submission a request; nothing per item.
 * Copies: one, from the socket's chunks into the buffer. Memory: the buffer is the lane's until
 * its promise settles. Watched by `receive.bench.ts`.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer, ContentEncoding, ContentType, Signal } from '../answer.ts';
import { answerHeaders, preflightHeaders } from '../guard/cors.ts';
import { challenge } from '../guard/guard.ts';
import { certificateNamesOf } from '../guard/tls.ts';
import { BodyBuffer, type BodyFault } from './body-buffer.ts';
import type { RefusalReason } from './counters.ts';
import { httpEncodingOf, httpEncodings } from './encodings.ts';
import { drainBytesMax } from './limits.ts';
import {
  acceptBody,
  internalAnswer,
  memoryAnswer,
  type ReceiverParts,
  shuttingDownAnswer,
  tooLargeMessage,
} from './receiver.ts';
import { pathOf, shapeFault } from './request-shape.ts';
import { encodeStatus, encodeStored, type RpcStatus, rpcCode, statusOf } from './status.ts';

/** What the exchanges of one server share. */
export type HttpServerState = {
  readonly parts: ReceiverParts;
  readonly exchanges: Set<HttpExchange>;
  closing: boolean;
};

const signals: Readonly<Record<string, Signal>> = {
  '/v1/traces': 'traces',
  '/v1/metrics': 'metrics',
  '/v1/logs': 'logs',
};

const mediaTypes: Readonly<Record<ContentType, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

const noBody: Buffer = Buffer.alloc(0);

type Phase = 'reading' | 'submitted' | 'answered';

export class HttpExchange {
  readonly #state: HttpServerState;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #body: BodyBuffer;
  readonly #startedMs: number;
  #phase: Phase = 'reading';
  #signal: Signal = 'traces';
  #tenant = '';
  /** Of the page that a browser sends for; only when that page may. */
  #origin: string | undefined;
  #contentType: ContentType | undefined;
  #contentEncoding: ContentEncoding = 'identity';
  #drainedBytes = 0;
  deadlineMs: number;

  constructor(state: HttpServerState, request: IncomingMessage, response: ServerResponse) {
    this.#state = state;
    this.#request = request;
    this.#response = response;
    const { admission, pool, limits } = state.parts;
    this.#body = new BodyBuffer(admission, pool, limits.bodyBytesMax);
    this.#startedMs = state.parts.clock.monotonicMs();
    this.deadlineMs = this.#startedMs + state.parts.limits.bodyTimeoutMs;
  }

  start(expectsContinue: boolean): void {
    this.#state.exchanges.add(this);
    const request = this.#request;
    request.on('data', (chunk: Buffer) => this.#take(chunk));
    request.on('end', () => this.#submit());
    // A client that goes away is told by `close`; without this listener it would be a crash.
    request.on('error', () => {});
    this.#response.on('error', () => {});
    this.#response.on('close', () => this.#closed());
    this.#contentType = contentTypeOf(request.headers['content-type']);
    if (!this.#isWellShaped()) return;
    if (!this.#admitOrigin() || !this.#route() || !this.#identify() || !this.#admit()) return;
    if (expectsContinue) this.#response.writeContinue();
  }

  get socket(): Socket {
    return this.#request.socket;
  }

  /** Whether the request came in without a fault, answered or not. */
  get isWhole(): boolean {
    return this.#request.complete;
  }

  /** The connection broke before the body was whole: nobody is there to be answered here. */
  abandon(reason: 'cancelled' | 'protocol'): void {
    if (this.#phase !== 'reading') return;
    this.#phase = 'answered';
    this.#body.release();
    this.#state.parts.counters.refused('http', reason);
  }

  /** The body did not come in time. Retryable: a slow network is not the data's fault. */
  expire(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#phase !== 'reading') return;
    const { bodyTimeoutMs } = this.#state.parts.limits;
    const message = `the body did not arrive within ${bodyTimeoutMs} ms; send it again`;
    const status = { code: rpcCode.unavailable, message, retryAfterSeconds: 1 } as const;
    this.#refuse('timeout', 503, status, { connection: 'close' });
  }

  /** Answers a browser's question beforehand, and turns other pages' requests away. */
  #admitOrigin(): boolean {
    const { cors } = this.#state.parts;
    const { method, headers } = this.#request;
    const { origin } = headers;
    if (cors === undefined || origin === undefined) return true;
    if (!cors.admits(origin)) {
      const message = 'pages of this origin may not send here (--cors-origins)';
      return this.#refuse('origin', 403, { code: rpcCode.permissionDenied, message });
    }
    this.#origin = origin;
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return true;
    this.#body.release();
    this.#write(204, noBody, preflightHeaders(origin));
    return false;
  }

  #identify(): boolean {
    const { headers, socket } = this.#request;
    const verdict = this.#state.parts.guard.check(headers, {
      address: socket.remoteAddress,
      certificateNames: certificateNamesOf(socket),
    });
    if (verdict.ok) {
      this.#tenant = verdict.tenant;
      return true;
    }
    const { reason, httpStatus, status } = verdict;
    const headersOut = httpStatus === 401 ? { 'www-authenticate': challenge } : {};
    return this.#refuse(reason, httpStatus, status, headersOut);
  }

  /** What two parsers may read differently ends here, and its connection with it. */
  #isWellShaped(): boolean {
    const fault = shapeFault(this.#request);
    if (fault === undefined) return true;
    const status = { code: rpcCode.invalidArgument, message: fault.message };
    return this.#refuse('protocol', fault.httpStatus, status, { connection: 'close' });
  }

  #route(): boolean {
    const { url = '', method, headers } = this.#request;
    const path = pathOf(url);
    const signal = Object.hasOwn(signals, path) ? signals[path] : undefined;
    if (signal === undefined) {
      const message = `no such path; OTLP goes to ${Object.keys(signals).join(', ')}`;
      return this.#refuse('unknown_path', 404, { code: rpcCode.notFound, message });
    }
    this.#signal = signal;
    if (method !== 'POST') {
      const message = 'OTLP is sent with POST';
      const status = { code: rpcCode.unimplemented, message };
      return this.#refuse('wrong_method', 405, status, { allow: 'POST' });
    }
    if (this.#contentType === undefined) {
      const message = `the content type must be ${mediaTypes.protobuf} or ${mediaTypes.json}`;
      return this.#refuse('wrong_type', 415, { code: rpcCode.invalidArgument, message });
    }
    const encoding = httpEncodingOf(headers['content-encoding']);
    if (encoding === undefined) {
      const message = `the content encoding must be one of ${httpEncodings}`;
      const status = { code: rpcCode.invalidArgument, message };
      return this.#refuse('unknown_encoding', 415, status, { 'accept-encoding': httpEncodings });
    }
    this.#contentEncoding = encoding;
    return true;
  }

  #admit(): boolean {
    const busy = this.#state.closing ? shuttingDownAnswer() : this.#state.parts.gate();
    if (busy !== undefined) return this.#refuse('not_ready', 503, statusOf(busy));
    this.#body.reserveFrom(this.#state.parts.admission.of(this.#signal, this.#tenant));
    const declared = this.#request.headers['content-length'];
    if (declared === undefined) return true;
    return this.#admitted(this.#body.declare(Number(declared)));
  }

  #take(chunk: Buffer): void {
    if (this.#phase === 'reading') {
      this.#admitted(this.#body.append(chunk, 0, chunk.length));
      return;
    }
    // Answered before the end of the body: read on so that the client gets to see the answer.
    this.#drainedBytes += chunk.length;
    if (this.#drainedBytes > drainBytesMax) this.#request.socket.destroy();
  }

  #admitted(fault: BodyFault | undefined): boolean {
    if (fault === undefined) return true;
    if (fault === 'memory') return this.#refuse('memory', 503, statusOf(memoryAnswer()));
    const message = tooLargeMessage(this.#state.parts.limits.bodyBytesMax);
    return this.#refuse('too_large', 413, { code: rpcCode.resourceExhausted, message });
  }

  #submit(): void {
    if (this.#phase !== 'reading' || this.#contentType === undefined) return;
    this.#phase = 'submitted';
    this.deadlineMs = Number.POSITIVE_INFINITY;
    const arrived = {
      signal: this.#signal,
      transport: 'http',
      contentType: this.#contentType,
      contentEncoding: this.#contentEncoding,
      tenant: this.#tenant,
      wire: this.#body.view(),
      startedMs: this.#startedMs,
    } as const;
    acceptBody(this.#state.parts, arrived).then(
      (answer) => this.#answer(answer),
      (error: unknown) => this.#answer(internalAnswer(error)),
    );
  }

  #answer(answer: Answer): void {
    this.#body.release();
    if (answer.outcome === 'stored') {
      const contentType = this.#contentType ?? 'json';
      const body = encodeStored(this.#signal, contentType, answer.rejected, answer.message);
      this.#write(200, body, {});
      return;
    }
    const httpStatus = { malformed: 400, too_large: 413, busy: 503 } as const;
    const status = statusOf(answer);
    const headers = retryHeaders(status);
    this.#write(
      httpStatus[answer.outcome],
      encodeStatus(status, this.#contentType ?? 'json'),
      headers,
    );
  }

  /** Always false, so that a check can return it. */
  #refuse(
    reason: RefusalReason,
    httpStatus: number,
    status: RpcStatus,
    headers: OutgoingHttpHeaders = {},
  ): false {
    this.#state.parts.counters.refused('http', reason);
    this.#body.release();
    const body = encodeStatus(status, this.#contentType ?? 'json');
    this.#write(httpStatus, body, { ...retryHeaders(status), ...headers });
    return false;
  }

  #write(httpStatus: number, body: Buffer, headers: OutgoingHttpHeaders): void {
    this.#phase = 'answered';
    const response = this.#response;
    if (response.destroyed || response.headersSent) return;
    if (this.#state.closing) response.shouldKeepAlive = false;
    const browser = this.#origin === undefined ? undefined : answerHeaders(this.#origin);
    if (httpStatus === 204) {
      response.writeHead(httpStatus, { ...headers, ...browser });
      response.end();
      return;
    }
    headers['content-type'] = mediaTypes[this.#contentType ?? 'json'];
    headers['content-length'] = body.length;
    response.writeHead(httpStatus, browser === undefined ? headers : { ...headers, ...browser });
    response.end(body);
  }

  #closed(): void {
    this.#state.exchanges.delete(this);
    this.abandon('cancelled');
  }
}

function retryHeaders(status: RpcStatus): OutgoingHttpHeaders {
  if (status.retryAfterSeconds === undefined) return {};
  return { 'retry-after': String(status.retryAfterSeconds) };
}

/** The media type without parameters and case (OTLP-H2). */
function contentTypeOf(header: string | undefined): ContentType | undefined {
  if (header === mediaTypes.protobuf) return 'protobuf';
  if (header === mediaTypes.json) return 'json';
  if (header === undefined) return undefined;
  const end = header.indexOf(';');
  const media = (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
  if (media === mediaTypes.protobuf) return 'protobuf';
  return media === mediaTypes.json ? 'json' : undefined;
}
