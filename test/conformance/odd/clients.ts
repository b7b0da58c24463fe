/** Sends odd requests over connections of their own and puts the answers into one line. */
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import type { OddCase } from './case.ts';

export type Target = {
  readonly http: { readonly port: number };
  readonly grpc: { readonly port: number };
};

const loopback = '127.0.0.1';
/** Without a byte of an answer for so long, there is none. */
const silenceMs = 2_500;
/** The client's own bound would reset streams of the largest bodies. */
const sessionMegabytes = 500;
/** How long a server may take to close the connection behind its answer. */
const closeMs = 500;

const messages = protobuf.parse(
  `
  syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message Response { Partial partial_success = 1; }
  message Partial { int64 rejected = 1; string error_message = 2; }
`,
  { keepCase: true },
).root;

const codes = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND'],
  ...['ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION'],
  ...['ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'],
  'UNAUTHENTICATED',
];

/** Status, content type, what the body says, headers that matter, whether the connection ended. */
export async function answerTo(one: OddCase, target: Target): Promise<string> {
  return one.kind === 'http'
    ? await overHttp(one.bytes, target.http.port)
    : await overGrpc(one, target.grpc.port);
}

async function overHttp(bytes: Uint8Array, port: number): Promise<string> {
  const { received, closed } = await exchange(bytes, port);
  const answers = parseAnswers(received);
  if (answers.length === 0) return closed ? 'closed without an answer' : 'no answer';
  const text = answers.map(describeHttp).join(' | ');
  return closed ? `${text} close` : text;
}

type Exchanged = { readonly received: Buffer; readonly closed: boolean };

/** Sends all, then waits until the other side closes or has said nothing more for a while. */
function exchange(bytes: Uint8Array, port: number): Promise<Exchanged> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: loopback, allowHalfOpen: true });
    const chunks: Buffer[] = [];
    let timer = setTimeout(() => finish(false), silenceMs);
    let isWritten = false;
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ received: Buffer.concat(chunks), closed });
    };
    const wait = (): void => {
      clearTimeout(timer);
      // While a large body is on its way the other side has not seen all that it decides by.
      const ms = chunks.length > 0 && isWritten ? closeMs : silenceMs;
      timer = setTimeout(() => finish(false), ms);
    };
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      wait();
    });
    socket.on('end', () => finish(true));
    socket.on('close', () => finish(true));
    socket.on('error', () => {});
    socket.write(bytes, () => {
      isWritten = true;
      wait();
    });
  });
}

type HttpAnswer = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
};

function parseAnswers(received: Buffer): readonly HttpAnswer[] {
  const answers: HttpAnswer[] = [];
  for (let rest = received; rest.length > 0; ) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) break;
    const [first = '', ...lines] = rest.toString('latin1', 0, headEnd).split('\r\n');
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
      }),
    );
    const from = headEnd + 4;
    const length = headers.get('content-length');
    const isBodiless = status < 200 || status === 204 || status === 304;
    const end = isBodiless ? from : length === undefined ? rest.length : from + Number(length);
    answers.push({ status, headers, body: rest.subarray(from, Math.min(end, rest.length)) });
    rest = rest.subarray(Math.min(end, rest.length));
  }
  return answers;
}

const headersThatMatter = ['allow', 'accept-encoding', 'retry-after', 'content-encoding'];

function describeHttp({ status, headers, body }: HttpAnswer): string {
  const type = (headers.get('content-type') ?? 'untyped').replaceAll('"', '');
  const named = headersThatMatter
    .filter((name) => headers.has(name))
    .map((name) => ` ${name}=${headers.get(name)}`);
  const plain = headers.get('content-encoding') === 'gzip' ? gunzipSync(body) : body;
  return `${status} ${type} ${describeBody(status, type, plain)}${named.join('')}`;
}

