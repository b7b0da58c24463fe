/** gRPC that no client library sends: frames, encodings and paths that are wrong, at a gateway. */
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { startEngine } from '../support/engine.ts';
import { startGateway } from '../support/gateway.ts';
import { goldenBody } from './golden.ts';

/** google.rpc.Code in the trailers. */
const invalidArgument = '3';
const resourceExhausted = '8';
const unimplemented = '12';
const internal = '13';

const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

let engine: Awaited<ReturnType<typeof startEngine>>;
let gateway: Awaited<ReturnType<typeof startGateway>>;
let session: ClientHttp2Session;

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({ clickhouseUrl: engine.url, workers: 1 });
  session = connect(`http://${gateway.grpc}`);
});

afterAll(async () => {
  session?.close();
  await gateway?.stop();
  await engine?.stop();
});

type Reply = {
  readonly httpStatus: number;
  readonly status: string | undefined;
  readonly details: string;
};

/** Sends `bytes` as the stream's data and gives the status, wherever it stands. */
function call(bytes: Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  return new Promise((resolve, reject) => {
    let first: IncomingHttpHeaders = {};
    let last: IncomingHttpHeaders = {};
    stream.on('response', (given) => {
      first = given;
    });
    stream.on('trailers', (given) => {
      last = given;
    });
    stream.on('error', reject);
    stream.on('close', () => {
      const all: IncomingHttpHeaders = { ...first, ...last };
      const details = Buffer.from(String(all['grpc-status-details-bin'] ?? ''), 'base64');
      resolve({
        httpStatus: Number(first[':status']),
        status: all['grpc-status']?.toString(),
        details: details.toString('latin1'),
      });
    });
    stream.resume();
    stream.end(bytes);
  });
}

function frame(body: Uint8Array, flag = 0, length = body.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
}

const golden = goldenBody('traces', 1);
const gzip = { 'grpc-encoding': 'gzip' };
const zstd = { 'grpc-encoding': 'zstd' };
const zeros = Buffer.alloc(300 * 1024 ** 2);

const cases: readonly (readonly [
  string,
  () => Uint8Array,
  Readonly<Record<string, string>>,
  string,
])[] = [
  ['no frame', () => new Uint8Array(), {}, unimplemented],
  ['half a frame head', () => frame(golden).subarray(0, 3), {}, invalidArgument],
  ['a frame that is cut', () => frame(golden).subarray(0, 100), {}, invalidArgument],
  ['a frame that promises 4 GiB', () => frame(golden, 0, 0xffff_ffff), {}, resourceExhausted],
  [
    'a frame one byte shorter than it says',
    () => frame(golden, 0, golden.length + 1),
    {},
    invalidArgument,
  ],
  ['two frames', () => Buffer.concat([frame(golden), frame(golden)]), {}, unimplemented],
  ['a flag without an encoding', () => frame(gzipSync(golden), 1), {}, internal],
  ['a flag that there is not', () => frame(golden, 7), gzip, internal],
  ['plain bytes flagged as gzip', () => frame(golden, 1), gzip, invalidArgument],
  ['plain bytes flagged as zstd', () => frame(golden, 1), zstd, invalidArgument],
  ['gzip that is cut', () => frame(gzipSync(golden).subarray(0, 60), 1), gzip, invalidArgument],
  ['gzip with a wrong sum', () => frame(wrongSum(gzipSync(golden)), 1), gzip, invalidArgument],
  ['a gzip bomb', () => frame(gzipSync(zeros), 1), gzip, resourceExhausted],
  ['a zstd bomb', () => frame(zstdCompressSync(zeros), 1), zstd, resourceExhausted],
  ['an unknown encoding', () => frame(golden, 1), { 'grpc-encoding': 'br' }, unimplemented],
  ['another method', () => frame(golden), { ':path': `${path}All` }, unimplemented],
  ['another service', () => frame(golden), { ':path': '/a.B/Export' }, unimplemented],
  ['a path of HTTP', () => frame(golden), { ':path': '/v1/traces' }, unimplemented],
];

function wrongSum(bytes: Buffer): Buffer {
  const at = bytes.length - 8;
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  return bytes;
}

describe('gRPC calls that are wrong', () => {
  it.each(cases)('%s', async (_, bytes, headers, status) => {
    const reply = await call(bytes(), headers);
    expect(reply).toMatchObject({ httpStatus: 200, status });
    expect(reply.details).not.toContain('RetryInfo');
  });

  it.each(['application/json', 'application/x-protobuf', 'text/plain'])(
    'content type %s is told so in HTTP’s words',
    async (contentType) => {
      const reply = await call(frame(golden), { 'content-type': contentType });
      expect(reply.httpStatus).toBe(415);
    },
  );

  it('store nothing, and the connection still serves', async () => {
    expect((await call(frame(golden))).status).toBe('0');
    expect((await fetch(`${gateway.admin}/livez`)).status).toBe(200);
    expect(await gateway.stop()).toBe(0);
    const clickhouse = connectClickHouse({ url: engine.url });
    const query = 'SELECT count() AS rows FROM otel.otel_traces';
    const result = await clickhouse.client.query({ query, format: 'JSONEachRow' });
    const [row] = await result.json<{ rows: string }>();
    await clickhouse.close();
    // The spans of the one whole request.
    expect(Number(row?.rows)).toBe(3);
  });
});
