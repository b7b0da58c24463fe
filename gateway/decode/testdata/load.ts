/** Requests of realistic size for benches: fixed and seeded, the same bytes each time. */
import { encodeRequest } from './otlp.ts';

/** A small seeded generator: benches must see the same data in every run. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

export const receivedAtNs = 1_795_000_000_000_000_000n;

const text = (key: string, value: string): unknown => ({ key, value: { string_value: value } });

const resource = {
  attributes: [
    text('service.name', 'checkout'),
    text('service.version', '2.14.3'),
    text('service.instance.id', '6f1b6c3e-2f0a-4e55-9c57-0d4b8f6a9f10'),
    text('k8s.namespace.name', 'shop'),
    text('k8s.pod.name', 'checkout-7c9d5f6b8-x2x4v'),
    text('k8s.node.name', 'ip-10-0-3-117.eu-west-1.compute.internal'),
    text('host.arch', 'amd64'),
    text('os.type', 'linux'),
    text('telemetry.sdk.language', 'nodejs'),
    text('telemetry.sdk.version', '2.1.0'),
  ],
};

function id(random: () => number, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => 1 + Math.floor(random() * 255)));
}

function spanAttributes(random: () => number): unknown[] {
  return [
    text('http.request.method', 'GET'),
    text('url.scheme', 'https'),
    text('url.path', `/api/v1/carts/${Math.floor(random() * 1e6)}/items`),
    text('server.address', 'checkout.shop.svc.cluster.local'),
    { key: 'server.port', value: { int_value: 8443 } },
    { key: 'http.response.status_code', value: { int_value: 200 + Math.floor(random() * 4) } },
    text('network.protocol.version', '1.1'),
    text('user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0'),
    text('client.address', `10.4.${Math.floor(random() * 250)}.${Math.floor(random() * 250)}`),
    text('http.route', '/api/v1/carts/:cartId/items'),
    text('enduser.id', `user-${Math.floor(random() * 1e5)}`),
    { key: 'app.cart.items', value: { int_value: Math.floor(random() * 40) } },
  ];
}

/** `count` spans in one resource and scope, about 560 bytes each with 12 attributes. */
export function traceBody(count: number, seed: number, atNs = receivedAtNs): Uint8Array {
  const random = seededRandom(seed);
  const names = ['GET /api/v1/carts/:cartId/items', 'POST /api/v1/orders', 'SELECT shop.items'];
  let traceId = id(random, 16);
  const spans = Array.from({ length: count }, (_, index) => {
    if (index % 5 === 0) traceId = id(random, 16);
    const startNs = atNs - BigInt(Math.floor(random() * 5e9));
    return {
      trace_id: traceId,
      span_id: id(random, 8),
      parent_span_id: index % 5 === 0 ? Buffer.alloc(0) : id(random, 8),
      name: names[Math.floor(random() * 3)],
      kind: 1 + Math.floor(random() * 3),
      start_time_unix_nano: String(startNs),
      end_time_unix_nano: String(startNs + BigInt(Math.floor(1e5 + random() * 2e8))),
      attributes: spanAttributes(random),
      status: random() < 0.05 ? { code: 2, message: 'deadline exceeded' } : {},
      flags: 257,
    };
  });
  return encodeRequest('traces', {
    resource_spans: [{ resource, scope_spans: [{ scope: { name: 'http', version: '0.301.0' }, spans }] }],
  });
}

/** `count` log records, about 400 bytes each. */
export function logBody(count: number, seed: number, atNs = receivedAtNs): Uint8Array {
  const random = seededRandom(seed);
  const log_records = Array.from({ length: count }, () => ({
    time_unix_nano: String(atNs - BigInt(Math.floor(random() * 5e9))),
    observed_time_unix_nano: String(atNs),
    severity_number: 9 + 4 * Math.floor(random() * 3),
    severity_text: 'INFO',
    body: { string_value: `cart ${Math.floor(random() * 1e6)} priced in ${random()} ms by worker` },
    attributes: spanAttributes(random).slice(0, 6),
    trace_id: id(random, 16),
    span_id: id(random, 8),
    flags: 1,
  }));
  return encodeRequest('logs', {
    resource_logs: [{ resource, scope_logs: [{ scope: { name: 'app' }, log_records }] }],
  });
}

/** `count` data points, about 370 bytes each: sums, gauges and histograms in turn. */
export function metricBody(count: number, seed: number, atNs = receivedAtNs): Uint8Array {
  const random = seededRandom(seed);
  const point = (value: object): unknown => ({
    start_time_unix_nano: String(atNs - 60_000_000_000n),
    time_unix_nano: String(atNs),
    attributes: spanAttributes(random).slice(0, 9),
    ...value,
  });
  const many = (value: () => object): unknown[] =>
    Array.from({ length: Math.ceil(count / 3) }, () => point(value()));
  const distribution = (): object => ({
    count: 100,
    sum: random() * 1e4,
    min: random(),
    max: random() * 1e3,
    bucket_counts: Array.from({ length: 12 }, () => Math.floor(random() * 20)),
    explicit_bounds: Array.from({ length: 11 }, (_, index) => 5 * 2 ** index),
  });
  const metrics = [
    { name: 'http.server.active_requests', unit: '{request}', sum: { aggregation_temporality: 2, data_points: many(() => ({ as_int: Math.floor(random() * 1e6) })) } },
    { name: 'process.memory.usage', unit: 'By', gauge: { data_points: many(() => ({ as_double: random() * 1e9 })) } },
    { name: 'http.server.request.duration', unit: 's', histogram: { aggregation_temporality: 2, data_points: many(distribution) } },
  ];
  return encodeRequest('metrics', {
    resource_metrics: [{ resource, scope_metrics: [{ scope: { name: 'http' }, metrics }] }],
  });
}
