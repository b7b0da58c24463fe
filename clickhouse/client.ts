/**
 * A connection to a ClickHouse server, over the ecosystem's client. Credentials come from the
 * URL or the environment; failures become problems that name the address, never the password.
 */
import { Readable } from 'node:stream';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { Problem } from '../core/problem.ts';
import type { Credentials } from './credentials.ts';
import { defaultDatabase } from './ddl.ts';

/** What the schema work needs of a server; tests may bring an engine in the same process. */
export type Sql = {
  /** For messages: where the statements go. */
  readonly address: string;
  /** Runs a statement that answers nothing. */
  readonly run: (
    statement: string,
    signal?: AbortSignal,
    settings?: Readonly<Record<string, string | number>>,
  ) => Promise<void>;
  /** Runs a query and gives its rows; 64-bit integers arrive as text. */
  readonly rows: <Row>(query: string, signal?: AbortSignal) => Promise<Row[]>;
};

export type ClickHouse = Sql & {
  readonly client: ClickHouseClient;
  /** The URL's database, or the default one. */
  readonly database: string;
  readonly databaseGiven: boolean;
  /**
   * Sends a body behind an INSERT, as one request; resolves when the server has stored it.
   *
   * @param body in the format that the statement names; read once, never copied whole
   */
  readonly insert: (
    statement: string,
    body: readonly Uint8Array[],
    settings: Readonly<Record<string, string | number>>,
    signal?: AbortSignal,
  ) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type ConnectOptions = {
  /** `http://user:password@host:8123/database`; every part but the host may be left out. */
  readonly url: string;
  /** Where `CLICKHOUSE_USER` and `CLICKHOUSE_PASSWORD` are looked up when the URL has none. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Asked before every statement; goes before the URL and the environment. */
  readonly credentials?: () => Credentials;
  readonly requestTimeoutMs?: number;
  /** The database of names without one; a server refuses every statement when it is absent. */
  readonly sessionDatabase?: string;
  readonly settings?: Readonly<Record<string, string | number>>;
};

export const defaultUrl = 'http://127.0.0.1:8123';

const requestTimeoutMsDefault = 60_000;
const openConnectionsMax = 10;

/** Makes a client; nothing is sent until the first statement. */
export function connectClickHouse(options: ConnectOptions): ClickHouse {
  const target = parseTarget(options.url, options.env ?? {});
  const client = createClient({
    url: target.base,
    username: target.username,
    password: target.password,
    application: 'obsctl',
    ...(options.sessionDatabase === undefined ? {} : { database: options.sessionDatabase }),
    request_timeout: options.requestTimeoutMs ?? requestTimeoutMsDefault,
    max_open_connections: openConnectionsMax,
    keep_alive: { eagerly_destroy_stale_sockets: true },
    // The client's own log lines would repeat, on stdout, what the problem says.
    log: { LoggerClass: SilentLogger },
    clickhouse_settings: { ...options.settings },
  });
  const { address } = target;
  return {
    address,
    database: target.database ?? defaultDatabase,
    databaseGiven: target.database !== undefined,
    client,
    run: async (query, signal, settings) => {
      await client
        .command({
          query,
          clickhouse_settings: { ...settings, wait_end_of_query: 1 },
          ...authOf(options, target),
          ...abortOf(signal),
        })
        .catch(rethrowAt(address, query));
    },
    rows: async <Row>(query: string, signal?: AbortSignal) => {
      const settings = { output_format_json_quote_64bit_integers: 1 } as const;
      const request = {
        query,
        clickhouse_settings: settings,
        ...authOf(options, target),
        ...abortOf(signal),
      };
      const ask = async (): Promise<Row[]> => {
        const answer = await client.query({ ...request, format: 'JSONEachRow' });
        return await answer.json<Row>();
      };
      // A kept connection may end just as it is used: a question is asked once more.
      const again = async (error: unknown): Promise<Row[]> => {
        if (!isCutOff(error) || signal?.aborted === true) throw error;
        return await ask();
      };
      return await ask().catch(again).catch(rethrowAt(address, query));
    },
    insert: async (query, body, settings, signal) => {
      const request = {
        query,
        values: Readable.from(body, { objectMode: false }),
        clickhouse_settings: { ...settings, wait_end_of_query: 1 as const },
        ...authOf(options, target),
        ...abortOf(signal),
      };
      const { stream } = await client.exec(request).catch(rethrowAt(address, query));
      await stream.resume().toArray().catch(rethrowAt(address, query));
    },
    close: () => client.close(),
  };
}

/** The credentials of this moment, where they may change. */
function authOf(
  options: ConnectOptions,
  target: Target,
): { auth?: { username: string; password: string } } {
  if (options.credentials === undefined) return {};
  const { user, password } = options.credentials();
  return { auth: { username: user ?? target.username, password: password ?? target.password } };
}

function abortOf(signal: AbortSignal | undefined): { abort_signal?: AbortSignal } {
  return signal === undefined ? {} : { abort_signal: signal };
}

type Target = {
  readonly base: string;
  /** Without credentials. */
  readonly address: string;
  readonly username: string;
  readonly password: string;
  readonly database: string | undefined;
};

function parseTarget(text: string, env: Readonly<Record<string, string | undefined>>): Target {
  // `localhost:8123` parses as a URL of scheme `localhost:`, so the scheme is added first.
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Problem('OBS-3001', 'a ClickHouse URL must look like http://host:8123/database', {
      where: withoutCredentials(text),
    });
  }
  const database = url.searchParams.get('database') ?? decodeURIComponent(url.pathname.slice(1));
  return {
    base: url.origin,
    address: url.origin,
    username: decodeURIComponent(url.username) || env['CLICKHOUSE_USER'] || 'default',
    password: decodeURIComponent(url.password) || env['CLICKHOUSE_PASSWORD'] || '',
    database: database === '' ? undefined : database,
  };
}

