/**
 * What traffic costs, on the real engine. What a figure should be stands beside it as sums done by
 * hand; then random flows against an oracle that knows nothing of SQL.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { costTables } from '../../clickhouse/schema/costs.ts';
import { entityTables } from '../../clickhouse/schema/entities.ts';
import { systemClock } from '../../core/clock.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { parsePriceFile } from './price-file.ts';
import { importPrices } from './price-store.ts';
import { addNodes, addPods, addRows, hourMs } from './testdata/world.ts';
import { askTraffic, type TrafficGrouping, type TrafficRow } from './traffic.ts';

let engine: TestEngine;
let server: ClickHouse;

beforeAll(async () => {
  engine = await startEngine();
  server = connectClickHouse({ url: `${engine.url}/otel` });
  await migrate(server);
});
afterAll(async () => {
  await server?.close();
  await engine?.stop();
});
beforeEach(async () => {
  const names = [...entityTables, ...costTables].map(({ name }) => name);
  for (const name of [...names, 'flow_minutes']) await server.run(`TRUNCATE TABLE otel.${name}`);
});

const nowMs = systemClock.nowMs();
/** An hour that is over. */
const start = nowMs - (nowMs % hourMs) - 3 * hourMs;
const range = { from: start / 1000, to: (start + hourMs) / 1000 };
const always = { from: start - 24 * hourMs };
const gb = 1_000_000_000;

type Side = {
  readonly namespace?: string;
  readonly workload?: string;
  readonly zone?: string;
  readonly address?: string;
};

type Flow = {
  readonly source: Side;
  readonly destination: Side;
  readonly sent: number;
  readonly answered?: number;
  readonly minute?: number;
  readonly cluster?: string;
};

async function addFlows(flows: readonly Flow[]): Promise<void> {
  const side = (name: string, one: Side) => ({
    [`${name}Namespace`]: one.namespace ?? '',
    [`${name}Workload`]: one.workload ?? '',
    [`${name}Zone`]: one.zone ?? '',
    [`${name}Address`]: one.address ?? '',
  });
  const rows = flows.map(({ source, destination, sent, answered, minute, cluster }) => ({
    Time: start / 1000 + (minute ?? 0) * 60,
    Cluster: cluster ?? 'lab',
    ...side('Source', source),
    ...side('Destination', destination),
    ...{ SourceBytes: sent, DestinationBytes: answered ?? 0, Reports: 1 },
  }));
  await addRows(server, 'flow_minutes', rows);
}

async function load(text: string): Promise<void> {
  await importPrices(server, parsePriceFile(text, 'list.yaml'), systemClock.nowMs());
}

const nodeOf = (
  name: string,
  zone: string,
  cluster = 'lab',
  providerId = `aws:///${zone}/i-0a`,
) => ({
  ...{ ...always, name, zone, cluster, providerId, cores: 4, bytes: gb, region: zone.slice(0, -1) },
});
const web = { namespace: 'shop', workload: 'web', zone: 'eu-1a' };
const cart = { namespace: 'shop', workload: 'cart', zone: 'eu-1b' };
const internet = { address: '203.0.113.7' };

async function ask(by: TrafficGrouping = 'workload', more = {}): Promise<readonly TrafficRow[]> {
  return (await askTraffic(server, by, { ...range, ...more })).rows;
}

/** Workload, between zones, to the internet, in all. */
async function costs(): Promise<readonly string[]> {
  const rows = await ask();
  return rows.map(
    (row) => `${row.of['workload']}: ${row.zonesCost} ${row.internetCost} ${row.cost}`,
  );
}

