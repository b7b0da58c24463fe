/** The admin listener: `/livez`, `/readyz` (red with its cause) and `/metrics`. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '../../core/clock.ts';
import type { CredentialBook } from '../guard/credentials.ts';
import { challenge } from '../guard/guard.ts';
import { type Address, listen } from '../receive/listen.ts';
import { unreadyCauses } from './catalog.ts';
import { slotOf } from './counters.ts';
import { prometheusContentType, prometheusText } from './prometheus.ts';

export type AdminOptions = {
  readonly address: Address;
  /** The combined counters, fresh. */
  readonly read: () => Float64Array;
  /** What else makes the gateway unready, for example a worker that has ended. */
  readonly faults: () => readonly string[];
  /** Who may read the metrics; undefined: everybody. */
  readonly book: () => CredentialBook | undefined;
  readonly clock: Clock;
};

export type Admin = { readonly address: Address; readonly close: () => Promise<void> };

const causeSlots = unreadyCauses.map((cause) => ({
  cause,
  slot: slotOf('obsctl.gateway.unready', cause),
}));

const connectionsMax = 100;
const requestTimeoutMs = 10_000;

export async function startAdmin(options: AdminOptions): Promise<Admin> {
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    serve(options, request, response);
  });
  server.maxConnections = connectionsMax;
  const address = await listen(server, options.address, false);
  return {
    address,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Causes of unreadiness, each by its word in the catalog. */
function causesOf(values: Float64Array): readonly string[] {
  return causeSlots.filter(({ slot }) => values[slot] === 1).map(({ cause }) => cause);
}

function serve(options: AdminOptions, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').split('?')[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    answer(response, 405, 'text/plain', 'only GET\n');
  } else if (path === '/livez') {
    status(request, response, options.faults());
  } else if (path === '/readyz') {
    status(request, response, [...options.faults(), ...causesOf(options.read())]);
  } else if (path === '/metrics') {
    const { authorization } = request.headers;
    const found = options.book()?.findHeader(authorization, options.clock.nowMs());
    if (found?.ok === false) {
      response.setHeader('WWW-Authenticate', challenge);
      answer(response, 401, 'text/plain', 'credentials of --admin-credentials are needed\n');
      return;
    }
    answer(response, 200, prometheusContentType, prometheusText(options.read()));
  } else {
    answer(response, 404, 'text/plain', 'there are /livez, /readyz and /metrics\n');
  }
}

function status(
  request: IncomingMessage,
  response: ServerResponse,
  causes: readonly string[],
): void {
  const code = causes.length === 0 ? 200 : 503;
  if (request.headers.accept?.includes('application/json') === true) {
    const body = JSON.stringify({ ready: causes.length === 0, causes });
    answer(response, code, 'application/json', `${body}\n`);
  } else {
    const text = causes.length === 0 ? 'ok' : `not ready: ${causes.join(', ')}`;
    answer(response, code, 'text/plain; charset=utf-8', `${text}\n`);
  }
}

function answer(response: ServerResponse, code: number, type: string, body: string): void {
  response.writeHead(code, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
