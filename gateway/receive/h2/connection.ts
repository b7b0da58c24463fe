/**
 * One HTTP/2 connection of a client, without its socket: frames in, streams and their calls,
 * windows, and frames out (RFC 9113). Only what a gRPC server needs: it never pushes, never
 * prioritises and never compresses its own headers.
 *
 * Bounds: `streamsMax` streams; a header block of `headerBytesMax` in `headerFramesMax` frames;
 * streams that a client resets, faults, and frames that bring nothing by token buckets (F24);
 * what the peer does not read of our answers by the socket's owner.
 *
 * Invariants: a stream is in `#streams` until it is closed in both directions or reset; ids of
 * streams only grow; the windows given never fall below zero without an error.
 *
 * Allocations: a stream a call; headers only when the block was not the same as the last one.
 * Copies: none of a body. Memory: of fed bytes nothing is kept. Watched by `receive.bench.ts`.
 */
import { headerBytesMax, sessionWindowBytes, streamWindowBytes } from '../limits.ts';
import { ClosedStreams } from './closed-streams.ts';
import type { ConnectionHost } from './connection-host.ts';
import {
  type ErrorCode,
  errorCode,
  flag,
  frame,
  frameType,
  isMisfit,
  setting,
  settingsFrame,
  windowDefault,
  windowMax,
  words,
} from './frame.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { type HeaderBlock, HeaderBlocks } from './header-blocks.ts';
import { PeerBounds } from './peer-bounds.ts';
import { PeerSettings } from './peer-settings.ts';
import type { Head } from './request-head.ts';
import { H2Stream, type StreamHost } from './stream.ts';

export class Connection implements FrameSink, StreamHost {
  readonly #host: ConnectionHost;
  readonly #reader: FrameReader = new FrameReader(this);
  readonly #blocks: HeaderBlocks = new HeaderBlocks();
  readonly #streams = new Map<number, H2Stream>();
  readonly #closed: ClosedStreams = new ClosedStreams();
  readonly #peer: PeerSettings = new PeerSettings();
  readonly #bounds: PeerBounds;
  #lastStreamId = 0;
  #sendWindow = windowDefault;
  #receiveWindow = sessionWindowBytes;
  #received = 0;
  /** Whose DATA frame is under way; undefined: thrown away. */
  #dataStream: H2Stream | undefined;
  #dataBytes = 0;
  #isGoingAway = false;
  #isOver = false;
  /** Since when there is no stream. */
  idleSinceMs: number;
  isGreeted = false;
  /** Since the connections were last compared. */
  calls = 0;

  constructor(host: ConnectionHost) {
    this.#host = host;
    this.idleSinceMs = host.nowMs();
    this.#bounds = new PeerBounds(host.nowMs);
    host.write(
      settingsFrame([
        [setting.maxConcurrentStreams, host.streamsMax],
        [setting.initialWindowSize, streamWindowBytes],
        [setting.maxHeaderListSize, headerBytesMax],
      ]),
    );
    const more = words(sessionWindowBytes - windowDefault);
    host.write(frame(frameType.windowUpdate, 0, 0, more));
  }

