/**
 * What the guide tells users of Telegraf and of InfluxDB's client to write, written: each block as
 * it stands there, but for the gateway's address and for inputs that our Telegraf is built without.
 */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { runProgram } from '../support/program.ts';

const startMsMax = 60_000;
const deliveryMsMax = 20_000;
const pollMs = 200;
const address = 'http://127.0.0.1:4318';
const guide = readFileSync(join(import.meta.dirname, '../../docs/guide/send-metrics.md'), 'utf8');

let folder: string;
let engine: TestEngine;
let gateway: TestGateway;
let sql: ClickHouse;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'obsctl-guide-'));
  engine = await startEngine();
  gateway = await startGateway({ clickhouseUrl: engine.url });
  sql = connectClickHouse({ url: engine.url });
}, startMsMax);

afterAll(async () => {
  await sql?.close();
  await gateway?.stop();
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Blocks of a language that have `word` in them, with the address of this gateway. */
function blocksOf(language: string, word: string): readonly string[] {
  const fenced = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms');
  return [...guide.matchAll(fenced)]
    .map(([, block = '']) => block)
    .filter((block) => block.includes(word))
    .map((block) => block.replace(address, gateway.http));
}

/** How many metrics came with this attribute of the resource, once there are some. */
async function metricsOf(key: string, value: string): Promise<readonly string[]> {
  const query = `SELECT DISTINCT MetricName AS name FROM otel.otel_metrics_gauge
    WHERE ResourceAttributes['${key}'] = '${value}' ORDER BY name`;
  const deadlineMs = Date.now() + deliveryMsMax;
  for (;;) {
    const rows = await sql.rows<{ name: string }>(query);
    if (rows.length > 0 || Date.now() > deadlineMs) return rows.map(({ name }) => name);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

it('the command without Telegraf writes a line', async () => {
  const found = /curl -i '(http:[^']*)' --data-binary '([^']*)'/.exec(guide);
  const [, url = '', body = ''] = found ?? [];
  const answer = await fetch(url.replace(address, gateway.http), { method: 'POST', body });
  expect(answer.status).toBe(204);
  expect(await metricsOf('influxdb.database', 'shop')).toEqual(['orders_count', 'orders_eur']);
});

describeWithPeer('telegraf', 'the Telegraf of the guide', (program) => {
  it.each([
    ['outputs.influxdb_v2', 'influxdb.bucket'],
    ['outputs.influxdb', 'influxdb.database'],
  ])('writes by %s', async (output, place) => {
    const [whole = ''] = blocksOf('toml', '[[inputs.cpu]]');
    const [outputs = ''] = blocksOf('toml', `[[${output}]]`);
    const agent = whole.slice(0, whole.indexOf('[[inputs.'));
    const config = join(folder, `${place}.conf`);
    const ways = outputs.slice(outputs.indexOf('[[outputs.'));
    writeFileSync(config, `${agent}[[inputs.internal]]\n${ways}`);
    const { code, stderr } = await runProgram(program, ['--config', config, '--once']);
    expect([code, / E! /.test(stderr) ? stderr : '']).toEqual([0, '']);
    expect(await metricsOf(place, 'telegraf')).toContain('internal_agent_metrics_gathered');
  });
});

describeWithPeer('influx-clients', "the application with InfluxDB's client", (modules) => {
  it('writes its point', async () => {
    const [program = ''] = blocksOf('js', '@influxdata/influxdb-client');
    symlinkSync(modules, join(folder, 'node_modules'));
    const file = join(folder, 'orders.mjs');
    writeFileSync(file, program);
    const { code, stderr } = await runProgram(process.execPath, [file]);
    expect([code, stderr]).toEqual([0, '']);
    expect(await metricsOf('influxdb.bucket', 'app')).toEqual(['orders_count', 'orders_eur']);
  });
});
