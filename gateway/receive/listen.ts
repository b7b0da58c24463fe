/** Listening, with errors that a person can act on. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type TLSSocket, Server as TlsServer } from 'node:tls';
import { Problem } from '../../core/problem.ts';
import type { Transport } from '../answer.ts';
import type { Guard } from '../guard/guard.ts';
import { serverTlsOptions, type TlsMaterial } from '../guard/tls.ts';
import type { ReceiveCounters } from './counters.ts';
import { describeHolder, findPortHolder } from './port-holder.ts';

export type Address = { readonly host: string; readonly port: number };

/** Resolves when `server` listens, with the address it really has. Fails with a Problem. */
export async function listen(
  server: Server,
  address: Address,
  reusePort: boolean,
): Promise<Address> {
  const { host, port } = address;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, ...(reusePort && { reusePort }) }, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw await listenProblem(error, address);
  }
  const bound = server.address();
  return { host, port: typeof bound === 'object' && bound !== null ? bound.port : port };
}

/**
 * Binds the address alone, lets it go, and returns it with the port chosen. With `reusePort` a
 * second process joins a taken port silently, so the first worker asks this before all listen.
 */
export async function probeAddress(address: Address): Promise<Address> {
  const server = createServer();
  const bound = await listen(server, address, false);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return bound;
}

/**
 * The open connections of a server. One from an address that may not send is ended before a byte
 * of it is read, and before the handshake of TLS.
 */
export function watchSockets(
  server: Server,
  transport: Transport,
  { guard, counters }: { readonly guard: Guard; readonly counters: ReceiveCounters },
): Set<Socket> {
  const sockets = new Set<Socket>();
  server.prependListener('connection', (socket: Socket) => {
    if (!guard.admitsAddress(socket.remoteAddress)) {
      counters.refused(transport, 'network');
      socket.destroy();
      return;
    }
    // Before HTTP/2 takes the socket: afterwards it refuses this. Without it the first answer
    // after a pause waits for the client's delayed acknowledgement.
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    // A client that went away, or a port scan, is nobody we refused. A certificate that we do not
    // trust looks the same, but for its reason.
    const isUntrusted = Boolean(socket.authorizationError);
    if (isUntrusted || error.code !== 'ECONNRESET') counters.refused(transport, 'tls');
  });
  return sockets;
}

/** New handshakes meet the new certificate; connections that are there stay. */
export function renewTls(server: Server, material: TlsMaterial): void {
  if (server instanceof TlsServer) server.setSecureContext(serverTlsOptions(material));
}

/** A server is closed a moment before its last sockets say so. */
export async function allClosed(sockets: ReadonlySet<Socket>): Promise<void> {
  await Promise.all([...sockets].map((socket) => once(socket, 'close')));
}

async function listenProblem(error: unknown, address: Address): Promise<Problem> {
  const where = `${address.host}:${address.port}`;
  const code = Error.isError(error) && 'code' in error ? String(error.code) : 'unknown';
  if (code === 'EADDRINUSE') {
    const holder = await findPortHolder(address.port);
    const by = holder === undefined ? 'another process' : describeHolder(holder);
    return new Problem('OBS-2001', `the port is held by ${by}`, { where, cause: error });
  }
  const text = Error.isError(error) ? error.message : String(error);
  return new Problem('OBS-2002', `cannot listen: ${text}`, { where, cause: error });
}
