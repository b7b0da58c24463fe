/**
 * The same telemetry to us and to the real Collector with its ClickHouse exporter, both writing
 * into one real engine: the rows are equal column by column, but for what `explanations.ts` lists.
 */
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { runSql } from '../support/engine-http.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { compare, type Difference } from './compare.ts';
import { explanations } from './explanations.ts';
import { type RunningExporter, startExporter } from './exporter.ts';
import { type Payload, payloadOf } from './payload.ts';

const startMsMax = 90_000;
const deliveryMsMax = 30_000;
const pollMs = 200;
const [ours, theirs] = ['ours', 'theirs'];

describeWithPeer('collector', 'our rows beside those of the exporter', (program) => {
  let engine: TestEngine;
  let gateway: TestGateway | undefined;
  let exporter: RunningExporter | undefined;
  let clickhouse: ClickHouse;
  let differences: Difference[];

  beforeAll(async () => {
    engine = await startEngine();
    clickhouse = connectClickHouse({ url: engine.url });
    gateway = await startGateway({ clickhouseUrl: engine.url, database: ours });
    exporter = await startExporter(program, engine.url, theirs);
    const payload = payloadOf(BigInt(Date.now()) * 1_000_000n);
    await send(exporter.http, payload);
    await send(gateway.http, payload);
    await delivered(clickhouse);
    differences = await compare(clickhouse, ours, theirs);
  }, startMsMax);

  afterAll(async () => {
    await clickhouse?.close();
    await exporter?.stop();
    await gateway?.stop();
    await engine?.stop();
  });

  it('has rows of every table on both sides', async () => {
    for (const database of [ours, theirs]) {
      const counts = Object.values(await countsOf(clickhouse, database));
      expect(counts).toHaveLength(7);
      expect(Math.min(...counts)).toBeGreaterThan(1);
    }
  });

  it('finds the exporter making the tables that are kept as its layout', async () => {
    const folder = 'clickhouse/testdata/collector-0.161';
    for (const name of await readdir(folder)) {
      const table = name.replace('.sql', '');
      const made = await runSql(engine.url, `SHOW CREATE TABLE ${theirs}.${table} FORMAT TSVRaw`);
      // The kept one of logs was made with a TTL.
      const kept = (await readFile(`${folder}/${name}`, 'utf8')).replace(/^TTL .*\n/m, '');
      expect(made.replace(`CREATE TABLE ${theirs}.`, 'CREATE TABLE otel.')).toBe(kept.trimEnd());
    }
  });

  it('equals them column by column, but for the differences that are explained', () => {
    const unexplained = differences.filter((one) => reasonsFor(one).length === 0);
    expect(unexplained).toEqual([]);
  });

  it('explains no difference twice, and none that is gone', () => {
    expect(differences.filter((one) => reasonsFor(one).length > 1)).toEqual([]);
    const used = new Set(differences.flatMap(reasonsFor));
    expect(explanations.map(({ id }) => id).filter((id) => !used.has(id))).toEqual([]);
  });

  it('says each of them in the README of the schema, and no others', async () => {
    const text = await readFile('clickhouse/schema/README.md', 'utf8');
    const said = [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id);
    expect(said).toEqual(explanations.map(({ id }) => id));
  });
});

function reasonsFor(difference: Difference): readonly string[] {
  return explanations.filter(({ covers }) => covers(difference)).map(({ id }) => id);
}

async function send(base: string, payload: Payload): Promise<void> {
  for (const [signal, body] of Object.entries(payload)) {
    const response = await fetch(`${base}/v1/${signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(`${response.status} ${await response.text()}`).toMatch(/^200 /);
  }
}

/** Ours are answered when they are on disk; a moment later they are in the tables. */
async function delivered(clickhouse: ClickHouse): Promise<void> {
  const rejectedSpans = 3;
  const { otel_traces: spans = 0, ...others } = await countsOf(clickhouse, theirs);
  const wanted = { otel_traces: spans - rejectedSpans, ...others };
  const deadlineMs = Date.now() + deliveryMsMax;
  let stored = await countsOf(clickhouse, ours);
  while (sum(stored) < sum(wanted) && Date.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    stored = await countsOf(clickhouse, ours);
  }
  expect(stored).toEqual(wanted);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

async function countsOf(
  clickhouse: ClickHouse,
  database: string,
): Promise<Readonly<Record<string, number>>> {
  const query = `SELECT _table AS name, count() AS rows
    FROM merge({d:String}, '^otel_(traces|logs|metrics_.*)$') GROUP BY name ORDER BY name`;
  const result = await clickhouse.client.query({
    query,
    query_params: { d: database },
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ name: string; rows: string }>();
  return Object.fromEntries(rows.map(({ name, rows: count }) => [name, Number(count)]));
}