  /** `bytes[0..size)` from the socket; the memory is the caller's again afterwards. */
  feed(bytes: Buffer, size: number): void {
    if (!this.#isOver) this.#reader.feed(bytes, size);
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** Whether GOAWAY was sent: streams under way finish, new ones are safe to send elsewhere. */
  get isGoingAway(): boolean {
    return this.#isGoingAway || this.#isOver;
  }

  /** Whether a header block is under way, which nothing may interrupt. */
  get isAwaitingHeaders(): boolean {
    return this.#blocks.isOpen;
  }

  goAway(): void {
    if (this.isGoingAway) return;
    this.#isGoingAway = true;
    this.#sendGoAway(errorCode.noError);
    this.#endWhenIdle();
  }

  /** The socket is gone. */
  lost(): void {
    this.#isOver = true;
    this.#reader.stop();
    for (const stream of this.#streams.values()) {
      stream.isClosed = true;
      stream.reader.closed();
    }
    this.#streams.clear();
  }

  // What streams ask for.

  write(bytes: Buffer): void {
    if (!this.#isOver) this.#host.write(bytes);
  }

  sendWindow(): number {
    return this.#sendWindow;
  }

  useSendWindow(bytes: number): void {
    this.#sendWindow -= bytes;
  }

  finished(stream: H2Stream, code: number | undefined): void {
    if (stream.isClosed) return;
    if (code !== undefined) this.write(frame(frameType.rstStream, 0, stream.id, words(code)));
    this.#forget(stream, code !== undefined);
  }

  // What the frame reader tells.

  broken(code: ErrorCode): void {
    this.#failWith(code);
  }

  beginData(streamId: number, length: number): void {
    this.#dataStream = undefined;
    this.#dataBytes = length;
    this.#failWith(this.#beginData(streamId, length));
  }

  takeData(bytes: Buffer, from: number, to: number): void {
    const stream = this.#dataStream;
    if (stream === undefined) return;
    if (stream.contentLeft !== undefined) {
      stream.contentLeft -= to - from;
      if (stream.contentLeft < 0) {
        this.#fault(stream, errorCode.protocol);
        return;
      }
    }
    stream.reader.take(bytes, from, to);
  }

  endData(_streamId: number, isLast: boolean): void {
    this.#received += this.#dataBytes;
    if (this.#received >= sessionWindowBytes / 2) {
      this.write(frame(frameType.windowUpdate, 0, 0, words(this.#received)));
      this.#receiveWindow += this.#received;
      this.#received = 0;
    }
    const stream = this.#dataStream;
    this.#dataStream = undefined;
    if (stream === undefined || stream.isClosed) return;
    if (isLast) {
      this.#endRemote(stream);
      return;
    }
    stream.received += this.#dataBytes;
    if (stream.received < streamWindowBytes / 2) return;
    this.write(frame(frameType.windowUpdate, 0, stream.id, words(stream.received)));
    stream.receiveWindow += stream.received;
    stream.received = 0;
  }

  control(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    from: number,
    to: number,
  ): void {
    this.#failWith(this.#control(type, flags, streamId, bytes, from, to));
  }

  /** Whether the type may come now: SETTINGS first; a header block is not interrupted. */
  #mayCome(type: number): boolean {
    if (!this.isGreeted) return type === frameType.settings;
    return this.#blocks.isOpen === (type === frameType.continuation);
  }

  #beginData(streamId: number, length: number): ErrorCode | undefined {
    if (!this.#mayCome(frameType.data) || streamId === 0) return errorCode.protocol;
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0) return errorCode.flowControl;
    if (length === 0 && !this.#bounds.mayIdle()) return errorCode.enhanceYourCalm;
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return this.#onAbsent(streamId);
    stream.receiveWindow -= length;
    if (stream.isRemoteEnded) this.#fault(stream, errorCode.streamClosed);
    else if (stream.receiveWindow < 0) this.#fault(stream, errorCode.flowControl);
    else this.#dataStream = stream;
    return undefined;
  }

  #control(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    from: number,
    to: number,
  ): ErrorCode | undefined {
    if (!this.#mayCome(type)) return errorCode.protocol;
    if (type === frameType.headers || type === frameType.continuation) {
      const taken = this.#blocks.take(type, flags, streamId, bytes, from, to);
      if (taken === 'more') return undefined;
      return typeof taken === 'number' ? taken : this.#onHeaders(streamId, taken);
    }
    if (!this.#bounds.mayIdle()) return errorCode.enhanceYourCalm;
    if (isMisfit(type, streamId, to - from)) return errorCode.frameSize;
    switch (type) {
      case frameType.settings:
        return this.#onSettings(flags, streamId, bytes, from, to);
      case frameType.ping:
        if (streamId !== 0) return errorCode.protocol;
        if ((flags & flag.ack) === 0) {
          this.write(frame(frameType.ping, flag.ack, 0, bytes.subarray(from, to)));
        }
        return undefined;
      case frameType.windowUpdate:
        return this.#onWindow(streamId, bytes.readUInt32BE(from) & windowMax);
      case frameType.rstStream:
        return this.#onReset(streamId);
      case frameType.priority:
        // Nothing is prioritised, but a stream that depends on itself is no HTTP/2.
        if (streamId !== 0 && (bytes.readUInt32BE(from) & windowMax) !== streamId) return undefined;
        return errorCode.protocol;
      case frameType.goAway:
        if (streamId !== 0) return errorCode.protocol;
        this.#isGoingAway = true;
        this.#endWhenIdle();
        return undefined;
      default:
        // Unknown types are extensions, to be ignored; a client may not push.
        return type === frameType.pushPromise ? errorCode.protocol : undefined;
    }
  }

  #onHeaders(streamId: number, block: HeaderBlock): ErrorCode | undefined {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) {
      if (stream.isRemoteEnded) this.#fault(stream, errorCode.streamClosed);
      else if (!block.isLast || !block.trailers) this.#fault(stream, errorCode.protocol);
      else this.#endRemote(stream);
      return undefined;
    }
    if (streamId % 2 === 0) return errorCode.protocol;
    if (streamId <= this.#lastStreamId) {
      const end = this.#closed.find(streamId);
      if (end === 'reset') return undefined;
      return end === 'ended' ? errorCode.streamClosed : errorCode.protocol;
    }
    // Behind our GOAWAY: the client knows that we do not look at it.
    if (this.#isGoingAway) return undefined;
    this.#lastStreamId = streamId;
    if (block.isTooLarge) this.#refuse(streamId, errorCode.enhanceYourCalm);
    else if (block.isSelfDependent || block.head === undefined) {
      this.#refuse(streamId, errorCode.protocol);
    } else if (this.#streams.size >= this.#host.streamsMax) {
      this.#refuse(streamId, errorCode.refusedStream);
    } else this.#open(streamId, block.head, block.isLast);
    return undefined;
  }

  #open(streamId: number, head: Head, isLast: boolean): void {
    const stream = new H2Stream(this, streamId, this.#peer.initialWindow, head.contentBytes);
    this.#streams.set(streamId, stream);
    this.calls += 1;
    this.#bounds.opened();
    this.#host.open(stream, head.headers);
    if (isLast && !stream.isClosed) this.#endRemote(stream);
  }

  #endRemote(stream: H2Stream): void {
    if (stream.contentLeft !== undefined && stream.contentLeft !== 0) {
      this.#fault(stream, errorCode.protocol);
    } else stream.endRemote();
  }

  #onSettings(
    flags: number,
    streamId: number,
    bytes: Buffer,
    from: number,
    to: number,
  ): ErrorCode | undefined {
    if (streamId !== 0) return errorCode.protocol;
    if ((flags & flag.ack) !== 0) return to > from ? errorCode.frameSize : undefined;
    const before = this.#peer.initialWindow;
    const fault = this.#peer.take(bytes, from, to);
    if (fault !== undefined) return fault;
    this.isGreeted = true;
    this.write(frame(frameType.settings, flag.ack, 0, nothing));
    const more = this.#peer.initialWindow - before;
    if (more === 0) return undefined;
    for (const stream of [...this.#streams.values()]) {
      stream.sendWindow += more;
      if (stream.sendWindow > windowMax) return errorCode.flowControl;
      stream.flush();
    }
    return undefined;
  }

  #onWindow(streamId: number, more: number): ErrorCode | undefined {
    if (streamId === 0) {
      this.#sendWindow += more;
      if (more === 0) return errorCode.protocol;
      if (this.#sendWindow > windowMax) return errorCode.flowControl;
      for (const stream of [...this.#streams.values()]) stream.flush();
      return undefined;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return this.#isIdle(streamId) ? errorCode.protocol : undefined;
    stream.sendWindow += more;
    if (more === 0) this.#fault(stream, errorCode.protocol);
    else if (stream.sendWindow > windowMax) this.#fault(stream, errorCode.flowControl);
    else stream.flush();
    return undefined;
  }

  #onReset(streamId: number): ErrorCode | undefined {
    if (streamId === 0 || this.#isIdle(streamId)) return errorCode.protocol;
    if (!this.#bounds.mayReset()) return errorCode.enhanceYourCalm;
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#forget(stream, false);
    return undefined;
  }

  /** DATA for a stream that is not there. */
  #onAbsent(streamId: number): ErrorCode | undefined {
    if (this.#isIdle(streamId)) return errorCode.protocol;
    if (streamId > this.#lastStreamId || this.#closed.find(streamId) === 'reset') return undefined;
    this.#refuse(streamId, errorCode.streamClosed);
    return undefined;
  }

  /** Never opened. Behind our GOAWAY everything is thrown away instead. */
  #isIdle(streamId: number): boolean {
    return streamId > this.#lastStreamId && !this.#isGoingAway;
  }

  /** A fault of one stream: reset by us. Who makes us do it again and again is a fault itself. */
  #fault(stream: H2Stream, code: ErrorCode): void {
    this.finished(stream, code);
    if (!this.#bounds.mayFault()) this.#failWith(errorCode.enhanceYourCalm);
  }

  #refuse(streamId: number, code: ErrorCode): void {
    this.#closed.add(streamId, true);
    this.write(frame(frameType.rstStream, 0, streamId, words(code)));
    if (!this.#bounds.mayFault()) this.#failWith(errorCode.enhanceYourCalm);
  }

  #forget(stream: H2Stream, wasReset: boolean): void {
    stream.isClosed = true;
    this.#streams.delete(stream.id);
    this.#closed.add(stream.id, wasReset);
    if (this.#dataStream === stream) this.#dataStream = undefined;
    if (this.#streams.size === 0) this.idleSinceMs = this.#host.nowMs();
    stream.reader.closed();
    this.#endWhenIdle();
  }

  #failWith(code: ErrorCode | undefined): void {
    if (code === undefined || this.#isOver) return;
    this.#host.onFault();
    this.#sendGoAway(code);
    this.#host.end(true);
    this.lost();
  }

  #sendGoAway(code: ErrorCode): void {
    this.write(frame(frameType.goAway, 0, 0, words(this.#lastStreamId, code)));
  }

  #endWhenIdle(): void {
    if (!this.#isGoingAway || this.#isOver || this.#streams.size > 0) return;
    this.#isOver = true;
    this.#reader.stop();
    this.#host.end(false);
  }
}

const nothing: Buffer = Buffer.alloc(0);
