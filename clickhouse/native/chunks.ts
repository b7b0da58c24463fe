/**
 * Collects a Native block as a list of views: small pieces are written here, column data stays
 * where it is. Runs once a seal, never per item.
 *
 * Hot path only by its neighbours. Allocations per item: none. Copies: headers alone. Owner: the
 * views belong to the columns and are valid until those change. Watched by
 * `gateway/decode/decode.bench.ts`.
 */
import { checksumOf } from './checksum.ts';

const headBytesMin = 4096;
const scratchBytesMin = 1024;
/** More than this is given back when a later block needs far less. */
const scratchBytesKept = 1024 * 1024;

export type EncodedBlock = {
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
  /** CRC-32 over all chunks. */
  readonly checksum: string;
};

export class Chunks {
  readonly #chunks: Uint8Array[] = [];
  #head = Buffer.alloc(headBytesMin);
  #start = 0;
  #at = 0;
  #bytes = 0;

  /** A varuint below 2^53. */
  varuint(value: number): void {
    this.#room(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#head[this.#at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#head[this.#at++] = rest;
  }

  string(text: string): void {
    const size = Buffer.byteLength(text);
    this.varuint(size);
    this.#room(size);
    this.#at += this.#head.write(text, this.#at);
  }

  uint64(value: number): void {
    this.#room(8);
    this.#at = this.#head.writeBigUInt64LE(BigInt(value), this.#at);
  }

  /** Column data, not copied. */
  view(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#flush();
    this.#push(bytes);
  }

  finish(): EncodedBlock {
    const { chunks, bytes } = this.views();
    return { chunks, bytes, checksum: checksumOf(chunks) };
  }

  /** The block alone, for who has a checksum of its own. */
  views(): Omit<EncodedBlock, 'checksum'> {
    this.#flush();
    return { chunks: this.#chunks, bytes: this.#bytes };
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#head.length) return;
    this.#flush();
    this.#head = Buffer.alloc(Math.max(headBytesMin, bytes));
    this.#start = 0;
    this.#at = 0;
  }

  #flush(): void {
    if (this.#at > this.#start) this.#push(this.#head.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }

  #push(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
  }
}

/** Memory for data that only exists while a block is encoded and sent; reused seal after seal. */
export class Scratch {
  #bytes = new Uint8Array(0);

  /** `size` bytes of unspecified content, valid until the next call. */
  take(size: number): Uint8Array<ArrayBuffer> {
    const held = this.#bytes.length;
    const isWaste = held > scratchBytesKept && size < held / 4;
    if (held < size || isWaste) this.#bytes = new Uint8Array(Math.max(size, scratchBytesMin));
    return this.#bytes.subarray(0, size);
  }
}
