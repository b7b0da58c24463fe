/**
 * Statements over ClickHouse's HTTP interface: Native blocks sent as the chunks they lie in, with
 * nothing concatenated, on connections that are kept. A separate small client because an insert
 * here is hundreds of views into column buffers, which must be written in one cork.
 *
 * Every answer is classified: `retryable` comes back with the same bytes and the same token,
 * `permanent` never will. `ambiguous` says that the statement may have been carried out.
 */
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request } from 'node:http';
import { Agent as HttpsAgent, request as requestTls } from 'node:https';
import type { Credentials } from '../../clickhouse/credentials.ts';
import { classifyException, isPushingToView } from './exceptions.ts';

export type StatementResult =
  | { readonly ok: true; readonly text: string }
  | {
      readonly ok: false;
      readonly kind: 'retryable' | 'permanent';
      readonly ambiguous: boolean;
      /** ClickHouse's exception code; 0 when there was none. */
      readonly code: number;
      readonly message: string;
    };

export type Failed = Extract<StatementResult, { ok: false }>;

type Statement = {
  readonly sql: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly chunks?: readonly Uint8Array[];
  readonly bytes?: number;
  readonly timeoutMs: number;
};

export type InsertClientOptions = {
  readonly url: string;
  readonly database: string;
  /** Asked before every statement; what it leaves out comes from the URL. */
  readonly credentials?: () => Credentials;
  /** Connections at once. */
  readonly connectionsMax: number;
};

export type InsertClient = {
  readonly run: (statement: Statement) => Promise<StatementResult>;
  readonly ping: (timeoutMs: number) => Promise<boolean>;
  /** Cuts every connection; what is under way ends as ambiguous. */
  readonly destroy: () => void;
};

/** An answer longer than this is cut: it only feeds messages and small counts. */
const responseBytesMax = 1024 ** 2;
const messageCharsMax = 600;

type HttpTarget = {
  readonly base: URL;
  readonly send: typeof request;
  readonly agent: HttpAgent | HttpsAgent;
  /** Throws while a file with credentials cannot be read. */
  readonly headers: () => Readonly<Record<string, string>>;
};

export function createInsertClient(options: InsertClientOptions): InsertClient {
  const target = openTarget(options);
  return {
    run: (statement) => runStatement(target, options.database, statement),
    ping: async (timeoutMs) => {
      const statement = { sql: 'SELECT 1', settings: {}, timeoutMs };
      return (await runStatement(target, 'default', statement)).ok;
    },
    destroy: () => target.agent.destroy(),
  };
}

function openTarget(options: InsertClientOptions): HttpTarget {
  const base = new URL(options.url);
  const tls = base.protocol === 'https:';
  const settings = { keepAlive: true, maxSockets: options.connectionsMax, noDelay: true };
  const { username, password } = base;
  const headers = (): Record<string, string> => {
    const given = options.credentials?.();
    const user = given?.user ?? decodeURIComponent(username);
    const key = given?.password ?? decodeURIComponent(password);
    return {
      ...(user !== '' && { 'X-ClickHouse-User': user }),
      ...(key !== '' && { 'X-ClickHouse-Key': key }),
    };
  };
  base.username = '';
  base.password = '';
  return {
    base,
    send: tls ? (requestTls as typeof request) : request,
    agent: tls ? new HttpsAgent(settings) : new HttpAgent(settings),
    headers,
  };
}

function runStatement(
  target: HttpTarget,
  database: string,
  statement: Statement,
): Promise<StatementResult> {
  const url = new URL(target.base);
  url.searchParams.set('database', database);
  for (const [name, value] of Object.entries(statement.settings)) {
    url.searchParams.set(name, value);
  }
  // An insert's rows are the body, so its text goes into the URL; a query is the body itself.
  const isInsert = statement.chunks !== undefined;
  if (isInsert) url.searchParams.set('query', statement.sql);
  const chunks = statement.chunks ?? [Buffer.from(statement.sql)];
  const bytes = statement.bytes ?? chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  let headers: Readonly<Record<string, string>>;
  try {
    headers = target.headers();
  } catch (error) {
    return Promise.resolve(notSent(Error.isError(error) ? error.message : String(error)));
  }
  return new Promise((resolve) => {
    const sent = target.send(url, {
      method: 'POST',
      agent: target.agent,
      headers: { ...headers, 'Content-Length': bytes },
      timeout: statement.timeoutMs,
    });
    sent.on('timeout', () => {
      sent.destroy(new Error(`no answer within ${statement.timeoutMs} ms`));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(connectionFailure(error)));
    sent.on('response', (response) => void readAnswer(response).then(resolve));
    writeChunks(sent, chunks);
  });
}

/** All chunks in one cork: one `writev`, no copy. They stay untouched until the answer. */
function writeChunks(sent: ClientRequest, chunks: readonly Uint8Array[]): void {
  sent.cork();
  for (const chunk of chunks) if (chunk.byteLength > 0) sent.write(chunk);
  sent.end();
  sent.uncork();
}

function notSent(message: string): StatementResult {
  return { ok: false, kind: 'retryable', ambiguous: false, code: 0, message };
}

/** Nothing was sent when no connection came about; anything later may have been carried out. */
function connectionFailure(error: NodeJS.ErrnoException): StatementResult {
  const unsent = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'];
  return {
    ok: false,
    kind: 'retryable',
    ambiguous: !unsent.includes(error.code ?? ''),
    code: 0,
    message: `connection: ${error.message || (error.code ?? 'failed')}`,
  };
}

async function readAnswer(response: IncomingMessage): Promise<StatementResult> {
  let text = '';
  try {
    response.setEncoding('utf8');
    for await (const piece of response) {
      if (text.length < responseBytesMax) text += piece;
    }
  } catch (error) {
    return connectionFailure(error as NodeJS.ErrnoException);
  }
  const header = response.headers['x-clickhouse-exception-code'];
  const status = response.statusCode ?? 0;
  // A failure after the first byte of a 200 is told by header or text only.
  const inBody = /^Code: (\d+)\. DB::Exception/m.exec(status === 200 ? text.slice(0, 400) : text);
  const code = Number(header ?? inBody?.[1] ?? 0);
  if (status === 200 && code === 0) return { ok: true, text };
  return {
    ok: false,
    kind: isPushingToView(text) ? 'retryable' : classifyException(status, code),
    ambiguous: true,
    code,
    message: text.trim().slice(0, messageCharsMax) || `HTTP status ${status}`,
  };
}
