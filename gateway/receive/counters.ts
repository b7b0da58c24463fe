/** What the receivers tell telemetry: a few calls a request, plain numbers, nothing allocated. */
import type { Answer, Signal, Transport } from '../answer.ts';

/** Why a request was turned away before it reached the lane. */
export type RefusalReason =
  /** Over the size limit, on the wire or inflated. */
  | 'too_large'
  /** Too many bytes in flight. */
  | 'memory'
  /** The gate is closed: disk budget, disk error, shutting down. */
  | 'not_ready'
  /** The compressed body, or the frame around it, is broken. */
  | 'corrupt'
  | 'unknown_path'
  | 'wrong_method'
  | 'wrong_type'
  /** The address lacks what the protocol needs there, or says it wrong. */
  | 'wrong_address'
  | 'unknown_encoding'
  /** The body did not arrive in time, or the client's own deadline passed. */
  | 'timeout'
  /** The client went away before its body was complete. */
  | 'cancelled'
  /** What came in was not HTTP. */
  | 'protocol'
  /** A connection from an address outside the allowed networks. */
  | 'network'
  /** A handshake of TLS failed: no common version, or no certificate that we trust. */
  | 'tls'
  | 'no_credentials'
  | 'bad_credentials'
  /** A browser's page of an origin that may not send. */
  | 'origin'
  | 'over_quota'
  /** The tenant's share of the log is full. */
  | 'log_share'
  /** A fault of ours, answered as temporary. */
  | 'internal';

export type ReceiveCounters = {
  /** A request was read whole and inflated, and goes to the lane. */
  readonly received: (
    signal: Signal,
    transport: Transport,
    wireBytes: number,
    bodyBytes: number,
  ) => void;
  /** The lane has answered it; `elapsedMs` counts from the headers. */
  readonly answered: (
    signal: Signal,
    transport: Transport,
    outcome: Answer['outcome'],
    elapsedMs: number,
  ) => void;
  /** A request never reached the lane. */
  readonly refused: (transport: Transport, reason: RefusalReason) => void;
};

/** Counts nothing: for benches and for callers without telemetry. */
export const noCounters: ReceiveCounters = {
  received: () => {},
  answered: () => {},
  refused: () => {},
};
