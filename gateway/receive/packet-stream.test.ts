import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openPacketStream, type PacketStream } from './packet-stream.ts';

const bytesMax = 1_000;

let dir: string;
let path: string;
let packets: string[];
let tooLarge: number;
let stream: PacketStream | undefined;

async function open(): Promise<void> {
  const take = (packet: Uint8Array): void => void packets.push(Buffer.from(packet).toString());
  stream = await openPacketStream(path, bytesMax, take, () => {
    tooLarge += 1;
  });
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'obsctl-stream-'));
  path = join(dir, 'dsd.socket');
  packets = [];
  tooLarge = 0;
  stream = undefined;
});
afterEach(async () => {
  await stream?.close();
  rmSync(dir, { recursive: true });
});

function framed(text: string): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(Buffer.byteLength(text));
  return Buffer.concat([head, Buffer.from(text)]);
}

async function client(): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !isSo(); tries += 1) await pause(10);
}

describe('packets over a Unix stream (DSD-2)', () => {
  it('are found however the stream is cut', async () => {
    await open();
    const socket = await client();
    const sent = ['a:1|c', '', 'b:2|g\nc:3|s', 'x'.repeat(bytesMax)];
    const bytes = Buffer.concat(sent.map(framed));
    for (let at = 0; at < bytes.length; at += 7) {
      socket.write(bytes.subarray(at, at + 7));
      if (at % 21 === 0) await pause(1);
    }
    await until(() => packets.length === sent.length);
    expect(packets).toEqual(sent);
    socket.destroy();
  });

  it('that are too large end their connection, and no other', async () => {
    await open();
    const [good, bad] = [await client(), await client()];
    const ended = new Promise((resolve) => bad.once('close', resolve));
    bad.write(framed('x'.repeat(bytesMax + 1)));
    await ended;
    good.write(framed('a:1|c'));
    await until(() => packets.length === 1);
    expect([packets, tooLarge, stream?.connectionCount()]).toEqual([['a:1|c'], 1, 1]);
    good.destroy();
  });

  it('wait while reading is paused', async () => {
    await open();
    const socket = await client();
    await until(() => stream?.connectionCount() === 1);
    stream?.pause(true);
    socket.write(framed('a:1|c'));
    await pause(100);
    expect(packets).toEqual([]);
    stream?.pause(false);
    await until(() => packets.length === 1);
    expect(packets).toEqual(['a:1|c']);
    socket.destroy();
  });
});

describe('the place of the socket', () => {
  it('may hold the socket of a gateway that was killed, but no other file', async () => {
    const script =
      'require("node:net").createServer()' +
      `.listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(existsSync(path)).toBe(true);
    await open();
    // Of one that lives it is not taken away.
    const first = stream;
    await expect(open()).rejects.toMatchObject({ code: 'OBS-2001' });
    const socket = await client();
    socket.write(framed('a:1|c'));
    await until(() => packets.length === 1);
    socket.destroy();
    await first?.close();
    writeFileSync(path, 'somebody');
    await expect(open()).rejects.toMatchObject({ code: 'OBS-2002' });
  });
});