describe('traffic between zones', () => {
  beforeEach(async () => {
    await addNodes(server, [nodeOf('n1', 'eu-1a'), nodeOf('n2', 'eu-1b')]);
  });

  it('is paid by both sides where the provider charges both directions', async () => {
    await load('traffic: [{provider: aws, between_zones_gb: "0.01", to_internet_gb: "0.09"}]');
    await addFlows([{ source: web, destination: cart, sent: 3 * gb, answered: gb }]);
    // Each sends and receives 3 + 1 GB at 0.01: 0.04, to the cent what both bills say.
    expect(await costs()).toEqual(['cart: 0.04 0 0.04', 'web: 0.04 0 0.04']);
    expect(await ask('namespace')).toEqual([
      {
        ...{ of: { namespace: 'shop' }, currency: 'USD', priceSources: ['file: list'] },
        ...{ zonesBytes: `${4 * gb}`, zonesReceivedBytes: `${4 * gb}`, internetBytes: '0' },
        ...{ zonesCost: '0.08', internetCost: '0', cost: '0.08' },
      },
    ]);
  });

  it('is paid by who sends where it says so', async () => {
    await load(
      'traffic: [{provider: aws, between_zones_gb: "0.02", between_zones_received_gb: 0,' +
        ' to_internet_gb: 0}]',
    );
    await addFlows([{ source: web, destination: cart, sent: 3 * gb, answered: gb }]);
    expect(await costs()).toEqual(['web: 0.06 0 0.06', 'cart: 0.02 0 0.02']);
  });

  it('costs nothing within a zone, or where a zone is not known', async () => {
    await addFlows([
      { source: web, destination: { ...cart, zone: 'eu-1a' }, sent: gb },
      { source: web, destination: { ...cart, zone: '' }, sent: gb },
    ]);
    expect(await askTraffic(server, 'workload', range)).toEqual({
      seenBytes: `${2 * gb}`,
      rows: [],
    });
  });

  it('has the names and zones that addresses had at that time', async () => {
    const address = '10.1.0.5';
    const pod = { node: 'n2', millis: 0, bytes: 0, namespace: 'jobs', addresses: [address] };
    await addPods(server, [
      { ...pod, ...always, name: 'a', workload: 'batch', to: start + hourMs / 2 },
      { ...pod, name: 'b', from: start + hourMs / 2, node: 'n1', workload: 'late' },
    ]);
    await addFlows([
      { source: { address }, destination: web, sent: 1, minute: 10 },
      { source: { address }, destination: web, sent: gb, minute: 40 },
    ]);
    // A byte at 0.01 / 10⁹, sent and received; the later pod is in the zone of web.
    const amount = '0.00000000001';
    expect(await costs()).toEqual([`batch: ${amount} 0 ${amount}`, `web: ${amount} 0 ${amount}`]);
  });
});

describe('traffic to the internet', () => {
  beforeEach(async () => {
    await addNodes(server, [{ ...nodeOf('n1', 'eu-1a'), addresses: ['203.0.113.1'] }]);
  });

  it('is paid by who sends, also in answers; what comes in costs nothing', async () => {
    await addFlows([
      { source: web, destination: internet, sent: 2 * gb, answered: 50 * gb },
      { source: { address: '2001:db8::7' }, destination: web, sent: 7 * gb, answered: 5 * gb },
    ]);
    // (2 + 5) × 0.09
    expect(await costs()).toEqual(['web: 0 0.63 0.63']);
    expect(await ask()).toMatchObject([
      { internetBytes: `${7 * gb}`, priceSources: ['default aws 2025-06'], currency: 'USD' },
    ]);
  });

  it.each([
    ...['10.255.0.1', '172.31.0.1', '192.168.7.7', '100.64.0.1', '100.127.255.255', '127.0.0.1'],
    ...['169.254.169.254', '224.0.0.251', 'fd00::7', 'fe80::1', '::1', '::ffff:10.9.9.9'],
    ...['ff02::1', 'db.example.com', ''],
  ])('is not what goes to “%s”', async (address) => {
    await addFlows([{ source: web, destination: { address }, sent: gb }]);
    expect(await costs()).toEqual([]);
  });

  it.each([
    '11.0.0.0',
    '172.32.0.1',
    '192.169.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '::ffff:8.8.8.8',
  ])('is what goes to “%s”', async (address) => {
    await addFlows([{ source: web, destination: { address }, sent: gb }]);
    expect(await costs()).toEqual(['web: 0 0.09 0.09']);
  });

  it('is not what goes to something that is recorded, at that time', async () => {
    const openEnd = Date.UTC(2100, 0, 1);
    await addRows(server, 'entity_hosts', [
      {
        ...{ Cluster: '', Id: 'h', Name: 'billing-db', Addresses: ['203.0.113.50'] },
        ...{ ValidFrom: always.from, ValidTo: start + hourMs / 2, Version: 1, Created: start },
      },
      {
        ...{ Cluster: '', Id: 'i', Name: 'mail', Addresses: ['203.0.113.51'] },
        ...{ ValidFrom: always.from, ValidTo: openEnd, Version: 1, Created: start },
      },
    ]);
    const to = (address: string, minute: number): Flow => ({
      ...{ source: web, destination: { address }, sent: gb, minute },
    });
    await addFlows([
      ...[to('203.0.113.50', 10), to('203.0.113.50', 40)],
      ...[to('203.0.113.51', 10), to('203.0.113.51', 40), to('203.0.113.1', 40)],
    ]);
    // Only the host that had ended: its address is anybody's then.
    expect(await costs()).toEqual(['web: 0 0.09 0.09']);
  });
});

