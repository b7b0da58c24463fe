/**
 * One writer, one sync for all that wait:
 *
 *     acknowledged <= durable <= written        positions; a refused range is never used again
 *
 *     append -> queue -+            while a sync runs, the queue gathers; there is no timer
 *                      +-> one writev, one fdatasync -> resolve all that waited
 *
 * Hot path: allocations a record are one queue entry and one header; bodies are never copied
 * (the queue keeps references until they are written). Watched by `wal.bench.ts`.
 */
import { channel } from 'node:diagnostics_channel';

import { assert } from '../../core/assert.ts';
import { encodeRecordHeader, recordBytes, sealRecordHeader } from './record.ts';
import { SEGMENT_HEADER_BYTES } from './segment-header.ts';
import type { Segments } from './segments.ts';
import { WalFailure } from './wal-failure.ts';
import type { WalFs } from './wal-fs.ts';
import type { RecordMeta } from './wal-types.ts';

/** What one sync may cover, so that a burst behind a slow sync is not one slower sync. */
const COMMIT_BYTES_MAX = 16 * 1024 * 1024;
/** Buffers handed to one writev; below the 1024 that every kernel takes. */
const WRITE_PARTS_MAX = 512;
/** From here on a write runs on another thread: about a millisecond of copying. */
const SLOW_WRITE_BYTES_MIN = 4 * 1024 * 1024;
/** Interrupted writes are repeated at once; a disk that only interrupts is a failing disk. */
const INTERRUPTED_WRITES_MAX = 16;
/** Refused ranges told apart; older ones are joined, which only refuses more. */
const REFUSED_RANGES_MAX = 1024;

const commitChannel = channel('obsctl:wal:commit');
const failureChannel = channel('obsctl:wal:failure');

type Entry = {
  readonly header: Buffer;
  readonly body: Uint8Array;
  readonly position: number;
  readonly bytes: number;
};

type Waiter = {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (failure: WalFailure) => void;
};

export class GroupCommit {
  readonly #fs: WalFs;
  readonly #segments: Segments;
  readonly #listeners: ((durablePosition: number) => void)[] = [];
  readonly #refused: { from: number; to: number }[] = [];
  #queue: Entry[] = [];
  #waiters: Waiter[] = [];
  #queuedBytes = 0;
  #written: number;
  #durable: number;
  #running: Promise<void> | undefined;

  constructor(fs: WalFs, segments: Segments, position: number) {
    this.#fs = fs;
    this.#segments = segments;
    this.#written = position;
    this.#durable = position;
  }

  get written(): number {
    return this.#written;
  }

  get durablePosition(): number {
    return this.#durable;
  }

  /** Bytes that are appended but not yet durable. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  onFailure(listener: (durablePosition: number) => void): void {
    this.#listeners.push(listener);
  }

  append(meta: RecordMeta, body: Uint8Array): number {
    const position = this.#written;
    const bytes = recordBytes(meta.tenant, body.byteLength);
    const header = encodeRecordHeader(meta, position, body.byteLength);
    this.#queue.push({ header, body, position, bytes });
    this.#queuedBytes += bytes;
    this.#written = position + bytes;
    if (this.#running === undefined) this.#running = this.#run();
    return this.#written;
  }

  durable(position: number): Promise<void> {
    assert(position <= this.#written, 'a position that was appended');
    if (this.#isRefused(position)) {
      return Promise.reject(new WalFailure('disk_error', 'the disk refused this record'));
    }
    if (position <= this.#durable) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ position, resolve, reject });
    });
  }

  /** Resolves when nothing is queued any more: written or refused. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Runs until the queue is empty; begins behind the current callback, which may append more. */
  async #run(): Promise<void> {
    await Promise.resolve();
    while (this.#queue.length > 0) {
      try {
        await this.#commit();
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#running = undefined;
  }

  async #commit(): Promise<void> {
    const first = this.#queue[0];
    assert(first !== undefined, 'a commit has records');
    if (!this.#segments.fits(first.position, first.bytes)) {
      await this.#segments.rotate(first.position);
    }
    const active = this.#segments.active;
    assert(active !== undefined, 'a segment is open after rotation');
    const { segment, file } = active;
    const { count, end } = this.#gather();
    const parts: Uint8Array[] = [];
    for (let index = 0; index < count; index += 1) {
      const entry = this.#queue[index] as Entry;
      sealRecordHeader(entry.header, entry.body, segment.tag);
      parts.push(entry.header);
      if (entry.body.byteLength > 0) parts.push(entry.body);
    }
    const bytes = end - first.position;
    const offset = SEGMENT_HEADER_BYTES + first.position - segment.base;
    await this.#write(file, parts, { offset, bytes });
    this.#segments.grow(offset + bytes);
    await this.#fs.dataSync(file);
    this.#queue = this.#queue.slice(count);
    this.#queuedBytes -= bytes;
    segment.end = end;
    this.#durable = end;
    if (commitChannel.hasSubscribers) commitChannel.publish({ records: count, bytes });
    this.#settle();
  }

