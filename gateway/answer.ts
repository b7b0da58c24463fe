/**
 * The words that receivers and lanes exchange: what came in, and what to tell the sender.
 * Each receiver translates an {@link Answer} to its protocol (contract, section 5).
 */

export type Signal = 'traces' | 'metrics' | 'logs';

export type OtlpContentType = 'protobuf' | 'json';

export type ContentType =
  | OtlpContentType
  | 'remote_write_1'
  | 'remote_write_2'
  | 'influx'
  | 'dogstatsd';

export type ContentEncoding = 'identity' | 'gzip' | 'zstd' | 'deflate' | 'snappy';

export type Transport = 'grpc' | 'http';

/**
 * One request, read whole and inflated within limits (house, steps 1 to 3). The bytes belong to
 * the lane until its promise settles; after that the receiver uses their memory again.
 */
export type Submission = {
  readonly signal: Signal;
  readonly transport: Transport;
  readonly contentType: ContentType;
  readonly contentEncoding: ContentEncoding;
  /** Whose data it is; empty for a gateway without tenants (`guard/`). */
  readonly tenant: string;
  /**
   * What the rows depend on besides the body: settings and the request's own words, as a query
   * string. The log keeps it, and the same bytes with other parameters are another request.
   */
  readonly parameters?: string;
  /** The body as it came, still compressed: this is what the log keeps. */
  readonly wire: Uint8Array;
  /** The inflated body; the same object as `wire` for identity. */
  readonly body: Uint8Array;
  /** What `body` is in protobuf, when it is JSON that was read aside because of its size. */
  readonly transcoding?: Transcoding | undefined;
};

/** JSON in protobuf, or why it can never be. */
export type Transcoding =
  | {
      readonly ok: true;
      readonly body: Uint8Array;
      /** Something a person should know although nothing is wrong; empty when there is nothing. */
      readonly warning: string;
    }
  | {
      readonly ok: false;
      readonly reason: 'malformed';
      readonly message: string;
      readonly offset: number;
    }
  | { readonly ok: false; readonly reason: 'too_large'; readonly message: string };

/** Of one remote-write request (PRW2-4). */
export type Written = {
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
};

/** What to tell the sender. Nothing but `stored` may ever be sent as a success. */
export type Answer =
  | {
      readonly outcome: 'stored';
      /** Items that can never be accepted; goes into `partial_success`. */
      readonly rejected: number;
      /** Why; non-empty when `rejected` > 0, or as a warning (OTLP-C9). */
      readonly message: string;
      /** What a remote write 2.0 sender is told; absent for other types and for resends. */
      readonly written?: Written | undefined;
    }
  | {
      readonly outcome: 'malformed';
      /** Code, byte offset and what was expected. */
      readonly message: string;
      readonly offset: number;
    }
  | { readonly outcome: 'too_large'; readonly message: string }
  | {
      readonly outcome: 'busy';
      readonly reason: BusyReason;
      readonly message: string;
      readonly retryAfterSeconds: number;
    };

export type BusyReason = 'memory' | 'disk_budget' | 'disk_error' | 'shutting_down' | 'internal';

/** A lane, as its receivers see it. The promise never rejects. */
export type Acceptor = {
  readonly submit: (submission: Submission) => Promise<Answer>;
};
