/** The dashboard of cost on seeded hours, against sums done by hand. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { type Asker, askerOf } from '../../test/support/ask-dashboards.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { costHourRows, deploymentRows } from '../../test/support/seed-cost.ts';
import { flowRows } from '../../test/support/seed-flows.ts';

const hourMs = 3_600_000;
/** Ends within an hour that is not over. */
const toMs = Math.floor(Date.now() / hourMs) * hourMs + 20 * 60_000;
const fromMs = toMs - 2 * hourMs;
let engine: TestEngine;
let clickhouse: ClickHouse;
let asker: Asker;

/** A gigabyte asked for from outside, and two that were answered. */
const toInternet = (ms: number): object => ({
  ...{ Time: ms / 1000, Cluster: 'prod', SourceAddress: '203.0.113.9', SourceBytes: 1e9 },
  ...{ DestinationNamespace: 'shop', DestinationWorkload: 'web', DestinationBytes: 2e9 },
});

beforeAll(async () => {
  engine = await startEngine();
  clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  await migrate(clickhouse);
  const insert = (table: string, values: readonly object[]): Promise<unknown> =>
    clickhouse.client.insert({
      table: `otel.${table}`,
      values: [...values],
      format: 'JSONEachRow',
    });
  const rows = costHourRows(fromMs, toMs);
  // In another currency, of which nothing may be in the sums.
  const dollars = rows.map((row) => ({ ...row, Currency: 'USD', PriceSource: 'default aws' }));
  await insert('cost_hours', [...rows, ...dollars]);
  await insert('entity_events', deploymentRows(toMs));
  await insert('entity_nodes', [
    {
      ...{ Cluster: 'prod', Id: 'n', Name: 'n', Zone: 'eu-1a', ProviderId: 'gce://p/eu-1a/n' },
      ...{ ValidFrom: `${fromMs / 1000}.000`, ValidTo: '4102444800.000', Version: 1 },
    },
  ]);
  await insert('flow_minutes', [...flowRows(fromMs, toMs), toInternet(fromMs + 60_000)]);
  asker = askerOf(engine.url, { fromMs, toMs });
});
afterAll(async () => {
  await clickhouse?.close();
  await engine?.stop();
});

const ask = (title: string): Promise<Record<string, unknown>[]> =>
  asker.panelRows('Cost', title, { set: { currency: 'EUR' } });

describe('the dashboard of cost', () => {
  it('adds up the hours of the range, of one currency', async () => {
    // Three hours begin within the range or hold its begin, of 0.4 each; 0.4 by 720 a month.
    expect((await ask('Nodes'))[0]?.['Nodes']).toBeCloseTo(1.2, 9);
    expect((await ask('A month'))[0]?.['A month']).toBeCloseTo(288, 6);
    // 0.1 of 0.4
    expect((await ask('Idle'))[0]?.['Idle']).toBeCloseTo(0.25, 9);
    // (0.3 − 1.1 × 0.2) by 720
    const [over] = await ask('Over-provisioned a month');
    expect(over?.['Over-provisioned a month']).toBeCloseTo(57.6, 6);
  });

  it('says of every table which price it used', async () => {
    const titles = ['Prices used', 'Namespaces', 'Teams', 'Over-provisioning'];
    for (const title of [...titles, 'Nodes and what is idle']) {
      const rows = await ask(title);
      expect({ title, prices: rows.map((row) => row['Price']) }).toEqual({
        title,
        prices: rows.map(() => 'file: list'),
      });
      expect(rows.length).toBeGreaterThan(0);
    }
  });

  it('names workloads, teams and nodes with their month', async () => {
    const teams = await ask('Teams');
    expect(teams.map((row) => [row['Team'], row['A month']])).toEqual([
      ['–', expect.closeTo(144, 6)],
      ['till', expect.closeTo(72, 6)],
    ]);
    const workloads = await ask('Over-provisioning');
    expect(
      workloads.map((row) => [row['Workload'], row['Over a month'], row['Better vCPU']]),
    ).toEqual([
      // 0.1 − 1.1 × 0.05 = 0.045, and 0.2 − 1.1 × 0.15 = 0.035, by 720; 1.1 × 0.5 cores.
      ['cart', expect.closeTo(32.4, 6), expect.closeTo(0.55, 9)],
      ['web', expect.closeTo(25.2, 6), expect.closeTo(0.55, 9)],
    ]);
    const [node] = await ask('Nodes and what is idle');
    expect(node).toMatchObject({
      ...{ Node: 'shop-node-1', Idle: expect.closeTo(0.3, 9) },
      'Not requested': expect.closeTo(0.3, 9),
    });
    const hours = await ask('Cost by namespace');
    expect(hours).toHaveLength(6);
  });

  it('compares a workload before and after its images changed', async () => {
    const [row] = await ask('Before and after deployments');
    expect(row).toMatchObject({
      ...{ Workload: 'cart', 'Cost before': expect.closeTo(0.1, 9) },
      ...{ 'Cost after': expect.closeTo(0.1, 9), 'Used before': expect.closeTo(0.05, 9) },
    });
  });

  it('says what traffic cost, by who pays, and by which price', async () => {
    const rows = await ask('Traffic by workload');
    const told = rows.map((row) => [row['Workload'], row['Between zones'], row['To internet']]);
    // Two hours: 120 minutes of 60 kB there and 540 kB back, at 0.01 a GB for who sends.
    expect(told).toEqual([
      ['web', 0, expect.closeTo(0.24, 9)],
      ['payment', expect.closeTo(0.000648, 9), 0],
      ['cart', expect.closeTo(0.000072, 9), 0],
    ]);
    expect(new Set(rows.map((row) => `${row['In']} ${row['Price']}`))).toEqual(
      new Set(['USD default gcp 2025-06']),
    );
    const hours = await ask('Traffic by hour');
    const sum = (name: string): number =>
      hours.reduce((all, row) => all + (row['name'] === name ? Number(row['value']) : 0), 0);
    expect(sum('to the internet, USD')).toBeCloseTo(0.24, 9);
    expect(sum('between zones, USD')).toBeCloseTo(0.00072, 9);
  });
});
