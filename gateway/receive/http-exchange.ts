/**
 * One request over HTTP: checked, admitted, read, handed to the lane, answered once, in the words
 * of the protocol that its path belongs to.
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
import type { Answer } from '../answer.ts';
import { answerHeaders, preflightHeaders } from '../guard/cors.ts';
import { challenge } from '../guard/guard.ts';
import { certificateNamesOf } from '../guard/tls.ts';
import { BodyBuffer, type BodyFault } from './body-buffer.ts';
import type { Announced, Announcement, HttpProtocol, Refusing, Reply } from './http-protocol.ts';
import type { HttpRoutes } from './http-routes.ts';
import { drainBytesMax } from './limits.ts';
import { refuseInOtlp } from './otlp-http.ts';
import {
  acceptBody,
  internalAnswer,
  memoryAnswer,
  type ReceiverParts,
  shuttingDownAnswer,
  tooLargeMessage,
} from './receiver.ts';
import { pathOf, shapeFault } from './request-shape.ts';
import { type RpcStatus, rpcCode, statusOf } from './status.ts';

/** What the exchanges of one server share. */
export type HttpServerState = {
  readonly parts: ReceiverParts;
  readonly routes: HttpRoutes;
  readonly exchanges: Set<HttpExchange>;
  closing: boolean;
};

const noBody: Buffer = Buffer.alloc(0);

const httpStatuses = { malformed: 400, too_large: 413, busy: 503 } as const;

type AnswerTo = Extract<Announcement, { kind: 'asks' }>['answer'];

type Phase = 'reading' | 'submitted' | 'answered';

