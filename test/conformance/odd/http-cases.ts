/** Odd HTTP: methods, paths, media types, encodings. */
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { snapBlock, snapFrames } from '../../../gateway/decode/testdata/snap.ts';
import { goodJson, goodTraces, http, mediaType, type OddCase } from './case.ts';

const methods = ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'post', 'BREW'];

const targets = [
  '/',
  '/v1/traces/',
  '//v1/traces',
  '/v1/traces?source=a',
  '/v1/traces#part',
  '/V1/traces',
  '/v1/trace',
  '/v1/../v1/traces',
  '/v1/./traces',
  '/v1/%74races',
  '/v1/traces%2f',
  '/v1/traces;a=b',
  'http://127.0.0.1/v1/traces',
  'http://other.example/v1/traces',
  '*',
  'v1/traces',
  '/v1/profiles',
  '/v1development/profiles',
  '/constructor',
  '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  `/v1/traces?q=${'x'.repeat(8000)}`,
  `/v1/traces?q=${'x'.repeat(20_000)}`,
];

const contentTypes: readonly (readonly [string, string | undefined])[] = [
  ['none', undefined],
  ['empty', ''],
  ['text', 'text/plain'],
  ['octets', 'application/octet-stream'],
  ['form', 'application/x-www-form-urlencoded'],
  ['multipart', 'multipart/form-data; boundary=a'],
  ['protobuf', 'application/protobuf'],
  ['google', 'application/x-google-protobuf'],
  ['upper-case', 'APPLICATION/X-PROTOBUF'],
  ['charset', 'application/x-protobuf; charset=utf-8'],
  ['semicolon', 'application/x-protobuf;'],
  ['two-semicolons', 'application/x-protobuf;;'],
  ['parameter-without-value', 'application/x-protobuf; charset'],
  ['parameter-twice', 'application/x-protobuf; a=b; a=c'],
  ['spaces', '  application/x-protobuf  '],
  ['quoted', '"application/x-protobuf"'],
  ['list', 'application/x-protobuf, application/json'],
  ['grpc', 'application/grpc'],
  ['any', '*/*'],
];

const jsonTypes: readonly (readonly [string, string])[] = [
  ['json-charset', 'application/json; charset=utf-8'],
  ['json-latin1', 'application/json; charset=iso-8859-1'],
  ['json-upper-case', 'Application/JSON'],
  ['json-newline-delimited', 'application/x-ndjson'],
  ['json-suffix', 'application/otlp+json'],
];

const skippableFrame = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
/** A frame header that asks for a window of 2 GiB. */
const zstdHugeWindow = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 1, 0, 0]);
const lz4Empty = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 0, 0, 0, 0]);

function changed(bytes: Buffer, fromEnd: number): Buffer {
  const at = bytes.length - fromEnd;
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  return bytes;
}

function halves(compress: (bytes: Uint8Array) => Buffer): Buffer {
  const body = goodTraces();
  const middle = body.length >> 1;
  return Buffer.concat([compress(body.subarray(0, middle)), compress(body.subarray(middle))]);
}

const zeros = (): Buffer => Buffer.alloc(100 * 1024 ** 2);

