/**
 * HEADERS and CONTINUATION frames to the head of a request or its trailers. Senders repeat
 * themselves: a block with the same bytes as the last one, under an unchanged table, has the same
 * meaning and is not decoded again.
 *
 * Allocations: none for a block that repeats. Copies: blocks of several frames. Memory: its own.
 * Watched by `receive.bench.ts`.
 */
import { headerBytesMax } from '../limits.ts';
import { type ErrorCode, errorCode, flag, frameType } from './frame.ts';
import { HpackDecoder } from './hpack.ts';
import { areTrailers, type Head, readHead } from './request-head.ts';

/** Of one block: a client needs one, and a flood wants no end (F24). */
const headerFramesMax = 8;
const repeatBytesMax = 256;
const priorityBytes = 5;

export type HeaderBlock = {
  /** Undefined when it is no head of a request. */
  readonly head: Head | undefined;
  /** Whether it may stand behind a body. */
  readonly trailers: boolean;
  readonly isTooLarge: boolean;
  readonly isLast: boolean;
  readonly isSelfDependent: boolean;
};

type Meaning = Pick<HeaderBlock, 'head' | 'trailers' | 'isTooLarge'>;

export class HeaderBlocks {
  readonly #hpack: HpackDecoder = new HpackDecoder();
  readonly #repeat: Buffer = Buffer.allocUnsafe(repeatBytesMax);
  #repeatSize = 0;
  #repeatVersion = -1;
  #repeatMeaning: Meaning | undefined;
  /** Of a block whose end has not come: its frames so far. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #streamId = 0;
  #isLast = false;
  #isSelfDependent = false;
  #isOpen = false;

  /** Whether only CONTINUATION may come. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** One frame; a number is an error of the connection. */
  take(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    from: number,
    to: number,
  ): HeaderBlock | 'more' | ErrorCode {
    let [start, end] = [from, to];
    if (type === frameType.headers) {
      if (streamId === 0) return errorCode.protocol;
      const isPadded = (flags & flag.padded) !== 0;
      const isPrioritised = (flags & flag.priority) !== 0;
      if (to - from < (isPadded ? 1 : 0) + (isPrioritised ? priorityBytes : 0)) {
        return errorCode.frameSize;
      }
      if (isPadded) end -= bytes[start++] ?? 0;
      this.#isSelfDependent = false;
      if (isPrioritised) {
        this.#isSelfDependent = (bytes.readUInt32BE(start) & 0x7fff_ffff) === streamId;
        start += priorityBytes;
      }
      if (start > end) return errorCode.protocol;
      this.#isLast = (flags & flag.endStream) !== 0;
      this.#streamId = streamId;
    } else if (streamId !== this.#streamId) return errorCode.protocol;
    const isWhole = (flags & flag.endHeaders) !== 0;
    if (isWhole && !this.#isOpen) return this.#finish(bytes, start, end);
    this.#isOpen = true;
    this.#parts.push(Buffer.from(bytes.subarray(start, end)));
    this.#partBytes += end - start;
    if (this.#partBytes > headerBytesMax || this.#parts.length > headerFramesMax) {
      return errorCode.enhanceYourCalm;
    }
    if (!isWhole) return 'more';
    const block = Buffer.concat(this.#parts);
    this.#isOpen = false;
    this.#parts = [];
    this.#partBytes = 0;
    return this.#finish(block, 0, block.length);
  }

  #finish(bytes: Buffer, from: number, to: number): HeaderBlock | ErrorCode {
    const meaning = this.#meaning(bytes, from, to);
    if (meaning === undefined) return errorCode.compression;
    return { ...meaning, isLast: this.#isLast, isSelfDependent: this.#isSelfDependent };
  }

  #meaning(bytes: Buffer, from: number, to: number): Meaning | undefined {
    const size = to - from;
    if (
      size === this.#repeatSize &&
      this.#repeatVersion === this.#hpack.version &&
      this.#repeat.compare(bytes, from, to, 0, size) === 0
    ) {
      return this.#repeatMeaning;
    }
    const versionBefore = this.#hpack.version;
    const decoded = this.#hpack.decode(bytes, from, to);
    if (decoded === undefined) return undefined;
    const { fields, isTooLarge } = decoded;
    const meaning = {
      head: isTooLarge ? undefined : readHead(fields),
      trailers: !isTooLarge && areTrailers(fields),
      isTooLarge,
    };
    this.#repeatVersion = -1;
    // A block that changes the table must change it each time that it comes.
    const isPure = versionBefore === this.#hpack.version;
    if (isPure && size <= repeatBytesMax) this.#remember(bytes, from, to, meaning);
    return meaning;
  }

  #remember(bytes: Buffer, from: number, to: number, meaning: Meaning): void {
    bytes.copy(this.#repeat, 0, from, to);
    this.#repeatSize = to - from;
    this.#repeatVersion = this.#hpack.version;
    this.#repeatMeaning = meaning;
  }
}
