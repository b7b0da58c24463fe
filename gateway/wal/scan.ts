/**
 * Finds records in a segment file by magic, tag, position and CRC; after damage it looks for the
 * next place, eight bytes on, where all four hold. Memory: one window, or one record when that is
 * longer; never more than the record limit that the segment's header states.
 *
 * Hot path of replay: no allocation a record when the window is reused; with `freshWindows` the
 * bodies handed out are views into a window that belongs to the reader. Watched by
 * `wal.bench.ts`.
 */
import {
  claimedRecordBytes,
  RECORD_ALIGNMENT_BYTES,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
  RECORD_OVERHEAD_BYTES_MAX,
  recordCrcHolds,
  recordLikeness,
} from './record.ts';
import { SEGMENT_HEADER_BYTES } from './segment-header.ts';
import type { WalFs } from './wal-fs.ts';
import type { DamagedRange } from './wal-types.ts';

/** What a place in a segment file must show to be a record. */
export type SegmentPlace = {
  readonly tag: number;
  readonly base: number;
  readonly recordBytesMax: number;
};

export type ScanResult = {
  readonly records: number;
  /** Position behind the last valid record, or the known end. */
  readonly end: number;
  readonly tornBytes: number;
  readonly damaged: readonly DamagedRange[];
};

const WINDOW_BYTES = 256 * 1024;
/** What is given up for one read error: a page of the disk. */
const UNREADABLE_PAGE_BYTES = 4096;
const magicBytes = Buffer.alloc(4);
magicBytes.writeUInt32LE(RECORD_MAGIC, 0);

export class SegmentScanner {
  readonly #fs: WalFs;
  readonly #file: number;
  readonly #place: SegmentPlace;
  readonly #freshWindows: boolean;
  /** Offset in the file behind the last byte that may be read. */
  readonly #limit: number;
  /** Memory of the window; `#window` is the part of it that was read. */
  #room: Buffer = Buffer.alloc(0);
  #window: Buffer = Buffer.alloc(0);
  #windowOffset = 0;

  constructor(
    fs: WalFs,
    file: number,
    place: SegmentPlace,
    options: { readonly limitOffset: number; readonly freshWindows: boolean },
  ) {
    this.#fs = fs;
    this.#file = file;
    this.#place = place;
    this.#limit = options.limitOffset;
    this.#freshWindows = options.freshWindows;
  }

  offsetOf(position: number): number {
    return SEGMENT_HEADER_BYTES + position - this.#place.base;
  }

  /** Valid until the next call of this scanner, or for good with `freshWindows`. */
  get window(): Buffer {
    return this.#window;
  }

  /** Where `position` stands in {@link window}; only after a call that loaded it. */
  indexOf(position: number): number {
    return this.offsetOf(position) - this.#windowOffset;
  }

