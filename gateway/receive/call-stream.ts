/**
 * The seam between a gRPC call and what carries it: `node:http2`, or our own framing (`h2/`).
 * A carrier tells a call of its message piece by piece, of its end, and once that it is closed.
 */
import type { OutgoingHttpHeaders } from 'node:http2';
import type { Peer } from '../guard/guard.ts';

/** What serves plain connections. */
export type GrpcFraming = 'own' | 'node';

/** What a call does to its stream. None of it throws, whatever became of the client. */
export type CallStream = {
  /** Whether nothing can be answered any more: reset by either side, or the connection ended. */
  readonly isGone: () => boolean;
  /** Who is at the other end. */
  readonly peer: () => Peer;
  /** An answer of headers alone. */
  readonly sendHeaders: (headers: OutgoingHttpHeaders) => void;
  /** The answer to a call that went well: headers, one framed message, trailers with status 0. */
  readonly sendMessage: (message: Buffer) => void;
  /** Headers and a word to whoever speaks another protocol. */
  readonly sendText: (headers: OutgoingHttpHeaders, text: Buffer) => void;
  /** NO_ERROR lets what was sent arrive first; CANCEL drops it. */
  readonly reset: (why: 'no_error' | 'cancel') => void;
};

/** What a stream tells its call. */
export type CallReader = {
  /** `bytes[from..to)` of the request are the call's during this call only. */
  readonly take: (bytes: Buffer, from: number, to: number) => void;
  /** The request is whole. Never after `closed`. */
  readonly end: () => void;
  /** Once: answered and ended, reset, or the connection went away. */
  readonly closed: () => void;
};
