import { z } from 'zod';
import { described, goDuration, secretRef } from '../words.ts';

const signals = ['traces', 'metrics', 'logs'] as const;

const extraExporter = z.strictObject({
  protocol: described(
    z.enum(['grpc', 'http']).default('grpc'),
    'OTLP over gRPC or over HTTP.',
    'http',
  ),
  endpoint: described(
    z.string().min(1),
    'Where to: host:port for gRPC, a URL without /v1/… for HTTP.',
    'https://otlp.example.com:4317',
  ),
  signals: described(
    z
      .array(z.enum(signals))
      .min(1)
      .default([...signals]),
    'Signals that are sent there too.',
    ['traces'],
  ),
  agents: described(
    z
      .array(z.enum(['node-agent', 'cluster-agent', 'prometheus-agent', 'sampler', 'gateway']))
      .min(1)
      .default(['gateway']),
    'Collectors that send there.',
    ['node-agent', 'cluster-agent'],
  ),
  headers: described(
    z
      .record(
        z.string().regex(/^[A-Za-z0-9-]+$/, 'a header name'),
        z.union([z.string(), secretRef]),
      )
      .default({}),
    'Headers of each request: a plain value, or a key of a Secret.',
    { 'x-team': 'shop', authorization: { secret: 'backend-token', key: 'header' } },
  ),
  insecure: described(z.boolean().default(false), 'Sends without TLS.', true),
  compression: described(
    z.enum(['gzip', 'zstd', 'none']).default('gzip'),
    'Compression of requests.',
    'zstd',
  ),
  timeout: described(
    goDuration.default('10s'),
    'How long one request may take (a duration).',
    '30s',
  ),
  queue_size: described(
    z.int().min(1).default(50_000),
    'Items held while the back end is away (a count); when it is full, items for this back ' +
      'end are dropped and counted, and the others go on.',
    200_000,
  ),
  max_elapsed_time: described(
    goDuration.default('5m'),
    'A batch that could not be sent for this long is dropped and counted (a duration); 0s ' +
      'means never.',
    '1h',
  ),
});

/** Further OTLP back ends, by a name of your own; key `extra_exporters` of the stack. */
export const extraExportersOptions = described(
  z
    .record(
      z.string().regex(/^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$/, 'a lower-case name'),
      extraExporter,
    )
    .default({}),
  'Further OTLP back ends, by a name of your own.',
  { vendor: { endpoint: 'https://otlp.example.com:4317', signals: ['traces'] } },
);

export type ExtraExportersOptions = z.output<typeof extraExportersOptions>;
