/** A gRPC call's stream on `node:http2`. */
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Peer } from '../guard/guard.ts';
import { certificateNamesOf } from '../guard/tls.ts';
import { messageHeaders, trailersOk } from './call-answer.ts';
import type { CallReader, CallStream } from './call-stream.ts';

const withBody = { endStream: false, sendDate: false } as const;
const endStream = { endStream: true, sendDate: false } as const;
const withTrailers = { waitForTrailers: true, sendDate: false } as const;

export class NodeStream implements CallStream {
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  /** From here on `reader` is told what comes. */
  readBy(reader: CallReader): void {
    const stream = this.#stream;
    stream.on('data', (chunk: Buffer) => reader.take(chunk, 0, chunk.length));
    stream.on('end', () => {
      // Node ends the data of a stream that was reset, too: that message may not be stored.
      if (!this.isGone()) reader.end();
    });
    // A reset is told by `close`; without this listener it would be a crash.
    stream.on('error', () => {});
    stream.on('close', () => reader.closed());
  }

  isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  peer(): Peer {
    const socket = this.#stream.session?.socket;
    return { address: socket?.remoteAddress, certificateNames: certificateNamesOf(socket) };
  }

  sendHeaders(headers: OutgoingHttpHeaders): void {
    this.#respond(headers, true);
  }

  sendMessage(message: Buffer): void {
    const stream = this.#stream;
    if (!this.#respond(messageHeaders, false)) return;
    stream.once('wantTrailers', () => {
      if (!this.isGone()) stream.sendTrailers(trailersOk);
    });
    stream.end(message);
  }

  sendText(headers: OutgoingHttpHeaders, text: Buffer): void {
    if (this.isGone()) return;
    try {
      this.#stream.respond(headers, withBody);
      this.#stream.end(text);
    } catch {
      // The client reset the stream between the check and here.
    }
  }

  reset(why: 'no_error' | 'cancel'): void {
    const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;
    this.#stream.close(why === 'cancel' ? NGHTTP2_CANCEL : NGHTTP2_NO_ERROR);
  }

  #respond(headers: OutgoingHttpHeaders, last: boolean): boolean {
    if (this.isGone()) return false;
    try {
      this.#stream.respond(headers, last ? endStream : withTrailers);
      return true;
    } catch {
      // The client reset the stream between the check and here.
      return false;
    }
  }
}