function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/]*@/, '//');
}

/** Gives the handler that turns the client's failures into problems with a place. */
function rethrowAt(address: string, statement?: string): (error: unknown) => never {
  return (error) => {
    throw problemOf(error, address, statement);
  };
}

const unreachableCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
]);

function isCutOff(error: unknown): boolean {
  return Error.isError(error) && ['ECONNRESET', 'EPIPE'].includes(causeCode(error));
}

/** ClickHouse's codes for a wrong user or password. */
const refusedCodes: ReadonlySet<string> = new Set(['516', '192', '193', '194']);

const statementCharsShown = 200;

/** One problem for whatever the client or the server said. */
export function problemOf(error: unknown, address: string, statement?: string): Problem {
  if (!Error.isError(error)) return new Problem('OBS-3003', String(error), { where: address });
  if ('name' in error && error.name === 'Problem') return error as Problem;
  const code = causeCode(error);
  const options = { where: address, cause: error, reach: 'outside' } as const;
  const message = firstLine(error.message);
  // A server that stopped a long statement has answered: its number tells it from our own timeout.
  const ours = !/^\d+$/.test(code) && /timeout/i.test(error.message);
  if (unreachableCodes.has(code) || ours) {
    return new Problem('OBS-3002', `ClickHouse does not answer: ${message || code}`, options);
  }
  if (refusedCodes.has(code)) {
    return new Problem('OBS-3004', `ClickHouse refuses the user or password: ${message}`, options);
  }
  const said = code === '' ? message : `${message} (code ${code})`;
  const which = statement === undefined ? '' : `; statement: ${shorten(statement)}`;
  return new Problem('OBS-3003', `${said}${which}`, { where: address, cause: error });
}

/** The number ClickHouse or the system gave, also from inside an AggregateError. */
function causeCode(error: Error): string {
  if ('code' in error && error.code !== undefined) return String(error.code);
  const first = 'errors' in error && Array.isArray(error.errors) ? error.errors[0] : error.cause;
  return Error.isError(first) ? causeCode(first) : '';
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.trim() ?? '';
}

function shorten(statement: string): string {
  const flat = statement.replaceAll(/\s+/g, ' ').trim();
  return flat.length <= statementCharsShown ? flat : `${flat.slice(0, statementCharsShown)}…`;
}

class SilentLogger {
  trace(): void {}
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
}
