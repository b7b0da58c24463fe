/**
 * The same telemetry by every compression there is: equal rows, and fewer bytes on the wire, as
 * the gateway's own metrics tell (D08, D09). Compressors are those of zlib, and for snappy the
 * Collector beside (`conformance.test.ts`) and vectors of Go (`gateway/decode/snappy.test.ts`).
 */
import { connect } from 'node:http2';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import type { Signal } from '../../gateway/answer.ts';
import { snapBlock, snapFrames } from '../../gateway/decode/testdata/snap.ts';
import { goldenBody, signals } from '../bad-input/golden.ts';
import { startEngine } from '../support/engine.ts';
import { startGateway } from '../support/gateway.ts';

type Transport = 'http' | 'grpc';
type Way = {
  readonly transport: Transport;
  /** What the header says. */
  readonly name: string;
  readonly compress: (plain: Uint8Array) => Uint8Array;
};

const ways: readonly Way[] = (['http', 'grpc'] as const).flatMap((transport) =>
  [
    ['identity', (plain: Uint8Array) => plain] as const,
    ['gzip', (plain: Uint8Array) => gzipSync(plain)] as const,
    ['zstd', (plain: Uint8Array) => zstdCompressSync(plain)] as const,
    ['deflate', (plain: Uint8Array) => deflateSync(plain)] as const,
    ['snappy', transport === 'http' ? snapBlock : snapFrames] as const,
  ].map(([name, compress]) => ({ transport, name, compress })),
);
const services: Readonly<Record<Signal, string>> = {
  traces: 'trace.v1.TraceService',
  metrics: 'metrics.v1.MetricsService',
  logs: 'logs.v1.LogsService',
};
const deliveryMsMax = 30_000;
/** One body for all of them: its service differs from way to way, its length does not. */
const variant = 1000;

let engine: Awaited<ReturnType<typeof startEngine>>;
let gateway: Awaited<ReturnType<typeof startGateway>>;
let clickhouse: ClickHouse;
const bodies = new Map(signals.map((signal) => [signal, Buffer.from(goldenBody(signal, variant))]));
const madeMs = Date.now();
/** 2 spans, 3 log records, 4 points: those with a resource, and a table looked at. */
const rowsPerWay = 9;

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({ clickhouseUrl: engine.url, workers: 1 });
  clickhouse = connectClickHouse({ url: engine.url });
});

afterAll(async () => {
  await clickhouse?.close();
  await gateway?.stop();
  await engine?.stop();
});

const serviceOf = (way: Way): string => `golden-${1000 + ways.indexOf(way)}`;

function bodyOf(way: Way, signal: Signal): Uint8Array {
  const text = (bodies.get(signal) ?? Buffer.alloc(0)).toString('latin1');
  return Buffer.from(text.replaceAll(`golden-${variant}`, serviceOf(way)), 'latin1');
}

async function send(way: Way, signal: Signal): Promise<string> {
  const wire = way.compress(bodyOf(way, signal));
  if (way.transport === 'http') {
    const answer = await fetch(`${gateway.http}/v1/${signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': way.name },
      body: new Uint8Array(wire),
    });
    return String(answer.status);
  }
  const frame = Buffer.alloc(5);
  frame[0] = way.name === 'identity' ? 0 : 1;
  frame.writeUInt32BE(wire.length, 1);
  return await call(`opentelemetry.proto.collector.${services[signal]}/Export`, way.name, [
    frame,
    wire,
  ]);
}

async function call(path: string, name: string, pieces: readonly Uint8Array[]): Promise<string> {
  const session = connect(`http://${gateway.grpc}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': `/${path}`,
    'content-type': 'application/grpc',
    'grpc-encoding': name,
    te: 'trailers',
  });
  stream.end(Buffer.concat(pieces));
  return await new Promise((resolve, reject) => {
    let status = '';
    stream.on('response', (headers) => {
      status = String(headers['grpc-status'] ?? status);
    });
    stream.on('trailers', (headers) => {
      status = String(headers['grpc-status'] ?? status);
    });
    stream.on('error', reject);
    stream.on('close', () => {
      session.close();
      resolve(status);
    });
    stream.resume();
  });
}

