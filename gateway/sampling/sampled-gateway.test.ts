/** Sampling and redaction as options of a real gateway: two workers, one limit. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { systemClock } from '../../core/clock.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { startGateway, type TestGateway } from '../../test/support/gateway.ts';
import { traceBody } from '../decode/testdata/load.ts';
import { prove } from '../prove.ts';

const database = 'sampled';
const perSecond = 400;
const spansARequest = 100;
const requests = 60;
/** Ten times the limit. */
const periodMs = (1000 * spansARequest) / (perSecond * 10);

let engine: TestEngine;
let gateway: TestGateway;
let dir: string;

beforeAll(async () => {
  engine = await startEngine();
  dir = await mkdtemp(join(tmpdir(), 'obsctl-sampled-'));
  const [rules, key] = [join(dir, 'rules.yaml'), join(dir, 'key')];
  await writeFile(key, 'sixteen bytes and some more\n');
  await writeFile(
    rules,
    [
      'rules:',
      '  - {action: hash, attributes: [enduser.id]}',
      "  - {action: mask, attributes: ['user_agent.*'], pattern: 'Firefox/\\d+', replacement: F}",
      '',
    ].join('\n'),
  );
  gateway = await startGateway({
    clickhouseUrl: engine.url,
    database,
    workers: 2,
    args: ['--sample', `traces=${perSecond}`, '--redact', rules, '--redaction-key', key],
  });
});

afterAll(async () => {
  await gateway?.stop();
  await engine?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function send(index: number): Promise<void> {
  const response = await fetch(`${gateway.http}/v1/traces`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-protobuf' },
    body: Buffer.from(traceBody(spansARequest, 1000 + index, BigInt(Date.now()) * 1_000_000n)),
  });
  await response.arrayBuffer();
  expect(response.status).toBe(200);
}

describe('a gateway with a limit of spans', () => {
  it('keeps the limit of a flood, proves what it left out, and stores no user', async () => {
    const beganMs = Date.now();
    for (let index = 0; index < requests; index += 1) {
      await Promise.all([send(index), systemClock.sleep(periodMs)]);
    }
    const seconds = (Date.now() - beganMs) / 1000;
    await gateway.stop();
    const server = connectClickHouse({ url: engine.url });
    try {
      const proof = await prove([server], { database, sinceMs: 3_600_000, clock: systemClock });
      expect(proof.differences).toEqual([]);
      const sent = requests * spansARequest;
      const [traces] = proof.signals;
      expect(traces).toMatchObject({ received: sent, rolledUp: sent });
      expect((traces?.leftOut ?? 0) + (traces?.stored ?? 0)).toBe(sent);
      // A tenth of a second is kept whole at first, on a busy machine more; then it is paid back.
      expect(traces?.stored).toBeLessThan(perSecond * (seconds + 3));
      expect(traces?.stored).toBeGreaterThan(perSecond * seconds * 0.2);
      const [row] = await server.rows<Record<string, string>>(`
        SELECT round(sum(SamplingWeight)) AS estimate,
          countIf(match(SpanAttributes['enduser.id'], '^[0-9a-f]{32}$')) AS hashed,
          countIf(SpanAttributes['user_agent.original'] LIKE '% F.0') AS masked, count() AS spans
        FROM ${database}.otel_traces`);
      expect(row?.['hashed']).toBe(row?.['spans']);
      expect(row?.['masked']).toBe(row?.['spans']);
      expect(Number(row?.['estimate']) / sent).toBeGreaterThan(0.5);
      expect(Number(row?.['estimate']) / sent).toBeLessThan(1.5);
    } finally {
      await server.close();
    }
  });
});
