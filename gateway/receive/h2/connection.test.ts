import { beforeEach, describe, expect, it } from '@jest/globals';
import { Connection } from './connection.ts';
import { flag, frame, frameType, setting, settingsFrame, words } from './frame.ts';
import { encodeHeaders } from './hpack.ts';
import type { H2Stream } from './stream.ts';

const greeting = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const whole = flag.endHeaders | flag.endStream;
const request = encodeHeaders({ ':method': 'POST', ':scheme': 'http', ':path': '/x' });

let connection: Connection;
let streams: H2Stream[];
let heads: string[];
let sent: string[];
let ending: string;

beforeEach(() => {
  streams = [];
  heads = [];
  sent = [];
  ending = '';
  connection = new Connection({
    nowMs: () => 0,
    streamsMax: 4,
    open: (stream, headers) => {
      streams.push(stream);
      heads.push(JSON.stringify(headers));
    },
    write: (bytes) => sent.push(...framesOf(bytes)),
    end: (isFault) => {
      ending = isFault ? 'fault' : 'goodbye';
    },
    onFault: () => {},
  });
});

/** `type streamId length flags` of each frame; payloads of four or eight bytes in hexadecimal. */
function framesOf(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const payload = bytes.subarray(at + 9, at + 9 + length);
    const text = length === 4 || length === 8 ? ` ${payload.toString('hex')}` : '';
    found.push(`${bytes[at + 3]} ${bytes.readUInt32BE(at + 5)} ${length} ${bytes[at + 4]}${text}`);
    at += 9 + length;
  }
  return found;
}

function feed(...parts: readonly Buffer[]): void {
  const bytes = Buffer.concat(parts);
  connection.feed(bytes, bytes.length);
}

function greet(window?: number): void {
  const pairs = window === undefined ? [] : ([[setting.initialWindowSize, window]] as const);
  feed(greeting, settingsFrame(pairs));
  sent = [];
}

describe('an answer', () => {
  it('waits for the window of its stream, and leaves in the pieces that it allows', () => {
    greet(0);
    feed(frame(frameType.headers, whole, 1, request));
    streams[0]?.sendMessage(Buffer.from('abcde'));
    expect(sent.map((text) => text[0])).toEqual(['1']);
    sent = [];
    feed(frame(frameType.windowUpdate, 0, 1, words(2)));
    expect(sent).toEqual(['0 1 2 0']);
    expect(streams[0]?.isGone()).toBe(false);
    feed(settingsFrame([[setting.initialWindowSize, 10]]));
    expect(sent.slice(2)).toEqual(['0 1 3 0', `1 1 ${sent[3]?.split(' ')[2]} 5`]);
    expect(streams[0]?.isGone()).toBe(true);
  });

  it('waits for the window of the connection', () => {
    greet(2 ** 20);
    feed(frame(frameType.headers, whole, 1, request));
    streams[0]?.sendMessage(Buffer.alloc(70_000));
    const sizes = sent.slice(1).map((text) => Number(text.split(' ')[2]));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(65_535);
    sent = [];
    feed(frame(frameType.windowUpdate, 0, 0, words(10_000)));
    expect(sent[0]).toBe(`0 1 ${70_000 - 65_535} 0`);
    expect(streams[0]?.isGone()).toBe(true);
  });
});

describe('header blocks', () => {
  it('that repeat mean the same, also when they enter the table each time', () => {
    greet();
    const literal = Buffer.from([0x40, 1, 0x78, 1, 0x79]);
    const block = Buffer.concat([request, literal]);
    for (const id of [1, 3]) feed(frame(frameType.headers, whole, id, block));
    // Two entries: the second index is there only when the second block was decoded.
    feed(frame(frameType.headers, whole, 5, Buffer.concat([request, Buffer.from([0xbf])])));
    feed(frame(frameType.headers, whole, 7, Buffer.concat([request, Buffer.from([0xbf])])));
    expect(heads).toHaveLength(4);
    expect(new Set(heads).size).toBe(1);
  });
});

describe('after GOAWAY', () => {
  it('streams under way finish, new ones are not looked at, then it ends', () => {
    greet();
    feed(frame(frameType.headers, whole, 1, request));
    connection.goAway();
    expect(sent).toEqual(['7 0 8 0 0000000100000000']);
    feed(frame(frameType.headers, whole, 3, request), frame(frameType.data, 1, 3, greeting));
    expect(streams).toHaveLength(1);
    expect(ending).toBe('');
    streams[0]?.sendMessage(Buffer.alloc(5));
    expect(ending).toBe('goodbye');
  });
});

describe('a peer that makes us work for nothing', () => {
  it.each([
    ['resets', (id: number) => frame(frameType.rstStream, 0, id, words(8))],
    ['data behind the end', (id: number) => frame(frameType.data, 0, id, Buffer.alloc(1))],
    ['windows of nothing', (id: number) => frame(frameType.windowUpdate, 0, id, words(0))],
  ])('by %s is cut off with ENHANCE_YOUR_CALM', (_, provoke) => {
    greet();
    for (let id = 1; id < 10_000 && ending === ''; id += 2) {
      feed(frame(frameType.headers, whole, id, request), provoke(id));
    }
    expect(ending).toBe('fault');
    expect(sent.at(-1)).toMatch(/^7 0 8 0 .*0000000b$/);
  });
});
