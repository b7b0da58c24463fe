/**
 * OTLP over gRPC: unary calls whose messages stay bytes. Plain connections are served by our own
 * HTTP/2 (`h2/`), those with TLS by `node:http2`, which can serve the plain ones, too. This file
 * owns the server on `node:http2` and its connections; one call is `grpc-call.ts`.
 */
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Session,
} from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { serverTlsOptions } from '../guard/tls.ts';
import { busiestOf } from './busiest.ts';
import type { GrpcFraming } from './call-stream.ts';
import { GrpcCall, type GrpcServerState } from './grpc-call.ts';
import { startPlainGrpc } from './h2/server.ts';
import {
  connectionAgeSpread,
  headerBytesMax,
  headerPairsMax,
  sessionFaultsMax,
  sessionWindowBytes,
  settingsPairsMax,
  streamResetBurstMax,
  streamResetsPerSecond,
  streamWindowBytes,
} from './limits.ts';
import { allClosed, listen, renewTls, watchSockets } from './listen.ts';
import { NodeStream } from './node-stream.ts';
import { fillIn, type ReceiveOptions, type Receiver, type ReceiverParts } from './receiver.ts';
import { Sweep } from './sweep.ts';

export type GrpcOptions = ReceiveOptions & {
  /** What `grpc.health.v1.Health/Check` answers; ready until told otherwise. */
  readonly ready?: () => boolean;
  /** What serves plain connections: `h2/` by default; those with TLS are always `node:http2`'s. */
  readonly framing?: GrpcFraming;
};

/** A connection, as the sweep sees it. */
type Connection = {
  readonly session: ServerHttp2Session;
  readonly retireMs: number;
  openStreams: number;
  /** Since the connections were last compared. */
  calls: number;
  /** When the last stream ended, or the connection began. */
  idleSinceMs: number;
  greeted: boolean;
};

/** Listens and serves until `close`. Fails with a Problem when the address cannot be had. */
export async function startGrpc(options: GrpcOptions): Promise<Receiver> {
  const parts = fillIn(options);
  const isPlain = parts.tls === undefined;
  if (isPlain && (options.framing ?? 'own') === 'own') return await startPlainGrpc(options, parts);
  const server = makeServer(parts);
  const connections = new Set<Connection>();
  const sweep = new Sweep<GrpcCall>(parts.clock, (nowMs) => {
    for (const connection of connections) reap(connection, parts, nowMs);
  });
  const ready = options.ready ?? (() => true);
  const state: GrpcServerState = { parts, calls: sweep.members, ready, closing: false };
  const sockets = watchSockets(asNetServer(server), 'grpc', parts);
  server.on('session', (session) => serveSession(session, state, connections));
  server.on('sessionError', (error) => {
    if (!isDisconnect(error)) parts.counters.refused('grpc', 'protocol');
  });
  let closed: Promise<void> | undefined;
  const address = await listen(asNetServer(server), options, options.reusePort ?? false);
  return {
    address,
    connectionCount: () => sockets.size,
    requestCount: () => sweep.members.size,
    moveOne: () => {
      const busiest = busiestOf([...connections].filter(({ session }) => !session.closed));
      if (busiest !== undefined) goAway(busiest.session);
    },
    setTls: (material) => renewTls(asNetServer(server), material),
    close: (graceMs) => {
      state.closing = true;
      for (const { session } of connections) goAway(session);
      closed ??= closeServer(server, sockets, parts.clock, graceMs).finally(() => sweep.stop());
      return closed;
    },
  };
}

function makeServer(parts: ReceiverParts): Http2Server {
  const { limits, tls } = parts;
  const options = {
    settings: {
      initialWindowSize: streamWindowBytes,
      maxConcurrentStreams: limits.streamsMax,
      maxHeaderListSize: headerBytesMax,
    },
    maxHeaderListPairs: headerPairsMax,
    maxSessionInvalidFrames: sessionFaultsMax,
    maxSessionRejectedStreams: sessionFaultsMax,
    maxSettings: settingsPairsMax,
    streamResetBurst: streamResetBurstMax,
    streamResetRate: streamResetsPerSecond,
  };
  const server =
    tls === undefined
      ? createServer(options)
      : asPlainServer(
          createSecureServer({
            ...options,
            ...serverTlsOptions(tls),
            ALPNProtocols: ['h2'],
            handshakeTimeout: limits.headersTimeoutMs,
          }),
        );
  asNetServer(server).maxConnections = limits.connectionsMax;
  return server;
}

/** What we use of both is the same. */
function asPlainServer(server: Http2SecureServer): Http2Server {
  return server as unknown as Http2Server;
}

/** It is one; the declarations of Node leave out the properties. */
function asNetServer(server: Http2Server): Server {
  return server as unknown as Server;
}

function serveSession(
  session: ServerHttp2Session,
  state: GrpcServerState,
  connections: Set<Connection>,
): void {
  const { clock, limits } = state.parts;
  const nowMs = clock.monotonicMs();
  const spread = 1 + ((connections.size * 0.618) % 1) * connectionAgeSpread;
  const connection: Connection = {
    session,
    retireMs: nowMs + limits.connectionAgeMsMax * spread,
    openStreams: 0,
    calls: 0,
    idleSinceMs: nowMs,
    greeted: false,
  };
  connections.add(connection);
  session.setLocalWindowSize(sessionWindowBytes);
  session.once('remoteSettings', () => {
    connection.greeted = true;
  });
  session.on('error', () => {});
  session.on('close', () => connections.delete(connection));
  session.on('stream', (stream, headers) => {
    connection.openStreams += 1;
    connection.calls += 1;
    stream.once('close', () => {
      connection.openStreams -= 1;
      connection.idleSinceMs = clock.monotonicMs();
    });
    const carrier = new NodeStream(stream);
    const call = new GrpcCall(state, carrier);
    carrier.readBy(call);
    call.start(headers);
  });
  if (state.closing) goAway(session);
}

/** Ends connections that never speak, that are idle, or that are old. */
function reap(connection: Connection, parts: ReceiverParts, nowMs: number): void {
  const { session, openStreams, idleSinceMs } = connection;
  const { limits } = parts;
  const idleMs = openStreams > 0 ? 0 : nowMs - idleSinceMs;
  if (!connection.greeted && idleMs > limits.headersTimeoutMs) session.destroy();
  else if (session.closed) {
    // Told to go: without calls it has had its time to say goodbye.
    if (idleMs > limits.headersTimeoutMs) session.destroy();
  } else if (idleMs > limits.idleTimeoutMs || nowMs > connection.retireMs) goAway(session);
}

/** GOAWAY: streams under way finish, new ones are refused and safe to send elsewhere. */
function goAway(session: ServerHttp2Session): void {
  if (!session.closed && !session.destroyed) session.close();
}

async function closeServer(
  server: Http2Server,
  sockets: ReadonlySet<Socket>,
  clock: Clock,
  graceMs: number,
): Promise<void> {
  const timer = clock.after(graceMs, () => {
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  timer.cancel();
  await allClosed(sockets);
}

const disconnects: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** A client that went away is nobody we refused. */
function isDisconnect(error: Error): boolean {
  return 'code' in error && disconnects.has(error.code);
}
