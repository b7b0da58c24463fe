/**
 * The ClickHouse HTTP interface's request: what its URL and headers say. Reserved parameters are
 * ours to interpret, `param_*` are the query's parameters, everything else is a setting.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { engineError } from './exception.ts';

export type EngineRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly queryId: string | undefined;
  readonly database: string | undefined;
  readonly format: string;
  readonly user: string;
  readonly password: string;
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly parameters: readonly (readonly [name: string, value: string])[];
  readonly readonly: 0 | 1 | 2;
  /** Answer in ClickHouse's compressed frames. */
  readonly compressFrames: boolean;
  /** The body is in ClickHouse's compressed frames. */
  readonly decompressFrames: boolean;
  readonly verifyChecksums: boolean;
  /** Compress the answer as Accept-Encoding allows. */
  readonly compressHttp: boolean;
  readonly clientProtocolVersion: number | undefined;
};

const reserved = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'user',
  'password',
  'quota_key',
  'compress',
  'decompress',
  'buffer_size',
  'wait_end_of_query',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'client_protocol_version',
  'enable_http_compression',
  'http_zlib_compression_level',
  'http_native_compression_disable_checksumming_on_decompress',
  'readonly',
  'log_comment',
  'role',
  'close_session',
  'session_check',
  'session_timeout',
  'session_id',
  'stacktrace',
  'add_http_cors_header',
  'cancel_http_readonly_queries_on_client_close',
]);

/** Reads a request's URL and headers. Throws an EngineError for what we do not have. */
export function parseRequest(
  method: string,
  target: string,
  headers: IncomingHttpHeaders,
): EngineRequest {
  const url = new URL(target, 'http://engine');
  const parameters = url.searchParams;
  const header = (name: string): string | undefined => headers[name]?.toString();
  if (parameters.has('session_id')) {
    throw engineError('SUPPORT_IS_DISABLED', 'The embedded engine has no sessions (session_id)');
  }
  const settings: [string, string][] = [];
  const bound: [string, string][] = [];
  for (const [name, value] of parameters) {
    if (name.startsWith('param_')) bound.push([name.slice('param_'.length), value]);
    else if (!reserved.has(name)) settings.push([name, value]);
  }
  const credentials = credentialsOf(parameters, headers);
  return {
    method,
    path: url.pathname,
    query: parameters.get('query') ?? '',
    queryId: parameters.get('query_id') ?? header('x-clickhouse-query-id'),
    database: parameters.get('database') ?? header('x-clickhouse-database') ?? undefined,
    format: parameters.get('default_format') ?? header('x-clickhouse-format') ?? 'TabSeparated',
    ...credentials,
    settings,
    parameters: bound,
    readonly: readonlyOf(method, parameters.get('readonly')),
    compressFrames: isTrue(parameters.get('compress')),
    decompressFrames: isTrue(parameters.get('decompress')),
    verifyChecksums: !isTrue(
      parameters.get('http_native_compression_disable_checksumming_on_decompress'),
    ),
    compressHttp: isTrue(parameters.get('enable_http_compression')),
    clientProtocolVersion: numberOf(parameters.get('client_protocol_version')),
  };
}

/** As in ClickHouse, anything but POST can only read. */
function readonlyOf(method: string, given: string | null): 0 | 1 | 2 {
  if (given === '1') return 1;
  if (given === '2') return 2;
  return method === 'POST' ? 0 : 2;
}

function credentialsOf(
  parameters: URLSearchParams,
  headers: IncomingHttpHeaders,
): { user: string; password: string } {
  const byHeader = headers['x-clickhouse-user']?.toString();
  if (byHeader !== undefined) {
    return { user: byHeader, password: headers['x-clickhouse-key']?.toString() ?? '' };
  }
  const authorization = headers.authorization;
  if (authorization !== undefined) {
    const match = /^basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(authorization);
    if (match === null) {
      throw engineError('AUTHENTICATION_FAILED', 'Only Basic HTTP authentication is supported');
    }
    const text = Buffer.from(match[1] ?? '', 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon === -1) return { user: text, password: '' };
    return { user: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  return {
    user: parameters.get('user') ?? 'default',
    password: parameters.get('password') ?? '',
  };
}

function isTrue(value: string | null): boolean {
  return value === '1' || value === 'true';
}

function numberOf(value: string | null): number | undefined {
  if (value === null || !/^\d{1,9}$/.test(value)) return undefined;
  return Number(value);
}
