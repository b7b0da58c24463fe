/** Bills on the real engine: what stands in a FOCUS file is what the table has, once. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { type BillImport, finishedOnly, importBill } from './bills.ts';
import { countCosts } from './count.ts';
import { parsePriceFile } from './price-file.ts';
import { importPrices } from './price-store.ts';
import { addNodes, addPods, hourMs } from './testdata/world.ts';

const sample = join(import.meta.dirname, 'testdata/focus-1.0.csv');
const { signal } = new AbortController();
let engine: TestEngine;
let server: ClickHouse;
let folder: string;

beforeAll(async () => {
  engine = await startEngine();
  server = connectClickHouse({ url: `${engine.url}/otel` });
  // The sample is of a month that does not move.
  await migrate(server, { retentionDays: { history: 9000 } });
  folder = await mkdtemp(join(tmpdir(), 'obsctl-bills-'));
});
afterAll(async () => {
  await server?.close();
  await engine?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  for (const name of ['cost_bills', 'cost_prices', 'cost_hours', 'entity_nodes', 'entity_pods']) {
    await server.run(`TRUNCATE TABLE otel.${name}`);
  }
});

const load = (path: string, name: string): Promise<BillImport> =>
  importBill(server, { path, name, nowMs: systemClock.nowMs(), signal });

async function written(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const charges = (): Promise<Record<string, unknown>[]> =>
  server.rows(
    `SELECT Line, toString(ChargePeriodStart, 'UTC') AS start, toString(BilledCost) AS billed,
      toString(EffectiveCost) AS effective, ChargeCategory AS category, ResourceId AS id, Tags
    FROM otel.cost_bills FINAL WHERE ${finishedOnly('otel.cost_bills')} ORDER BY Line`,
  );

describe('a bill in FOCUS', () => {
  it('is in the table to the last digit, and twice is once', async () => {
    expect(await load(sample, 'october')).toEqual({
      ...{ source: 'october', rows: 5, state: 'imported', currencies: ['USD'] },
      from: Date.UTC(2026, 9, 1) / 1000,
      to: Date.UTC(2026, 10, 1) / 1000,
    });
    const machine = 'arn:aws:ec2:eu-central-1:1234:instance/i-0123456789abcdef0';
    const usage = { category: 'Usage', Tags: {} };
    const expected = [
      {
        ...{ Line: '2', start: '2026-10-14 00:00:00', billed: '0', effective: '0.0712345678' },
        ...{ category: 'Usage', id: machine, Tags: { app: 'shop', team: 'till' } },
      },
      {
        ...{ Line: '3', start: '2026-10-14 01:00:00', billed: '0.115', effective: '0.115' },
        ...{ ...usage, id: machine },
      },
      // The row before has two lines.
      {
        ...{ Line: '5', start: '2026-10-01 00:00:00', billed: '80.0000000000000000000000000001' },
        ...{ effective: '0', category: 'Purchase', id: '', Tags: {} },
      },
      {
        ...{ Line: '6', start: '2026-10-14 00:00:00', billed: '-1.5', effective: '-1.5' },
        ...{ category: 'Credit', id: '', Tags: {} },
      },
      {
        ...{ Line: '7', start: '2026-10-14 00:00:00', billed: '0.02', effective: '0.02' },
        ...{ ...usage, id: 'vol-0123', Tags: { size: '20' } },
      },
    ];
    expect(await charges()).toEqual(expected);

    expect(await load(sample, 'october')).toMatchObject({ state: 'unchanged' });
    const again = await load(sample, 'another-name');
    expect(again).toMatchObject({ state: 'unchanged', known: 'october' });
    expect(await charges()).toEqual(expected);
  });

  it('of the same name replaces what was there, also one that is shorter', async () => {
    await load(sample, 'october');
    const text = await readFile(sample, 'utf8');
    const shorter = text.split('\r\n').slice(0, 2).join('\n');
    const path = join(folder, 'shorter.csv.gz');
    await writeFile(path, gzipSync(shorter));
    expect(await load(path, 'october')).toMatchObject({ rows: 1, state: 'imported' });
    expect((await charges()).map(({ Line }) => Line)).toEqual(['2']);
  });

  it('is refused as a whole, with every line that is wrong', async () => {
    await load(sample, 'october');
    const before = await charges();
    const text = await readFile(sample, 'utf8');
    const wrong = text
      .replace('0.0712345678', '0,07')
      .replace('2026-10-14 00:00:00', 'yesterday')
      .replace('"{""size"": 20}"', '[]');
    const path = await written('wrong.csv', wrong);
    await expect(load(path, 'october')).rejects.toMatchObject({
      code: 'OBS-6151',
      where: `${path}:2`,
      message:
        'line 2: 44 fields, and the header has 43; ' +
        'line 6: ChargePeriodStart “yesterday”: expected a time in UTC such as ' +
        '2026-11-01T00:00:00Z; line 7: Tags “[]”: expected a JSON object',
    });
    expect(await charges()).toEqual(before);
  });

  it.each([
    ['without a column', 'a,b\n1,2\n', 1, /no column ChargePeriodStart, .*EffectiveCost/],
    ['that is empty', '', 1, /it is empty/],
    ['with an open quote', 'a,"b\n1,2\n', 1, /quote/],
  ])('%s is refused', async (_, text, line, message) => {
    const path = await written('other.csv', text);
    const fault = { code: 'OBS-6151', where: `${path}:${line}` };
    await expect(load(path, 'x')).rejects.toMatchObject({
      ...fault,
      message: expect.stringMatching(message),
    });
    expect(await charges()).toEqual([]);
  });

  it('that was cut off while it was inserted does not count', async () => {
    await load(sample, 'october');
    const before = await charges();
    await server.run(`INSERT INTO otel.cost_bills (Source, Import, Line, ChargePeriodStart,
      ChargePeriodEnd, EffectiveCost, Version) VALUES ('october', 4000000000000, 2,
      now(), now() + 3600, 99, 4000000000000)`);
    expect(await charges()).toEqual(before);
  });
});

describe('a node that is billed', () => {
  const nowMs = systemClock.nowMs();
  const day = nowMs - (nowMs % (24 * hourMs)) - 24 * hourMs;
  const iso = (ms: number): string => new Date(ms).toISOString();
  const header =
    'ResourceId,ChargePeriodStart,ChargePeriodEnd,BilledCost,EffectiveCost,BillingCurrency,' +
    'ChargeCategory,ServiceCategory';
  const row = (id: string, from: number, to: number, cost: string, more = 'Usage,Compute') =>
    `${id},${iso(from)},${iso(to)},0,${cost},EUR,${more}`;
  const machine = { cores: 2, bytes: 8e9, providerId: 'aws:///eu-central-1a/i-0abc' };
  const arn = 'arn:aws:ec2:eu-central-1:1:instance/i-0abc';

  async function hours(count: number): Promise<string[]> {
    const labels = { team: [], owner: [], costCenter: [] };
    const nowMs = day + count * hourMs;
    await countCosts(server, { sinceMs: day, nowMs, labels, signal });
    const rows = await server.rows<{ said: string }>(
      `SELECT concat(toString(toHour(Time, 'UTC')), ' ', Kind, ' ', Node, ' ', toString(Cost), ' ',
        Currency, ' ', PriceSource) AS said FROM otel.cost_hours ORDER BY Time, Kind, Node`,
    );
    return rows.map(({ said }) => said);
  }

  it('costs what the bill says in the hours billed, before any other price', async () => {
    const text = 'nodes: [{node: n1, node_hour: "7"}]';
    await importPrices(server, parsePriceFile(text, 'own.yaml'), nowMs);
    await addNodes(server, [{ ...machine, name: 'n1', from: day - hourMs }]);
    await addPods(server, [{ name: 'p', node: 'n1', from: day - hourMs, millis: 500, bytes: 2e9 }]);
    const lines = [
      header,
      row(arn, day, day + hourMs, '0.1'),
      // Neither traffic nor a purchase nor another machine is the node's.
      row(arn, day, day + hourMs, '5', 'Usage,Networking'),
      row(arn, day, day + hourMs, '5', 'Purchase,Compute'),
      row(`${arn}f`, day, day + hourMs, '5'),
    ];
    await load(await written('aws.csv', lines.join('\n')), 'aws-october');
    expect(await hours(2)).toEqual([
      '0 node n1 0.1 EUR bill: aws-october',
      // 0.1 by 2 cores and 8 GB is 0.01; (0.5 + 2) × 0.01.
      '0 pod n1 0.025 EUR bill: aws-october',
      '0 unallocated n1 0.075 EUR bill: aws-october',
      '1 node n1 7 USD node: own',
      // 7 by 10 is 0.7; (0.5 + 2) × 0.7.
      '1 pod n1 1.75 USD node: own',
      '1 unallocated n1 5.25 USD node: own',
    ]);
  });

  it('has a day’s charge in the hours in which it was there', async () => {
    // From half past one until four: 2.5 hours.
    const from = day + 1.5 * hourMs;
    const life = { from, created: from, to: day + 4 * hourMs };
    await addNodes(server, [{ ...machine, ...life, name: 'n1' }]);
    const lines = [header, row(arn, day, day + 24 * hourMs, '0.5')];
    await load(await written('day.csv', lines.join('\n')), 'day');
    const said = await hours(5);
    expect(said.filter((one) => one.includes('node'))).toEqual([
      // 0.5 / 2.5 = 0.2 an hour.
      '1 node n1 0.1 EUR bill: day',
      '2 node n1 0.2 EUR bill: day',
      '3 node n1 0.2 EUR bill: day',
    ]);
  });

  it('is found by what each provider calls it, and the bill imported last counts', async () => {
    const subscription = '/subscriptions/1/resourceGroups/rg/providers/x/virtualMachines/vm';
    const life = { ...machine, from: day - hourMs };
    await addNodes(server, [
      { ...life, name: 'azure', providerId: `azure://${subscription}` },
      { ...life, name: 'gcp', providerId: 'gce://project/europe-west3-a/node-1' },
      { ...life, name: 'other', providerId: 'metal://7' },
    ]);
    const billed = (cost: string): string =>
      [
        header,
        row(subscription.toLowerCase(), day, day + hourMs, cost),
        row(
          '//compute.googleapis.com/projects/project/zones/europe-west3-a/instances/node-1',
          day,
          day + hourMs,
          cost,
        ),
        row('metal://7', day, day + hourMs, cost),
      ].join('\n');
    await load(await written('a.csv', billed('1')), 'first');
    await load(await written('b.csv', billed('2')), 'second');
    const said = await hours(1);
    expect(said.filter((one) => one.includes(' node '))).toEqual([
      '0 node azure 2 EUR bill: second',
      '0 node gcp 2 EUR bill: second',
      '0 node other 2 EUR bill: second',
    ]);
  });
});
