/**
 * The files of a log, oldest first, the newest being written:
 *
 *     sequence  41           42           43              spare-7
 *     state     closed       closed       active          to be overwritten
 *     records   [base, end)  [base, end)  [base, end ->
 *
 * A file is born under another name, gets its header, is synced, takes its name, and the name is
 * synced before the first record goes in. A closed file whose records all destinations have
 * acknowledged (by a durable checkpoint) becomes a spare: overwriting its blocks needs no
 * metadata commit, growing a file does. Invariant: bases and ends ascend, end(n) <= base(n + 1).
 */
import { join } from 'node:path';

import { assert } from '../../core/assert.ts';
import type { FoundSegment, Survey } from './recovery.ts';
import {
  encodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentTag,
} from './segment-header.ts';
import type { WalFs } from './wal-fs.ts';

export type Segment = {
  readonly name: string;
  readonly sequence: number;
  readonly base: number;
  readonly tag: number;
  readonly recordBytesMax: number;
  /** Position behind the last durable record. */
  end: number;
  /** Length of the file: beyond the records it holds zeros or stale bytes. */
  fileBytes: number;
  /** Readers under way: the file may not be recycled below them. */
  readers: number;
  damaged: boolean;
};

export type SegmentLimits = {
  readonly segmentBytes: number;
  readonly recordBytesMax: number;
  readonly sizeBytesMax: number;
};

/** Files kept for overwriting; more would only hold disk space that nobody uses. */
const SPARES_MAX = 2;
/** A new file gains zeros in such steps, one metadata commit each. */
const GROW_BYTES = 4 * 1024 * 1024;
/** Damaged files kept for a person to look at. */
const DAMAGED_FILES_MAX = 4;

const zeros = Buffer.alloc(256 * 1024);

export class Segments {
  readonly #fs: WalFs;
  readonly #directory: string;
  readonly #logId: string;
  readonly #limits: SegmentLimits;
  readonly #list: Segment[];
  readonly #spares: string[];
  #file: number | undefined;
  #closedBytes = 0;
  #nextSequence: number;
  #nextSpare = 1;
  #keptDamaged = 0;
  /** Where the records in front of the active segment end, as its header says. */
  #endBeforeActive: number | undefined;

