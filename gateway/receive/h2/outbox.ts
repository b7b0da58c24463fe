/**
 * What goes out on one socket, gathered until the running work is done: the answers of one sync
 * of the log leave in one write.
 *
 * Bound: `outboxBytesMax` that the peer has not read; beyond it, it is cut off (a flood of PINGs
 * whose answers nobody takes). Allocations: one buffer a write of several frames. Copies: those.
 */
import type { Socket } from 'node:net';

const outboxBytesMax = 1024 ** 2;

export class Outbox {
  readonly #socket: Socket;
  readonly #onOverflow: () => void;
  #parts: Buffer[] = [];
  #bytes = 0;
  #isScheduled = false;

  constructor(socket: Socket, onOverflow: () => void) {
    this.#socket = socket;
    this.#onOverflow = onOverflow;
  }

  /** `bytes` belong to the outbox from here on. */
  write(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#flush);
  }

  /** Sends what is there and closes; after a fault of the peer without waiting for its end. */
  end(isFault: boolean): void {
    this.#flush();
    if (isFault) this.#socket.destroySoon();
    else this.#socket.end();
  }

  readonly #flush = (): void => {
    this.#isScheduled = false;
    const parts = this.#parts;
    const [first] = parts;
    const socket = this.#socket;
    if (first === undefined || socket.destroyed) return;
    this.#parts = [];
    if (socket.writableLength + this.#bytes > outboxBytesMax) {
      this.#onOverflow();
      socket.destroy();
    } else if (!socket.writableEnded) {
      socket.write(parts.length === 1 ? first : Buffer.concat(parts, this.#bytes));
    }
    this.#bytes = 0;
  };
}
