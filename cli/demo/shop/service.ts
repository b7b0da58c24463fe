/** What every shop service shares: a small HTTP server, a client, a logger. Plain Node. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Attributes, logs, SeverityNumber, trace } from '@opentelemetry/api';
import type { Clock } from '../../../core/clock.ts';
import type { ShopAddresses, ShopService } from './shop-types.ts';
import type { Store } from './store.ts';

export type Reply = { readonly status: number; readonly body: unknown };

type Request = {
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON body, or undefined. */
  readonly body: unknown;
  /** Ids from the path, by the names in the route. */
  readonly params: Readonly<Record<string, string>>;
};

export type Route = {
  readonly method: 'GET' | 'POST';
  /** `/api/cart/{user}`: the low-cardinality name of the operation. */
  readonly route: string;
  readonly handle: (request: Request) => Promise<Reply>;
};

/** What a service may use; `addresses` is filled once all services listen. */
export type World = {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly addresses: () => ShopAddresses;
  /** How long a shopper thinks, about. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
  /** Absent where the demo has no database. */
  readonly store?: Store;
};

export type RunningService = { readonly url: string; readonly close: () => Promise<void> };

const bodyBytesMax = 64 * 1024;
const callTimeoutMs = 5_000;

/** Serves the routes on a free loopback port. */
export async function serve(routes: readonly Route[]): Promise<RunningService> {
  const server = http.createServer((request, response) => {
    void answer(routes, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  routes: readonly Route[],
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://shop');
  const found = match(routes, request.method ?? 'GET', url.pathname);
  let reply: Reply = { status: 404, body: { error: 'no such page' } };
  if (found !== undefined) {
    const span = trace.getActiveSpan();
    span?.updateName(`${found.route.method} ${found.route.route}`);
    span?.setAttribute('http.route', found.route.route);
    try {
      const body = await readJson(request);
      reply = await found.route.handle({
        path: url.pathname,
        query: url.searchParams,
        body,
        params: found.params,
      });
    } catch (error) {
      const text = Error.isError(error) ? error.message : String(error);
      log('ERROR', `${found.route.route} failed: ${text}`, { 'exception.message': text });
      if (Error.isError(error)) span?.recordException(error);
      reply = { status: 500, body: { error: text } };
    }
  }
  response.writeHead(reply.status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(reply.body));
}

function match(
  routes: readonly Route[],
  method: string,
  path: string,
): { readonly route: Route; readonly params: Record<string, string> } | undefined {
  for (const route of routes) {
    const wanted = route.route.split('/');
    const parts = path.split('/');
    if (route.method !== method || wanted.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((word, index) => {
      const part = parts[index] ?? '';
      if (!word.startsWith('{')) return word === part;
      params[word.slice(1, -1)] = part;
      return true;
    });
    if (fits) return { route, params };
  }
  return undefined;
}

async function readJson(request: http.IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > bodyBytesMax) throw new Error('the body is too large');
  }
  return text === '' ? undefined : JSON.parse(text);
}

/** Calls another service; rejects on a refused connection or after the timeout. */
export async function call(
  world: World,
  service: ShopService,
  method: 'GET' | 'POST',
  path: string,
  options: { readonly body?: unknown; readonly timeoutMs?: number } = {},
): Promise<Reply> {
  const base = world.addresses()[service];
  if (base === undefined) throw new Error(`${service} has no address yet`);
  const timeoutMs = options.timeoutMs ?? callTimeoutMs;
  return await new Promise((resolve, reject) => {
    const request = http.request(new URL(path, base), { method, timeout: timeoutMs }, (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (chunk: string) => {
        text += chunk;
      });
      reply.on('end', () => {
        const body: unknown = text === '' ? undefined : JSON.parse(text);
        resolve({ status: reply.statusCode ?? 0, body });
      });
      reply.on('error', reject);
    });
    request.on('timeout', () => {
      request.destroy(new Error(`${service} did not answer within ${timeoutMs} ms`));
    });
    request.on('error', reject);
    request.setHeader('content-type', 'application/json');
    request.end(options.body === undefined ? undefined : JSON.stringify(options.body));
  });
}

const severities = {
  DEBUG: SeverityNumber.DEBUG,
  INFO: SeverityNumber.INFO,
  WARN: SeverityNumber.WARN,
  ERROR: SeverityNumber.ERROR,
} as const;

/** One log record; the SDK adds the ids of the active span. */
export function log(
  severityText: keyof typeof severities,
  body: string,
  attributes: Attributes = {},
): void {
  const severityNumber = severities[severityText];
  logs.getLogger('shop').emit({ severityNumber, severityText, body, attributes });
}

/** The number in `user-123`, on the active span too: what telemetry and customers are joined by. */
export function customerOf(user: string): number {
  const customer = Number(user.replace(/^user-/, ''));
  trace.getActiveSpan()?.setAttribute('shop.customer.id', String(customer));
  return customer;
}

/** A pause of about `meanMs`, with the long tail that real work has. */
export async function work(world: World, meanMs: number): Promise<void> {
  const tail = -Math.log(1 - world.random() * 0.999);
  await world.clock.sleep(meanMs * (0.4 + 0.6 * tail), world.signal);
}
