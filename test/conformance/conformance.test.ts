/**
 * Stock senders, every protocol, with and without compression: what they sent is read back from
 * ClickHouse field by field and compared with what an independent decoder made of it.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { startEngine } from '../support/engine.ts';
import { startGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type Passing, startCollector } from './collector.ts';
import { expectedRows, type Rows } from './oracle.ts';
import type { Request } from './otlp-json.ts';
import { canonical, storedRows } from './read-back.ts';

const run = promisify(execFile);
const deliveryMsMax = 20_000;
const pollMs = 250;

let engine: Awaited<ReturnType<typeof startEngine>>;
let gateway: Awaited<ReturnType<typeof startGateway>>;
let clickhouse: ClickHouse;

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({ clickhouseUrl: engine.url });
  clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
});

afterAll(async () => {
  await clickhouse?.close();
  await gateway?.stop();
  await engine?.stop();
});

type Sent = {
  readonly sent: Readonly<Record<string, Request>>;
  readonly failures: readonly string[];
};

async function runSender(command: string, args: readonly string[]): Promise<Request> {
  const { stdout } = await run(command, [...args], { maxBuffer: 64 * 1024 * 1024 });
  const { sent, failures }: Sent = JSON.parse(stdout);
  expect(failures).toEqual([]);
  return Object.assign({}, ...Object.values(sent));
}

async function expectStored(request: Request, service: string): Promise<void> {
  const expected = canonical(expectedRows(request));
  expect(Object.keys(expected)).toEqual(
    expect.arrayContaining(['otel_traces', 'otel_logs', 'otel_metrics_gauge', 'otel_metrics_sum']),
  );
  const count = (rows: Rows): number => Object.values(rows).flat().length;
  const deadline = Date.now() + deliveryMsMax;
  let stored = canonical(await storedRows(clickhouse, expected, service));
  while (count(stored) < count(expected) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    stored = canonical(await storedRows(clickhouse, expected, service));
  }
  expect(stored).toEqual(expected);
}

const endpointOf = (protocol: string): string =>
  protocol === 'grpc' ? `http://${gateway.grpc}` : gateway.http;

describe('the OpenTelemetry SDK for Node', () => {
  const cases = ['grpc', 'http/protobuf', 'http/json'].flatMap((protocol) =>
    ['none', 'gzip'].map((compression) => [protocol, compression] as const),
  );
  it.each(cases)('is stored as sent over %s with compression %s', async (protocol, compression) => {
    const service = `node-${protocol}-${compression}`;
    const program = join(import.meta.dirname, 'send-node-main.ts');
    const args = [program, endpointOf(protocol), protocol, compression, service];
    await expectStored(await runSender(process.execPath, args), service);
  });
});

describeWithPeer('otel-python', 'the OpenTelemetry SDK for Python', (python) => {
  const cases = ['grpc', 'http'].flatMap((protocol) =>
    ['none', 'gzip'].map((compression) => [protocol, compression] as const),
  );
  it.each(cases)('is stored as sent over %s with compression %s', async (protocol, compression) => {
    const service = `python-${protocol}-${compression}`;
    const program = join(import.meta.dirname, 'send.py');
    const args = [program, endpointOf(protocol), protocol, compression, service];
    await expectStored(await runSender(python, args), service);
  });
});

describeWithPeer('collector', 'the Collector', (program) => {
  const cases: readonly Passing[] = [
    { exporter: 'otlp_grpc', encoding: 'proto', compression: 'none' },
    { exporter: 'otlp_grpc', encoding: 'proto', compression: 'gzip' },
    { exporter: 'otlp_grpc', encoding: 'proto', compression: 'zstd' },
    { exporter: 'otlp_grpc', encoding: 'proto', compression: 'snappy' },
    { exporter: 'otlp_http', encoding: 'proto', compression: 'none' },
    { exporter: 'otlp_http', encoding: 'proto', compression: 'gzip' },
    { exporter: 'otlp_http', encoding: 'proto', compression: 'zstd' },
    { exporter: 'otlp_http', encoding: 'proto', compression: 'zlib' },
    { exporter: 'otlp_http', encoding: 'proto', compression: 'deflate' },
    { exporter: 'otlp_http', encoding: 'proto', compression: 'snappy' },
    { exporter: 'otlp_http', encoding: 'proto', compression: 'x-snappy-framed' },
    { exporter: 'otlp_http', encoding: 'json', compression: 'none' },
    { exporter: 'otlp_http', encoding: 'json', compression: 'gzip' },
  ];
  it.each(cases)('is stored as received: $exporter $encoding $compression', async (passing) => {
    const { exporter, encoding, compression } = passing;
    const service = `collector-${exporter}-${encoding}-${compression}`;
    const protocol = exporter === 'otlp_grpc' ? 'grpc' : 'http';
    const collector = await startCollector(program, passing, endpointOf(protocol));
    const sender = join(import.meta.dirname, 'send-node-main.ts');
    await runSender(process.execPath, [sender, collector.grpc, 'grpc', 'none', service]);
    await expectStored(await collector.stop(), service);
  });
});
