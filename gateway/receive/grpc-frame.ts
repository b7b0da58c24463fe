/**
 * The one message of a unary call: five bytes of prefix (flag, big-endian length), then the
 * message. The length is checked and reserved before memory is taken; a second message is an
 * error, so nothing is submitted before the stream has ended.
 *
 * Allocations: one buffer a message. Copies: one, from the stream's chunks.
 * Memory: belongs to the call until `release`. Watched by `receive.bench.ts`.
 */
import type { ContentEncoding } from '../answer.ts';
import type { Reserving } from './admission.ts';
import { BodyBuffer } from './body-buffer.ts';
import type { RefusalReason } from './counters.ts';
import { memoryAnswer, type ReceiverParts, tooLargeMessage } from './receiver.ts';
import { type RpcStatus, rpcCode, statusOf } from './status.ts';

const prefixBytes = 5;

export type FrameFault = { readonly reason: RefusalReason; readonly status: RpcStatus };

export class GrpcFrame {
  readonly #body: BodyBuffer;
  readonly #encoding: ContentEncoding;
  readonly #bytesMax: number;
  #prefixSize = 0;
  #flag = 0;
  #length = 0;

  constructor(
    parts: Pick<ReceiverParts, 'admission' | 'pool'>,
    encoding: ContentEncoding,
    bytesMax: number,
    reserving: Reserving = parts.admission,
  ) {
    this.#body = new BodyBuffer(reserving, parts.pool, bytesMax);
    this.#encoding = encoding;
    this.#bytesMax = bytesMax;
  }

  /** The next piece of the stream: `chunk[from..to)`. */
  take(chunk: Buffer, from: number, to: number): FrameFault | undefined {
    let offset = from;
    while (this.#prefixSize < prefixBytes && offset < to) {
      const byte = chunk[offset] ?? 0;
      if (this.#prefixSize === 0) this.#flag = byte;
      else this.#length = this.#length * 256 + byte;
      this.#prefixSize += 1;
      offset += 1;
      if (this.#prefixSize < prefixBytes) continue;
      const fault = this.#open();
      if (fault !== undefined) return fault;
    }
    if (offset === to) return undefined;
    if (this.#body.size + to - offset > this.#length) return cardinality('more than one');
    // Cannot fail: the capacity is the declared length.
    this.#body.append(chunk, offset, to);
    return undefined;
  }

  /** The stream has ended: undefined when the message is whole. */
  finish(): FrameFault | undefined {
    if (this.#prefixSize === 0) return cardinality('no');
    if (this.#prefixSize === prefixBytes && this.#body.size === this.#length) return undefined;
    const had = Math.max(0, this.#prefixSize - prefixBytes + this.#body.size);
    const message = `the message is cut off: ${had} of ${this.#length} bytes arrived`;
    return { reason: 'corrupt', status: { code: rpcCode.invalidArgument, message } };
  }

  /** Whether the frame says so: a compressing client may send small messages plain. */
  get contentEncoding(): ContentEncoding {
    return this.#flag === 1 ? this.#encoding : 'identity';
  }

  message(): Buffer {
    return this.#body.view();
  }

  release(): void {
    this.#body.release();
  }

  /** The prefix is complete: may this message come in? */
  #open(): FrameFault | undefined {
    if (this.#flag > 1) return broken(`frame flag ${this.#flag}; only 0 and 1 are defined`);
    if (this.#flag === 1 && this.#encoding === 'identity') {
      return broken('the frame is flagged compressed but grpc-encoding names no compression');
    }
    switch (this.#body.declare(this.#length)) {
      case undefined:
        return undefined;
      case 'memory':
        return { reason: 'memory', status: statusOf(memoryAnswer()) };
      case 'too_large': {
        const message = tooLargeMessage(this.#bytesMax);
        return { reason: 'too_large', status: { code: rpcCode.resourceExhausted, message } };
      }
    }
  }
}

function broken(message: string): FrameFault {
  return { reason: 'corrupt', status: { code: rpcCode.internal, message } };
}

/** The code that gRPC's list of status codes gives for it. */
function cardinality(count: string): FrameFault {
  const message = `a unary call carries exactly one message; ${count} came`;
  return { reason: 'corrupt', status: { code: rpcCode.unimplemented, message } };
}
