/**
 * One stream of a connection: the request of a call coming in, its answer going out under the
 * windows that the peer gives.
 *
 *   open ─▶ half-closed (remote: the request is whole; local: it is answered) ─▶ closed
 *
 * Invariant: `reader.closed` is called once, and nothing is sent or told after it.
 *
 * Allocations: this object and one buffer with the whole answer a call. Copies: the answer's
 * few bytes. Memory: none of the request's bytes are kept. Watched by `receive.bench.ts`.
 */
import type { OutgoingHttpHeaders } from 'node:http2';
import type { Peer } from '../../guard/guard.ts';
import { messageHeaders, trailersOk } from '../call-answer.ts';
import type { CallReader, CallStream } from '../call-stream.ts';
import { streamWindowBytes } from '../limits.ts';
import {
  errorCode,
  flag,
  frame,
  frameHeadBytes,
  framePayloadBytesMax,
  frameType,
} from './frame.ts';
import { encodeHeaders } from './hpack.ts';

/** What a stream needs of its connection. */
export type StreamHost = {
  readonly write: (bytes: Buffer) => void;
  /** How much of a body the connection's window allows. */
  readonly sendWindow: () => number;
  readonly useSendWindow: (bytes: number) => void;
  /** The stream is done or reset by us: forgotten, and its call told. */
  readonly finished: (stream: H2Stream, code: number | undefined) => void;
};

const noReader: CallReader = { take: () => {}, end: () => {}, closed: () => {} };
const messageBlock: Buffer = encodeHeaders(messageHeaders);
const trailersBlock: Buffer = encodeHeaders(trailersOk);
/** gRPC's prefix of an empty message: what nearly every answer is. */
const smallMessageBytes = 5;

const dataAt = frameHeadBytes + messageBlock.length;
const trailersAt = dataAt + frameHeadBytes + smallMessageBytes;
/** The three frames of such an answer, for stream 0. */
const smallAnswer: Buffer = Buffer.concat([
  frame(frameType.headers, flag.endHeaders, 0, messageBlock),
  frame(frameType.data, 0, 0, Buffer.alloc(smallMessageBytes)),
  frame(frameType.headers, flag.endHeaders | flag.endStream, 0, trailersBlock),
]);
const streamIdAt = 5;

export class H2Stream implements CallStream {
  readonly id: number;
  readonly #host: StreamHost;
  /** Set as soon as there is a call. */
  reader: CallReader = noReader;
  /** Where its connection comes from. */
  address: string | undefined;
  /** What `content-length` promised and did not come yet. */
  contentLeft: number | undefined;
  sendWindow: number;
  receiveWindow = streamWindowBytes;
  /** Taken from the window and not given back yet. */
  received = 0;
  isRemoteEnded = false;
  isClosed = false;
  #isLocalEnded = false;
  /** What the windows did not allow so far, and whether trailers follow it. */
  #pending: Buffer | undefined;
  #hasTrailers = true;

  constructor(host: StreamHost, id: number, sendWindow: number, contentBytes: number | undefined) {
    this.#host = host;
    this.id = id;
    this.sendWindow = sendWindow;
    this.contentLeft = contentBytes;
  }

  isGone(): boolean {
    return this.isClosed;
  }

  peer(): Peer {
    return { address: this.address, certificateNames: [] };
  }

  sendHeaders(headers: OutgoingHttpHeaders): void {
    if (this.isClosed || this.#isLocalEnded) return;
    const block = encodeHeaders(headers);
    const flags = flag.endHeaders | flag.endStream;
    if (block.length > framePayloadBytesMax) {
      this.#host.finished(this, errorCode.internal);
      return;
    }
    this.#host.write(frame(frameType.headers, flags, this.id, block));
    this.#endLocal();
  }

  sendMessage(message: Buffer): void {
    if (this.isClosed || this.#isLocalEnded) return;
    const { length } = message;
    const isSmall = length === smallMessageBytes;
    if (isSmall && this.sendWindow >= length && this.#host.sendWindow() >= length) {
      this.#use(length);
      const answer = Buffer.from(smallAnswer);
      answer.writeUInt32BE(this.id, streamIdAt);
      answer.writeUInt32BE(this.id, dataAt + streamIdAt);
      answer.writeUInt32BE(this.id, trailersAt + streamIdAt);
      message.copy(answer, dataAt + frameHeadBytes);
      this.#host.write(answer);
      this.#endLocal();
      return;
    }
    this.#host.write(frame(frameType.headers, flag.endHeaders, this.id, messageBlock));
    this.#pending = message;
    this.flush();
  }

  sendText(headers: OutgoingHttpHeaders, text: Buffer): void {
    if (this.isClosed || this.#isLocalEnded) return;
    this.#host.write(frame(frameType.headers, flag.endHeaders, this.id, encodeHeaders(headers)));
    this.#pending = text;
    this.#hasTrailers = false;
    this.flush();
  }

  /** Sends of the answer what the windows allow by now. */
  flush(): void {
    while (this.#pending !== undefined && !this.isClosed) {
      const windows = Math.min(this.sendWindow, this.#host.sendWindow());
      const count = Math.min(windows, framePayloadBytesMax, this.#pending.length);
      if (count <= 0) return;
      this.#use(count);
      const piece = this.#pending.subarray(0, count);
      this.#pending = count < this.#pending.length ? this.#pending.subarray(count) : undefined;
      const isLast = this.#pending === undefined && !this.#hasTrailers;
      this.#host.write(frame(frameType.data, isLast ? flag.endStream : 0, this.id, piece));
      if (this.#pending === undefined) this.#endAnswer();
    }
  }

  reset(why: 'no_error' | 'cancel'): void {
    if (this.isClosed) return;
    this.#host.finished(this, why === 'cancel' ? errorCode.cancel : errorCode.noError);
  }

  /** The peer has ended the request. */
  endRemote(): void {
    this.isRemoteEnded = true;
    this.reader.end();
    if (this.#isLocalEnded && !this.isClosed) this.#host.finished(this, undefined);
  }

  #endAnswer(): void {
    if (this.#hasTrailers) {
      const flags = flag.endHeaders | flag.endStream;
      this.#host.write(frame(frameType.headers, flags, this.id, trailersBlock));
    }
    this.#endLocal();
  }

  #endLocal(): void {
    this.#isLocalEnded = true;
    if (this.isRemoteEnded && !this.isClosed) this.#host.finished(this, undefined);
  }

  #use(bytes: number): void {
    this.sendWindow -= bytes;
    this.#host.useSendWindow(bytes);
  }
}
