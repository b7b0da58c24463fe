/**
 * The rows of `COPY … TO STDOUT (FORMAT binary)`, taken out of the pieces in which they arrive.
 * A value is handed on where it lies; only one that is split over pieces is put together, so that
 * memory is bounded by one value whatever a row holds. Allocates nothing a row.
 *
 *     "PGCOPY\n\377\r\n\0"  flags:i32  extension:i32+bytes
 *     row:  fields:i16  { length:i32 (-1 for NULL)  bytes }…
 *     end:  -1:i16
 */
import { Problem } from '../../../core/problem.ts';

/** What is done with the values of one field. */
export type FieldSink = {
  /** The bytes stay as they are, but `bytes` keeps the whole piece in memory. */
  readonly value: (bytes: Uint8Array, from: number, to: number) => void;
  readonly none: () => void;
};

/** What is done with rows. */
export type RowSink = {
  /** By their place in the SELECT. */
  readonly fields: readonly FieldSink[];
  /** One of more than `valueBytesMax`: how many of its bytes to hand on, or -1 for a NULL. */
  readonly tooLong: (field: number, length: number) => number;
  /** Returns true to stop before the next row. */
  readonly endRow: () => boolean;
};

const signature = [0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00];
const headerBytes = signature.length + 8;
const oidsFlag = 0x10000;

/** What the next bytes are. */
const inHeader = 0;
const inExtension = 1;
const inCount = 2;
const inLength = 3;
const inValue = 4;
const inRest = 5;
const atEnd = 6;

export class CopyParser {
  readonly #fields: readonly FieldSink[];
  readonly #valueBytesMax: number;
  readonly #sink: RowSink;
  #state = inHeader;
  /** Bytes of the unit that is next: a number, a value, or what is left of one to pass over. */
  #need = headerBytes;
  #field = 0;
  /** Bytes of a value that is too long, after those that are handed on. */
  #rest = 0;
  /** The part of the unit that has come, when it is split; its own array for each. */
  #part: Uint8Array | undefined;
  #partLength = 0;
  #rows = 0;

  constructor(valueBytesMax: number, sink: RowSink) {
    this.#fields = sink.fields;
    this.#valueBytesMax = valueBytesMax;
    this.#sink = sink;
  }

  /** Rows that have ended. */
  get rows(): number {
    return this.#rows;
  }

  /** True once the trailer has come: without it what came is not all. */
  get isDone(): boolean {
    return this.#state === atEnd;
  }

  /** Takes `bytes` from `offset` on; returns where it stopped: at their end, or after a row. */
  push(bytes: Uint8Array, offset: number): number {
    let at = offset;
    while (at < bytes.length || (this.#need === 0 && this.#state !== atEnd)) {
      if (this.#state === inRest) {
        const passed = Math.min(this.#need, bytes.length - at);
        at += passed;
        this.#need -= passed;
        if (this.#need === 0 && this.#endField()) return at;
        continue;
      }
      if (this.#state === atEnd) throw broken('bytes follow the end of the rows');
      if (this.#state === inLength && this.#part === undefined) {
        at = this.#takeFields(bytes, at);
        if (this.#field === this.#fields.length) {
          if (this.#endRow()) return at;
          continue;
        }
        if (at === bytes.length) return at;
      }
      let unit = bytes;
      let from = at;
      if (this.#part !== undefined || bytes.length - at < this.#need) {
        at = this.#gather(bytes, at);
        if (this.#part === undefined || this.#partLength < this.#need) return at;
        unit = this.#part;
        from = 0;
        this.#part = undefined;
      } else {
        at += this.#need;
      }
      if (this.#take(unit, from)) return at;
    }
    return at;
  }

  /** The fields that lie whole, up to the end of the row: nearly all; the rest unit by unit. */
  #takeFields(bytes: Uint8Array, offset: number): number {
    const fields = this.#fields;
    let at = offset;
    let field = this.#field;
    for (; field < fields.length && bytes.length - at >= 4; field += 1) {
      const length = readInt32(bytes, at);
      const sink = fields[field] as FieldSink;
      if (length === -1) {
        sink.none();
        at += 4;
        continue;
      }
      const end = at + 4 + length;
      if (length < 0 || length > this.#valueBytesMax || end > bytes.length) break;
      sink.value(bytes, at + 4, end);
      at = end;
    }
    this.#field = field;
    return at;
  }

  #gather(bytes: Uint8Array, at: number): number {
    if (this.#part === undefined) {
      this.#part = new Uint8Array(this.#need);
      this.#partLength = 0;
    }
    const end = Math.min(bytes.length, at + this.#need - this.#partLength);
    this.#part.set(bytes.subarray(at, end), this.#partLength);
    this.#partLength += end - at;
    return end;
  }

  /** The unit lies whole at `from`; returns true after a row when the sink wants to stop. */
  #take(bytes: Uint8Array, from: number): boolean {
    switch (this.#state) {
      case inValue:
        this.#fields[this.#field]?.value(bytes, from, from + this.#need);
        if (this.#rest > 0) {
          this.#need = this.#rest;
          this.#rest = 0;
          this.#state = inRest;
          return false;
        }
        return this.#endField();
      case inLength:
        return this.#takeLength(readInt32(bytes, from));
      case inCount:
        return this.#takeCount(((bytes[from] as number) << 8) | (bytes[from + 1] as number));
      case inHeader:
        this.#takeHeader(bytes, from);
        return false;
      default:
        this.#beginRow();
        return false;
    }
  }

  #takeHeader(bytes: Uint8Array, from: number): void {
    if (signature.some((byte, index) => bytes[from + index] !== byte)) {
      throw broken('they do not begin with the signature of a binary COPY');
    }
    const flags = readInt32(bytes, from + signature.length);
    const extension = readInt32(bytes, from + signature.length + 4);
    if ((flags & oidsFlag) !== 0 || flags >>> 17 !== 0) throw broken(`unknown flags ${flags}`);
    if (extension < 0 || extension > this.#valueBytesMax) throw broken('a header without bounds');
    this.#state = inExtension;
    this.#need = extension;
  }

  #beginRow(): void {
    this.#state = inCount;
    this.#need = 2;
    this.#field = 0;
  }

  #takeCount(count: number): boolean {
    if (count === 0xffff) {
      this.#state = atEnd;
      this.#need = 0;
      return false;
    }
    const wanted = this.#fields.length;
    if (count !== wanted) throw broken(`a row of ${count} fields, not of ${wanted}`);
    if (count === 0) return this.#endRow();
    this.#state = inLength;
    this.#need = 4;
    return false;
  }

  #takeLength(length: number): boolean {
    if (length === -1) {
      this.#fields[this.#field]?.none();
      return this.#endField();
    }
    if (length < 0) throw broken(`a value of ${length} bytes`);
    this.#state = inValue;
    this.#need = length;
    if (length > this.#valueBytesMax) {
      const kept = this.#sink.tooLong(this.#field, length);
      if (kept < 0) this.#fields[this.#field]?.none();
      this.#state = kept < 0 ? inRest : inValue;
      this.#need = kept < 0 ? length : kept;
      this.#rest = kept < 0 ? 0 : length - kept;
    }
    return false;
  }

  #endField(): boolean {
    this.#field += 1;
    if (this.#field === this.#fields.length) return this.#endRow();
    this.#state = inLength;
    this.#need = 4;
    return false;
  }

  #endRow(): boolean {
    this.#rows += 1;
    this.#beginRow();
    return this.#sink.endRow();
  }
}

function readInt32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

function broken(what: string): Problem {
  return new Problem('OBS-6069', `what the server sent is not a binary COPY: ${what}`);
}
