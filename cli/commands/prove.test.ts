/** `obsctl prove` as a person runs it, beside a gateway that is at work. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { logsRequest, metricsRequest, tracesRequest } from '../../test/crash/payload.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { startGateway, type TestGateway } from '../../test/support/gateway.ts';
import { runObsctl } from '../../test/support/program.ts';

const database = 'prove_cli';

let engine: TestEngine;
let gateway: TestGateway;

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({ clickhouseUrl: engine.url, database });
});

afterAll(async () => {
  await gateway?.stop();
  await engine?.stop();
});

const makers = { traces: tracesRequest, logs: logsRequest, metrics: metricsRequest };

async function send(signal: keyof typeof makers, first: number): Promise<void> {
  const response = await fetch(`${gateway.http}/v1/${signal}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-protobuf' },
    body: Buffer.from(makers[signal](first, 100)),
  });
  await response.arrayBuffer();
  expect(response.status).toBe(200);
}

describe('obsctl prove', () => {
  it('says equal while the gateway works, and names the seal of a row that is gone', async () => {
    let isOver = false;
    const load = async (signal: keyof typeof makers): Promise<void> => {
      for (let first = 0; !isOver; first += 100) await send(signal, first);
    };
    const loads = Promise.all((['traces', 'logs', 'metrics'] as const).map(load));
    try {
      const url = `${engine.url}/${database}`;
      let proof: { readonly seals: number } = { seals: 0 };
      while (proof.seals < 3) {
        const run = await runObsctl('prove', '--clickhouse', url, '--json');
        expect(run).toMatchObject({ code: 0, stderr: '' });
        proof = JSON.parse(run.stdout);
        expect(proof).toMatchObject({ ok: true, differences: [] });
      }
    } finally {
      isOver = true;
      await loads;
    }
    const statement = `ALTER TABLE ${database}.otel_logs DELETE WHERE Body = '7'`;
    const body = `${statement} SETTINGS mutations_sync = 2`;
    expect((await fetch(engine.url, { method: 'POST', body })).status).toBe(200);
    const run = await runObsctl('prove', '--clickhouse', `${engine.url}/${database}`);
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/^different: seal [0-9a-f]{32} \(.*Z\), otel_logs: \d+ expected/m);
  });

  it('exits 3 when ClickHouse is not there', async () => {
    const run = await runObsctl('prove', '--clickhouse', 'http://127.0.0.1:9');
    expect(run.code).toBe(3);
    expect(run.stderr).toContain('OBS-3002');
  });

  it('refuses a time that is none', async () => {
    const run = await runObsctl('prove', '--since', 'yesterday');
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('--since yesterday: expected a duration');
  });
});
