/**
 * The log as its users see it. Records are opaque bytes here: nothing in `wal/` knows OTLP or
 * ClickHouse. A position is a place in the log: a byte count from its beginning, ever growing,
 * below 2^53. Law: acknowledged <= sealed <= durable <= written (house, section 3).
 */

/** What a record says about its body besides length, CRC and position. */
export type RecordMeta = {
  /** Small integers that the caller defines; the log only keeps them. */
  readonly kind: number;
  readonly receivedAtNs: bigint;
  readonly contentType: number;
  readonly contentEncoding: number;
  readonly decoderVersion: number;
  /** Fingerprint of the settings that decide what is stored. */
  readonly settingsFingerprint: number;
  /** Sampling threshold in force, 56 bits; 0 keeps everything. */
  readonly samplingThreshold: bigint;
  /** Eight bits that the caller defines. */
  readonly flags: number;
  readonly rejectedItems: number;
  /** Empty without tenants; at most 255 bytes. */
  readonly tenant: string;
};

export type LogRecord = {
  readonly position: number;
  /** Position after this record. */
  readonly next: number;
  readonly meta: RecordMeta;
  readonly body: Uint8Array;
};

export type RecoveryReport = {
  /** Not yet acknowledged by all; in closed segments counted by headers, verified when read. */
  readonly records: number;
  readonly durablePosition: number;
  /** Bytes of a torn tail that were cut off; they were never answered. */
  readonly tornBytes: number;
  /** Damaged ranges that were skipped: each costs its records and is reported. */
  readonly damaged: readonly DamagedRange[];
  /** What else an operator should know, a sentence each: lost checkpoint, files set aside. */
  readonly notes: readonly string[];
};

/** Positions `[from, to)` whose records cannot be read any more. */
export type DamagedRange = {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
};

/** Thrown values of a log have `name: 'WalFailure'`; the lane answers 503 and turns unready. */
export type WalFailureReason = 'full' | 'disk_error' | 'closed' | 'too_large';

export type Wal = {
  /**
   * Appends one record and returns its end position without waiting for the disk. Throws a
   * WalFailure before anything is written when the log is full, closed or failing. `body` is
   * copied or written before the promise of {@link durable} resolves; the caller may not change
   * it until then. `urgent` may go beyond the size limit by up to a segment: for the records that
   * delivery needs in order to free space (seals), never for what senders brought.
   */
  readonly append: (meta: RecordMeta, body: Uint8Array, urgent?: boolean) => number;
  /**
   * Resolves when everything below `position` is synced: one `fdatasync` for all that wait
   * (group commit). Rejects with a WalFailure when the sync failed: nothing of that segment that
   * was not durable before will ever be, and recovery will not replay it.
   */
  readonly durable: (position: number) => Promise<void>;
  /** Called once for each failed append or sync, before the rejections, with the durable end. */
  readonly onFailure: (listener: (durablePosition: number) => void) => void;
  /** Reads durable records in `[from, to)`, oldest first. */
  readonly read: (from: number, to: number) => AsyncIterable<LogRecord>;
  /**
   * Moves a destination's position forward and frees segments behind all. Resolves when the
   * position is durable, at most about 200 ms later; never rejects: a checkpoint that cannot be
   * written is tried again, and without it records are only read once more after a restart.
   */
  readonly acknowledge: (destination: string, position: number) => Promise<void>;
  readonly acknowledged: (destination: string) => number;
  readonly writtenPosition: () => number;
  readonly durablePosition: () => number;
  /** Ranges found damaged so far, by recovery and by reading since. */
  readonly damagedRanges: () => readonly DamagedRange[];
  /** Asserts acknowledged <= durable <= written and the size limit. */
  readonly invariants: () => void;
  /** Bytes of the directory counted against the size limit. */
  readonly sizeBytes: () => number;
  /** Syncs, closes, releases. Idempotent. */
  readonly close: () => Promise<void>;
};
