/** Every bound of the receivers, with its default (house, section 3, steps 1 to 3). */
export type ReceiveLimits = {
  /** Largest body, counted on the wire and again after inflating (OTLP-C3). */
  readonly bodyBytesMax: number;
  /** How long a request may take from its headers to its last byte. */
  readonly bodyTimeoutMs: number;
  /** How long the headers of a request may take. */
  readonly headersTimeoutMs: number;
  /** An idle connection is closed after this long; longer than any client's own (OTLP-H12). */
  readonly idleTimeoutMs: number;
  /** HTTP/2 connections are told to go after this long, for balancing (OTLP-G8). */
  readonly connectionAgeMsMax: number;
  readonly connectionsMax: number;
  /** Concurrent gRPC calls a connection. */
  readonly streamsMax: number;
};

export const receiveLimitsDefault: ReceiveLimits = {
  bodyBytesMax: 64 * 1024 ** 2,
  bodyTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  idleTimeoutMs: 300_000,
  connectionAgeMsMax: 1_800_000,
  connectionsMax: 10_000,
  streamsMax: 256,
};

/** Default bound of {@link Admission}: one compressed body of the largest size always fits. */
export const bytesInFlightMaxDefault = 192 * 1024 ** 2;

/** Headers of one request; far above what OTLP clients send, below what a flood wants. */
export const headerBytesMax = 16 * 1024;
export const headerPairsMax = 100;

/** After a refusal the rest of the body is read and thrown away up to here, then cut off. */
export const drainBytesMax = 64 * 1024 ** 2;
export const drainTimeoutMs = 2_000;

/** A body without a declared length starts with this much and doubles. */
export const bodyBytesInitial = 64 * 1024;

/** Bodies of these sizes use the memory of earlier ones; so much of it may lie unused. */
export const pooledBodyBytesMin = 32 * 1024;
export const pooledBodyBytesMax = 4 * 1024 ** 2;
export const poolBytesMax = 16 * 1024 ** 2;

/** How often deadlines, idle connections and old connections are looked for. */
export const sweepPeriodMs = 250;

/** Windows of HTTP/2: the default of 64 KiB stalls large messages over a real round trip. */
export const streamWindowBytes = 1024 ** 2;
export const sessionWindowBytes = 16 * 1024 ** 2;

/** Faults of one HTTP/2 connection before it is cut (F24). */
export const sessionFaultsMax = 100;
export const settingsPairsMax = 32;
/** Streams that a client may reset: so many at once, so many a second after that. */
export const streamResetBurstMax = 1000;
export const streamResetsPerSecond = 33;
/** Connections retire up to this share later, so that not all come back at once. */
export const connectionAgeSpread = 0.2;

/** Longest reason sent to a client: gRPC carries it in headers, which clients limit to 8 KiB. */
export const messageCharsMax = 512;

/** A body that has been refused for want of memory is worth another try this soon. */
export const memoryRetryAfterSeconds = 1;
/** Time for another replica, or our successor, to take over. */
export const shutdownRetryAfterSeconds = 2;
