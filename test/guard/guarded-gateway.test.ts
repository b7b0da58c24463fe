/**
 * A guarded gateway as a whole: a real Collector sends through TLS with a token while certificate
 * and credentials are exchanged under it, well and badly.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hashSecret, newSecret } from '../../gateway/guard/secret.ts';
import { createAuthority, type Issued } from '../support/certificates.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { runSql } from '../support/engine-http.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { loopbackAddress } from '../support/pod.ts';
import { type Program, startProgram } from '../support/program.ts';

const startMsMax = 60_000;
const waitMsMax = 30_000;
const folder = mkdtempSync(join(tmpdir(), 'obsctl-guarded-'));
const authority = createAuthority('authority');
const secret = newSecret();
const line = `agent ${hashSecret(secret)} tenant=shop`;
const files = {
  certificate: join(folder, 'tls.crt'),
  key: join(folder, 'tls.key'),
  authority: join(folder, 'ca.crt'),
  credentials: join(folder, 'credentials'),
  admin: join(folder, 'admin'),
};

let engine: TestEngine;
let gateway: TestGateway;
/** What was seen last, for a failure. */
let heard = '';

beforeAll(async () => {
  engine = await startEngine();
  putPair(issue());
  put(files.authority, authority.certificate);
  put(files.credentials, line);
  put(files.admin, `prometheus ${hashSecret(secret)}`);
  gateway = await startGateway({
    clickhouseUrl: engine.url,
    workers: 2,
    telemetryIntervalMs: 200,
    args: [
      ...['--tls-cert', files.certificate, '--tls-key', files.key],
      ...['--credentials', files.credentials, '--admin-credentials', files.admin],
      ...['--allow-from', '127.0.0.0/8'],
    ],
  });
}, startMsMax);

