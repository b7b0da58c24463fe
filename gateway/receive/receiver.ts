/**
 * What both receivers have in common: their options, and the way of a complete body through
 * inflating and admission to the lane (house, section 3, steps 2, 3 and 7).
 *
 * Allocations: one submission a request, one buffer a compressed body; nothing per item.
 * Copies: none here. Memory: `wire` and `body` stay untouched until the lane's promise
 * settles; then their memory is used for other requests. Watched by `receive.bench.ts`.
 */
import type { Clock } from '../../core/clock.ts';
import type {
  Acceptor,
  Answer,
  ContentEncoding,
  ContentType,
  Signal,
  Transport,
} from '../answer.ts';
import { countWritten } from '../decode/remote-write/count.ts';
import type { Cors } from '../guard/cors.ts';
import { type Guard, openGuard } from '../guard/guard.ts';
import type { TlsMaterial } from '../guard/tls.ts';
import type { Admission } from './admission.ts';
import { Aside } from './aside.ts';
import { BodyPool } from './body-pool.ts';
import { noCounters, type ReceiveCounters } from './counters.ts';
import type { HttpSettings } from './http-routes.ts';
import {
  memoryRetryAfterSeconds,
  type ReceiveLimits,
  receiveLimitsDefault,
  shutdownRetryAfterSeconds,
} from './limits.ts';

/** How much work a compressed byte is reckoned to be, before it is inflated. */
const inflationReckoned = 8;

export type BusyAnswer = Extract<Answer, { outcome: 'busy' }>;

export type ReceiveOptions = {
  readonly host: string;
  /** 0 chooses a free port; read it back from `address`. */
  readonly port: number;
  /** Lets several worker threads listen on the same port; see `probeAddress`. */
  readonly reusePort?: boolean;
  readonly acceptor: Acceptor;
  /** Shared by the receivers of one worker. */
  readonly admission: Admission;
  readonly clock: Clock;
  readonly counters?: ReceiveCounters;
  /** Overrides of `receiveLimitsDefault`. */
  readonly limits?: Partial<ReceiveLimits>;
  /**
   * Asked before a body is read: an answer turns the request away at once (disk budget, disk
   * error). Undefined lets it in.
   */
  readonly gate?: () => BusyAnswer | undefined;
  /** Who may send; everybody when absent. */
  readonly guard?: Guard;
  /** Absent: plain connections. */
  readonly tls?: TlsMaterial | undefined;
  /** Which pages of browsers may send; absent: none, and no answer speaks of it. */
  readonly cors?: Cors | undefined;
  /** Shared by the receivers of a lane; its own when absent. */
  readonly aside?: Aside;
  /** For protocols over HTTP. */
  readonly http?: Partial<HttpSettings>;
};

export type Receiver = {
  readonly address: { readonly host: string; readonly port: number };
  readonly connectionCount: () => number;
  /** Requests whose answer has not been sent. */
  readonly requestCount: () => number;
  /** Asks the busiest of several connections to come back: another lane has more time. */
  readonly moveOne: () => void;
  /** New handshakes meet this certificate; only for a receiver that began with one. */
  readonly setTls: (material: TlsMaterial) => void;
  /**
   * Stops listening, turns new requests away, lets those under way finish for up to `graceMs`,
   * then cuts what is left. Resolves when no connection is open. Idempotent.
   */
  readonly close: (graceMs: number) => Promise<void>;
};

/** Options with everything filled in. */
export type ReceiverParts = {
  readonly acceptor: Acceptor;
  readonly admission: Admission;
  readonly pool: BodyPool;
  readonly aside: Aside;
  readonly clock: Clock;
  readonly counters: ReceiveCounters;
  readonly limits: ReceiveLimits;
  readonly gate: () => BusyAnswer | undefined;
  readonly guard: Guard;
  readonly tls: TlsMaterial | undefined;
  readonly cors: Cors | undefined;
};

export function fillIn(options: ReceiveOptions): ReceiverParts {
  return {
    acceptor: options.acceptor,
    admission: options.admission,
    pool: new BodyPool(),
    aside: options.aside ?? new Aside(options.clock),
    clock: options.clock,
    counters: options.counters ?? noCounters,
    limits: { ...receiveLimitsDefault, ...options.limits },
    gate: options.gate ?? (() => undefined),
    guard: options.guard ?? openGuard,
    tls: options.tls,
    cors: options.cors,
  };
}

