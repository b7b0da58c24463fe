/**
 * The memory that column writers grow: plain, non-resizable ArrayBuffers that double (a resizable
 * one costs 4.5 times as much), charged against a hard bound.
 *
 * Hot path. Allocations per item: none; a buffer that is full doubles. Copies: one, when it
 * doubles. Owner: the block; views handed out by `encode` stay valid until `clear`.
 * Watched by `gateway/decode/decode.bench.ts`.
 */

/** Bytes behind the end of each buffer, so that short copies may overshoot in 8-byte moves. */
const overshootBytes = 32;

/** A buffer that is larger than this after `clear`, and was not needed, shrinks to it. */
const keptBytesMax = 4 * 1024 * 1024;

const textBytesMin = 4096;
const levelRowsMin = 64;

/** Thrown when a buffer would grow past its budget. The caller cuts back to a mark. */
export class BlockFull extends Error {
  override readonly name: string = 'BlockFull';
}

/** Whether `error` is a {@link BlockFull}, also across realms. */
export function isBlockFull(error: unknown): boolean {
  return Error.isError(error) && error.name === 'BlockFull';
}

/** How many bytes of buffers may be held; a budget may draw on a larger one. */
export class Budget {
  readonly bytesMax: number;
  readonly #parent: Budget | undefined;
  #bytes = 0;

  constructor(bytesMax: number, parent?: Budget) {
    this.bytesMax = bytesMax;
    this.#parent = parent;
  }

  /** Bytes held at present. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether {@link take} would take `bytes`. */
  fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.bytesMax && (this.#parent?.fits(bytes) ?? true);
  }

  /** Takes `bytes`, which may be negative, or throws {@link BlockFull} and takes nothing. */
  take(bytes: number): void {
    if (bytes > 0 && this.#bytes + bytes > this.bytesMax) {
      throw new BlockFull(`columns would hold more than ${this.bytesMax} bytes`);
    }
    this.#parent?.take(bytes);
    this.#bytes += bytes;
  }
}

/**
 * Bytes that only ever grow at the end: the strings of a column, in Native's own form (length as
 * varuint, then bytes). The fields are public for the hot loops; after {@link Text.reserve} they
 * must be read again.
 */
export class Text {
  bytes: Uint8Array;
  view: DataView;
  /** Bytes in use. */
  size = 0;
  /** Bytes before this are known to be well-formed UTF-8 strings (see `utf8.ts`). */
  checkedSize = 0;
  /**
   * What {@link size} may reach before it must grow. Below 0 without memory, so that even an empty
   * copy, which may overshoot, reserves some. Public for the hot loops, which compare in place.
   */
  limit = -1;
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.bytes = new Uint8Array(0);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `bytes` more, and for one overshooting copy behind them. */
  reserve(bytes: number): void {
    if (this.size + bytes > this.limit) this.#grow(this.size + bytes);
  }

  /** Cuts back to `size` bytes. */
  cut(size: number): void {
    this.size = size;
    if (this.checkedSize > size) this.checkedSize = size;
  }

  /** Empties it; gives memory back when far more is held than was needed. */
  clear(): void {
    const used = this.size;
    this.size = 0;
    this.checkedSize = 0;
    if (this.limit > keptBytesMax && used < this.limit / 4) this.#resize(0, 0);
  }

  /** Gives all memory back. */
  release(): void {
    this.size = 0;
    this.checkedSize = 0;
    this.#resize(0, 0);
  }

  #grow(needed: number): void {
    const doubled = Math.max(needed, this.limit * 2, textBytesMin);
    const fits = this.#budget.fits(doubled + overshootBytes - this.bytes.length);
    this.#resize(fits ? doubled : needed + (needed >>> 3), this.size);
  }

  #resize(limit: number, kept: number): void {
    const capacity = limit === 0 ? 0 : limit + overshootBytes;
    this.#budget.take(capacity - this.bytes.length);
    const bytes = new Uint8Array(capacity);
    bytes.set(this.bytes.subarray(0, kept));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    this.limit = limit === 0 ? -1 : limit;
  }
}

/** Values of one fixed width; how many there are is its level's count. */
export type Fixed = {
  readonly width: number;
  bytes: Uint8Array;
  /** The same memory as 32-bit words, where the width allows. */
  words: Int32Array;
  view: DataView;
};

