/** Generated metrics as DogStatsD lines, over UDP or a Unix stream socket. */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SendOutcome } from './exporters.ts';

export type DatagramOptions = {
  /** `udp://HOST:PORT` or `unix:///PATH`. */
  readonly endpoint: string;
  readonly count: number;
  readonly service: string;
};

/** Sends one packet; resolves when the kernel has it. */
type Send = (packet: Buffer) => Promise<void>;

const itemsPerPacket = 8;
const shards = 10;
/** So that a receiver's buffer does not overflow: some 6 000 packets a second. */
const packetsAtOnce = 30;
const pauseMs = 5;
const portDefault = 8125;

/** Two lines an item: a count and a duration. Nobody answers. */
export async function sendDatagrams(options: DatagramOptions): Promise<SendOutcome> {
  const { count } = options;
  const outcome = { signal: 'metrics', sent: count, unanswered: true } as const;
  const requests = Math.ceil(count / itemsPerPacket);
  let sent = 0;
  try {
    const url = new URL(options.endpoint);
    const run = url.protocol === 'unix:' ? overStream : overUdp;
    await run(url, async (send) => {
      for (; sent < requests; sent += 1) {
        const first = sent * itemsPerPacket;
        await send(packetOf(first, Math.min(first + itemsPerPacket, count), options.service));
        if (sent % packetsAtOnce === packetsAtOnce - 1) await sleep(pauseMs);
      }
    });
    return { ...outcome, requests };
  } catch (error) {
    if (!Error.isError(error)) throw error;
    return { ...outcome, requests: sent, error: error.message };
  }
}

function packetOf(from: number, to: number, service: string): Buffer {
  const lines: string[] = [];
  // Neither can be said in a tag.
  const name = service.replace(/[\n,|]/g, '_');
  for (let item = from; item < to; item += 1) {
    const tags = `#sample.shard:${item % shards},service:${name},version:1.0.0`;
    lines.push(`sample.count:1|c|${tags}`, `sample.duration:${(item % 100) / 100}|d|${tags}`);
  }
  return Buffer.from(lines.join('\n'));
}

async function overUdp(url: URL, use: (send: Send) => Promise<void>): Promise<void> {
  const { address, family } = await lookup(url.hostname.replace(/^\[|\]$/g, ''));
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  const port = url.port === '' ? portDefault : Number(url.port);
  const send: Send = (packet) =>
    new Promise((resolve, reject) => {
      socket.send(packet, port, address, (error) => (error ? reject(error) : resolve()));
    });
  try {
    await use(send);
  } finally {
    socket.close();
  }
}

/** Each packet behind its length, four bytes, lowest first (DSD-2). */
async function overStream(url: URL, use: (send: Send) => Promise<void>): Promise<void> {
  const socket = createConnection(fileURLToPath(url.href.replace(/^unix:/, 'file:')));
  await once(socket, 'connect');
  try {
    await use(async (packet) => {
      const framed = Buffer.alloc(4 + packet.length);
      framed.writeUInt32LE(packet.length);
      packet.copy(framed, 4);
      if (!socket.write(framed)) await once(socket, 'drain');
    });
    socket.end();
    await once(socket, 'close');
  } finally {
    socket.destroy();
  }
}
