/**
 * What clients of InfluxDB ask before they write (INF-6): whether it is there, which version it
 * is, and that a database be made. Nothing else is answered here: rows are asked for in ClickHouse.
 */
import type { IncomingMessage } from 'node:http';
import type { Announcement, HttpProtocol, Reply } from './http-protocol.ts';
import { refused } from './http-protocol.ts';
import { json, replyInV1 } from './influx-words.ts';
import { rpcCode } from './status.ts';

/** Of which we speak the writing half; clients turn features on by it. */
const version = '1.8.10-obsctl';
const queryBytesMax = 64 * 1024;
const statementsMax = 16;

/** By path; a statement needs the credentials that a write needs, the other two tell nothing. */
export function influxQuestions(
  credentials: NonNullable<HttpProtocol['credentials']>,
): Readonly<Record<string, HttpProtocol>> {
  return {
    '/ping': question((request) => onlyGet(request, ping)),
    '/health': question((request) => onlyGet(request, health)),
    '/query': { ...question(query), credentials },
  };
}

function question(announce: (request: IncomingMessage) => Announcement): HttpProtocol {
  return {
    announce,
    stored: () => json(200, {}),
    refused: (_request, httpStatus, { message }) => replyInV1(httpStatus, message),
  };
}

function onlyGet(
  request: IncomingMessage,
  answer: (request: IncomingMessage) => Reply,
): Announcement {
  const { method } = request;
  if (method === 'GET' || method === 'HEAD') return { kind: 'reply', reply: answer(request) };
  const status = { code: rpcCode.unimplemented, message: 'this is asked with GET or HEAD' };
  const headers = { allow: 'GET, HEAD' };
  return refused({ reason: 'wrong_method', httpStatus: 405, status, headers });
}

function ping(request: IncomingMessage): Reply {
  const headers = { 'x-influxdb-version': version, 'x-influxdb-build': 'obsctl' };
  const isVerbose = /[?&]verbose=(true|1)\b/.test(request.url ?? '');
  if (!isVerbose) return { httpStatus: 204, headers, body: Buffer.alloc(0) };
  const reply = json(200, { version });
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

function health(): Reply {
  const message = 'ready for writes';
  // The name is what clients look for.
  return json(200, { name: 'influxdb', message, status: 'pass', checks: [], version });
}

/** `q` stands in the address or, of a POST, in a form. */
function query(request: IncomingMessage): Announcement {
  const { method, url = '' } = request;
  if (method !== 'GET' && method !== 'POST') {
    const status = { code: rpcCode.unimplemented, message: 'statements come with GET or POST' };
    const headers = { allow: 'GET, POST' };
    return refused({ reason: 'wrong_method', httpStatus: 405, status, headers });
  }
  const start = url.indexOf('?');
  const asked = start < 0 ? undefined : new URLSearchParams(url.slice(start + 1)).get('q');
  return {
    kind: 'asks',
    answer: (body) => {
      const form = Buffer.from(body.subarray(0, queryBytesMax)).toString();
      return answerStatements(asked ?? new URLSearchParams(form).get('q') ?? '');
    },
  };
}

function answerStatements(text: string): Reply {
  const statements = text
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  if (statements.length === 0) return replyInV1(400, 'missing required parameter "q"');
  const others = statements.filter((statement) => emptyResult(statement) === undefined);
  if (others.length > 0 || statements.length > statementsMax) {
    const asked = 'ask ClickHouse, for example with `obsctl query`';
    return replyInV1(400, `this gateway takes lines and answers no queries: ${asked}`);
  }
  const results = statements.map((statement, index) => ({
    statement_id: index,
    ...emptyResult(statement),
  }));
  return json(200, { results });
}

/** What a statement that needs no doing is answered; undefined for others. */
function emptyResult(statement: string): object | undefined {
  if (/^create\s+(database|retention\s+policy)\s/i.test(statement)) return {};
  if (!/^show\s+databases$/i.test(statement)) return undefined;
  return { series: [{ name: 'databases', columns: ['name'] }] };
}