function describeBody(status: number, type: string, body: Buffer): string {
  try {
    if (status === 200 && type === 'application/x-protobuf') {
      return partial(decode('Response', body)['partial_success']);
    }
    if (status === 200 && type === 'application/json') {
      const given = JSON.parse(body.toString()).partialSuccess;
      if (given === undefined) return 'success';
      const rejected =
        given.rejectedSpans ?? given.rejectedLogRecords ?? given.rejectedDataPoints ?? 0;
      return partial({ rejected: Number(rejected), error_message: given.errorMessage });
    }
    if (type === 'application/x-protobuf') return statusText(decode('Status', body));
    if (type === 'application/json' && body.length > 0) {
      const { code, message, details } = JSON.parse(body.toString());
      const types = (details ?? []).map((one: Record<string, string>) => ({
        type_url: one['@type'],
      }));
      return statusText({ code, message, details: types });
    }
  } catch {
    return 'a broken body';
  }
  return body.length === 0 ? 'empty' : 'text';
}

/** What protobufjs gives: fields of any kind. */
type Fields = ReturnType<protobuf.Type['toObject']>;

function decode(name: string, body: Buffer): Fields {
  const message = messages.lookupType(name);
  return message.toObject(message.decode(body), { longs: Number });
}

function partial(given: Fields | undefined): string {
  if (given === undefined || (!given['rejected'] && !given['error_message'])) return 'success';
  return `partial(${given['rejected'] ?? 0}${given['error_message'] ? ', message' : ''})`;
}

function statusText({ code, message, details }: Fields): string {
  const kinds = ((details ?? []) as Fields[]).map((one) =>
    String(one['type_url']).split('.').at(-1),
  );
  return `status(${[code ?? 0, ...(message ? [] : ['no message']), ...kinds].join(', ')})`;
}

async function overGrpc(one: OddCase & { kind: 'grpc' }, port: number): Promise<string> {
  const session = connectHttp2(`http://${loopback}:${port}`, {
    maxSessionMemory: sessionMegabytes,
  });
  session.on('error', () => {});
  try {
    return await new Promise((resolve) => {
      const stream = session.request(one.headers as never, { endStream: false });
      let head: IncomingHttpHeaders = {};
      let trailers: IncomingHttpHeaders = {};
      const chunks: Buffer[] = [];
      const timer = setTimeout(() => resolve('no answer'), silenceMs * 2);
      stream.on('response', (given) => {
        head = given;
      });
      stream.on('trailers', (given) => {
        trailers = given;
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', () => {});
      stream.on('close', () => {
        clearTimeout(timer);
        resolve(describeGrpc(head, trailers, Buffer.concat(chunks), stream.rstCode));
      });
      stream.end(one.data);
    });
  } finally {
    session.destroy();
  }
}

function describeGrpc(
  head: IncomingHttpHeaders,
  trailers: IncomingHttpHeaders,
  body: Buffer,
  resetCode: number,
): string {
  // A reset behind an answer is how a server ends a body that it no longer wants: no difference.
  const status = Number(head[':status'] ?? 0);
  if (status === 0) return `reset(${resetCode})`;
  const all: IncomingHttpHeaders = { ...head, ...trailers };
  const code = all['grpc-status'];
  if (code === undefined) return `http ${status} without a grpc-status`;
  const name = codes[Number(code)] ?? `code ${String(code)}`;
  const words = [status === 200 ? name : `http ${status} ${name}`];
  const isCompressed = body[0] === 1;
  if (isCompressed) words.push(`compressed=${all['grpc-encoding']}`);
  if (name === 'OK') {
    words.push(body.length > 5 && !isCompressed ? describeReply(body.subarray(5)) : 'success');
  }
  if (name !== 'OK' && !all['grpc-message']) words.push('no message');
  const details = Buffer.from(String(all['grpc-status-details-bin'] ?? ''), 'base64');
  for (const kind of ['RetryInfo', 'BadRequest']) if (details.includes(kind)) words.push(kind);
  return words.join(' ');
}

function describeReply(body: Buffer): string {
  try {
    return partial(decode('Response', body)['partial_success']);
  } catch {
    return 'another message';
  }
}