  /** How many records from the queue's head go into this segment with one sync. */
  #gather(): { count: number; end: number } {
    const first = this.#queue[0] as Entry;
    let count = 1;
    let end = first.position + first.bytes;
    while (count < this.#queue.length) {
      const entry = this.#queue[count] as Entry;
      if (end + entry.bytes - first.position > COMMIT_BYTES_MAX) break;
      if (!this.#segments.fits(entry.position, entry.bytes)) break;
      end += entry.bytes;
      count += 1;
    }
    return { count, end };
  }

  async #write(
    file: number,
    parts: readonly Uint8Array[],
    place: { readonly offset: number; readonly bytes: number },
  ): Promise<void> {
    const slow = place.bytes >= SLOW_WRITE_BYTES_MIN;
    let { offset } = place;
    let index = 0;
    let interrupted = 0;
    let head: Uint8Array | undefined;
    while (index < parts.length) {
      const some = parts.slice(index, index + WRITE_PARTS_MAX);
      if (head !== undefined) some[0] = head;
      let written = 0;
      try {
        written = slow
          ? await this.#fs.writeSlowly(file, some, offset)
          : this.#fs.write(file, some, offset);
      } catch (error) {
        interrupted += 1;
        if (!isInterruption(error) || interrupted > INTERRUPTED_WRITES_MAX) throw error;
        continue;
      }
      if (written === 0) throw new Error('the disk took no bytes');
      offset += written;
      let left = written;
      for (const part of some) {
        if (left < part.byteLength) {
          head = left === 0 ? undefined : part.subarray(left);
          break;
        }
        left -= part.byteLength;
        index += 1;
        head = undefined;
      }
    }
  }

  #fail(cause: unknown): void {
    const { written, durablePosition } = this;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#segments.abandonActive();
    if (errorCode(cause) === 'ENOSPC') this.#segments.dropSpares();
    this.#refuse(durablePosition, written);
    if (failureChannel.hasSubscribers) failureChannel.publish({ cause, durablePosition });
    for (const listener of this.#listeners) listener(durablePosition);
    const waiters = this.#waiters;
    this.#waiters = [];
    const text = Error.isError(cause) ? cause.message : String(cause);
    for (const { reject } of waiters) {
      reject(new WalFailure('disk_error', `the log could not be written: ${text}`, cause));
    }
  }

  #settle(): void {
    const waiting: Waiter[] = [];
    for (const waiter of this.#waiters) {
      if (waiter.position <= this.#durable) waiter.resolve();
      else waiting.push(waiter);
    }
    this.#waiters = waiting;
  }

  #refuse(from: number, to: number): void {
    const last = this.#refused.at(-1);
    if (last !== undefined && last.from === from) last.to = to;
    else this.#refused.push({ from, to });
    if (this.#refused.length <= REFUSED_RANGES_MAX) return;
    const [oldest, next] = this.#refused.splice(0, 2);
    if (oldest === undefined || next === undefined) return;
    this.#refused.unshift({ from: oldest.from, to: next.to });
  }

  #isRefused(position: number): boolean {
    for (const range of this.#refused) {
      if (position > range.from && position <= range.to) return true;
    }
    return false;
  }
}

function isInterruption(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'EINTR' || code === 'EAGAIN';
}

function errorCode(error: unknown): unknown {
  return Error.isError(error) && 'code' in error ? error.code : undefined;
}