/**
 * A number of rows and their fixed-width values: a block's rows, or the elements of its nested
 * arrays. All columns of a level grow together, so a row costs one comparison.
 */
export class Level {
  count = 0;
  /** Rows there is memory for; compare with it before writing row `count`. */
  capacity = 0;
  readonly columns: Fixed[] = [];
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Adds a column of `width` bytes a row. Only before the first row. */
  fixed(width: number): Fixed {
    const bytes = new Uint8Array(0);
    const column = { width, bytes, words: new Int32Array(0), view: new DataView(bytes.buffer) };
    this.columns.push(column);
    return column;
  }

  /** Makes room for `rows` more. */
  reserve(rows: number): void {
    if (this.count + rows > this.capacity) this.#grow(this.count + rows);
  }

  /** Empties it; gives memory back when far more is held than was needed. */
  clear(): void {
    const used = this.count;
    this.count = 0;
    if (this.capacity * 8 > keptBytesMax && used < this.capacity / 4) this.#resize(0, 0);
  }

  /** Gives all memory back. */
  release(): void {
    this.count = 0;
    this.#resize(0, 0);
  }

  #grow(needed: number): void {
    this.#resize(Math.max(needed, this.capacity * 2, levelRowsMin), this.count);
  }

  #resize(capacity: number, kept: number): void {
    let before = 0;
    let after = 0;
    for (const column of this.columns) {
      before += column.bytes.length;
      after += fixedBytes(column.width, capacity);
    }
    this.#budget.take(after - before);
    for (const column of this.columns) {
      const bytes = new Uint8Array(fixedBytes(column.width, capacity));
      bytes.set(column.bytes.subarray(0, kept * column.width));
      column.bytes = bytes;
      column.words = new Int32Array(bytes.buffer, 0, bytes.length >>> 2);
      column.view = new DataView(bytes.buffer);
    }
    this.capacity = capacity;
  }
}

function fixedBytes(width: number, capacity: number): number {
  return capacity === 0 ? 0 : ((width * capacity + 7) & ~7) + overshootBytes;
}

/** Appends `length` as an unsigned LEB128; the caller has reserved five bytes. */
export function putLength(text: Text, length: number): void {
  const bytes = text.bytes;
  let at = text.size;
  let rest = length;
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  text.size = at;
}

/** Copies `length` bytes of `source` from `from` on to the end of `text`; room is reserved. */
export function putBytes(
  text: Text,
  source: Uint8Array,
  view: DataView,
  from: number,
  length: number,
): void {
  const at = text.size;
  if (length <= 32 && from + 32 <= source.length) {
    const target = text.view;
    target.setBigInt64(at, view.getBigInt64(from, true), true);
    if (length > 8) {
      target.setBigInt64(at + 8, view.getBigInt64(from + 8, true), true);
      if (length > 16) {
        target.setBigInt64(at + 16, view.getBigInt64(from + 16, true), true);
        target.setBigInt64(at + 24, view.getBigInt64(from + 24, true), true);
      }
    }
  } else if (length < 128 && from + length + 8 <= source.length) {
    const target = text.view;
    for (let index = 0; index < length; index += 8) {
      target.setBigInt64(at + index, view.getBigInt64(from + index, true), true);
    }
  } else {
    text.bytes.set(source.subarray(from, from + length), at);
  }
  text.size = at + length;
}

/** Appends one string: its length, then its bytes. */
export function putString(
  text: Text,
  source: Uint8Array,
  view: DataView,
  from: number,
  length: number,
): void {
  const at = text.size;
  if (at + length + 5 > text.limit) text.reserve(length + 5);
  if (length <= 32 && from + 32 <= source.length) {
    // Short strings at once: what is behind them is overwritten by the next one.
    const target = text.view;
    target.setUint8(at, length);
    target.setBigInt64(at + 1, view.getBigInt64(from, true), true);
    if (length > 8) {
      target.setBigInt64(at + 9, view.getBigInt64(from + 8, true), true);
      if (length > 16) {
        target.setBigInt64(at + 17, view.getBigInt64(from + 16, true), true);
        target.setBigInt64(at + 25, view.getBigInt64(from + 24, true), true);
      }
    }
    text.size = at + 1 + length;
    return;
  }
  if (length < 128) text.bytes[text.size++] = length;
  else putLength(text, length);
  putBytes(text, source, view, from, length);
}
