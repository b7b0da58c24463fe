/**
 * Datagrams on their way to the log: brought together for a moment, never over the end of a window,
 * so that a datagram's window does not depend on its neighbours.
 */
import { datagramBytes, putDatagram } from './records.ts';

/** A batch is written when it holds this much, or is this old. */
const batchBytesMax = 256 * 1024;
export const batchAgeMsMax = 50;

export type Batch = {
  readonly receivedAtNs: bigint;
  readonly body: Buffer;
  readonly count: number;
};

export class Batches {
  readonly #windowNs: bigint;
  readonly #write: (batch: Batch) => void;
  #buffer: Buffer = Buffer.alloc(0);
  #size = 0;
  #count = 0;
  #firstNs = 0n;
  #endNs = 0n;

  constructor(windowNs: bigint, write: (batch: Batch) => void) {
    this.#windowNs = windowNs;
    this.#write = write;
  }

  /** Takes a datagram; its bytes are copied. */
  take(receivedAtNs: bigint, bytes: Uint8Array): void {
    const size = datagramBytes(bytes.byteLength);
    const isOver = receivedAtNs >= this.#endNs || receivedAtNs < this.#firstNs;
    if (this.#count > 0 && (isOver || this.#size + size > batchBytesMax)) this.flush();
    if (this.#count === 0) this.#begin(receivedAtNs, size);
    this.#size = putDatagram(this.#buffer, this.#size, this.#firstNs, receivedAtNs, bytes);
    this.#count += 1;
  }

  /** Writes what there is. */
  flush(): void {
    if (this.#count === 0) return;
    const batch = {
      receivedAtNs: this.#firstNs,
      body: this.#buffer.subarray(0, this.#size),
      count: this.#count,
    };
    // The log has the memory until it is on disk.
    this.#buffer = Buffer.alloc(0);
    this.#count = 0;
    this.#write(batch);
  }

  #begin(receivedAtNs: bigint, size: number): void {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(batchBytesMax, size));
    this.#size = 0;
    this.#firstNs = receivedAtNs;
    this.#endNs = (receivedAtNs / this.#windowNs + 1n) * this.#windowNs;
  }
}
