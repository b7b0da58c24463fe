/**
 * Every protocol over HTTP/1.1 (`http-routes.ts`). This file owns the server and its connections;
 * one request is `http-exchange.ts`.
 */
import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { serverTlsOptions } from '../guard/tls.ts';
import { HttpExchange, type HttpServerState } from './http-exchange.ts';
import { httpSettingsDefault, routesOf } from './http-routes.ts';
import { headerBytesMax, headerPairsMax, sweepPeriodMs } from './limits.ts';
import { allClosed, listen, renewTls, watchSockets } from './listen.ts';
import { fillIn, type ReceiveOptions, type Receiver, type ReceiverParts } from './receiver.ts';
import { encodeStatus, rpcCode } from './status.ts';
import { Sweep } from './sweep.ts';

/** Listens and serves until `close`. Fails with a Problem when the address cannot be had. */
export async function startHttp(options: ReceiveOptions): Promise<Receiver> {
  const parts = fillIn(options);
  const server = makeServer(parts);
  const sweep = new Sweep<HttpExchange>(parts.clock);
  const routes = routesOf({ ...httpSettingsDefault, ...options.http });
  const state: HttpServerState = { parts, routes, exchanges: sweep.members, closing: false };
  server.on('request', (request, response) => {
    new HttpExchange(state, request, response).start(false);
  });
  server.on('checkContinue', (request, response) => {
    new HttpExchange(state, request, response).start(true);
  });
  const sockets = watchSockets(server, 'http', parts);
  // A handshake that failed comes as `clientError`, too; there is no HTTP to answer in yet.
  const unsecured = new WeakSet<Socket>();
  server.prependListener('tlsClientError', (_error, socket: Socket) => unsecured.add(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (unsecured.has(socket)) socket.destroy();
    else answerBrokenConnection(state, error, socket);
  });
  const address = await listen(server, options, options.reusePort ?? false);
  let closed: Promise<void> | undefined;
  return {
    address,
    connectionCount: () => sockets.size,
    requestCount: () => sweep.members.size,
    // Clients of HTTP/1 open connections as they need them: they are spread already.
    moveOne: () => {},
    setTls: (material) => renewTls(server, material),
    close: (graceMs) => {
      state.closing = true;
      closed ??= closeServer(server, sockets, parts.clock, graceMs).finally(() => sweep.stop());
      return closed;
    },
  };
}

function makeServer(parts: ReceiverParts): Server {
  const { limits, tls } = parts;
  const options: ServerOptions = {
    headersTimeout: limits.headersTimeoutMs,
    // The exchange answers a slow body itself; this is for what slips through.
    requestTimeout: limits.headersTimeoutMs + limits.bodyTimeoutMs * 2,
    connectionsCheckingInterval: sweepPeriodMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    maxHeaderSize: headerBytesMax,
    noDelay: true,
  };
  const server =
    tls === undefined
      ? createServer(options)
      : createTlsServer({
          ...options,
          ...serverTlsOptions(tls),
          ALPNProtocols: ['http/1.1'],
          handshakeTimeout: limits.headersTimeoutMs,
        });
  server.timeout = limits.idleTimeoutMs;
  server.maxHeadersCount = headerPairsMax;
  server.maxConnections = limits.connectionsMax;
  return server;
}

/**
 * What came in was not HTTP, or stopped being it. The answer is only written when it cannot be
 * taken for the answer to a request that the lane has: then the connection just ends.
 */
function answerBrokenConnection(
  state: HttpServerState,
  error: NodeJS.ErrnoException,
  socket: Socket,
): void {
  const gone = error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE';
  let owed = false;
  let begun = false;
  for (const exchange of state.exchanges) {
    if (exchange.socket !== socket) continue;
    begun = true;
    if (exchange.isWhole) owed = true;
    exchange.abandon(gone ? 'cancelled' : 'protocol');
  }
  if (!begun && !gone) state.parts.counters.refused('http', 'protocol');
  if (owed || gone || !socket.writable) {
    socket.destroy();
    return;
  }
  const [line, message] = brokenConnectionText(error.code);
  const body = encodeStatus({ code: rpcCode.invalidArgument, message }, 'json');
  const head = `content-type: application/json\r\ncontent-length: ${body.length}`;
  socket.end(`HTTP/1.1 ${line}\r\nconnection: close\r\n${head}\r\n\r\n${body.toString()}`, () =>
    socket.destroy(),
  );
}

function brokenConnectionText(code: string | undefined): readonly [string, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [
        '431 Request Header Fields Too Large',
        `the headers are larger than ${headerBytesMax} bytes`,
      ];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['408 Request Timeout', 'the headers did not arrive in time'];
    case 'HPE_PAUSED_H2_UPGRADE':
      return [
        '400 Bad Request',
        'this port speaks OTLP over HTTP/1.1; OTLP over gRPC has a port of its own',
      ];
    default:
      return ['400 Bad Request', `not a valid HTTP/1.1 request (${code ?? 'unknown fault'})`];
  }
}

async function closeServer(
  server: Server,
  sockets: ReadonlySet<Socket>,
  clock: Clock,
  graceMs: number,
): Promise<void> {
  const timer = clock.after(graceMs, () => server.closeAllConnections());
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  timer.cancel();
  await allClosed(sockets);
}