/** Name of the case, what the header says, the bytes. */
const encodings: readonly (readonly [string, string, () => Uint8Array])[] = [
  ['identity', 'identity', goodTraces],
  ['empty-name', '', goodTraces],
  ['gzip', 'gzip', () => gzipSync(goodTraces())],
  ['gzip-upper-case', 'GZIP', () => gzipSync(goodTraces())],
  ['x-gzip', 'x-gzip', () => gzipSync(goodTraces())],
  ['gzip-of-nothing', 'gzip', () => gzipSync('')],
  ['gzip-without-a-byte', 'gzip', () => new Uint8Array()],
  ['gzip-two-members', 'gzip', () => halves(gzipSync)],
  ['gzip-cut', 'gzip', () => gzipSync(goodTraces()).subarray(0, -5)],
  ['gzip-only-head', 'gzip', () => gzipSync(goodTraces()).subarray(0, 10)],
  ['gzip-wrong-sum', 'gzip', () => changed(gzipSync(goodTraces()), 8)],
  ['gzip-wrong-size', 'gzip', () => changed(gzipSync(goodTraces()), 1)],
  ['gzip-garbage-behind', 'gzip', () => Buffer.concat([gzipSync(goodTraces()), Buffer.from('xx')])],
  ['gzip-zeros-behind', 'gzip', () => Buffer.concat([gzipSync(goodTraces()), Buffer.alloc(9)])],
  ['gzip-plain', 'gzip', goodTraces],
  ['gzip-twice-called-once', 'gzip', () => gzipSync(gzipSync(goodTraces()))],
  ['gzip-bomb', 'gzip', () => gzipSync(zeros())],
  ['zstd', 'zstd', () => zstdCompressSync(goodTraces())],
  ['zstd-two-frames', 'zstd', () => halves(zstdCompressSync)],
  [
    'zstd-skippable-frame',
    'zstd',
    () => Buffer.concat([skippableFrame, zstdCompressSync(goodTraces())]),
  ],
  ['zstd-only-skippable', 'zstd', () => skippableFrame],
  ['zstd-cut', 'zstd', () => zstdCompressSync(goodTraces()).subarray(0, -3)],
  [
    'zstd-garbage-behind',
    'zstd',
    () => Buffer.concat([zstdCompressSync(goodTraces()), Buffer.from('xx')]),
  ],
  ['zstd-plain', 'zstd', goodTraces],
  ['zstd-without-a-byte', 'zstd', () => new Uint8Array()],
  ['zstd-huge-window', 'zstd', () => zstdHugeWindow],
  ['zstd-bomb', 'zstd', () => zstdCompressSync(zeros())],
  ['deflate', 'deflate', () => deflateSync(goodTraces())],
  ['deflate-raw', 'deflate', () => deflateRawSync(goodTraces())],
  ['deflate-wrong-sum', 'deflate', () => changed(deflateSync(goodTraces()), 1)],
  [
    'deflate-garbage-behind',
    'deflate',
    () => Buffer.concat([deflateSync(goodTraces()), Buffer.from('xx')]),
  ],
  ['deflate-two-streams', 'deflate', () => halves(deflateSync)],
  ['deflate-without-a-byte', 'deflate', () => new Uint8Array()],
  ['zlib', 'zlib', () => deflateSync(goodTraces())],
  ['snappy-block', 'snappy', () => snapBlock(goodTraces())],
  ['snappy-frames', 'snappy', () => snapFrames(goodTraces())],
  ['snappy-only-identifier', 'snappy', () => snapFrames(new Uint8Array())],
  ['snappy-cut', 'snappy', () => snapBlock(goodTraces()).subarray(0, -3)],
  ['snappy-frames-wrong-sum', 'snappy', () => changed(snapFrames(goodTraces()), 1)],
  ['snappy-4-gib', 'snappy', () => Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0x78])],
  ['snappy-16-mib-of-nothing', 'snappy', () => Buffer.from([0x80, 0x80, 0x80, 0x08, 0, 0x78])],
  ['snappy-plain', 'snappy', goodTraces],
  ['snappy-without-a-byte', 'snappy', () => new Uint8Array()],
  ['snappy-framed-frames', 'x-snappy-framed', () => snapFrames(goodTraces())],
  ['snappy-framed-block', 'x-snappy-framed', () => snapBlock(goodTraces())],
  ['lz4', 'lz4', () => lz4Empty],
  ['br', 'br', goodTraces],
  ['compress', 'compress', goodTraces],
  ['unknown', 'rot13', goodTraces],
  ['gzip-and-gzip', 'gzip, gzip', () => gzipSync(gzipSync(goodTraces()))],
  ['gzip-and-identity', 'gzip, identity', () => gzipSync(goodTraces())],
  ['gzip-with-weight', 'gzip;q=1', () => gzipSync(goodTraces())],
];

export const httpCases: readonly OddCase[] = [
  ...methods.map((method) => http(`method-${method}`, { method })),
  ...targets.map((target) => http(`path ${target.slice(0, 60)}${target.length}`, { target })),
  ...contentTypes.map(([name, contentType]) => http(`type-${name}`, { contentType })),
  ...jsonTypes.map(([name, contentType]) =>
    http(`type-${name}`, { contentType, body: goodJson() }),
  ),
  http('type-protobuf-called-json', { contentType: mediaType.json }),
  http('type-json-called-protobuf', { body: goodJson() }),
  http('type-twice', { headers: [`Content-Type: ${mediaType.json}`] }),
  ...encodings.map(([name, encoding, body]) =>
    http(`encoding-${name}`, { headers: [`Content-Encoding: ${encoding}`], body: body() }),
  ),
  http('encoding-json-gzip', {
    contentType: mediaType.json,
    headers: ['Content-Encoding: gzip'],
    body: gzipSync(goodJson()),
  }),
  http('encoding-two-headers', {
    headers: ['Content-Encoding: gzip', 'Content-Encoding: gzip'],
    body: gzipSync(gzipSync(goodTraces())),
  }),
  http('accept-nothing-we-have', { headers: ['Accept: image/png', 'Accept-Encoding: br;q=1'] }),
  http('accept-gzip', { headers: ['Accept-Encoding: gzip'] }),
  http('origin-of-a-browser', { headers: ['Origin: https://page.example'] }),
  http('range', { headers: ['Range: bytes=0-1'] }),
  http('if-none-match', { headers: ['If-None-Match: *'] }),
];
