/**
 * The plain gRPC port on our own framing: sockets, and what they share. With TLS, or when it is
 * asked for, `../grpc.ts` serves the same calls on `node:http2`.
 *
 * All sockets of a thread read into one static buffer. Node otherwise allocates 64 KiB for each
 * read, and that external memory is what drives V8's collections. `onread` is public; that an
 * accepted socket can have it by moving its handle is not, so without a handle it is read plainly.
 *
 * Bounds: `connectionsMax`; answers that a peer does not read, `outboxBytesMax` a connection;
 * connections that never speak, are idle or old end as those on `node:http2` do.
 */
import { createServer, Socket } from 'node:net';
import type { Clock } from '../../../core/clock.ts';
import { busiestOf } from '../busiest.ts';
import { GrpcCall, type GrpcServerState } from '../grpc-call.ts';
import { connectionAgeSpread } from '../limits.ts';
import { allClosed, listen } from '../listen.ts';
import type { ReceiveOptions, Receiver, ReceiverParts } from '../receiver.ts';
import { Sweep } from '../sweep.ts';
import { Connection } from './connection.ts';
import { Outbox } from './outbox.ts';

const readBytes = 64 * 1024;

export type PlainGrpcOptions = ReceiveOptions & { readonly ready?: () => boolean };

type Link = {
  readonly socket: Socket;
  readonly connection: Connection;
  readonly retireMs: number;
  /** Since when a header block has not ended; Infinity when none is under way. */
  headersSinceMs: number;
};

/** What the connections of one server share. */
type Shared = {
  readonly parts: ReceiverParts;
  readonly state: GrpcServerState;
  readonly links: Set<Link>;
  readonly sockets: Set<Socket>;
  readonly buffer: Buffer;
};

/** Listens and serves until `close`. Fails with a Problem when the address cannot be had. */
export async function startPlainGrpc(
  options: PlainGrpcOptions,
  parts: ReceiverParts,
): Promise<Receiver> {
  const links = new Set<Link>();
  const sweep = new Sweep<GrpcCall>(parts.clock, (nowMs) => {
    for (const link of links) reap(link, parts, nowMs);
  });
  const ready = options.ready ?? (() => true);
  const state: GrpcServerState = { parts, calls: sweep.members, ready, closing: false };
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  const shared: Shared = { parts, state, links, sockets: new Set(), buffer };
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) =>
    accept(socket, shared),
  );
  let closed: Promise<void> | undefined;
  const address = await listen(server, options, options.reusePort ?? false);
  const stop = async (graceMs: number): Promise<void> => {
    const timer = cutAfter(graceMs, shared.sockets, parts.clock);
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    await allClosed(shared.sockets);
    timer.cancel();
    sweep.stop();
  };
  return {
    address,
    connectionCount: () => shared.sockets.size,
    requestCount: () => sweep.members.size,
    moveOne: () => {
      const connections = [...links].map((link) => link.connection);
      busiestOf(connections.filter((one) => !one.isGoingAway))?.goAway();
    },
    setTls: () => {},
    close: (graceMs) => {
      state.closing = true;
      for (const { connection } of links) connection.goAway();
      closed ??= stop(graceMs);
      return closed;
    },
  };
}

function cutAfter(
  graceMs: number,
  sockets: ReadonlySet<Socket>,
  clock: Clock,
): { readonly cancel: () => void } {
  return clock.after(graceMs, () => {
    for (const socket of sockets) socket.destroy();
  });
}

function accept(accepted: Socket, shared: Shared): void {
  const { parts, sockets } = shared;
  const address = accepted.remoteAddress;
  if (!parts.guard.admitsAddress(address)) {
    parts.counters.refused('grpc', 'network');
    accepted.destroy();
    return;
  }
  if (sockets.size >= parts.limits.connectionsMax) {
    accepted.destroy();
    return;
  }
  let link: Link | undefined;
  const socket = readInto(accepted, shared.buffer, (bytes, size) => {
    if (link !== undefined) feed(link, shared, bytes, size);
  });
  link = serve(socket, address, shared);
}

function serve(socket: Socket, address: string | undefined, shared: Shared): Link {
  const { parts, state, links, sockets } = shared;
  const { clock, limits, counters } = parts;
  const outbox = new Outbox(socket, () => counters.refused('grpc', 'protocol'));
  const connection = new Connection({
    nowMs: () => clock.monotonicMs(),
    streamsMax: limits.streamsMax,
    open: (stream, headers) => {
      stream.address = address;
      const call = new GrpcCall(state, stream);
      stream.reader = call;
      call.start(headers);
    },
    write: (bytes) => outbox.write(bytes),
    end: (isFault) => outbox.end(isFault),
    onFault: () => counters.refused('grpc', 'protocol'),
  });
  const spread = 1 + ((links.size * 0.618) % 1) * connectionAgeSpread;
  const retireMs = clock.monotonicMs() + limits.connectionAgeMsMax * spread;
  const link = { socket, connection, retireMs, headersSinceMs: Number.POSITIVE_INFINITY };
  links.add(link);
  sockets.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => {
    links.delete(link);
    sockets.delete(socket);
    connection.lost();
  });
  if (state.closing) connection.goAway();
  return link;
}

function feed(link: Link, shared: Shared, bytes: Buffer, size: number): void {
  try {
    link.connection.feed(bytes, size);
  } catch (error) {
    // A fault of ours harms one connection: its clients come back with what was not answered.
    shared.parts.counters.refused('grpc', 'internal');
    link.socket.destroy(Error.isError(error) ? error : undefined);
  }
  const { isAwaitingHeaders } = link.connection;
  if (!isAwaitingHeaders) link.headersSinceMs = Number.POSITIVE_INFINITY;
  else if (link.headersSinceMs === Number.POSITIVE_INFINITY) {
    link.headersSinceMs = shared.parts.clock.monotonicMs();
  }
}

type Handled = { _handle?: object | null };

/** Reads a paused socket into `buffer`; the socket that is to be used from here on. */
function readInto(
  accepted: Socket,
  buffer: Buffer,
  take: (bytes: Buffer, size: number) => void,
): Socket {
  const owner = accepted as unknown as Handled;
  const handle = owner._handle;
  if (typeof handle !== 'object' || handle === null) {
    accepted.on('data', (chunk: Buffer) => take(chunk, chunk.length));
    accepted.resume();
    return accepted;
  }
  owner._handle = null;
  accepted.destroy();
  const callback = (size: number): boolean => {
    take(buffer, size);
    return true;
  };
  const options = { handle, onread: { buffer, callback } };
  return new Socket(options as ConstructorParameters<typeof Socket>[0]);
}

/** Ends connections that never speak, that are idle, or that are old. */
function reap(link: Link, parts: ReceiverParts, nowMs: number): void {
  const { socket, connection } = link;
  const { limits } = parts;
  const idleMs = connection.streamCount > 0 ? 0 : nowMs - connection.idleSinceMs;
  if (nowMs - link.headersSinceMs > limits.headersTimeoutMs) socket.destroy();
  else if (!connection.isGreeted && idleMs > limits.headersTimeoutMs) socket.destroy();
  else if (connection.isGoingAway) {
    // Told to go: without calls it has had its time to say goodbye.
    if (idleMs > limits.headersTimeoutMs) socket.destroy();
  } else if (idleMs > limits.idleTimeoutMs || nowMs > link.retireMs) connection.goAway();
}
