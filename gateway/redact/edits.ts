/**
 * Changes to a message, noted while it is read and made in one go: ranges of it, in order, with
 * what stands there instead. The length of every message around a change is such a range itself.
 *
 * Hot path where rules match. Allocations: one buffer a changed request. Copies: one of the
 * request. Owner: `applied` belongs to the caller. Watched by `redact.bench.ts`.
 */
import { Budget, putBytes, Text } from '../../clickhouse/native/buffers.ts';

/** Beyond this a changed request is too large for everything behind. */
const changedBytesMax = 2 ** 30;
const textBytesKept = 1024 * 1024;
const editsKept = 65_536;

export class Edits {
  /** Everything that stands in the place of something else. */
  readonly text = new Text(new Budget(changedBytesMax));
  /** Four numbers an edit: from, to, and the place in {@link text}. */
  #places: number[] = [];
  #delta = 0;

  begin(): void {
    if (this.#places.length > editsKept) this.#places = [];
    this.#places.length = 0;
    if (this.text.size > textBytesKept) this.text.release();
    this.text.size = 0;
    this.#delta = 0;
  }

  get isEmpty(): boolean {
    return this.#places.length === 0;
  }

  /** `[from, to)` becomes what was written to {@link text} since `textStart`. */
  replace(from: number, to: number, textStart: number): void {
    this.#places.push(from, to, textStart, this.text.size);
    this.#delta += this.text.size - textStart - (to - from);
  }

  /** A message's length stands at `[from, to)`; to be given to {@link leave}. */
  enter(from: number, to: number): number {
    this.#places.push(from, to, 0, this.#delta);
    return this.#places.length;
  }

  /** The message that was entered is over; `length` is what it was. */
  leave(entered: number, length: number): void {
    const places = this.#places;
    if (places.length === entered) {
      places.length -= 4;
      return;
    }
    const start = this.text.size;
    this.putLength(length + this.#delta - places[entered - 1]!);
    places[entered - 2] = start;
    places[entered - 1] = this.text.size;
    this.#delta += this.text.size - start - (places[entered - 3]! - places[entered - 4]!);
  }

  /** A length as a varint. */
  putLength(length: number): void {
    const { text } = this;
    text.reserve(5);
    let rest = length;
    while (rest >= 0x80) {
      text.bytes[text.size++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    text.bytes[text.size++] = rest;
  }

  putByte(byte: number): void {
    this.text.reserve(1);
    this.text.bytes[this.text.size++] = byte;
  }

  putAll(bytes: Uint8Array): void {
    this.text.reserve(bytes.length);
    this.text.bytes.set(bytes, this.text.size);
    this.text.size += bytes.length;
  }

  /** The message with all changes made. */
  applied(source: Uint8Array, view: DataView): Uint8Array {
    const { text } = this;
    const length = source.length + this.#delta;
    const out = new Text(new Budget(changedBytesMax + source.length));
    out.reserve(length);
    const places = this.#places;
    let at = 0;
    for (let index = 0; index < places.length; index += 4) {
      const from = places[index]!;
      putBytes(out, source, view, at, from - at);
      const start = places[index + 2]!;
      putBytes(out, text.bytes, text.view, start, places[index + 3]! - start);
      at = places[index + 1]!;
    }
    putBytes(out, source, view, at, source.length - at);
    return out.bytes.subarray(0, length);
  }
}
