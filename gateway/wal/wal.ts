/**
 * The write-ahead log of one lane: a directory of segments, a checkpoint, and one law,
 *
 *     acknowledged <= durable <= written        written - acknowledged bounded by the size limit
 *
 * FORMAT.md draws the bytes; README.md walks through the files. One writer a directory, held by
 * `lock.ts`. What is not durable is never said to be, and what was refused is never replayed.
 */
import { randomBytes } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';
import { join } from 'node:path';

import { assert } from '../../core/assert.ts';
import type { Clock } from '../../core/clock.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { formatBytes } from '../../core/units.ts';
import { CheckpointKeeper } from './checkpoint-keeper.ts';
import { GroupCommit } from './group-commit.ts';
import {
  decodeRecordMeta,
  RECORD_OVERHEAD_BYTES_MAX,
  recordBody,
  recordBytes,
  tenantFits,
} from './record.ts';
import { type Survey, surveyDirectory } from './recovery.ts';
import { SegmentScanner } from './scan.ts';
import { SEGMENT_HEADER_BYTES } from './segment-header.ts';
import { type Segment, type SegmentLimits, Segments } from './segments.ts';
import { WalFailure } from './wal-failure.ts';
import { platformFs, type WalFs } from './wal-fs.ts';
import type { DamagedRange, LogRecord, RecordMeta, RecoveryReport, Wal } from './wal-types.ts';

export type WalOptions = {
  readonly dir: string;
  readonly clock: Clock;
  readonly fs?: WalFs;
  /** Made smaller when four of them would not fit the size limit. */
  readonly segmentBytes?: number;
  /** Appends are refused beyond it; at least four of the largest records. */
  readonly sizeBytesMax: number;
  readonly recordBytesMax: number;
  readonly destinations: readonly string[];
  /** 32 hex digits for a new log; random by default. */
  readonly newLogId?: () => string;
};

export type OpenedWal = {
  readonly wal: Wal;
  readonly recovery: RecoveryReport;
  /** The lane's id: 32 hex digits, kept as long as the directory. */
  readonly logId: string;
};

export const SEGMENT_BYTES_DEFAULT = 64 * 1024 * 1024;
/** Appended and not yet durable: beyond it the disk is too slow for what comes in. */
const QUEUED_BYTES_MAX = 64 * 1024 * 1024;
/** What recovery copies at a time. */
const REWRITE_BYTES = 1024 * 1024;
/** Damaged ranges remembered one by one. */
const DAMAGED_RANGES_MAX = 1000;

const damageChannel = channel('obsctl:wal:damage');

/** Opens a log, repairing what a crash left; never fails for damage, only for a disk that does. */
export async function openWal(options: WalOptions): Promise<OpenedWal> {
  const fs = options.fs ?? platformFs;
  const limits = limitsOf(options);
  try {
    fs.makeDirectory(options.dir);
    const survey = await surveyDirectory(fs, options.dir, options.destinations);
    const notes = [...survey.notes, ...tidyUp(fs, options.dir, survey)];
    const segments = await settleNewest(fs, options.dir, survey);
    const logId = survey.logId ?? options.newLogId?.() ?? randomBytes(16).toString('hex');
    const settled = { ...survey, segments, logId };
    const wal = new DirectoryWal(fs, options, settled, limits);
    await wal.free();
    return { wal, logId, recovery: reportOf(survey, notes) };
  } catch (error) {
    if (isProblem(error)) throw error;
    const text = Error.isError(error) ? error.message : String(error);
    throw new Problem('OBS-2022', text, { where: options.dir, cause: error, reach: 'outside' });
  }
}

class DirectoryWal implements Wal {
  readonly #fs: WalFs;
  readonly #limits: SegmentLimits;
  readonly #segments: Segments;
  readonly #commits: GroupCommit;
  readonly #checkpoint: CheckpointKeeper;
  readonly #damaged: DamagedRange[];
  #closing: Promise<void> | undefined;
  #freeing = false;

