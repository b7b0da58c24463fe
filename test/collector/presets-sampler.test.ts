/**
 * The sampler's tier, run: two real Collectors with the rendered configuration behind our gateway.
 * The spans of each trace are sent to different replicas, and whole traces come out or none: the
 * error that decides about a trace is always in the part that the other replica was sent.
 * (The addresses of the replicas are put in by hand: no DNS serves a headless Service here.)
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import type { CollectorConfig } from '../../collector/types.ts';
import { writeConfig } from '../../collector/write.ts';
import { buildAgentOf } from '../support/build-agents.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { loopbackAddress } from '../support/pod.ts';
import { type Program, startProgram } from '../support/program.ts';

const startMsMax = 60_000;
const arrivalMsMax = 30_000;
const traceCount = 60;
const errorEvery = 3;
const version = '0.161.0';

describeWithPeer('collector', 'the sampler', (collector) => {
  const folder = mkdtempSync(join(tmpdir(), 'obsctl-sampler-'));
  const replicas = [loopbackAddress(), loopbackAddress()];
  const gatewayPlace = `${loopbackAddress()}:4317`;
  let programs: readonly Program[] = [];
  let engine: TestEngine;
  let gateway: TestGateway;

  beforeAll(async () => {
    engine = await startEngine();
    gateway = await startGateway({
      clickhouseUrl: engine.url,
      args: ['--otlp-grpc', gatewayPlace],
    });
    const built = buildAgentOf({
      agent: 'sampler',
      version,
      presets: { tail_sampling: { decision_wait: '2s', keep_percent: 0 } },
      context: { gatewayEndpoint: gatewayPlace },
    });
    const file = join(folder, 'sampler.yaml');
    const config = withReplicas(built.workload.config, replicas);
    writeFileSync(file, writeConfig(config, { version }));
    programs = replicas.map((address) =>
      startProgram(collector, ['--config', file], { env: { MY_POD_IP: address } }),
    );
    for (const program of programs) await program.said('Everything is ready');
  }, startMsMax);

  afterAll(async () => {
    for (const program of programs) program.killGroup('SIGKILL');
    await gateway?.stop();
    await engine?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    'keeps whole traces with an error, whichever replica was sent the error',
    async () => {
      for (let trace = 0; trace < traceCount; trace += 1) {
        const failed = trace % errorEvery === 0;
        const [first = '', second = ''] = trace % 2 === 0 ? replicas : replicas.toReversed();
        expect(await send(first, trace, 1, false)).toBe(200);
        expect(await send(second, trace, 2, failed)).toBe(200);
      }
      const kept = traceCount / errorEvery;
      const deadlineMs = Date.now() + arrivalMsMax;
      while ((await stored()).traces < kept && Date.now() < deadlineMs) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      // Agents end by deciding about what they still hold, so nothing comes afterwards.
      for (const program of programs) program.kill('SIGTERM');
      await Promise.all(programs.map(({ ended }) => ended));
      expect(await stored()).toEqual({ traces: kept, spans: 2 * kept, halves: 0 });
    },
    startMsMax,
  );

  const stored = async () => {
    const clickhouse = connectClickHouse({ url: engine.url });
    const query = `SELECT toUInt32(count()) AS traces, toUInt32(sum(parts)) AS spans,
                          toUInt32(countIf(parts != 2)) AS halves
                   FROM (SELECT TraceId, count() AS parts FROM otel.otel_traces GROUP BY TraceId)`;
    try {
      const answer = await clickhouse.client.query({ query, format: 'JSONEachRow' });
      const [row] = await answer.json<{ traces: number; spans: number; halves: number }>();
      return row ?? { traces: 0, spans: 0, halves: 0 };
    } finally {
      await clickhouse.close();
    }
  };
});

function withReplicas(config: CollectorConfig, replicas: readonly string[]): CollectorConfig {
  const { load_balancing: balancing = {} } = config.exporters;
  const { dns } = balancing['resolver'] as { readonly dns: { readonly port: string } };
  const hostnames = replicas.map((address) => `${address}:${dns.port}`);
  const changed = { ...balancing, resolver: { static: { hostnames } } };
  return { ...config, exporters: { ...config.exporters, load_balancing: changed } };
}

async function send(
  address: string,
  trace: number,
  span: number,
  failed: boolean,
): Promise<number> {
  const nowNs = `${Date.now()}000000`;
  const attributes = [{ key: 'service.name', value: { stringValue: 'shop' } }];
  const one = {
    traceId: (trace + 1).toString(16).padStart(32, '0'),
    spanId: (trace * 10 + span).toString(16).padStart(16, '0'),
    name: `part ${span}`,
    kind: 2,
    startTimeUnixNano: nowNs,
    endTimeUnixNano: nowNs,
    status: { code: failed ? 2 : 0 },
  };
  const answer = await fetch(`http://${address}:4318/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [one] }] }],
    }),
  });
  await answer.body?.cancel();
  return answer.status;
}