export class HttpExchange {
  readonly #state: HttpServerState;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #body: BodyBuffer;
  readonly #startedMs: number;
  #phase: Phase = 'reading';
  #protocol: HttpProtocol | undefined;
  #announced: Announced | undefined;
  /** Of a request that brings nothing, once its body is there. */
  #answerTo: AnswerTo | undefined;
  #tenant = '';
  /** Of the page that a browser sends for; only when that page may. */
  #origin: string | undefined;
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
    const headers = { connection: 'close' };
    this.#refuse({ reason: 'timeout', httpStatus: 503, status, headers });
  }

  /** Answers a browser's question beforehand, and turns other pages' requests away. */
  #admitOrigin(): boolean {
    const { cors } = this.#state.parts;
    const { method, headers } = this.#request;
    const { origin } = headers;
    if (cors === undefined || origin === undefined) return true;
    if (!cors.admits(origin)) {
      const message = 'pages of this origin may not send here (--cors-origins)';
      const status = { code: rpcCode.permissionDenied, message };
      return this.#refuse({ reason: 'origin', httpStatus: 403, status });
    }
    this.#origin = origin;
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return true;
    this.#body.release();
    return this.#reply({ httpStatus: 204, headers: preflightHeaders(origin), body: noBody });
  }

  #identify(): boolean {
    const { headers, socket } = this.#request;
    const said = this.#protocol?.credentials?.(this.#request) ?? headers;
    const verdict = this.#state.parts.guard.check(said, {
      address: socket.remoteAddress,
      certificateNames: certificateNamesOf(socket),
    });
    if (verdict.ok) {
      this.#tenant = verdict.tenant;
      return true;
    }
    const challenged = verdict.httpStatus === 401 ? { 'www-authenticate': challenge } : {};
    return this.#refuse({ ...verdict, headers: challenged });
  }

  /** What two parsers may read differently ends here, and its connection with it. */
  #isWellShaped(): boolean {
    const fault = shapeFault(this.#request);
    if (fault === undefined) return true;
    const { httpStatus, message } = fault;
    const status = { code: rpcCode.invalidArgument, message };
    const headers = { connection: 'close' };
    return this.#refuse({ reason: 'protocol', httpStatus, status, headers });
  }

  #route(): boolean {
    const { routes } = this.#state;
    const protocol = routes.get(pathOf(this.#request.url ?? ''));
    if (protocol === undefined) {
      const message = `no such path; there are ${[...routes.keys()].join(', ')}`;
      const status = { code: rpcCode.notFound, message };
      return this.#refuse({ reason: 'unknown_path', httpStatus: 404, status });
    }
    this.#protocol = protocol;
    const announcement = protocol.announce(this.#request);
    if (announcement.kind === 'refused') return this.#refuse(announcement.refusing);
    if (announcement.kind === 'reply') return this.#reply(announcement.reply);
    if (announcement.kind === 'asks') this.#answerTo = announcement.answer;
    else this.#announced = announcement.announced;
    return true;
  }

  #admit(): boolean {
    const busy = this.#state.closing ? shuttingDownAnswer() : this.#state.parts.gate();
    if (busy !== undefined) {
      return this.#refuse({ reason: 'not_ready', httpStatus: 503, status: statusOf(busy) });
    }
    const signal = this.#announced?.signal ?? 'traces';
    this.#body.reserveFrom(this.#state.parts.admission.of(signal, this.#tenant));
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
    if (fault === 'memory') {
      return this.#refuse({ reason: fault, httpStatus: 503, status: statusOf(memoryAnswer()) });
    }
    const message = tooLargeMessage(this.#state.parts.limits.bodyBytesMax);
    const status = { code: rpcCode.resourceExhausted, message };
    return this.#refuse({ reason: 'too_large', httpStatus: 413, status });
  }

  #submit(): void {
    if (this.#phase === 'reading' && this.#answerTo !== undefined) {
      this.#say(this.#answerTo);
      return;
    }
    const [announced, protocol] = [this.#announced, this.#protocol];
    if (this.#phase !== 'reading' || announced === undefined || protocol === undefined) return;
    this.#phase = 'submitted';
    this.deadlineMs = Number.POSITIVE_INFINITY;
    const arrived = {
      ...announced,
      transport: 'http',
      tenant: this.#tenant,
      wire: this.#body.view(),
      startedMs: this.#startedMs,
    } as const;
    acceptBody(this.#state.parts, arrived).then(
      (answer) => this.#answer(protocol, announced, answer),
      (error: unknown) => this.#answer(protocol, announced, internalAnswer(error)),
    );
  }

  /** The body stays where it is until the answer is there. */
  #say(answerTo: AnswerTo): void {
    const given = answerTo(this.#body.view(), this.#tenant);
    if (!('then' in given)) {
      this.#reply(given);
      return;
    }
    this.#phase = 'submitted';
    this.deadlineMs = Number.POSITIVE_INFINITY;
    given.then(
      (answer) => ('status' in answer ? this.#refuse(answer) : this.#reply(answer)),
      (error: unknown) => {
        const status = statusOf(internalAnswer(error));
        this.#refuse({ reason: 'internal', httpStatus: 503, status });
      },
    );
  }

  #answer(protocol: HttpProtocol, announced: Announced, answer: Answer): void {
    this.#body.release();
    if (answer.outcome === 'stored') this.#write(protocol.stored(announced, answer));
    else this.#writeRefusal(httpStatuses[answer.outcome], statusOf(answer), {});
  }

  /** Always false, so that a check can return it. */
  #refuse({ reason, httpStatus, status, headers = {} }: Refusing): false {
    this.#state.parts.counters.refused('http', reason);
    this.#body.release();
    this.#writeRefusal(httpStatus, status, headers);
    return false;
  }

  /** Always false: the request goes no further. */
  #reply(reply: Reply): false {
    this.#body.release();
    this.#write(reply);
    return false;
  }

  #writeRefusal(httpStatus: number, status: RpcStatus, headers: OutgoingHttpHeaders): void {
    const refuse = this.#protocol?.refused ?? refuseInOtlp;
    const reply = refuse(this.#request, httpStatus, status);
    this.#write({ ...reply, headers: { ...reply.headers, ...retryHeaders(status), ...headers } });
  }

  #write({ httpStatus, headers, body }: Reply): void {
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
