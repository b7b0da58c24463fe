/** Protobuf messages written front to back; a message's length is put in when it ends. */

const bytesMin = 4096;
/** Bytes that a tag and a number of 64 bits may take. */
const fieldBytesMax = 20;

export class ProtobufWriter {
  size = 0;
  #bytes: Buffer = Buffer.alloc(bytesMin);

  /** What was written since the last call; the writer is empty then. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.#bytes.subarray(0, this.size));
    this.size = 0;
    return taken;
  }

  /** Begins a message; hand what is returned to {@link end}, inner messages first. */
  begin(field: number): number {
    this.#reserve(fieldBytesMax);
    this.#varint(field * 8 + 2);
    this.size += 1;
    return this.size;
  }

  end(start: number): void {
    const length = this.size - start;
    const lengthBytes = varintBytes(length);
    if (lengthBytes > 1) {
      this.#reserve(lengthBytes);
      this.#bytes.copyWithin(start + lengthBytes - 1, start, this.size);
    }
    this.size = start - 1;
    this.#varint(length);
    this.size += length;
  }

  string(field: number, text: string): void {
    const length = Buffer.byteLength(text);
    this.#reserve(length + fieldBytesMax);
    this.#varint(field * 8 + 2);
    this.#varint(length);
    this.size += this.#bytes.write(text, this.size, 'utf8');
  }

  bytes(field: number, content: Uint8Array): void {
    this.#reserve(content.length + fieldBytesMax);
    this.#varint(field * 8 + 2);
    this.#varint(content.length);
    this.#bytes.set(content, this.size);
    this.size += content.length;
  }

  /** An unsigned number below 2^53. */
  varint(field: number, value: number): void {
    this.#reserve(fieldBytesMax);
    this.#varint(field * 8);
    this.#varint(value);
  }

  /** A signed number of 32 bits, as `sint32`. */
  sint32(field: number, value: number): void {
    this.varint(field, value < 0 ? -2 * value - 1 : 2 * value);
  }

  fixed64(field: number, value: bigint): void {
    this.#reserve(fieldBytesMax);
    this.#varint(field * 8 + 1);
    this.size = this.#bytes.writeBigUInt64LE(value, this.size);
  }

  double(field: number, value: number): void {
    this.#reserve(fieldBytesMax);
    this.#varint(field * 8 + 1);
    this.size = this.#bytes.writeDoubleLE(value, this.size);
  }

  /** Unsigned numbers below 2^53 without tags: what a packed field has inside. */
  packed(field: number, values: readonly number[]): void {
    const start = this.begin(field);
    for (const value of values) {
      this.#reserve(fieldBytesMax);
      this.#varint(value);
    }
    this.end(start);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.size++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.size++] = rest;
  }

  #reserve(bytes: number): void {
    const needed = this.size + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.size);
    this.#bytes = grown;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}