  constructor(
    fs: WalFs,
    directory: string,
    survey: Survey & { readonly logId: string },
    limits: SegmentLimits,
  ) {
    this.#fs = fs;
    this.#directory = directory;
    this.#logId = survey.logId;
    this.#limits = limits;
    this.#list = survey.segments.map(toSegment);
    for (const segment of this.#list) this.#closedBytes += segment.fileBytes;
    this.#spares = survey.spares.slice(0, SPARES_MAX);
    for (const name of survey.spares.slice(SPARES_MAX)) {
      this.#quietly(() => this.#fs.remove(join(directory, name)));
    }
    for (const name of survey.spares) {
      const number = Number(/^spare-(\d+)/.exec(name)?.[1] ?? 0);
      this.#nextSpare = Math.max(this.#nextSpare, number + 1);
    }
    this.#nextSequence = survey.nextSequence;
  }

  get list(): readonly Segment[] {
    return this.#list;
  }

  /** The file being written, when there is one. */
  get active(): { readonly file: number; readonly segment: Segment } | undefined {
    const segment = this.#list.at(-1);
    if (this.#file === undefined || segment === undefined) return undefined;
    return { file: this.#file, segment };
  }

  /** Bytes that count against the limit: closed files whole, the active one as far as used. */
  get sizeBytes(): number {
    const active = this.active?.segment;
    const used = active === undefined ? 0 : SEGMENT_HEADER_BYTES + active.end - active.base;
    return this.#closedBytes + used;
  }

  path(segment: Segment): string {
    return join(this.#directory, segment.name);
  }

  /** Whether the active segment takes `bytes` more at `position`. */
  fits(position: number, bytes: number): boolean {
    const active = this.active?.segment;
    if (active === undefined) return false;
    const used = SEGMENT_HEADER_BYTES + position - active.base;
    return used + bytes <= this.#limits.segmentBytes;
  }

  /** Closes the active segment and begins the next one, its first record at `base`. */
  async rotate(base: number): Promise<void> {
    this.closeActive();
    const previous = this.#list.at(-1);
    // Without a file in front, positions that were refused may lie there: they are no records.
    const previousEnd = previous?.end ?? this.#endBeforeActive ?? base;
    const sequence = this.#nextSequence;
    this.#nextSequence += 1;
    const name = segmentName(sequence);
    const { recordBytesMax } = this.#limits;
    const header = encodeSegmentHeader({
      logId: this.#logId,
      sequence,
      base,
      previousSequence: previous?.sequence ?? 0,
      previousEnd,
      recordBytesMax,
    });
    const { file, fileBytes } = await this.#birth(name, header);
    const tag = segmentTag(this.#logId, sequence);
    this.#list.push({
      name,
      sequence,
      base,
      tag,
      recordBytesMax,
      end: base,
      fileBytes,
      readers: 0,
      damaged: false,
    });
    this.#file = file;
    this.#endBeforeActive = previousEnd;
  }

  /** Lengthens a new file ahead of its records; a full disk is found by the records instead. */
  grow(usedBytes: number): void {
    const active = this.active;
    if (active === undefined || usedBytes <= active.segment.fileBytes) return;
    const wanted = Math.ceil((usedBytes + 1) / GROW_BYTES) * GROW_BYTES;
    const target = Math.max(usedBytes, Math.min(wanted, this.#limits.segmentBytes));
    active.segment.fileBytes = usedBytes;
    try {
      while (active.segment.fileBytes < target) {
        const bytes = Math.min(zeros.byteLength, target - active.segment.fileBytes);
        const part = zeros.subarray(0, bytes);
        const done = this.#fs.write(active.file, [part], active.segment.fileBytes);
        if (done === 0) return;
        active.segment.fileBytes += done;
      }
    } catch (error) {
      if (!Error.isError(error)) throw error;
    }
  }

  /** Ends the active segment at its durable end; the next one's header will state that end. */
  closeActive(): void {
    const active = this.active;
    if (active === undefined) return;
    const { segment, file } = active;
    this.#file = undefined;
    const usedBytes = SEGMENT_HEADER_BYTES + segment.end - segment.base;
    // What is closed counts whole against the limit, so it gives back what it does not use.
    this.#quietly(() => {
      if (segment.fileBytes > usedBytes) this.#fs.truncate(file, usedBytes);
      segment.fileBytes = usedBytes;
    });
    this.#closedBytes += segment.fileBytes;
    this.#quietly(() => this.#fs.close(file));
  }

  /**
   * Gives up the active segment after a failed write or sync. Closing cuts the file: a courtesy
   * for the time until the next header states the end; the disk may well refuse it.
   */
  abandonActive(): void {
    const active = this.active;
    if (active === undefined) return;
    const { segment } = active;
    this.closeActive();
    if (segment.end > segment.base || segment.readers > 0) return;
    this.#list.pop();
    this.#closedBytes -= segment.fileBytes;
    this.#quietly(() => this.#fs.remove(this.path(segment)));
  }

  /** Recycles or removes what ends at or before `position`; never the newest segment. */
  async freeBehind(position: number): Promise<number> {
    let freed = 0;
    const spares: string[] = [];
    for (;;) {
      const oldest = this.#list[0];
      if (this.#list.length < 2 || oldest === undefined) break;
      if (oldest.end > position || oldest.readers > 0) break;
      this.#retire(oldest, spares);
      this.#list.shift();
      this.#closedBytes -= oldest.fileBytes;
      freed += 1;
    }
    if (freed > 0) await this.#fs.syncDirectory(this.#directory);
    // Only now may they be overwritten: before, a crash could bring their old names back.
    this.#spares.push(...spares);
    return freed;
  }

  /** Gives the spares' space back to the disk. */
  dropSpares(): void {
    for (const name of this.#spares.splice(0)) {
      this.#quietly(() => this.#fs.remove(join(this.#directory, name)));
    }
  }

  /** Asserts that the segments stand in order. */
  invariants(): void {
    let end = 0;
    for (const segment of this.#list) {
      assert(segment.base >= end, 'a segment begins where the one before it ended, or later');
      assert(segment.end >= segment.base, 'a segment ends where it begins, or later');
      end = segment.end;
    }
    assert(this.#spares.length <= SPARES_MAX, 'spares are few');
  }

  async #birth(name: string, header: Buffer): Promise<{ file: number; fileBytes: number }> {
    const spare = this.#spares.pop();
    const path = join(this.#directory, name);
    const before = spare === undefined ? `${path}.tmp` : join(this.#directory, spare);
    const file = this.#fs.open(before, spare === undefined ? 'create' : 'write');
    let at = before;
    try {
      if (this.#fs.write(file, [header], 0) !== header.byteLength) {
        throw new Error('the disk took only a part of a segment header');
      }
      const fileBytes = Math.max(header.byteLength, this.#fs.sizeBytes(file));
      await this.#fs.dataSync(file);
      this.#fs.rename(before, path);
      at = path;
      await this.#fs.syncDirectory(this.#directory);
      return { file, fileBytes };
    } catch (error) {
      this.#quietly(() => this.#fs.close(file));
      this.#quietly(() => this.#fs.remove(at));
      throw error;
    }
  }

  #retire(segment: Segment, spares: string[]): void {
    const path = this.path(segment);
    if (segment.damaged && this.#keptDamaged < DAMAGED_FILES_MAX) {
      this.#keptDamaged += 1;
      this.#fs.rename(path, `${path}.damaged`);
      return;
    }
    const useful = segment.fileBytes * 2 >= this.#limits.segmentBytes;
    const roomy = this.sizeBytes + segment.fileBytes <= this.#limits.sizeBytesMax;
    if (useful && roomy && this.#spares.length + spares.length < SPARES_MAX) {
      const spare = `spare-${this.#nextSpare}.segment`;
      this.#nextSpare += 1;
      this.#fs.rename(path, join(this.#directory, spare));
      spares.push(spare);
      return;
    }
    this.#fs.remove(path);
  }

  /** For cleaning up behind a failure that is already being reported. */
  #quietly(task: () => void): void {
    try {
      task();
    } catch (error) {
      if (!Error.isError(error)) throw error;
    }
  }
}

function toSegment(found: FoundSegment): Segment {
  return {
    name: found.name,
    sequence: found.header.sequence,
    base: found.header.base,
    tag: found.tag,
    recordBytesMax: found.header.recordBytesMax,
    end: found.end,
    fileBytes: found.fileBytes,
    readers: 0,
    damaged: found.damaged,
  };
}
