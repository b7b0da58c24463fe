/**
 * Influx line protocol over HTTP, as the clients of three products of that name send it (INF-1 to
 * INF-7, INF-15): InfluxDB 1 on `/write`, 2 on `/api/v2/write`, 3 on `/api/v3/write_lp`, and what
 * their clients ask before they write. Bodies go to the lane as they came; what their rows depend
 * on besides the bytes goes with them as parameters.
 */
import type { IncomingMessage } from 'node:http';
import { toldLines } from '../decode/influx/faults.ts';
import type { Precision } from '../decode/influx/numbers.ts';
import {
  type InfluxParameters,
  type InfluxStrings,
  writeParameters,
} from '../decode/influx/parameters.ts';
import type { CheckedHeaders } from '../guard/guard.ts';
import { httpEncodingOf } from './encodings.ts';
import {
  type Announcement,
  brings,
  type HttpProtocol,
  type Reply,
  refused,
} from './http-protocol.ts';
import { influxQuestions } from './influx-questions.ts';
import { type InfluxVersion, influxWords } from './influx-words.ts';
import { rpcCode } from './status.ts';

/** What a record's header has room for beside the longest name of a tenant. */
const parametersBytesMax = 255 - 1 - 63;

const precisions: Readonly<Record<string, Precision>> = {
  n: 'ns',
  ns: 'ns',
  nanosecond: 'ns',
  u: 'us',
  us: 'us',
  µ: 'us',
  microsecond: 'us',
  ms: 'ms',
  millisecond: 'ms',
  s: 's',
  second: 's',
  m: 'm',
  h: 'h',
};

/** Unless the address says another one. */
const precisionDefaults: Readonly<Record<InfluxVersion, Precision>> = {
  v1: 'ns',
  v2: 'ns',
  v3: 'auto',
};

export type InfluxSettings = {
  /** What becomes of string fields. */
  readonly strings: InfluxStrings;
  /** How many days log records are kept; 0 is as long as points. */
  readonly logsDays: number;
};

/** By path. */
export function influxHttp(settings: InfluxSettings): Readonly<Record<string, HttpProtocol>> {
  return {
    '/write': writing('v1', settings),
    '/api/v2/write': writing('v2', settings),
    '/api/v3/write_lp': writing('v3', settings),
    ...influxQuestions(credentialsOf),
  };
}

function writing(version: InfluxVersion, settings: InfluxSettings): HttpProtocol {
  const words = influxWords[version];
  return {
    announce: (request) => announce(request, version, settings),
    credentials: credentialsOf,
    stored: (_announced, { rejected, message }): Reply => {
      if (rejected === 0) return { httpStatus: 204, headers: {}, body: Buffer.alloc(0) };
      return words.partial(rejected, message, toldLines(message));
    },
    refused: (_request, httpStatus, status) => {
      const lines = httpStatus === 400 ? toldLines(status.message) : [];
      return words.refused(httpStatus, status.message, lines);
    },
  };
}

function announce(
  request: IncomingMessage,
  version: InfluxVersion,
  settings: InfluxSettings,
): Announcement {
  const { method, headers } = request;
  if (method !== 'POST') {
    const status = { code: rpcCode.unimplemented, message: 'lines are written with POST' };
    const allowed = { allow: 'POST' };
    return refused({ reason: 'wrong_method', httpStatus: 405, status, headers: allowed });
  }
  const contentEncoding = httpEncodingOf(headers['content-encoding']);
  if (contentEncoding !== 'gzip' && contentEncoding !== 'identity') {
    const message = 'the content encoding must be gzip or identity';
    const status = { code: rpcCode.invalidArgument, message };
    const offered = { 'accept-encoding': 'gzip, identity' };
    return refused({ reason: 'unknown_encoding', httpStatus: 415, status, headers: offered });
  }
  const read = parametersOf(request, version, settings);
  if (typeof read === 'string') return badAddress(read);
  const parameters = writeParameters(read);
  if (Buffer.byteLength(parameters) > parametersBytesMax) {
    const names = 'the names of database, retention policy, organization and bucket';
    return badAddress(`${names} are longer than ${parametersBytesMax} bytes together`);
  }
  return brings({ signal: 'metrics', contentType: 'influx', contentEncoding, parameters });
}

function badAddress(message: string): Announcement {
  const status = { code: rpcCode.invalidArgument, message };
  return refused({ reason: 'wrong_address', httpStatus: 400, status });
}

/** What the address says, or what it lacks. */
function parametersOf(
  request: IncomingMessage,
  version: InfluxVersion,
  { strings, logsDays }: InfluxSettings,
): InfluxParameters | string {
  const query = queryOf(request);
  const word = (key: string): string | undefined => query.get(key) || undefined;
  const named = word('precision') ?? 'auto';
  let precision: Precision | undefined = precisions[named];
  if (named === 'auto' && (version === 'v3' || !query.get('precision'))) {
    precision = precisionDefaults[version];
  }
  if (precision === undefined) {
    return `invalid precision ${JSON.stringify(named)}: one of ns, us, ms, s, m and h is expected`;
  }
  const common = { precision, strings, logsDays, acceptsPartial: true };
  if (version === 'v2') {
    const bucket = word('bucket');
    if (bucket === undefined) return 'bucket is required';
    return { ...common, bucket, organization: word('org') ?? word('orgID') };
  }
  const database = word('db');
  if (database === undefined) return 'database is required';
  if (version === 'v1') return { ...common, database, retentionPolicy: word('rp') };
  return { ...common, database, acceptsPartial: word('accept_partial') !== 'false' };
}

/**
 * Who sends (INF-5): `u` and `p` of the address and `Authorization: Token NAME:SECRET` are basic
 * auth, `Token NAME.SECRET` is a bearer's. Nothing of it may be logged.
 */
function credentialsOf(request: IncomingMessage): CheckedHeaders {
  const { authorization } = request.headers;
  const query = queryOf(request);
  const user = query.get('u');
  if (user) return { authorization: basic(`${user}:${query.get('p') ?? ''}`) };
  const token = /^token +(\S+)\s*$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return request.headers;
  return { authorization: token.includes(':') ? basic(token) : `Bearer ${token}` };
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
}
