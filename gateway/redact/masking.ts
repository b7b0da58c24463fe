/**
 * Masks over one text, one after the other, and hashes of texts: what both redactors do to a value
 * once they know where it lies.
 *
 * Hot path where rules match. Allocations: none until something matches. Copies: one a mask. Owner:
 * the redactor; the result is good until the next call. Watched by `redact.bench.ts`.
 */
import { Budget, Text } from '../../clickhouse/native/buffers.ts';
import { isWellFormed, wellFormed } from '../../clickhouse/native/utf8.ts';
import type { Mask } from './rules.ts';

const scratchBytesMax = 2 ** 30;
const scratchBytesKept = 1024 * 1024;

export class Masking {
  /** A value as text, and what masks make of it, in turn. */
  readonly #scratch = [0, 1].map(() => new Text(new Budget(scratchBytesMax)));

  /** Masks `[from, end)` into {@link result}; how many masks changed anything. */
  run(
    bytes: Uint8Array,
    view: DataView,
    from: number,
    end: number,
    masks: readonly Mask[],
  ): number {
    let source = bytes;
    let sourceView = view;
    let start = from;
    let stop = end;
    // Masks read whole characters; this is what would be stored in the place of broken ones.
    if (!isWellFormed(source, sourceView, start, stop - start)) {
      source = wellFormed(source.subarray(start, stop));
      sourceView = new DataView(source.buffer, source.byteOffset, source.byteLength);
      start = 0;
      stop = source.length;
    }
    let changes = 0;
    for (const { matcher, replacement } of masks) {
      const text = this.fresh();
      if (matcher?.mask(text, source, sourceView, start, stop, replacement) !== true) continue;
      changes += 1;
      this.#scratch.reverse();
      source = text.bytes;
      sourceView = text.view;
      start = 0;
      stop = text.size;
    }
    return changes;
  }

  /** What the last masks made of their text. */
  result(): Uint8Array {
    const { bytes, size } = this.#scratch[0]!;
    return bytes.subarray(0, size);
  }

  /** An empty text for a moment; it becomes the result when it holds one. */
  fresh(): Text {
    const text = this.#scratch[1]!;
    if (text.size > scratchBytesKept) text.release();
    text.size = 0;
    return text;
  }
}
