/**
 * The Node and the Python application against the real gateway and the real engine: what a
 * newcomer runs, with nothing but the usual variables set, and every row that it should leave.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { startGateway, type TestGateway } from '../../test/support/gateway.ts';
import { describeWithPeer } from '../../test/support/peer.ts';
import { runProgram } from '../../test/support/program.ts';

const deliveredMsMax = 30_000;

let engine: TestEngine;
let gateway: TestGateway;
let sql: ClickHouse;

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({ clickhouseUrl: engine.url });
  sql = connectClickHouse({ url: engine.url });
}, 60_000);

afterAll(async () => {
  await sql?.close();
  await gateway?.stop();
  await engine?.stop();
});

function works(service: string, program: () => string, args: readonly string[]): void {
  const env = {
    OTEL_SERVICE_NAME: service,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  };

  it('sends and ends without a complaint', async () => {
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: gateway.http };
    const { code, stderr } = await runProgram(program(), args, {
      env: { PATH: process.env['PATH'] ?? '', ...env, ...endpoint },
    });
    expect(stderr.replaceAll(/^.*(ExperimentalWarning|--trace-warnings).*\n/gm, '')).toBe('');
    expect(code).toBe(0);
  }, 60_000);

  it('leaves a failed child below its request', async () => {
    const spans = await rowsOf(
      `SELECT SpanName, SpanKind, StatusCode, StatusMessage,
        ParentSpanId = (SELECT any(SpanId) FROM otel.otel_traces
          WHERE ServiceName = '${service}' AND ParentSpanId = '') AS below
      FROM otel.otel_traces WHERE ServiceName = '${service}' ORDER BY SpanName`,
      2,
    );
    expect(spans).toMatchObject([
      { SpanName: 'POST /checkout', SpanKind: 'Server', StatusCode: 'Unset' },
      { SpanName: 'charge card', SpanKind: 'Client', StatusCode: 'Error' },
    ]);
    expect(spans[1]).toMatchObject({ StatusMessage: 'card declined', below: 1 });
  }, 60_000);

  it('leaves a log record of the same trace', async () => {
    const [record] = await rowsOf(
      `SELECT Body, SeverityNumber, LogAttributes['shop.order'] AS number,
        TraceId IN (SELECT TraceId FROM otel.otel_traces WHERE ServiceName = '${service}') AS linked
      FROM otel.otel_logs WHERE ServiceName = '${service}' AND Body LIKE 'order%'`,
      1,
    );
    expect(record).toMatchObject({
      Body: 'order 42: card declined',
      SeverityNumber: 13,
      number: '42',
      linked: 1,
    });
  }, 60_000);

  it('leaves a count', async () => {
    const [point] = await rowsOf(
      `SELECT Value, Attributes['shop.payment'] AS payment FROM otel.otel_metrics_sum
      WHERE ServiceName = '${service}' AND MetricName = 'shop.orders'`,
      1,
    );
    expect(point).toMatchObject({ Value: 1, payment: 'declined' });
  }, 60_000);
}

/** Asks until there are `count` rows: delivery follows the answer by a second or so. */
async function rowsOf(query: string, count: number): Promise<readonly object[]> {
  const end = performance.now() + deliveredMsMax;
  for (;;) {
    const rows = await sql.rows<Record<string, unknown>>(query);
    if (rows.length >= count || performance.now() > end) return rows;
  }
}

describe('the Node application', () => {
  works('checkout-node', () => process.execPath, [join(import.meta.dirname, 'node/main.ts')]);
});

describeWithPeer('otel-python', 'the Python application', (program) => {
  works('checkout-python', () => program, [join(import.meta.dirname, 'python/checkout.py')]);
});
