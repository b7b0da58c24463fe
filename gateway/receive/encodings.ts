/**
 * The names of compressions on the wire, and which of them a body is. Over HTTP as the Collector
 * takes them (OTLP-C2): `deflate` is zlib's format there as in RFC 9110. What a record's header
 * says is `ContentEncoding`; snappy tells its two formats apart by its own bytes.
 */
import type { ContentEncoding } from '../answer.ts';

const byHttpName: ReadonlyMap<string, ContentEncoding> = new Map<string, ContentEncoding>([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['zstd', 'zstd'],
  ['deflate', 'deflate'],
  ['zlib', 'deflate'],
  ['snappy', 'snappy'],
  ['x-snappy-framed', 'snappy'],
]);

const byGrpcName: ReadonlyMap<string, ContentEncoding> = new Map(
  (['identity', 'gzip', 'zstd', 'deflate', 'snappy'] as const).map((name) => [name, name]),
);

/** What `Accept-Encoding` says of us. */
export const httpEncodings = 'gzip, zstd, deflate, snappy, identity';
export const grpcEncodings: string = [...byGrpcName.keys()].join(',');

/** Undefined for one that we do not have. */
export function httpEncodingOf(header: string | undefined): ContentEncoding | undefined {
  return byHttpName.get((header ?? '').trim().toLowerCase());
}

export function grpcEncodingOf(
  header: string | readonly string[] | undefined,
): ContentEncoding | undefined {
  if (header === undefined || header === '') return 'identity';
  return typeof header === 'string' ? byGrpcName.get(header) : undefined;
}
