/**
 * The seam between HTTP and the protocols that are spoken over it: an exchange reads and answers
 * requests, a protocol says what a request brings and in which words it is answered.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Answer, ContentEncoding, ContentType, Signal } from '../answer.ts';
import type { CheckedHeaders } from '../guard/guard.ts';
import type { RefusalReason } from './counters.ts';
import type { RpcStatus } from './status.ts';

/** What the head of a request says that its body is. */
export type Announced = {
  readonly signal: Signal;
  readonly contentType: ContentType;
  readonly contentEncoding: ContentEncoding;
  /** What the rows depend on besides the body, see `Submission`; empty for most. */
  readonly parameters: string;
};

export type Reply = {
  readonly httpStatus: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
};

/** A request that is turned away. */
export type Refusing = {
  readonly reason: RefusalReason;
  readonly httpStatus: number;
  readonly status: RpcStatus;
  readonly headers?: OutgoingHttpHeaders;
};

/** What becomes of a request, by its head. */
export type Announcement =
  | { readonly kind: 'brings'; readonly announced: Announced }
  | { readonly kind: 'refused'; readonly refusing: Refusing }
  /** Nothing goes to the lane: a health check and the like. */
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** Nothing goes to the lane, and the answer depends on the body, as it came. */
  | {
      readonly kind: 'asks';
      readonly answer: (body: Uint8Array, tenant: string) => Reply | Promise<Reply | Refusing>;
    };

type StoredAnswer = Extract<Answer, { outcome: 'stored' }>;

export type HttpProtocol = {
  readonly announce: (request: IncomingMessage) => Announcement;
  /** Who sends, where the protocol says it otherwise than in `Authorization`. */
  readonly credentials?: (request: IncomingMessage) => CheckedHeaders;
  /** The answer to a request whose valid items are on disk. */
  readonly stored: (announced: Announced, answer: StoredAnswer) => Reply;
  /** The answer to one that was turned away; `Retry-After` is added by the caller. */
  readonly refused: (request: IncomingMessage, httpStatus: number, status: RpcStatus) => Reply;
};

export function brings(announced: Announced): Announcement {
  return { kind: 'brings', announced };
}

export function refused(refusing: Refusing): Announcement {
  return { kind: 'refused', refusing };
}
