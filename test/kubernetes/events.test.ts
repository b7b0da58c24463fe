/**
 * Kubernetes events on a dashboard. Their receiver cannot be built here, so a sample of what it
 * gives stands for it; everything behind it is real: gateway, engine, the dashboard's own query.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { askerOf } from '../support/ask-dashboards.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

type Sample = {
  readonly source: string;
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly { readonly logRecords: { timeUnixNano: string }[] }[];
  }[];
};

const deliveryMsMax = 20_000;
const startMsMax = 60_000;

let engine: TestEngine;
let gateway: TestGateway;

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({ clickhouseUrl: engine.url });
}, startMsMax);

afterAll(async () => {
  await gateway?.stop();
  await engine?.stop();
});

describe('Kubernetes events', () => {
  it('stand on the Logs dashboard with their reason, object and severity', async () => {
    const nowMs = Date.now();
    const file = join(import.meta.dirname, 'testdata/events.json');
    const { resourceLogs }: Sample = JSON.parse(readFileSync(file, 'utf8'));
    for (const record of resourceLogs.flatMap((entry) => entry.scopeLogs[0]?.logRecords ?? [])) {
      record.timeUnixNano = `${nowMs}000000`;
    }
    const answer = await fetch(`${gateway.http}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceLogs }),
    });
    expect(answer.status).toBe(200);

    const asker = askerOf(engine.url, { fromMs: nowMs - 60_000, toMs: nowMs + 60_000 });
    const set = { severity: 'warn', attributeKey: 'k8s.event.reason', attributeValue: 'BackOff' };
    const found = await rowsOf(() => asker.panelRows('Logs', 'Log records', { set }));
    expect(found).toHaveLength(1);
    const text = JSON.stringify(found[0]);
    for (const word of ['Back-off restarting failed container', 'k8s.object.kind', 'Pod']) {
      expect(text).toContain(word);
    }
    expect(text).toContain('"k8s.event.count":"12"');

    const all = await asker.panelRows('Logs', 'Log records', { set: { search: 'e2e testing' } });
    expect(all).toHaveLength(1);
  });
});

/** Asks again until there are rows: the gateway answers when they are durable, not stored. */
async function rowsOf(ask: () => Promise<Record<string, unknown>[]>): Promise<unknown[]> {
  const deadlineMs = Date.now() + deliveryMsMax;
  for (;;) {
    const rows = await ask().catch(() => []);
    if (rows.length > 0 || Date.now() > deadlineMs) return rows;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