  /** The length of the valid record at `position`, 0 when there is none. Loads it whole. */
  async verified(position: number): Promise<number> {
    const length = await this.claimed(position);
    if (length === 0 || !(await this.#load(this.offsetOf(position), length))) return 0;
    const index = this.indexOf(position);
    return recordCrcHolds(this.#window, index, length, this.#place.tag) ? length : 0;
  }

  /** The length that a plausible header at `position` claims; the body is not looked at. */
  async claimed(position: number): Promise<number> {
    const offset = this.offsetOf(position);
    if (!(await this.#load(offset, RECORD_HEADER_BYTES))) return 0;
    const lengthMax = Math.min(
      this.#place.recordBytesMax + RECORD_OVERHEAD_BYTES_MAX,
      this.#limit - offset,
    );
    const { tag } = this.#place;
    return claimedRecordBytes(this.#window, offset - this.#windowOffset, {
      tag,
      position,
      lengthMax,
    });
  }

  /** The next position behind `position` where a valid record stands; -1 when there is none. */
  async findBehind(position: number): Promise<number> {
    let from = position + RECORD_ALIGNMENT_BYTES;
    while (this.offsetOf(from) + RECORD_HEADER_BYTES <= this.#limit) {
      const offset = this.offsetOf(from);
      const bytes = Math.min(WINDOW_BYTES, this.#limit - offset);
      if (!(await this.#load(offset, bytes))) return -1;
      const start = offset - this.#windowOffset;
      const found = this.#window.indexOf(magicBytes, start);
      if (found < 0 || found + RECORD_HEADER_BYTES > this.#window.byteLength) {
        // The last bytes of the window may hold the beginning of a header: look at them again.
        const step = Math.max(bytes - RECORD_HEADER_BYTES, RECORD_ALIGNMENT_BYTES);
        from += step - (step % RECORD_ALIGNMENT_BYTES);
        continue;
      }
      const skipped = found - start;
      if (skipped % RECORD_ALIGNMENT_BYTES !== 0) {
        from += skipped - (skipped % RECORD_ALIGNMENT_BYTES) + RECORD_ALIGNMENT_BYTES;
        continue;
      }
      from += skipped;
      if ((await this.verified(from)) > 0) return from;
      from += RECORD_ALIGNMENT_BYTES;
    }
    return -1;
  }

  /** Bytes at `position` that were begun as records of ours but are not whole. */
  async tornBytes(position: number): Promise<number> {
    let at = position;
    while (this.offsetOf(at) < this.#limit) {
      const left = this.#limit - this.offsetOf(at);
      if (left < RECORD_HEADER_BYTES) {
        if (!(await this.#load(this.offsetOf(at), left))) break;
        const index = this.indexOf(at);
        const rest = this.#window.subarray(index, index + left);
        if (rest.some((byte) => byte !== 0)) at += left;
        break;
      }
      if (!(await this.#load(this.offsetOf(at), RECORD_HEADER_BYTES))) break;
      const index = this.indexOf(at);
      const place = { tag: this.#place.tag, position: at };
      if (recordLikeness(this.#window, index, place) < 2) break;
      const length = Math.max(this.#window.readUInt32LE(index + 8), RECORD_ALIGNMENT_BYTES);
      at += Math.min(length, left);
    }
    return at - position;
  }

  /** Makes `[offset, offset + length)` stand in the window; `false` when the file is shorter. */
  async #load(offset: number, length: number): Promise<boolean> {
    if (offset + length > this.#limit) return false;
    const index = offset - this.#windowOffset;
    if (index >= 0 && index + length <= this.#window.byteLength) return true;
    const wanted = Math.max(length, Math.min(WINDOW_BYTES, this.#limit - offset));
    if (this.#freshWindows) this.#room = Buffer.allocUnsafeSlow(wanted);
    else if (this.#room.byteLength < wanted) {
      this.#room = Buffer.allocUnsafeSlow(Math.max(wanted, WINDOW_BYTES));
    }
    const whole = this.#room;
    const filled = await this.#fill(whole.subarray(0, wanted), offset);
    this.#window = whole.subarray(0, filled);
    this.#windowOffset = offset;
    return filled >= length;
  }

  /** Reads what it can; a page that the disk cannot give back is zeros, so that others can be. */
  async #fill(target: Buffer, offset: number): Promise<number> {
    let filled = 0;
    let askBytes = target.byteLength;
    while (filled < target.byteLength) {
      const part = target.subarray(filled, filled + askBytes);
      try {
        const bytes = await this.#fs.read(this.#file, part, offset + filled);
        if (bytes === 0) break;
        filled += bytes;
      } catch (error) {
        if (askBytes > UNREADABLE_PAGE_BYTES) {
          askBytes = UNREADABLE_PAGE_BYTES;
          continue;
        }
        if (!Error.isError(error)) throw error;
        part.fill(0);
        filled += part.byteLength;
      }
    }
    return filled;
  }
}

/**
 * Every record from `from` on, each verified. With `knownEnd` (stated by the next segment) what
 * lies beyond was refused and is not looked at; without it the last valid record is the end.
 */
export async function scanWhole(
  scanner: SegmentScanner,
  from: number,
  knownEnd: number | undefined,
): Promise<ScanResult> {
  const damaged: DamagedRange[] = [];
  let records = 0;
  let at = from;
  while (knownEnd === undefined || at < knownEnd) {
    const length = await scanner.verified(at);
    if (length > 0) {
      records += 1;
      at += length;
      continue;
    }
    const next = await scanner.findBehind(at);
    if (next < 0) break;
    damaged.push({ from: at, to: next, reason: 'no valid record' });
    at = next;
  }
  if (knownEnd !== undefined) {
    if (at < knownEnd) damaged.push({ from: at, to: knownEnd, reason: 'no valid record' });
    return { records, end: knownEnd, tornBytes: 0, damaged };
  }
  return { records, end: at, tornBytes: await scanner.tornBytes(at), damaged };
}

/**
 * Counts records by their headers alone; `undefined` when the chain of lengths does not lead to
 * `knownEnd` exactly. Bodies are verified when they are read.
 */
export async function countByHeaders(
  scanner: SegmentScanner,
  from: number,
  knownEnd: number,
): Promise<number | undefined> {
  let records = 0;
  let at = from;
  while (at < knownEnd) {
    const length = await scanner.claimed(at);
    if (length === 0) return undefined;
    records += 1;
    at += length;
  }
  return at === knownEnd ? records : undefined;
}