async function bytesOf(metric: string, transport: Transport): Promise<number> {
  const text = await (await fetch(`${gateway.admin}/metrics`)).text();
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith(`obsctl_gateway_${metric}_bytes_total{`))
    .filter((line) => line.includes(`transport="${transport}"`));
  expect(lines.length).toBeGreaterThan(0);
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

const tables = ['traces', 'logs', 'metrics_gauge', 'metrics_sum', 'metrics_histogram'];

/** Every column of every row, but what tells the senders apart. */
async function rowsOf(way: Way): Promise<readonly string[]> {
  const rows: string[] = [];
  for (const table of tables) {
    const result = await clickhouse.client.query({
      query: `SELECT * EXCEPT (Seal) FROM otel.otel_${table} WHERE ServiceName = {service: String}`,
      query_params: { service: serviceOf(way) },
      format: 'JSONEachRow',
    });
    const found = await result.json<object>();
    const text = found.map((row) =>
      withoutReceiveTimes(JSON.stringify(row)).replaceAll(serviceOf(way), 'SERVICE'),
    );
    rows.push(...text.sort().map((row) => `${table} ${row}`));
  }
  return rows;
}

/** Items without a time of their own have the one at which they came. */
function withoutReceiveTimes(row: string): string {
  return row.replace(/"(20\d\d-\d\d-\d\d [\d:.]+)"/g, (text, time: string) =>
    Date.parse(`${time.replace(' ', 'T')}Z`) > madeMs ? '"RECEIVED"' : text,
  );
}

async function settledRows(way: Way, count: number): Promise<readonly string[]> {
  const endMs = performance.now() + deliveryMsMax;
  let rows = await rowsOf(way);
  while (rows.length < count && performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    rows = await rowsOf(way);
  }
  return rows;
}

describe('every compression', () => {
  const wire = new Map<string, number>();

  it.each(ways)('$name over $transport is stored, and its bytes are told', async (way) => {
    const { transport } = way;
    const before = await bytesOf('request_size', transport);
    const beforeInflated = await bytesOf('request_inflated_size', transport);
    for (const signal of signals) {
      expect(await send(way, signal)).toBe(transport === 'http' ? '200' : '0');
    }
    const plain = signals.reduce((sum, signal) => sum + bodyOf(way, signal).length, 0);
    const packed = signals.reduce(
      (sum, signal) => sum + way.compress(bodyOf(way, signal)).length,
      0,
    );
    // The counters reach /metrics with the next look at the lanes.
    let told = 0;
    for (const endMs = performance.now() + 10_000; performance.now() < endMs; ) {
      told = (await bytesOf('request_size', transport)) - before;
      if (told >= packed) break;
    }
    expect(told).toBe(packed);
    expect((await bytesOf('request_inflated_size', transport)) - beforeInflated).toBe(plain);
    wire.set(`${transport} ${way.name}`, packed);
  });

  it('takes fewer bytes than none', () => {
    for (const transport of ['http', 'grpc']) {
      const plain = wire.get(`${transport} identity`) ?? 0;
      for (const name of ['gzip', 'zstd', 'deflate', 'snappy']) {
        expect([name, wire.get(`${transport} ${name}`)]).toEqual([name, expect.any(Number)]);
        expect(wire.get(`${transport} ${name}`)).toBeLessThan(plain * 0.75);
      }
    }
  });

  it('gives equal rows', async () => {
    const [first, ...others] = ways;
    const expected = first === undefined ? [] : await settledRows(first, rowsPerWay);
    expect(expected.length).toBe(rowsPerWay);
    for (const way of others) {
      const rows = await settledRows(way, expected.length);
      expect([way.transport, way.name, rows]).toEqual([way.transport, way.name, expected]);
    }
  });
});
