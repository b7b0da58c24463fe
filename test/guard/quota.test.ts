/**
 * A real Collector whose tenant is over its quota: it is told to come back, does so, and loses
 * nothing; another tenant does not notice.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { hashSecret, newSecret } from '../../gateway/guard/secret.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { runSql } from '../support/engine-http.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { loopbackAddress } from '../support/pod.ts';
import { type Program, startProgram } from '../support/program.ts';

const startMsMax = 60_000;
const waitMsMax = 50_000;
const itemsPerSecond = 100;
/** Of the bucket, see quotas.ts. */
const burstSeconds = 5;
const itemsPerRequest = 50;
const requests = 10;

describeWithPeer('collector', 'a real Collector over its quota', (program) => {
  const folder = mkdtempSync(join(tmpdir(), 'obsctl-quota-'));
  const address = `${loopbackAddress()}:4318`;
  const secret = newSecret();
  let engine: TestEngine;
  let gateway: TestGateway;
  let collector: Program;

  beforeAll(async () => {
    engine = await startEngine();
    const credentials = join(folder, 'credentials');
    const hash = hashSecret(secret);
    writeFileSync(credentials, `small ${hash} tenant=small\nother ${hash} tenant=other\n`);
    const limits = ['--tenant', `small,items=${itemsPerSecond}`];
    gateway = await startGateway({
      clickhouseUrl: engine.url,
      workers: 2,
      args: ['--credentials', credentials, ...limits],
    });
    const file = join(folder, 'collector.yaml');
    writeFileSync(file, JSON.stringify(configuration()));
    collector = startProgram(program, ['--config', file]);
    await collector.said('Everything is ready');
  }, startMsMax);

  afterAll(async () => {
    collector?.kill('SIGTERM');
    await collector?.ended;
    await gateway?.stop();
    await engine?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function configuration(): unknown {
    const common = {
      headers: { authorization: `Bearer small.${secret}` },
      tls: { insecure: true },
      // What is under way when the bucket runs dry is let in: few requests at a time.
      sending_queue: { enabled: true, num_consumers: 1 },
      retry_on_failure: { enabled: true, initial_interval: '50ms', max_interval: '200ms' },
    };
    const over = (exporter: string) => ({ receivers: ['otlp'], exporters: [exporter] });
    return {
      receivers: { otlp: { protocols: { http: { endpoint: address } } } },
      exporters: {
        otlp_grpc: { ...common, endpoint: gateway.grpc },
        otlp_http: { ...common, endpoint: gateway.http },
      },
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: { traces: over('otlp_grpc'), logs: over('otlp_http') },
      },
    };
  }

  async function post(url: string, body: object, authorization?: string): Promise<number> {
    const headers = {
      'content-type': 'application/json',
      ...(authorization !== undefined && { authorization }),
    };
    const sent = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    await sent.arrayBuffer();
    return sent.status;
  }

  async function stored(): Promise<string> {
    const of = (table: string, id: string): string =>
      `SELECT '${table}', count(), uniqExact(${id}) FROM otel.${table} WHERE Tenant = 'small'`;
    const sql = `${of('otel_logs', 'Body')} UNION ALL ${of('otel_traces', 'SpanId')}`;
    return (await runSql(engine.url, `${sql} ORDER BY 1 FORMAT TSV`)).trim();
  }

  async function overQuota(transport: string): Promise<number> {
    const text = await (await fetch(`${gateway.admin}/metrics`)).text();
    const name = 'obsctl_gateway_refused_requests_total';
    const series = `${name}{transport="${transport}",reason="over_quota"}`;
    return Number(
      text
        .split('\n')
        .find((row) => row.startsWith(series))
        ?.split(' ')[1],
    );
  }

  it(
    'comes back when it is told to, over gRPC and over HTTP, and loses nothing',
    async () => {
      const startMs = performance.now();
      for (let request = 0; request < requests; request += 1) {
        const first = request * itemsPerRequest;
        expect(await post(`http://${address}/v1/traces`, spans(first))).toBe(200);
        expect(await post(`http://${address}/v1/logs`, logs(first))).toBe(200);
      }
      const count = requests * itemsPerRequest;
      const all = `otel_logs\t${count}\t${count}\notel_traces\t${count}\t${count}`;
      while ((await stored()) !== all) {
        if (performance.now() - startMs > waitMsMax) expect(await stored()).toBe(all);
        expect(await post(`${gateway.http}/v1/logs`, logs(0), `Bearer other.${secret}`)).toBe(200);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const seconds = (performance.now() - startMs) / 1000;
      // One request may be beyond the bucket for each that is under way.
      const leastSeconds = (2 * count) / itemsPerSecond - burstSeconds - 2;
      expect(seconds).toBeGreaterThan(leastSeconds);
      expect(await overQuota('grpc')).toBeGreaterThan(0);
      expect(await overQuota('http')).toBeGreaterThan(0);
    },
    startMsMax,
  );
});

function indexes(first: number): readonly number[] {
  return Array.from({ length: itemsPerRequest }, (_, index) => first + index + 1);
}

function spans(first: number): object {
  const time = `${Date.now()}000000`;
  const made = indexes(first).map((index) => ({
    traceId: index.toString(16).padStart(32, '0'),
    spanId: index.toString(16).padStart(16, '0'),
    name: 'span',
    startTimeUnixNano: time,
    endTimeUnixNano: time,
  }));
  return { resourceSpans: [{ scopeSpans: [{ spans: made }] }] };
}

function logs(first: number): object {
  const logRecords = indexes(first).map((index) => ({
    timeUnixNano: `${Date.now()}000000`,
    body: { stringValue: `record ${index}` },
  }));
  return { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
}
