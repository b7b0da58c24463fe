/**
 * The ClickHouse HTTP interface over {@link Engine}: one request, one statement, one answer.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readBody } from './body.ts';
import type { Engine } from './engine.ts';
import { httpStatusOf, toException } from './exception.ts';
import { type EngineRequest, parseRequest } from './request.ts';
import { writeAnswer } from './respond.ts';
import { parseStatement } from './statement.ts';

export function createEngineServer(engine: Engine): Server {
  return createServer({ keepAliveTimeout: 30_000, requestTimeout: 0 }, (message, response) => {
    void serve(engine, message, response);
  });
}

async function serve(
  engine: Engine,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  try {
    const request = parseRequest(message.method ?? 'GET', message.url ?? '/', message.headers);
    response.setHeader('X-ClickHouse-Server-Display-Name', 'obsctl embedded');
    if (request.path === '/ping' || (request.path === '/' && isBareGet(request, message))) {
      response.setHeader('Content-Type', 'text/html; charset=UTF-8');
      response.end('Ok.\n');
      return;
    }
    await answerQuery(engine, request, message, response, gone.signal);
  } catch (error) {
    answerException(engine, error, response);
  }
}

function isBareGet(request: EngineRequest, message: IncomingMessage): boolean {
  return message.method === 'GET' && request.query === '';
}

async function answerQuery(
  engine: Engine,
  request: EngineRequest,
  message: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const queryId = request.queryId ?? randomUUID();
  response.setHeader('X-ClickHouse-Query-Id', queryId);
  const body = await readBody(message, request);
  const statement = parseStatement(
    request.query === '' ? body : Buffer.concat([Buffer.from(`${request.query}\n`), body]),
  );
  const result = await engine.run({
    statement,
    database: request.database,
    format: request.format,
    settings: request.settings,
    parameters: request.parameters,
    readonly: request.readonly,
    signal,
  });
  await writeAnswer(engine, request, statement, result, message, response);
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
