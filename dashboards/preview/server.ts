/**
 * The page's server: files, dashboards as JSON, and their queries against ClickHouse. Credentials
 * stay here; the browser names a panel and gets rows. Nothing here writes to the database.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import type { Clock } from '../../core/clock.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import type { DashboardJson } from '../vocabulary/board.ts';
import { expandQuery } from '../vocabulary/macros.ts';
import { type Asset, type Assets, loadAssets } from './assets.ts';
import { isLoopback, refusal } from './guard.ts';
import {
  ask,
  findDashboard,
  findPanel,
  type QueryRequest,
  sourceOf,
  sqlOf,
  stream,
} from './queries.ts';
import { readRequest } from './request.ts';

export type PreviewOptions = {
  /** `http://user:password@host:8123/database`; what it holds never reaches the browser. */
  readonly clickhouseUrl: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly listen: { readonly host: string; readonly port: number };
  /** Further names that the page is reached by, for the Host check. */
  readonly hosts?: readonly string[];
  readonly dashboards: () => readonly DashboardJson[];
  readonly clock: Clock;
};

export type RunningPreview = { readonly url: string; readonly close: () => Promise<void> };

type Context = {
  readonly options: PreviewOptions;
  readonly clickhouse: ClickHouse;
  readonly dashboards: readonly DashboardJson[];
  readonly assets: Assets;
};

const statusTimeoutMs = 3000;

export async function startPreview(options: PreviewOptions): Promise<RunningPreview> {
  const clickhouse = connectClickHouse({ url: options.clickhouseUrl, env: options.env ?? {} });
  const dashboards = options.dashboards();
  const context: Context = { options, clickhouse, dashboards, assets: loadAssets() };
  const server = createServer((request, response) => {
    answer(request, response, context).catch((error) => sendFault(response, error));
  });
  server.requestTimeout = 30_000;
  const address = await listen(server, options.listen);
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${host}:${address.port}/`,
    close: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
      await clickhouse.close();
    },
  };
}

function listen(
  server: Server,
  at: { readonly host: string; readonly port: number },
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `cannot listen on ${at.host}:${at.port}: ${cause.message}`;
      reject(new Problem('OBS-4004', message, { cause, reach: 'outside' }));
    });
    server.listen(at.port, at.host, () => resolve(server.address() as AddressInfo));
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  context: Context,
): Promise<void> {
  const { options, assets, dashboards } = context;
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'same-origin');
  response.setHeader('Content-Security-Policy', assets.contentSecurityPolicy);
  const loopback = isLoopback(options.listen.host);
  const refused = refusal(request, { loopback, hosts: options.hosts ?? [] });
  if (refused !== undefined) return sendJson(response, 403, { error: refused, kind: 'request' });
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  if (request.method === 'POST') return answerPost(path, request, response, context);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return sendJson(response, 405, { error: 'use GET or POST', kind: 'request' });
  }
  if (path === '/' || path.startsWith('/d/')) return sendAsset(request, response, assets.index);
  if (path === '/api/dashboards') return sendJson(response, 200, dashboards.map(summaryOf));
  if (path === '/api/status') return sendJson(response, 200, await status(context));
  if (path.startsWith('/api/dashboards/')) {
    const uid = decodeURIComponent(path.slice('/api/dashboards/'.length));
    const found = dashboards.find((dashboard) => dashboard.uid === uid);
    if (found !== undefined) return sendJson(response, 200, found);
  }
  const asset = assets.find(path);
  if (asset !== undefined) return sendAsset(request, response, asset);
  sendJson(response, 404, { error: `there is nothing at ${path}`, kind: 'request' });
}

function summaryOf(dashboard: DashboardJson): object {
  return {
    uid: dashboard.uid,
    title: dashboard.title,
    description: dashboard['description'] ?? '',
  };
}

async function answerPost(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  context: Context,
): Promise<void> {
  const { clickhouse, dashboards } = context;
  const query = await readRequest(request);
  if (path === '/api/sql') return sendJson(response, 200, { sql: sqlOf(query, dashboards) });
  const abort = new AbortController();
  response.once('close', () => abort.abort());
  if (path === '/api/query') return runQuery(query, response, context, abort.signal);
  if (path === '/api/source') {
    const panel = findPanel(query, findDashboard(query, dashboards));
    const source = sourceOf(panel);
    if (source === undefined) return sendJson(response, 200, { active: true, reason: '' });
    const found = await ask(clickhouse, expandQuery(source.probe, query.scope), abort.signal);
    return sendJson(response, 200, { active: found.data.length > 0, reason: source.reason });
  }
  sendJson(response, 404, { error: `there is nothing at ${path}`, kind: 'request' });
}

async function runQuery(
  query: QueryRequest,
  response: ServerResponse,
  context: Context,
  signal: AbortSignal,
): Promise<void> {
  const sql = sqlOf(query, context.dashboards);
  try {
    const rows = await stream(context.clickhouse, sql, signal);
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    await pipeline(rows, response);
  } catch (error) {
    if (signal.aborted) return;
    sendFault(response, error, sql);
  }
}

/** Whether the engine answers, for the banner and for `doctor`. */
async function status({ clickhouse }: Context): Promise<object> {
  const signal = AbortSignal.timeout(statusTimeoutMs);
  try {
    const answer = await ask(clickhouse, 'SELECT version()', signal);
    return { engine: 'up', version: answer.data[0]?.[0] ?? '' };
  } catch (error) {
    return { engine: 'away', message: Error.isError(error) ? error.message : String(error) };
  }
}

function sendAsset(request: IncomingMessage, response: ServerResponse, asset: Asset): void {
  const accepts = String(request.headers['accept-encoding'] ?? '');
  const headers: Record<string, string> = {
    'Content-Type': asset.contentType,
    ETag: asset.etag,
    Vary: 'Accept-Encoding',
    'Cache-Control': 'no-cache',
  };
  if (request.headers['if-none-match'] === asset.etag) {
    response.writeHead(304, headers).end();
    return;
  }
  const encoding = /\bbr\b/.test(accepts) ? 'br' : /\bgzip\b/.test(accepts) ? 'gzip' : '';
  const body = encoding === 'br' ? asset.brotli : encoding === 'gzip' ? asset.gzip : asset.plain;
  if (encoding !== '') headers['Content-Encoding'] = encoding;
  headers['Content-Length'] = String(body.length);
  response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : body);
}

function sendJson(response: ServerResponse, code: number, body: unknown): void {
  response
    .writeHead(code, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
    .end(JSON.stringify(body));
}

function sendFault(response: ServerResponse, error: unknown, sql?: string): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const message = Error.isError(error) ? error.message : String(error);
  const away = isProblem(error) && error.code === 'OBS-3002';
  const ours = isProblem(error) && error.code.startsWith('OBS-4');
  const kind = away ? 'away' : ours ? 'request' : 'engine';
  const code = away ? 503 : ours ? 400 : isProblem(error) ? 422 : 500;
  sendJson(response, code, { error: message, kind, ...(sql === undefined ? {} : { sql }) });
}