afterAll(async () => {
  await gateway?.stop();
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function issue(daysLeft = 30): Issued {
  return authority.issue({ commonName: 'gateway', dnsNames: ['localhost'], daysLeft });
}

/** As a kubelet does it: the whole file is exchanged. */
function put(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function putPair({ certificate, key }: Issued): void {
  put(files.certificate, certificate);
  put(files.key, key);
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + waitMsMax;
  while (!(await holds())) {
    if (Date.now() > deadlineMs)
      throw new Error(`not in time: ${what}; ${heard}\n${gateway.talk()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function metrics(): Promise<string> {
  const headers = { authorization: `Bearer prometheus.${secret}` };
  return await (await fetch(`${gateway.admin}/metrics`, { headers })).text();
}

async function metric(series: string): Promise<number> {
  const row = (await metrics()).split('\n').find((text) => text.startsWith(`${series} `));
  return Number(row?.split(' ').at(-1));
}

const spanBody = (index: number): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'guarded' } }] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: (index + 1).toString(16).padStart(32, '0'),
                spanId: (index + 1).toString(16).padStart(16, '0'),
                name: 'span',
                startTimeUnixNano: `${Date.now()}000000`,
                endTimeUnixNano: `${Date.now()}000000`,
              },
            ],
          },
        ],
      },
    ],
  });

const logBody = (index: number): string =>
  JSON.stringify({
    resourceLogs: [
      {
        scopeLogs: [
          {
            logRecords: [
              { timeUnixNano: `${Date.now()}000000`, body: { stringValue: `record ${index}` } },
            ],
          },
        ],
      },
    ],
  });

/** Straight to the gateway; a connection of its own, so that it meets the certificate in force. */
function send(index: number, authorization?: string): Promise<{ status: number; serial: string }> {
  const { port } = new URL(gateway.http);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: 'localhost',
        family: 4,
        port,
        path: '/v1/traces',
        method: 'POST',
        agent: new Agent({ maxCachedSessions: 0 }),
        ca: authority.certificate,
        headers: {
          'content-type': 'application/json',
          ...(authorization !== undefined && { authorization }),
        },
      },
      (response) => {
        const { socket } = response as unknown as {
          socket: { getPeerX509Certificate: () => { serialNumber: string } };
        };
        const serial = socket.getPeerX509Certificate().serialNumber;
        response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, serial }));
      },
    );
    sent.on('error', reject);
    sent.end(spanBody(index));
  });
}

async function tenants(): Promise<string> {
  const sql =
    'SELECT Tenant, count(), uniqExact(SpanId) FROM otel.otel_traces' +
    " WHERE ServiceName = 'guarded' GROUP BY Tenant FORMAT TSV";
  return (await runSql(engine.url, sql)).trim();
}

describeWithPeer('collector', 'a real Collector and a guarded gateway', (program) => {
  const address = `${loopbackAddress()}:4318`;
  let collector: Program;

  beforeAll(async () => {
    const file = join(folder, 'collector.yaml');
    writeFileSync(file, JSON.stringify(configuration(address)));
    collector = startProgram(program, ['--config', file]);
    await collector.said('Everything is ready');
  }, startMsMax);

  afterAll(async () => {
    collector?.kill('SIGTERM');
    await collector?.ended;
  });

  function configuration(endpoint: string): unknown {
    const { host: grpcHost } = new URL(`http://${gateway.grpc}`);
    const httpPort = new URL(gateway.http).port;
    const common = {
      tls: { ca_file: files.authority, server_name_override: 'localhost' },
      headers: { authorization: `Bearer agent.${secret}` },
      sending_queue: { enabled: true, num_consumers: 4 },
      retry_on_failure: { enabled: true, initial_interval: '100ms', max_interval: '500ms' },
    };
    const over = (exporter: string) => ({ receivers: ['otlp'], exporters: [exporter] });
    return {
      receivers: { otlp: { protocols: { http: { endpoint } } } },
      exporters: {
        otlp_grpc: { ...common, endpoint: grpcHost },
        otlp_http: {
          ...common,
          endpoint: `https://127.0.0.1:${httpPort}`,
          // A handshake a request: each meets the certificate in force.
          disable_keep_alives: true,
        },
      },
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: { traces: over('otlp_grpc'), logs: over('otlp_http') },
      },
    };
  }

  it(
    'lose nothing while the certificate is exchanged, broken, and exchanged again',
    async () => {
      let index = 0;
      let isDone = false;
      const traffic = (async () => {
        for (; !isDone; index += 1) {
          const bodies = { '/v1/traces': spanBody(index), '/v1/logs': logBody(index) };
          for (const [path, body] of Object.entries(bodies)) {
            const headers = { 'content-type': 'application/json' };
            const sent = await fetch(`http://${address}${path}`, { method: 'POST', headers, body });
            expect(sent.status).toBe(200);
          }
        }
      })();
      const { serial: first } = await send(1_000_000, `Bearer agent.${secret}`);
      const answer = async () => (await send(1_000_000, `Bearer agent.${secret}`)).serial;
      putPair(issue());
      await until('the second certificate', async () => (await answer()) !== first);
      const second = await answer();
      const stale = 'obsctl_gateway_guard_stale{file="tls"}';
      put(files.certificate, 'torn');
      await until('the fault in the metric', async () => (await metric(stale)) === 1);
      expect(await answer()).toBe(second);
      expect(gateway.talk()).toMatch(/OBS-2051: .*tls\.crt.*stays in force/);
      putPair(issue());
      await until('the third certificate', async () => (await answer()) !== second);
      expect(await metric(stale)).toBe(0);
      isDone = true;
      await traffic;
      expect(index).toBeGreaterThan(50);
      // Spans went over gRPC and logs over HTTP, each once.
      await until('all rows', async () => {
        const spans = await runSql(
          engine.url,
          `SELECT Tenant, count(), uniqExact(SpanId) FROM otel.otel_traces
            WHERE ServiceName = 'guarded' AND SpanId < '00000000000f0000' GROUP BY ALL FORMAT TSV`,
        );
        const logs = await runSql(
          engine.url,
          'SELECT Tenant, count(), uniqExact(Body) FROM otel.otel_logs GROUP BY ALL FORMAT TSV',
        );
        heard = `${index} sent, stored: ${spans}, ${logs}`;
        return [spans, logs].every((text) => text.trim() === `shop\t${index}\t${index}`);
      });
    },
    startMsMax,
  );
});

describe('a guarded gateway', () => {
  it(
    'follows its credentials: new ones at once, revoked ones no more, faulty ones never',
    async () => {
      const next = newSecret();
      const [old, fresh] = [`Bearer agent.${secret}`, `Bearer agent.${next}`];
      expect((await send(2_000_000, old)).status).toBe(200);
      expect((await send(2_000_001, fresh)).status).toBe(401);
      put(files.credentials, `${line}\nagent ${hashSecret(next)} tenant=shop\n`);
      await until('the new secret', async () => (await send(2_000_002, fresh)).status === 200);
      expect((await send(2_000_003, old)).status).toBe(200);
      put(files.credentials, `agent ${hashSecret(next)} tenant=shop\n`);
      await until('the end of the old', async () => (await send(2_000_004, old)).status === 401);
      put(files.credentials, `agent ${next}\n`);
      await until('the fault', () => gateway.talk().includes('OBS-2052'));
      expect((await send(2_000_005, fresh)).status).toBe(200);
      expect(gateway.talk() + (await metrics())).not.toContain(next);
      expect(await metric('obsctl_gateway_guard_stale{file="credentials"}')).toBe(1);
      put(files.credentials, line);
      await until('the first again', async () => (await send(2_000_006, old)).status === 200);
    },
    startMsMax,
  );

  it('counts what it refuses by reason, and says when its certificate ends', async () => {
    const refused = (reason: string) =>
      metric(`obsctl_gateway_refused_requests_total{transport="http",reason="${reason}"}`);
    const before = [await refused('no_credentials'), await refused('bad_credentials')];
    await send(3_000_000);
    await send(3_000_000, 'Bearer agent.wrong');
    await send(3_000_000, 'Bearer nobody.wrong');
    const after = [await refused('no_credentials'), await refused('bad_credentials')];
    expect(after).toEqual([(before[0] ?? 0) + 1, (before[1] ?? 0) + 2]);
    const days =
      ((await metric('obsctl_gateway_tls_not_after_seconds')) * 1000 - Date.now()) / 864e5;
    expect(days).toBeGreaterThan(29);
    expect(days).toBeLessThan(31);
  });

  it('takes its own report, past its own guard', async () => {
    await until('its own points', async () => {
      const sql =
        "SELECT count() FROM otel.otel_metrics_sum WHERE ServiceName = 'obsctl-gateway' FORMAT TSV";
      return Number(await runSql(engine.url, sql)) > 0;
    });
  });

  it('serves no telemetry at the admin port and no metrics at the others', async () => {
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer agent.${secret}`,
    };
    for (const path of ['/v1/traces', '/v1/logs', '/v1/metrics']) {
      const sent = await fetch(`${gateway.admin}${path}`, { method: 'POST', headers, body: '{}' });
      expect([404, 405]).toContain(sent.status);
    }
    expect((await fetch(`${gateway.admin}/metrics`)).status).toBe(401);
    expect((await fetch(`${gateway.admin}/metrics`, { headers })).status).toBe(401);
    expect(await metrics()).toContain('obsctl_gateway_ready 1');
    for (const path of ['/livez', '/readyz']) {
      expect((await fetch(`${gateway.admin}${path}`)).status).toBe(200);
    }
    const agent = new Agent({ ca: authority.certificate });
    for (const path of ['/metrics', '/readyz', '/livez', '/']) {
      const { port } = new URL(gateway.http);
      const status = await new Promise((resolve, reject) => {
        const asked = { host: 'localhost', family: 4, port, path, agent, headers };
        const sent = request(asked, (response) => resolve(response.resume().statusCode));
        sent.on('error', reject).end();
      });
      expect(status).toBe(404);
    }
    agent.destroy();
  });

  it('has only rows of the tenants it let in', async () => {
    expect(await tenants()).toMatch(/^shop\t/);
    expect((await tenants()).split('\n')).toHaveLength(1);
  });
});
