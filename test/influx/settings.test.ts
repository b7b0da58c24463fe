/** A whole gateway that keeps strings as log records, and one that knows its senders. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { systemClock } from '../../core/clock.ts';
import { hashSecret, newSecret } from '../../gateway/guard/secret.ts';
import { prove } from '../../gateway/prove.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { ask } from '../support/engine-http.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

const startMsMax = 90_000;
const deliveryMsMax = 20_000;
const secret = newSecret();

let engine: TestEngine;
let clickhouse: ClickHouse;
let gateway: TestGateway;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obsctl-influx-settings-'));
  const credentials = join(folder, 'credentials');
  await writeFile(credentials, `web ${hashSecret(secret)} tenant=shop\n`);
  engine = await startEngine();
  const args = ['--influx-strings', 'logs', '--credentials', credentials];
  gateway = await startGateway({ clickhouseUrl: engine.url, args });
  clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
}, startMsMax);

afterAll(async () => {
  await clickhouse?.close();
  await gateway?.stop();
  await engine?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function write(
  path: string,
  query: Readonly<Record<string, string>>,
  body: string,
  token?: string,
): Promise<number> {
  const url = `${gateway.http}${path}?${new URLSearchParams(query)}`;
  const headers = token === undefined ? {} : { authorization: `Token ${token}` };
  return (await fetch(url, { method: 'POST', body, headers })).status;
}

async function untilStored(count: number): Promise<readonly Record<string, unknown>[]> {
  const deadlineMs = Date.now() + deliveryMsMax;
  for (;;) {
    const rows = await clickhouse.rows<Record<string, unknown>>(
      `SELECT Body, EventName, LogAttributes AS attributes, ResourceAttributes AS sender, Tenant
        FROM ${clickhouse.database}.otel_logs ORDER BY Body`,
    );
    if (rows.length >= count || Date.now() > deadlineMs) return rows;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

describe('a gateway with credentials and strings as log records', () => {
  it('takes the token of version 2, and name and secret as version 1 has them', async () => {
    const v1 = { db: 'shop' };
    const v2 = { bucket: 'shop' };
    expect(await write('/write', v1, 'm v=1')).toBe(401);
    expect(await write('/write', { ...v1, u: 'web', p: 'wrong' }, 'm v=1')).toBe(401);
    expect(await write('/api/v2/write', v2, 'm v=1', 'web.wrong')).toBe(401);
    expect(await write('/write', { ...v1, u: 'web', p: secret }, 'm v=1,s="one"')).toBe(204);
    expect(await write('/write', v1, 'm v=1,s="two"', `web:${secret}`)).toBe(204);
    expect(await write('/api/v2/write', v2, 'm,t=a s="three",n="x"', `web.${secret}`)).toBe(204);
    const rows = await untilStored(3);
    const common = { EventName: 'm', Tenant: 'shop' };
    const sender = { 'influxdb.database': 'shop' };
    expect(rows).toEqual([
      { Body: 'one', attributes: { 'influxdb.field': 's' }, sender, ...common },
      {
        Body: 'three',
        attributes: { 'influxdb.field': 's', n: 'x', t: 'a' },
        sender: { 'influxdb.bucket': 'shop' },
        ...common,
      },
      { Body: 'two', attributes: { 'influxdb.field': 's' }, sender, ...common },
    ]);
    const { database } = clickhouse;
    const proof = await prove([clickhouse], { database, sinceMs: 600_000, clock: systemClock });
    expect(proof).toMatchObject({ ok: true, differences: [] });
    expect(gateway.talk()).not.toContain(secret);
  });

  it('says of statements and pings what it says of writes, or nothing', async () => {
    const query = { q: 'CREATE DATABASE shop' };
    expect((await ask(gateway.http, { path: '/query', query })).status).toBe(401);
    expect((await ask(gateway.http, { method: 'GET', path: '/ping' })).status).toBe(204);
  });

  it('does not start with redaction beside', async () => {
    const rules = join(folder, 'rules.yaml');
    await writeFile(rules, 'rules: [{action: drop, attributes: [user]}]\n');
    const args = ['--influx-strings', 'logs', '--redact', rules];
    await expect(startGateway({ clickhouseUrl: engine.url, args })).rejects.toThrow(/OBS-2062/);
  });
});
