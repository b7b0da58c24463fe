/**
 * OTLP over HTTP/1.1: protobuf and JSON on `/v1/traces`, `/v1/metrics` and `/v1/logs`. This file
 * owns the server and its connections; one request is `http-exchange.ts`.
 */
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { HttpExchange, type HttpServerState } from './http-exchange.ts';
import { headerBytesMax, headerPairsMax, sweepPeriodMs } from './limits.ts';
import { allClosed, listen } from './listen.ts';
import { fillIn, type ReceiveOptions, type Receiver, type ReceiverParts } from './receiver.ts';
import { encodeStatus, rpcCode } from './status.ts';
import { Sweep } from './sweep.ts';

/** Listens and serves until `close`. Fails with a Problem when the address cannot be had. */
export async function startHttp(options: ReceiveOptions): Promise<Receiver> {
  const parts = fillIn(options);
  const server = makeServer(parts);
  const sweep = new Sweep<HttpExchange>(parts.clock);
  const state: HttpServerState = { parts, exchanges: sweep.members, closing: false };
  server.on('request', (request, response) => {
    new HttpExchange(state, request, response).start(false);
  });
  server.on('checkContinue', (request, response) => {
    new HttpExchange(state, request, response).start(true);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    answerBrokenConnection(state, error, socket);
  });
  const address = await listen(server, options, options.reusePort ?? false);
  let closed: Promise<void> | undefined;
  return {
    address,
    connectionCount: () => sockets.size,
    requestCount: () => sweep.members.size,
    close: (graceMs) => {
      state.closing = true;
      closed ??= closeServer(server, sockets, parts.clock, graceMs).finally(() => sweep.stop());
      return closed;
    },
  };
}

function makeServer(parts: ReceiverParts): Server {
  const { limits } = parts;
  const server = createServer({
    headersTimeout: limits.headersTimeoutMs,
    // The exchange answers a slow body itself; this is for what slips through.
    requestTimeout: limits.headersTimeoutMs + limits.bodyTimeoutMs * 2,
    connectionsCheckingInterval: sweepPeriodMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    maxHeaderSize: headerBytesMax,
    noDelay: true,
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
