/**
 * The ClickHouse HTTP interface over {@link Engine}: one request, one statement, one answer. The
 * order of the checks is the order of what a stranger may learn: first whether a foreign page
 * asks, then who asks, and only then what.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../../core/clock.ts';
import { BodyBudget, type BodyShare, readBody } from './body.ts';
import type { Engine, RunResult } from './engine.ts';
import { engineError, httpStatusOf, toException } from './exception.ts';
import { helloAnswer, isHello } from './hello.ts';
import { checkOrigin, type OriginPolicy } from './origin.ts';
import { QueryLog } from './query-log.ts';
import { type EngineRequest, parseRequest } from './request.ts';
import { writeAnswer, writeBytes } from './respond.ts';
import { type Statement, statementOf } from './statement.ts';
import { checkUser, type Users } from './users.ts';

export type ServerOptions = {
  readonly engine: Engine;
  readonly users: Users | undefined;
  readonly origin: OriginPolicy;
  readonly clock: Clock;
};

const displayName = 'obsctl embedded';

type Exchange = {
  readonly options: ServerOptions;
  readonly log: QueryLog;
  readonly share: BodyShare;
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborts when the client goes away before its answer. */
  readonly gone: AbortSignal;
};

export function createEngineServer(options: ServerOptions): Server {
  const log = new QueryLog();
  const budget = new BodyBudget();
  return createServer(
    { keepAliveTimeout: 30_000, requestTimeout: 0, maxHeaderSize: 1_048_576 },
    (message, response) => {
      const gone = new AbortController();
      response.on('close', () => {
        if (!response.writableFinished) gone.abort();
      });
      void serve({ options, log, share: budget.share(), message, response, gone: gone.signal });
    },
  );
}

async function serve(exchange: Exchange): Promise<void> {
  const { options, message, response } = exchange;
  try {
    checkOrigin(options.origin, message.headers);
    const request = parseRequest(message.method ?? 'GET', message.url ?? '/', message.headers);
    response.setHeader('X-ClickHouse-Server-Display-Name', displayName);
    if (answerPlainPage(request, response)) return;
    checkUser(options.users, request.user, request.password);
    if (request.path === '/queries') {
      response.setHeader('Content-Type', 'application/json; charset=UTF-8');
      response.end(JSON.stringify({ data: exchange.log.entries() }));
      return;
    }
    if (request.path !== '/') {
      response.statusCode = 404;
      response.end(`There is no handle ${request.path}\n`);
      return;
    }
    await answerStatement(exchange, request);
  } catch (error) {
    answerException(options.engine, error, response);
  } finally {
    exchange.share.release();
    // What was refused before its body was read: let it pass, so that the answer arrives.
    message.resume();
  }
}

/** What ClickHouse answers to anybody, for health checks. */
function answerPlainPage(request: EngineRequest, response: ServerResponse): boolean {
  const bare = request.path === '/' && request.method !== 'POST' && request.query === '';
  if (!bare && request.path !== '/ping' && request.path !== '/replicas_status') return false;
  response.setHeader('Content-Type', 'text/html; charset=UTF-8');
  response.end('Ok.\n');
  return true;
}

async function answerStatement(exchange: Exchange, request: EngineRequest): Promise<void> {
  const { options, message, response } = exchange;
  const { engine, clock } = options;
  const queryId = request.queryId ?? randomUUID();
  response.setHeader('X-ClickHouse-Query-Id', queryId);
  if (message.headers['content-type']?.startsWith('multipart/form-data') === true) {
    throw engineError('NOT_IMPLEMENTED', 'The embedded engine takes no external tables');
  }
  const statement = statementOf(request.query, await readBody(message, request, exchange.share));
  if (isHello(statement.sql, request.clientProtocolVersion)) {
    response.setHeader('X-ClickHouse-Format', 'Native');
    const answer = helloAnswer(displayName, engine.version, engine.timezone);
    await writeBytes(request, answer, message, response);
    return;
  }
  const started = { wallMs: clock.nowMs(), ms: clock.monotonicMs() };
  let result: RunResult | undefined;
  let failure: unknown;
  try {
    result = await engine.run({ ...request, statement, signal: exchange.gone });
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    logQuery(exchange, request, queryId, statement, started, result, failure);
  }
  await writeAnswer(engine, request, statement, result, message, response);
}

function logQuery(
  exchange: Exchange,
  request: EngineRequest,
  queryId: string,
  statement: Statement,
  started: { readonly wallMs: number; readonly ms: number },
  result: RunResult | undefined,
  failure: unknown,
): void {
  const exception = failure === undefined ? undefined : toException(failure);
  exchange.log.add({
    query_id: queryId,
    user: request.user,
    event_time_ms: started.wallMs,
    duration_ms: Math.round(exchange.options.clock.monotonicMs() - started.ms),
    verb: statement.verb,
    query: statement.sql,
    read_rows: result?.rowsRead ?? 0,
    written_rows: result?.rowsWritten ?? 0,
    result_bytes: result?.bytes.length ?? 0,
    exception_code: exception?.code ?? 0,
    exception: exception?.text ?? '',
  });
}

function answerException(engine: Engine, error: unknown, response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const exception = toException(error);
  response.statusCode = httpStatusOf(exception.code);
  response.setHeader('X-ClickHouse-Exception-Code', exception.code);
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  if (response.statusCode === 401) {
    response.setHeader('WWW-Authenticate', 'Basic realm="ClickHouse server HTTP API"');
  }
  response.end(`${exception.text} (version ${engine.version} (embedded build))\n`);
}
