/**
 * HPACK (RFC 7541): header blocks to names and values. What a sender says again is one byte that
 * names an entry of the table; strings are made once, when they enter it.
 *
 * Numbers: at most 4 096 bytes of table a connection, numbers below 2^28, `headerBytesMax` of
 * decoded fields a block (beyond it fields are dropped, and the block says so).
 * Allocations: the strings that are new. Copies: those. Memory: strings are JavaScript's.
 * Watched by `receive.bench.ts`.
 */
import { headerBytesMax, headerPairsMax } from '../limits.ts';
import { decodeHuffman } from './huffman.ts';
import { staticTable } from './static-table.ts';

/** What we announce (the protocol's default); an encoder may choose less. */
const tableBytesMax = 4096;
/** Counted for each entry beside its text (section 4.1). */
const entryBytes = 32;
const integerMax = 2 ** 28;
const integerBytesMax = 5;

export type HeaderFields = {
  /** Name, value, name, value, …, in the order in which they came. */
  readonly fields: string[];
  /** More fields or bytes than a request may have: `fields` is not all. */
  readonly isTooLarge: boolean;
};

export class HpackDecoder {
  /** Newest last; as bytes they are at most `#sizeMax`. */
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  #size = 0;
  #sizeMax = tableBytesMax;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #to = 0;
  #isBroken = false;
  /** Grows with each change of the table: equal blocks under one version mean the same. */
  version = 0;

  /** One whole header block; undefined when it is broken, which ends the connection. */
  decode(bytes: Uint8Array, from: number, to: number): HeaderFields | undefined {
    this.#bytes = bytes;
    this.#at = from;
    this.#to = to;
    this.#isBroken = false;
    const fields: string[] = [];
    let listBytes = 0;
    let isTooLarge = false;
    let isFirst = true;
    while (this.#at < this.#to) {
      const byte = bytes[this.#at] ?? 0;
      if (byte >= 0x20 && byte < 0x40) {
        // A size of the table may only stand at the beginning (section 4.2).
        if (!isFirst || !this.#resize(this.#integer(5))) return undefined;
        continue;
      }
      isFirst = false;
      const isIndexed = byte >= 0x80;
      const index = this.#integer(isIndexed ? 7 : byte >= 0x40 ? 6 : 4);
      const name = index === 0 && !isIndexed ? this.#string() : this.#nameAt(index);
      const value = isIndexed ? this.#valueAt(index) : this.#string();
      if (this.#isBroken || name === undefined || value === undefined) return undefined;
      if (!isIndexed && byte >= 0x40) this.#insert(name, value);
      listBytes += name.length + value.length + entryBytes;
      isTooLarge ||= listBytes > headerBytesMax || fields.length >= 2 * headerPairsMax;
      if (!isTooLarge) fields.push(name, value);
    }
    this.#bytes = noBytes;
    return this.#isBroken ? undefined : { fields, isTooLarge };
  }

  #nameAt(index: number): string | undefined {
    if (index <= staticTable.length) return staticTable[index - 1]?.[0];
    return this.#names[this.#names.length - (index - staticTable.length)];
  }

  #valueAt(index: number): string | undefined {
    if (index <= staticTable.length) return staticTable[index - 1]?.[1];
    return this.#values[this.#values.length - (index - staticTable.length)];
  }

  #insert(name: string, value: string): void {
    this.version += 1;
    const bytes = name.length + value.length + entryBytes;
    this.#evictTo(this.#sizeMax - bytes);
    if (bytes > this.#sizeMax) return;
    this.#names.push(name);
    this.#values.push(value);
    this.#size += bytes;
  }

  #resize(sizeMax: number): boolean {
    if (this.#isBroken || sizeMax > tableBytesMax) return false;
    this.version += 1;
    this.#sizeMax = sizeMax;
    this.#evictTo(sizeMax);
    return true;
  }

  #evictTo(size: number): void {
    while (this.#names.length > 0 && this.#size > size) {
      const name = this.#names.shift() ?? '';
      const value = this.#values.shift() ?? '';
      this.#size -= name.length + value.length + entryBytes;
    }
  }

  /** An integer whose first `bits` bits end the byte at the place (section 5.1). */
  #integer(bits: number): number {
    const mask = 2 ** bits - 1;
    let value = (this.#bytes[this.#at++] ?? 0) & mask;
    if (value < mask) return value;
    for (let count = 0; count < integerBytesMax && this.#at < this.#to; count += 1) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * 2 ** (7 * count);
      if (value > integerMax) break;
      if (byte < 0x80) return value;
    }
    this.#isBroken = true;
    return 0;
  }

  #string(): string | undefined {
    if (this.#at >= this.#to) return undefined;
    const isHuffman = (this.#bytes[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(7);
    const from = this.#at;
    if (this.#isBroken || length > this.#to - from) return undefined;
    this.#at = from + length;
    if (isHuffman) return decodeHuffman(this.#bytes, from, this.#at);
    const { buffer, byteOffset } = this.#bytes;
    return Buffer.from(buffer, byteOffset + from, length).toString('latin1');
  }
}

const noBytes: Uint8Array = new Uint8Array(0);

/** A block of our own: fields of the static table or literals, never in the table. */
export function encodeHeaders(headers: Readonly<Record<string, unknown>>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, given] of Object.entries(headers)) {
    const value = String(given);
    const whole = staticTable.findIndex((entry) => entry[0] === name && entry[1] === value) + 1;
    if (whole > 0) {
      parts.push(Buffer.from([0x80 | whole]));
      continue;
    }
    const index = staticTable.findIndex((entry) => entry[0] === name) + 1;
    parts.push(integer(index, 4));
    if (index === 0) parts.push(text(name));
    parts.push(text(value));
  }
  return Buffer.concat(parts);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7), bytes]);
}

function integer(value: number, bits: number): Buffer {
  const mask = 2 ** bits - 1;
  if (value < mask) return Buffer.from([value]);
  const bytes = [mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Buffer.from([...bytes, rest]);
}
