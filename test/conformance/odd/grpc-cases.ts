/** Odd gRPC calls: heads, frames, encodings, deadlines. */
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { snapBlock, snapFrames } from '../../../gateway/decode/testdata/snap.ts';
import {
  fixed64,
  join,
  len,
  request,
  span,
  spanId,
} from '../../../gateway/decode/testdata/wire-writer.ts';
import { frame, goodTraces, grpc, grpcPath, nowNs, type OddCase } from './case.ts';

const good = (): Uint8Array => frame(goodTraces());
const service = grpcPath.replace('/Export', '');

const types: readonly (string | undefined)[] = [
  'application/grpc+proto',
  'application/grpc+json',
  'application/grpc+unknown',
  'application/grpc;charset=utf-8',
  'application/grpc; a=b',
  'application/grpc-web',
  'application/grpc-web+proto',
  'Application/GRPC',
  'application/grpcx',
  'application/x-protobuf',
  'application/json',
  'text/plain',
  '',
  undefined,
];

const paths: readonly string[] = [
  `${service}/export`,
  `${service}/Exports`,
  `${service}/`,
  service,
  `/${service}/Export`,
  `${grpcPath}/`,
  `${grpcPath}?a=b`,
  '/v1/traces',
  '/',
  '/opentelemetry.proto.collector.trace.v1.traceservice/Export',
  '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export',
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/Watch',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
];

const timeouts = [
  '1S',
  '100m',
  '0n',
  '1n',
  '99999999H',
  '123456789S',
  '1',
  'S',
  '1x',
  '-1S',
  '1.5S',
  '',
];

/** Name, what `grpc-encoding` says, the flag of the frame, its bytes. */
const encodings: readonly (readonly [string, string | undefined, number, () => Uint8Array])[] = [
  ['gzip', 'gzip', 1, () => gzipSync(goodTraces())],
  ['gzip-upper-case', 'GZIP', 1, () => gzipSync(goodTraces())],
  ['gzip-flagged-plain', 'gzip', 0, goodTraces],
  ['gzip-plain-bytes', 'gzip', 1, goodTraces],
  ['gzip-cut', 'gzip', 1, () => gzipSync(goodTraces()).subarray(0, -4)],
  ['gzip-of-nothing', 'gzip', 1, () => gzipSync('')],
  ['gzip-without-a-byte', 'gzip', 1, () => new Uint8Array()],
  ['gzip-bomb', 'gzip', 1, () => gzipSync(Buffer.alloc(100 * 1024 ** 2))],
  ['zstd', 'zstd', 1, () => zstdCompressSync(goodTraces())],
  ['zstd-bomb', 'zstd', 1, () => zstdCompressSync(Buffer.alloc(100 * 1024 ** 2))],
  ['snappy-frames', 'snappy', 1, () => snapFrames(goodTraces())],
  ['snappy-block', 'snappy', 1, () => snapBlock(goodTraces())],
  ['deflate', 'deflate', 1, () => deflateSync(goodTraces())],
  ['lz4', 'lz4', 1, goodTraces],
  ['br', 'br', 1, goodTraces],
  ['identity', 'identity', 0, goodTraces],
  ['identity-flagged', 'identity', 1, goodTraces],
  ['none-flagged', undefined, 1, goodTraces],
  ['empty', '', 0, goodTraces],
  ['list', 'gzip,identity', 1, () => gzipSync(goodTraces())],
];

export const grpcCases: readonly OddCase[] = [
  grpc('grpc-good', good()),
  ...types.map((type) => grpc(`grpc-type-${type ?? 'none'}`, good(), { 'content-type': type })),
  ...paths.map((path) => grpc(`grpc-path ${path}`, good(), { ':path': path })),
  ...['GET', 'PUT', 'HEAD', 'post'].map((method) =>
    grpc(`grpc-method-${method}`, good(), { ':method': method }),
  ),
  ...timeouts.map((timeout) =>
    grpc(`grpc-timeout-${timeout}`, good(), { 'grpc-timeout': timeout }),
  ),
  ...encodings.map(([name, encoding, flag, bytes]) =>
    grpc(`grpc-encoding-${name}`, frame(bytes(), flag), { 'grpc-encoding': encoding }),
  ),
  grpc('grpc-frame-none', new Uint8Array()),
  grpc('grpc-frame-half-a-head', good().subarray(0, 3)),
  grpc('grpc-frame-only-head', frame(goodTraces()).subarray(0, 5)),
  grpc('grpc-frame-cut', good().subarray(0, -3)),
  grpc('grpc-frame-two', Buffer.concat([good(), good()])),
  grpc('grpc-frame-bytes-behind', Buffer.concat([good(), Buffer.from([1, 2])])),
  grpc('grpc-frame-flag-2', frame(goodTraces(), 2)),
  grpc('grpc-frame-flag-255', frame(goodTraces(), 255)),
  grpc('grpc-frame-4-gib', frame(goodTraces(), 0, 0xffff_ffff)),
  grpc('grpc-body-nothing', frame(new Uint8Array())),
  grpc('grpc-body-garbage', frame(Buffer.from('this is no protobuf'))),
  grpc('grpc-body-cut', frame(goodTraces().subarray(0, -3))),
  grpc('grpc-body-json', frame(Buffer.from('{}'))),
  grpc(
    'grpc-body-bad-ids',
    frame(request([join(len(1, 'short'), len(2, spanId), fixed64(7, nowNs))])),
  ),
  grpc('grpc-body-invalid-utf-8', frame(request([span(nowNs, len(5, Uint8Array.from([0xff])))]))),
  grpc('grpc-body-5-mib', frame(request([span(nowNs, len(5, Buffer.alloc(5 * 1024 ** 2, 'g')))]))),
  grpc('grpc-body-70-mib', frame(Buffer.alloc(70 * 1024 ** 2, 'g'))),
  grpc('grpc-health', frame(new Uint8Array()), { ':path': '/grpc.health.v1.Health/Check' }),
  grpc('grpc-no-te', good(), { te: undefined }),
  grpc('grpc-metadata-unknown', good(), { 'x-tenant': 'a', 'x-data-bin': 'AAEC' }),
  grpc('grpc-metadata-bin-invalid', good(), { 'x-data-bin': '***' }),
  grpc('grpc-metadata-8-kb', good(), { 'x-long': 'x'.repeat(8_000) }),
  grpc('grpc-accept-encoding-unknown', good(), { 'grpc-accept-encoding': 'br' }),
  grpc('grpc-user-agent-empty', good(), { 'user-agent': '' }),
];
