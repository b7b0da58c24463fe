/**
 * A UDP socket that takes all it can: a large receive buffer, and the count of what the kernel had
 * no room for, because nobody else will ever say so (DSD-12).
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { Problem } from '../../core/problem.ts';
import type { Address } from './listen.ts';

export type Datagrams = {
  readonly address: Address;
  /** What the kernel gave of the buffer that was asked for; Linux counts double. */
  readonly bufferBytes: number;
  /** What the kernel says of this socket; undefined where it does not tell. */
  readonly kernel: () => KernelView | undefined;
  /**
   * From now on other sockets at the port get what comes; what waits here is still read. A socket
   * with a peer is sent nothing by anybody else: Linux leaves it out where ports are shared.
   */
  readonly turnAway: () => Promise<void>;
  readonly close: () => Promise<void>;
};

type KernelView = {
  /** Datagrams dropped since the socket was opened. */
  readonly drops: number;
  /** Memory of those that wait to be read. */
  readonly waitingBytes: number;
};

/** Where Linux tells of its UDP sockets. */
const kernelTables = ['/proc/net/udp', '/proc/net/udp6'];
const localAddressColumn = 1;
const queuesColumn = 4;
const inodeColumn = 9;
const dropsColumn = 12;

/** Nobody sends from it (RFC 863). */
const discardPort = 9;

/** An address that a socket bound to `host` can reach wherever it runs: its own machine. */
function peerFor(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** Listens on `address`; `take` gets each datagram and must be done with its memory at return. */
export async function openDatagrams(
  address: Address,
  bufferBytes: number,
  take: (datagram: Uint8Array) => void,
): Promise<Datagrams> {
  const type = isIPv6(address.host) ? 'udp6' : 'udp4';
  // So that one thread can take the port over from another without a datagram lost.
  const socket = createSocket({ type, recvBufferSize: bufferBytes, reusePort: true });
  socket.on('message', take);
  // Sockets that share a port are told apart by what was there before.
  const others = new Set(inodesAt(address.port));
  await listening(socket, address);
  // A datagram that could not be read is no reason to stop reading.
  socket.on('error', () => {});
  const { port } = socket.address();
  const inode = inodesAt(port).find((one) => !others.has(one));
  return {
    address: { host: address.host, port },
    bufferBytes: socket.getRecvBufferSize(),
    kernel: () => (inode === undefined ? undefined : kernelViewOf(port, inode)),
    turnAway: async () => {
      const connected = once(socket, 'connect');
      socket.connect(discardPort, peerFor(address.host));
      await connected;
    },
    close: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

/**
 * The address, with a free port when it is 0. Throws when somebody else has it: sockets that share
 * a port (`reusePort`) would not tell.
 */
export async function probeDatagrams({ host, port }: Address): Promise<Address> {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
  await listening(socket, { host, port });
  const bound = socket.address().port;
  const closed = once(socket, 'close');
  socket.close();
  await closed;
  return { host, port: bound };
}

async function listening(socket: Socket, { host, port }: Address): Promise<void> {
  try {
    socket.bind({ address: host, port });
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    const isTaken = Error.isError(error) && 'code' in error && error.code === 'EADDRINUSE';
    const text = isTaken ? 'UDP port in use' : `cannot listen for datagrams: ${String(error)}`;
    const where = `${host}:${port}`;
    throw new Problem(isTaken ? 'OBS-2001' : 'OBS-2002', text, { cause: error, where });
  }
}

function inodesAt(port: number): readonly string[] {
  return rowsAt(port).map((row) => row[inodeColumn] ?? '');
}

function kernelViewOf(port: number, inode: string): KernelView | undefined {
  const row = rowsAt(port).find((one) => one[inodeColumn] === inode);
  if (row === undefined) return undefined;
  // `tx_queue:rx_queue`, in hexadecimal.
  const waiting = row[queuesColumn]?.split(':').at(1) ?? '0';
  return { drops: Number(row[dropsColumn] ?? 0), waitingBytes: Number.parseInt(waiting, 16) };
}

/** Of all sockets at a port, whoever has them; none where Linux' tables are not there. */
function rowsAt(port: number): readonly (readonly string[])[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return kernelTables
    .flatMap((path) => textOf(path).split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((row) => row[localAddressColumn]?.endsWith(suffix) === true);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
