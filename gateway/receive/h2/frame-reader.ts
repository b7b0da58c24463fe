/**
 * Bytes of a socket into frames. DATA goes on in the pieces in which it came, never gathered;
 * every other frame is whole when it is told, at most 16 KiB.
 *
 *   preface ─▶ head ─▶ payload ─▶ head …
 *
 * Allocations: one buffer a connection whose control frame was cut in two; nothing a frame.
 * Copies: that one. Memory: pieces and payloads are valid during the call only.
 * Watched by `receive.bench.ts`.
 */
import {
  type ErrorCode,
  errorCode,
  flag,
  frameHeadBytes,
  framePayloadBytesMax,
  frameType,
} from './frame.ts';

const nothing: Buffer = Buffer.alloc(0);
const preface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export type FrameSink = {
  /** `length` is what counts against the windows: padding included. */
  readonly beginData: (streamId: number, length: number) => void;
  readonly takeData: (bytes: Buffer, from: number, to: number) => void;
  readonly endData: (streamId: number, isLast: boolean) => void;
  readonly control: (
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    from: number,
    to: number,
  ) => void;
  /** The bytes are no HTTP/2 from here on. */
  readonly broken: (code: ErrorCode, isGreeting: boolean) => void;
};

type Phase = 'preface' | 'head' | 'pad' | 'data' | 'padding' | 'control';

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #head: Buffer = Buffer.alloc(frameHeadBytes);
  #phase: Phase = 'preface';
  /** Of the preface, the head or a gathered payload: how much of it is there. */
  #fill = 0;
  #gathered: Buffer = nothing;
  #length = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** Of the payload of a DATA frame, still to come. */
  #dataLeft = 0;
  #paddingLeft = 0;
  #isStopped = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Nothing is told any more, also not of the bytes that are being fed. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Takes `bytes[0..size)`; the memory is the caller's again afterwards. */
  feed(bytes: Buffer, size: number): void {
    let at = 0;
    while (at < size && !this.#isStopped) {
      switch (this.#phase) {
        case 'head':
          at = this.#takeHead(bytes, at, size);
          break;
        case 'data':
          at = this.#takeData(bytes, at, size);
          break;
        case 'control':
          at = this.#takeControl(bytes, at, size);
          break;
        case 'pad':
          at = this.#takePad(bytes, at);
          break;
        case 'padding':
          at = this.#skipPadding(at, size);
          break;
        case 'preface':
          at = this.#takePreface(bytes, at, size);
          break;
      }
    }
  }

  #break(code: ErrorCode, isGreeting = false): void {
    this.#isStopped = true;
    this.#sink.broken(code, isGreeting);
  }

  #takePreface(bytes: Buffer, from: number, size: number): number {
    let at = from;
    while (at < size && this.#fill < preface.length) {
      if (bytes[at] !== preface[this.#fill]) {
        this.#break(errorCode.protocol, true);
        return size;
      }
      at += 1;
      this.#fill += 1;
    }
    if (this.#fill === preface.length) this.#nextHead();
    return at;
  }

  #nextHead(): void {
    this.#phase = 'head';
    this.#fill = 0;
  }

  #takeHead(bytes: Buffer, at: number, size: number): number {
    if (this.#fill === 0 && size - at >= frameHeadBytes) {
      this.#begin(bytes, at);
      return at + frameHeadBytes;
    }
    const count = Math.min(size - at, frameHeadBytes - this.#fill);
    bytes.copy(this.#head, this.#fill, at, at + count);
    this.#fill += count;
    if (this.#fill === frameHeadBytes) this.#begin(this.#head, 0);
    return at + count;
  }

  #begin(bytes: Buffer, at: number): void {
    this.#length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    this.#type = bytes[at + 3] ?? 0;
    this.#flags = bytes[at + 4] ?? 0;
    // The highest bit is reserved and ignored.
    this.#streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    this.#fill = 0;
    if (this.#length > framePayloadBytesMax) {
      this.#break(errorCode.frameSize);
      return;
    }
    if (this.#type !== frameType.data) {
      this.#phase = 'control';
      if (this.#length === 0) this.#tellControl(this.#head, 0, 0);
      return;
    }
    this.#sink.beginData(this.#streamId, this.#length);
    this.#dataLeft = this.#length;
    this.#paddingLeft = 0;
    if ((this.#flags & flag.padded) !== 0) {
      if (this.#length === 0) this.#break(errorCode.frameSize);
      this.#phase = 'pad';
    } else if (this.#length === 0) this.#endData();
    else this.#phase = 'data';
  }

  #takePad(bytes: Buffer, at: number): number {
    const padding = bytes[at] ?? 0;
    this.#dataLeft -= 1 + padding;
    this.#paddingLeft = padding;
    if (this.#dataLeft < 0) this.#break(errorCode.protocol);
    else if (this.#dataLeft > 0) this.#phase = 'data';
    else if (padding > 0) this.#phase = 'padding';
    else this.#endData();
    return at + 1;
  }

  #takeData(bytes: Buffer, at: number, size: number): number {
    const end = Math.min(size, at + this.#dataLeft);
    this.#dataLeft -= end - at;
    this.#sink.takeData(bytes, at, end);
    if (this.#dataLeft > 0) return end;
    if (this.#paddingLeft > 0) this.#phase = 'padding';
    else this.#endData();
    return end;
  }

  #skipPadding(at: number, size: number): number {
    const count = Math.min(size - at, this.#paddingLeft);
    this.#paddingLeft -= count;
    if (this.#paddingLeft === 0) this.#endData();
    return at + count;
  }

  #endData(): void {
    this.#nextHead();
    this.#sink.endData(this.#streamId, (this.#flags & flag.endStream) !== 0);
  }

  #takeControl(bytes: Buffer, at: number, size: number): number {
    if (this.#fill === 0 && size - at >= this.#length) {
      this.#tellControl(bytes, at, at + this.#length);
      return at + this.#length;
    }
    // Of this frame's size: a connection that is idle should hold little.
    if (this.#gathered.length < this.#length) this.#gathered = Buffer.allocUnsafe(this.#length);
    const count = Math.min(size - at, this.#length - this.#fill);
    bytes.copy(this.#gathered, this.#fill, at, at + count);
    this.#fill += count;
    if (this.#fill === this.#length) this.#tellControl(this.#gathered, 0, this.#length);
    return at + count;
  }

  #tellControl(bytes: Buffer, from: number, to: number): void {
    this.#nextHead();
    this.#sink.control(this.#type, this.#flags, this.#streamId, bytes, from, to);
  }
}
