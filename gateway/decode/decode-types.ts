/**
 * The seam between decoding and delivery. `decode/` is pure: no I/O, no clock; the same record
 * gives the same rows on any later day.
 */
import type { ContentType, Signal, Transcoding, Written } from '../answer.ts';

export type DecodeInput = {
  readonly signal: Signal;
  readonly contentType: ContentType;
  /** Whose data it is, from the record header; absent without tenants. */
  readonly tenant?: string;
  /** See `Submission`; from the record header. */
  readonly parameters?: string;
  /** Inflated body. Read-only; not kept after the call. */
  readonly body: Uint8Array;
  /** What `body` is in protobuf, when it is JSON that somebody has read already. */
  readonly transcoding?: Transcoding | undefined;
  /** From the record header: fills zero timestamps, bounds future ones. */
  readonly receivedAtNs: bigint;
  /**
   * Items older than this many days at their receive time are rejected: the table would drop
   * them. From the record header; the blocks' own bound when absent or 0.
   */
  readonly ageDaysMax?: number;
  /**
   * From the record header. Absent, as in records of decoder version 1: every item becomes a row
   * of weight 1.
   */
  readonly sampling?: Sampling;
};

/** Which items become rows. Rollups count all of them. */
export type Sampling = {
  /** 56 bits: an item whose random number is below is left out; 0 keeps everything. */
  readonly threshold: bigint;
  /** Whether spans and records of errors are kept whatever they drew. */
  readonly keepsErrors: boolean;
};

export const noSampling: Sampling = { threshold: 0n, keepsErrors: false };

export type DecodeResult =
  | {
      readonly outcome: 'decoded';
      /** Items now in the open blocks, as rows or only in rollups. */
      readonly accepted: number;
      /** Of these, the ones that sampling left out: they have no row. */
      readonly leftOut: number;
      /** Of these, the ones that were kept because of what they are, not by what they drew. */
      readonly exempted: number;
      /** Of a metrics request, the accepted items that are log records; 0 when absent. */
      readonly logRecords?: number;
      /** Items that can never be stored: wrong id length, out of time range, … */
      readonly rejected: number;
      /** Whether no item got the receive time: a repeat of the same bytes is then a repeat. */
      readonly hasOwnTimes: boolean;
      /** Reason of the first rejection or a warning; empty otherwise. */
      readonly message: string;
      /** By kind; of remote write only. */
      readonly written?: Written | undefined;
    }
  | {
      /** Never valid. The blocks are as they were before the call. */
      readonly outcome: 'malformed';
      readonly message: string;
      /** Byte offset in the inflated body. */
      readonly offset: number;
    }
  | {
      /**
       * No room: a column or the partition list is at its bound. The blocks are as they were
       * before. With open rows: seal and try again; with empty blocks: the request is too large.
       */
      readonly outcome: 'full';
    };

/**
 * The open blocks of one lane: all tables, one block a (table, partition).
 * Rows only ever enter at the end, so a mark is a row count and a byte count a column.
 */
export type OpenBlocks = {
  /** Rows over all tables. */
  readonly rowCount: () => number;
  /** Whether there is nothing to encode: neither rows, nor items that only rollups count. */
  readonly isEmpty: () => boolean;
  /** Bytes held by rows (not capacity). */
  readonly byteCount: () => number;
  /** Remembers the present end of all blocks: call after the last durable record. */
  readonly mark: () => BlocksMark;
  /** Cuts all blocks back to `mark`, which must not be older than the last `clear`. */
  readonly cutBack: (mark: BlocksMark) => void;
  /** One unit a non-empty block, in a fixed order; `seal` fills the Seal column. */
  readonly encode: (seal: bigint) => readonly EncodedUnit[];
  /** Empties all blocks, keeping their buffers. */
  readonly clear: () => void;
};

/** Opaque to callers. */
export type BlocksMark = { readonly blocksMark: true };

/** One insert: one (table, partition) as one Native block (gateway.md, section 3). */
export type EncodedUnit = {
  readonly table: string;
  /** Partition key as text, `2026-11-21`. */
  readonly partition: string;
  readonly rows: number;
  /** Native block, to be sent in this order. Views into block buffers: valid until `clear`. */
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
  /** Of the chunks: a seal replayed from the log must give the same. */
  readonly checksum: string;
  readonly firstEventNs: bigint;
  readonly lastEventNs: bigint;
};