  constructor(
    fs: WalFs,
    options: WalOptions,
    survey: Survey & { readonly logId: string },
    limits: SegmentLimits,
  ) {
    this.#fs = fs;
    this.#limits = limits;
    this.#segments = new Segments(fs, options.dir, survey, limits);
    this.#commits = new GroupCommit(fs, this.#segments, survey.nextPosition);
    this.#damaged = [...survey.damaged];
    this.#checkpoint = new CheckpointKeeper({
      fs,
      clock: options.clock,
      directory: options.dir,
      logId: survey.logId,
      positions: survey.cursors,
      stored: survey.storedCursors,
      onDurable: () => this.free(),
      onFailure: () => this.#segments.dropSpares(),
    });
  }

  append(meta: RecordMeta, body: Uint8Array, urgent = false): number {
    if (this.#closing !== undefined) throw new WalFailure('closed', 'the log is closed');
    const { recordBytesMax } = this.#limits;
    if (body.byteLength > recordBytesMax) {
      const text = `a record of ${body.byteLength} bytes is over the limit of ${recordBytesMax}`;
      throw new WalFailure('too_large', text);
    }
    assert(tenantFits(meta.tenant), 'a tenant of at most 255 bytes');
    this.#admit(recordBytes(meta.tenant, body.byteLength), urgent);
    return this.#commits.append(meta, body);
  }

  durable(position: number): Promise<void> {
    return this.#commits.durable(position);
  }

  onFailure(listener: (durablePosition: number) => void): void {
    this.#commits.onFailure(listener);
  }

  async *read(from: number, to: number): AsyncGenerator<LogRecord> {
    let at = from;
    for (;;) {
      // An empty segment may stand behind a refused range: it must not end the reading.
      const segment = this.#segments.list.find(({ base, end }) => end > Math.max(at, base));
      if (segment === undefined) return;
      at = Math.max(at, segment.base);
      const end = Math.min(to, segment.end);
      if (at >= end) return;
      segment.readers += 1;
      try {
        at = yield* this.#readSegment(segment, at, to);
      } finally {
        segment.readers -= 1;
        await this.free();
      }
    }
  }

  acknowledge(destination: string, position: number): Promise<void> {
    assert(position <= this.#commits.durablePosition, 'acknowledged <= durable');
    return this.#checkpoint.advance(destination, position);
  }

  acknowledged(destination: string): number {
    return this.#checkpoint.position(destination);
  }

  writtenPosition(): number {
    return this.#commits.written;
  }

  durablePosition(): number {
    return this.#commits.durablePosition;
  }

  damagedRanges(): readonly DamagedRange[] {
    return this.#damaged;
  }

  sizeBytes(): number {
    return this.#segments.sizeBytes + this.#commits.queuedBytes;
  }

  invariants(): void {
    const { written, durablePosition } = this.#commits;
    const { lowest } = this.#checkpoint;
    assert(
      lowest === Number.MAX_SAFE_INTEGER || lowest <= durablePosition,
      'acknowledged <= durable',
    );
    assert(durablePosition <= written, 'durable <= written');
    const { sizeBytesMax, segmentBytes } = this.#limits;
    assert(this.sizeBytes() <= sizeBytesMax + segmentBytes, 'the size limit plus one segment');
    this.#segments.invariants();
    this.#checkpoint.invariants();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Frees segments behind the lowest durable checkpoint; quiet, because it is tried again. */
  async free(): Promise<void> {
    if (this.#freeing) return;
    this.#freeing = true;
    try {
      await this.#segments.freeBehind(this.#checkpoint.lowestDurable);
    } catch (error) {
      if (!Error.isError(error)) throw error;
    } finally {
      this.#freeing = false;
    }
  }

  async #close(): Promise<void> {
    await this.#commits.idle();
    await this.#checkpoint.close();
    this.#segments.closeActive();
  }

  /** Throws unless `bytes` more fit the limits. */
  #admit(bytes: number, urgent: boolean): void {
    const { sizeBytesMax, segmentBytes } = this.#limits;
    const sizeBytes = this.sizeBytes() + this.#headerBytesAhead(bytes);
    const hardBytesMax = sizeBytesMax + segmentBytes - SEGMENT_HEADER_BYTES;
    if (urgent && sizeBytes + bytes <= hardBytesMax) return;
    const active = this.#segments.active?.segment;
    // The segment being written is given back by writing on, once all of it is acknowledged.
    const spent = active !== undefined && this.#checkpoint.lowest >= this.#commits.written;
    const spentBytes = spent ? active.end - active.base : 0;
    if (sizeBytes + bytes - spentBytes > sizeBytesMax || sizeBytes + bytes > hardBytesMax) {
      throw new WalFailure('full', `the log has reached its limit of ${formatBytes(sizeBytesMax)}`);
    }
    if (this.#commits.queuedBytes + bytes > QUEUED_BYTES_MAX && !urgent) {
      const text = `${formatBytes(QUEUED_BYTES_MAX)} wait for the disk already`;
      throw new WalFailure('full', text);
    }
  }

  /** Headers of the segments that the queue may begin: any two in a row hold one's worth. */
  #headerBytesAhead(bytes: number): number {
    const pairBytes = this.#limits.segmentBytes - SEGMENT_HEADER_BYTES;
    const segments = 1 + Math.floor((2 * (this.#commits.queuedBytes + bytes)) / pairBytes);
    return segments * SEGMENT_HEADER_BYTES;
  }

  /** Yields the records of one segment and returns the position to go on from. */
  async *#readSegment(
    segment: Segment,
    from: number,
    to: number,
  ): AsyncGenerator<LogRecord, number> {
    const { end } = segment;
    const file = this.#openForReading(segment);
    try {
      const limitOffset = SEGMENT_HEADER_BYTES + end - segment.base;
      const scanner = new SegmentScanner(this.#fs, file, segment, {
        limitOffset,
        freshWindows: true,
      });
      let at = from;
      while (at < end && at < to) {
        const length = await scanner.verified(at);
        if (length === 0) {
          const found = await scanner.findBehind(at);
          const next = found < 0 ? end : found;
          this.#noteDamage(segment, { from: at, to: next, reason: 'no valid record' });
          at = next;
          continue;
        }
        const index = scanner.indexOf(at);
        const meta = decodeRecordMeta(scanner.window, index);
        const body = recordBody(scanner.window, index, length);
        yield { position: at, next: at + length, meta, body };
        at += length;
      }
      return at;
    } finally {
      this.#fs.close(file);
    }
  }

  #openForReading(segment: Segment): number {
    try {
      return this.#fs.open(this.#segments.path(segment), 'read');
    } catch (error) {
      throw new WalFailure('disk_error', `${segment.name} cannot be opened`, error);
    }
  }

  #noteDamage(segment: Segment, range: DamagedRange): void {
    segment.damaged = true;
    if (this.#damaged.some(({ from, to }) => from <= range.from && range.to <= to)) return;
    if (this.#damaged.length < DAMAGED_RANGES_MAX) this.#damaged.push(range);
    if (damageChannel.hasSubscribers) damageChannel.publish(range);
  }
}

function limitsOf(options: WalOptions): SegmentLimits {
  const { sizeBytesMax, recordBytesMax } = options;
  const largest = recordBytesMax + RECORD_OVERHEAD_BYTES_MAX + SEGMENT_HEADER_BYTES;
  if (sizeBytesMax < 4 * (recordBytesMax + SEGMENT_HEADER_BYTES)) {
    const text = `the size limit of ${formatBytes(sizeBytesMax)} holds fewer than four records`;
    throw new Problem('OBS-2023', `${text} of ${formatBytes(recordBytesMax)}`);
  }
  const quarter = Math.floor(sizeBytesMax / 4);
  const wanted = Math.min(options.segmentBytes ?? SEGMENT_BYTES_DEFAULT, quarter);
  return { segmentBytes: Math.max(wanted, largest), recordBytesMax, sizeBytesMax };
}

/** Removes temporary files and renames what cannot be read; says what it did. */
function tidyUp(fs: WalFs, directory: string, survey: Survey): string[] {
  const notes: string[] = [];
  for (const name of survey.leftovers) {
    fs.remove(join(directory, name));
    notes.push(`${name} was left over by a crash and removed`);
  }
  for (const name of survey.setAside) {
    fs.rename(join(directory, name), join(directory, `${name}.damaged`));
    notes.push(`${name} was kept as ${name}.damaged`);
  }
  return notes;
}

/**
 * Cuts the newest segment behind its last whole record, writes those records once more and syncs
 * them: they count as durable from now on. Syncing alone would not do: a process that was killed
 * leaves records that were never synced, and after a sync that failed the page cache shows bytes
 * that the disk does not have and that no later sync would bring there.
 */
async function settleNewest(fs: WalFs, directory: string, survey: Survey) {
  // What was seen must stay: a removal that a crash undid would bring refused records back.
  await fs.syncDirectory(directory);
  const newest = survey.segments.at(-1);
  if (newest === undefined) return survey.segments;
  const usedBytes = SEGMENT_HEADER_BYTES + newest.end - newest.header.base;
  const file = fs.open(join(directory, newest.name), 'write');
  try {
    if (newest.fileBytes > usedBytes) cutQuietly(fs, file, usedBytes);
    const lowest = Math.max(newest.header.base, Math.min(newest.end, ...survey.cursors.values()));
    await rewrite(fs, file, SEGMENT_HEADER_BYTES + lowest - newest.header.base, usedBytes);
    await fs.dataSync(file);
  } finally {
    fs.close(file);
  }
  const fileBytes = Math.min(newest.fileBytes, usedBytes);
  return [...survey.segments.slice(0, -1), { ...newest, fileBytes }];
}

/** Gives back what lies behind the records; the next segment's header states the end anyway. */
function cutQuietly(fs: WalFs, file: number, sizeBytes: number): void {
  try {
    fs.truncate(file, sizeBytes);
  } catch (error) {
    if (!Error.isError(error)) throw error;
  }
}

/** Writes what stands in `[from, to)` over itself, so that the next sync really covers it. */
async function rewrite(fs: WalFs, file: number, from: number, to: number): Promise<void> {
  const chunk = Buffer.allocUnsafeSlow(Math.min(REWRITE_BYTES, Math.max(0, to - from)));
  let at = from;
  while (at < to) {
    const bytes = await fs.read(file, chunk.subarray(0, Math.min(chunk.byteLength, to - at)), at);
    if (bytes === 0) return;
    let written = 0;
    while (written < bytes) {
      const count = fs.write(file, [chunk.subarray(written, bytes)], at + written);
      if (count === 0) throw new Error('the disk took no bytes');
      written += count;
    }
    at += bytes;
  }
}

function reportOf(survey: Survey, notes: readonly string[]): RecoveryReport {
  const { records, tornBytes, damaged, nextPosition } = survey;
  return { records, durablePosition: nextPosition, tornBytes, damaged, notes };
}