describe('the price of traffic', () => {
  it('is that of the provider of the payer, in the package', async () => {
    await addNodes(server, [
      nodeOf('n1', 'eu-1a', 'amazon'),
      nodeOf('n1', 'eu-1a', 'google', 'gce://project/eu-1a/n1'),
      nodeOf('n1', 'eu-1a', 'azure', 'azure:///subscriptions/s/n1'),
      nodeOf('n1', 'eu-1a', 'rack', ''),
    ]);
    for (const cluster of ['amazon', 'google', 'azure', 'rack', 'unknown']) {
      await addFlows([
        { cluster, source: web, destination: cart, sent: gb },
        { cluster, source: web, destination: internet, sent: gb },
      ]);
    }
    const rows = await ask('cluster');
    const told = rows.map((row) => [
      ...[row.of['cluster'], row.zonesCost, row.internetCost, row.priceSources.join()],
    ]);
    expect(told.sort()).toEqual([
      ['amazon', '0.02', '0.09', 'default aws 2025-06'],
      ['azure', '0', '0.087', 'default azure 2025-06'],
      ['google', '0.01', '0.12', 'default gcp 2025-06'],
      ['rack', '0.02', '0.09', 'default other 2025-06'],
      ['unknown', '0.02', '0.09', 'default other 2025-06'],
    ]);
  });

  it('is that of a file first, and of its region before others', async () => {
    await load(`
currency: EUR
traffic:
  - {between_zones_gb: 1, to_internet_gb: 2}
  - {provider: aws, between_zones_gb: 3, to_internet_gb: 4}
  - {provider: aws, region: us-1, between_zones_gb: 5, to_internet_gb: 6}
`);
    const ids = ['a', 'b', 'c'].map((id) => `lab-${id}`);
    await addNodes(server, [
      nodeOf('n', 'eu-1a', ids[0], 'gce://p/z/n'),
      nodeOf('n', 'eu-1a', ids[1]),
      nodeOf('n', 'us-1a', ids[2]),
    ]);
    await addFlows(
      ids.map((cluster) => ({ cluster, source: web, destination: internet, sent: gb })),
    );
    const rows = await ask('cluster');
    expect(rows.map((row) => [row.of['cluster'], row.cost, row.currency])).toEqual([
      ['lab-c', '6', 'EUR'],
      ['lab-b', '4', 'EUR'],
      ['lab-a', '2', 'EUR'],
    ]);
    expect(new Set(rows.flatMap((row) => row.priceSources))).toEqual(new Set(['file: list']));
  });

  it('of machines is not mixed with it', async () => {
    await load('{prices: [{vcpu_hour: 1, gb_hour: 1}], nodes: [{node: n1, node_hour: 9}]}');
    await addNodes(server, [nodeOf('n1', 'eu-1a')]);
    await addFlows([{ source: web, destination: internet, sent: gb }]);
    expect(await ask()).toMatchObject([{ cost: '0.09', priceSources: ['default aws 2025-06'] }]);
  });
});

