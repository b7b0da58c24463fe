/**
 * OTLP requests whose items are numbered, built from protobuf's own bytes: independent of the
 * gateway's decoder and fast enough to keep it busy.
 */

const service = 'crash-test';

/** Span `n` has the span id `n + 1`; five spans share a trace. */
export function tracesRequest(first: number, count: number): Uint8Array {
  const now = BigInt(Date.now()) * 1_000_000n;
  const spans = numbers(first, count).map((n) => {
    const traceId = Buffer.alloc(16, 7);
    traceId.writeBigUInt64BE(BigInt(Math.floor(n / 5) + 1), 8);
    return field(
      2,
      field(1, traceId),
      field(2, bigEndian(n + 1)),
      field(5, Buffer.from(`operation ${n % 7}`)),
      Buffer.from([0x30, 2]),
      fixed64(7, now),
      fixed64(8, now + BigInt(1_000_000 + (n % 1000) * 1000)),
      field(9, attribute('http.route', `/item/${n % 50}`)),
      field(9, attribute('item', String(n))),
    );
  });
  return field(1, resource(), field(2, field(1, field(1, Buffer.from(service))), ...spans));
}

/** The body of log record `n` is `n` in decimal. */
export function logsRequest(first: number, count: number, paddingBytes = 0): Uint8Array {
  const now = BigInt(Date.now()) * 1_000_000n;
  const records = numbers(first, count).map((n) =>
    field(
      2,
      fixed64(1, now),
      Buffer.from([0x10, 9]),
      field(5, field(1, Buffer.from(String(n)))),
      field(6, attribute('thread', `worker-${n % 8}`)),
      ...(paddingBytes > 0 ? [field(6, attribute('padding', 'x'.repeat(paddingBytes)))] : []),
    ),
  );
  return field(1, resource(), field(2, ...records));
}

/** The value of point `n` is the integer `n`. */
export function metricsRequest(first: number, count: number): Uint8Array {
  const now = BigInt(Date.now()) * 1_000_000n;
  const points = numbers(first, count).map((n) =>
    field(1, fixed64(3, now), fixed64(6, BigInt(n)), field(7, attribute('shard', `${n % 10}`))),
  );
  const metric = field(2, field(1, Buffer.from('crash.counter')), field(5, ...points));
  return field(1, resource(), field(2, metric));
}

function resource(): Buffer {
  return field(1, field(1, attribute('service.name', service)));
}

function attribute(key: string, value: string): Buffer {
  return Buffer.concat([field(1, Buffer.from(key)), field(2, field(1, Buffer.from(value)))]);
}

function field(number: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const head = [(number << 3) | 2];
  let { length } = body;
  for (; length > 0x7f; length >>>= 7) head.push((length & 0x7f) | 0x80);
  head.push(length);
  return Buffer.concat([Buffer.from(head), body]);
}

function fixed64(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = (number << 3) | 1;
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function numbers(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
