/**
 * DogStatsD over a Unix stream socket: packets, each behind its length as a 32-bit little-endian
 * integer (DSD-2). A sender whose packets are larger than allowed has lost its place in the stream,
 * so its connection ends.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { Problem } from '../../core/problem.ts';
import { claimSocketPath, connectStream } from './socket-path.ts';

export type PacketStream = {
  readonly connectionCount: () => number;
  /** Reading stops while this holds. */
  readonly pause: (isPaused: boolean) => void;
  readonly close: () => Promise<void>;
};

const lengthBytes = 4;
const connectionsMax = 1_024;

/**
 * Listens at `path`, where an earlier gateway may have left its socket. `take` gets each packet and
 * must be done with its memory at return; `onTooLarge` is told of a connection that was ended.
 */
export async function openPacketStream(
  path: string,
  packetBytesMax: number,
  take: (packet: Uint8Array) => void,
  onTooLarge: () => void,
): Promise<PacketStream> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const packets = new Packets(packetBytesMax, take);
    socket.on('data', (chunk: Buffer) => {
      if (packets.push(chunk)) return;
      onTooLarge();
      socket.destroy();
    });
  });
  server.maxConnections = connectionsMax;
  await claimSocketPath(path, connectStream);
  await listening(server, path);
  return {
    connectionCount: () => sockets.size,
    pause: (isPaused) => {
      for (const socket of sockets) {
        if (isPaused) socket.pause();
        else socket.resume();
      }
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Finds the packets in what a connection brings, however it is cut. */
class Packets {
  readonly #bytesMax: number;
  readonly #take: (packet: Uint8Array) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(bytesMax: number, take: (packet: Uint8Array) => void) {
    this.#bytesMax = bytesMax;
    this.#take = take;
  }

  /** False when a packet is larger than allowed. */
  push(chunk: Buffer): boolean {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at + lengthBytes <= bytes.length) {
      const length = bytes.readUInt32LE(at);
      if (length > this.#bytesMax) return false;
      const end = at + lengthBytes + length;
      if (end > bytes.length) break;
      this.#take(bytes.subarray(at + lengthBytes, end));
      at = end;
    }
    this.#rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    return true;
  }
}

async function listening(server: Server, path: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  } catch (error) {
    throw new Problem('OBS-2002', `cannot listen at ${path}: ${String(error)}`, { cause: error });
  }
}

/** Only a socket: another file at that place is somebody's. */