describe('teams', () => {
  it('are those that the hours of cost have', async () => {
    await addRows(server, 'cost_hours', [
      {
        ...{ Time: range.from, Kind: 'pod', Cluster: 'lab', Namespace: 'shop', Workload: 'web' },
        Team: 'till',
      },
    ]);
    await addFlows([
      { source: web, destination: internet, sent: gb },
      { source: cart, destination: internet, sent: 2 * gb },
    ]);
    const rows = await ask('team');
    expect(rows.map((row) => [row.of['team'], row.cost])).toEqual([
      ['–', '0.18'],
      ['till', '0.09'],
    ]);
    expect(await ask('workload', { namespace: 'other' })).toEqual([]);
    expect(await ask('workload', { cluster: 'other' })).toEqual([]);
  });
});

describe('whatever flows there are', () => {
  it('every charge is of one payer and exact to the twelfth decimal', async () => {
    const zones = ['eu-1a', 'eu-1b', 'us-1a', ''];
    const side = fc.oneof(
      fc.record({ workload: fc.constantFrom('a', 'b', 'c'), zone: fc.constantFrom(...zones) }),
      fc.record({ address: fc.constantFrom('203.0.113.7', '8.8.8.8', '10.0.0.9') }),
    );
    const bytes = fc.integer({ min: 0, max: 2 ** 50 });
    const flow = fc.record({ source: side, destination: side, sent: bytes, answered: bytes });
    const price = fc.integer({ min: 0, max: 999_999_999_999 });
    const worlds = fc.record({
      flows: fc.array(flow, { minLength: 1, maxLength: 30 }),
      prices: fc.tuple(price, price, price),
    });
    let turn = 0;
    const property = fc.asyncProperty(worlds, async ({ flows, prices }) => {
      turn += 1;
      const cluster = `world-${turn}`;
      const [out, received, toInternet] = prices.map((one) => `0.${String(one).padStart(12, '0')}`);
      await load(
        `traffic: [{between_zones_gb: "${out}", between_zones_received_gb: "${received}",` +
          ` to_internet_gb: "${toInternet}"}]`,
      );
      await addFlows(flows.map((one) => ({ ...one, cluster })));
      const rows = await ask('workload', { cluster });
      const found = rows.map((row) => [row.of['workload'], row.zonesCost, row.internetCost]);
      expect(found.sort()).toEqual(expected(flows, prices));
    });
    await fc.assert(property, { numRuns: 15, endOnFailure: true });
  }, 120_000);
});

/** The same with whole numbers: bytes by 10⁻¹² of a price, over 10⁹. */
function expected(
  flows: readonly Flow[],
  [out, received, toInternet]: readonly [number, number, number],
): readonly (readonly string[])[] {
  const payers = new Map<string, { zones: bigint; internet: bigint }>();
  const pay = (one: Side, kind: 'zones' | 'internet', bytes: number, price: number): void => {
    if (bytes === 0) return;
    const name = one.workload ?? one.address ?? '';
    const payer = payers.get(name) ?? { zones: 0n, internet: 0n };
    payer[kind] += BigInt(bytes) * BigInt(price);
    payers.set(name, payer);
  };
  const isOutside = ({ address = '' }: Side): boolean => /^(203|8)\./.test(address);
  for (const { source, destination, sent, answered = 0 } of flows) {
    for (const [from, to, bytes] of [
      [source, destination, sent],
      [destination, source, answered],
    ] as const) {
      if (isOutside(from)) continue;
      if (isOutside(to)) pay(from, 'internet', bytes, toInternet);
      else if ((from.zone ?? '') !== '' && (to.zone ?? '') !== '' && from.zone !== to.zone) {
        pay(from, 'zones', bytes, out);
        pay(to, 'zones', bytes, received);
      }
    }
  }
  const text = (amount: bigint): string => {
    const digits = String(amount / 1_000_000_000n).padStart(13, '0');
    return `${digits.slice(0, -12)}.${digits.slice(-12)}`.replace(/\.?0+$/, '');
  };
  return [...payers]
    .map(([name, { zones, internet }]) => [name, text(zones), text(internet)])
    .sort();
}