/** A body that has arrived whole, still compressed. */
export type Arrived = {
  readonly signal: Signal;
  readonly transport: Transport;
  readonly contentType: ContentType;
  readonly contentEncoding: ContentEncoding;
  readonly tenant: string;
  /** See `Submission`. */
  readonly parameters?: string;
  readonly wire: Uint8Array;
  /** Monotonic time of the headers. */
  readonly startedMs: number;
};

/** Inflates, reserves, submits. Never rejects: whatever breaks on our side is `busy`. */
export async function acceptBody(parts: ReceiverParts, arrived: Arrived): Promise<Answer> {
  const { wire, contentEncoding, transport } = arrived;
  const share = parts.admission.of(arrived.signal, arrived.tenant);
  const inflation = contentEncoding === 'identity' ? 1 : inflationReckoned;
  const turn = share.turn(wire.byteLength * inflation);
  if (turn !== undefined) await turn;
  let body = wire;
  let inflatedBytes = 0;
  if (contentEncoding !== 'identity') {
    const given = parts.aside.inflate(contentEncoding, wire, parts.limits.bodyBytesMax);
    const inflated = 'ok' in given ? given : await given;
    if (!inflated.ok) return refuseInflated(parts, transport, inflated);
    body = inflated.body;
    inflatedBytes = body.byteLength;
    if (!parts.admission.canEverFit(wire.byteLength + inflatedBytes)) {
      parts.counters.refused(transport, 'too_large');
      return { outcome: 'too_large', message: tooLargeMessage(parts.admission.bytesMax) };
    }
    if (!share.tryReserve(inflatedBytes, false)) {
      parts.counters.refused(transport, 'memory');
      return memoryAnswer();
    }
  }
  try {
    return await submit(parts, arrived, body);
  } finally {
    if (inflatedBytes > 0) share.release(inflatedBytes, false);
  }
}

async function submit(parts: ReceiverParts, arrived: Arrived, body: Uint8Array): Promise<Answer> {
  const { signal, transport } = arrived;
  parts.counters.received(signal, transport, arrived.wire.byteLength, body.byteLength);
  parts.guard.received(arrived.tenant, body.byteLength);
  const { contentType } = arrived;
  let answer: Answer;
  try {
    const read = contentType === 'json' ? parts.aside.transcode(signal, body) : undefined;
    const transcoding = read && (await read);
    const stored = await parts.acceptor.submit({
      signal,
      transport,
      contentType,
      transcoding,
      contentEncoding: arrived.contentEncoding,
      tenant: arrived.tenant,
      parameters: arrived.parameters ?? '',
      wire: arrived.wire,
      body,
    });
    answer = counted(stored, contentType, body);
  } catch (error) {
    answer = internalAnswer(error);
  }
  const elapsedMs = parts.clock.monotonicMs() - arrived.startedMs;
  parts.counters.answered(signal, transport, answer.outcome, elapsedMs);
  return answer;
}

/** A request that came again is told what it was told before, which the lane does not remember. */
function counted(answer: Answer, contentType: ContentType, body: Uint8Array): Answer {
  if (contentType !== 'remote_write_2' || answer.outcome !== 'stored') return answer;
  if (answer.written !== undefined || answer.rejected > 0) return answer;
  return { ...answer, written: countWritten(body) };
}

function refuseInflated(
  parts: ReceiverParts,
  transport: Transport,
  failed: { readonly reason: 'too_large' | 'corrupt'; readonly message: string },
): Answer {
  parts.counters.refused(transport, failed.reason);
  if (failed.reason === 'too_large') return { outcome: 'too_large', message: failed.message };
  return { outcome: 'malformed', message: failed.message, offset: 0 };
}

/** The bytes in flight are at their bound. */
export function memoryAnswer(): BusyAnswer {
  return {
    outcome: 'busy',
    reason: 'memory',
    message: 'too many bytes in flight; send the same request again',
    retryAfterSeconds: memoryRetryAfterSeconds,
  };
}

export function shuttingDownAnswer(): BusyAnswer {
  return {
    outcome: 'busy',
    reason: 'shutting_down',
    message: 'the gateway is shutting down; send the same request again',
    retryAfterSeconds: shutdownRetryAfterSeconds,
  };
}

/** Our own fault is temporary to the sender: INTERNAL and 500 would make it drop the data. */
export function internalAnswer(error: unknown): BusyAnswer {
  const detail = Error.isError(error) ? error.message : String(error);
  return {
    outcome: 'busy',
    reason: 'internal',
    message: `the gateway failed on this request (${detail}); send it again`,
    retryAfterSeconds: memoryRetryAfterSeconds,
  };
}

export function tooLargeMessage(bodyBytesMax: number): string {
  return `the body is larger than ${bodyBytesMax} bytes; send smaller batches`;
}
