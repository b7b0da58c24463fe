/**
 * What stands outside of Kubernetes: machines by what their agents send, and lists that people
 * bring. Both end in one table, and their addresses are known in every cluster.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { lookUp } from '../../clickhouse/lookups.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { addressLookup } from '../../clickhouse/schema/lookups.ts';
import { systemClock } from '../../core/clock.ts';
import { readList } from '../../jobs/metadata/hosts/list.ts';
import { recordList, recordTelemetryHosts } from '../../jobs/metadata/hosts/record.ts';
import { EntityStore } from '../../jobs/metadata/store.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';

const dayMs = 86_400_000;
const nowMs = Math.floor(systemClock.nowMs() / 1_000) * 1_000;
let engine: TestEngine;
let clickhouse: ClickHouse;

beforeAll(async () => {
  engine = await startEngine();
  clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  await migrate(clickhouse);
});
afterAll(async () => {
  await clickhouse?.close();
  await engine?.stop();
});
beforeEach(async () => {
  for (const table of ['entity_hosts', 'entity_events', 'otel_metrics_sum']) {
    await clickhouse.run(`TRUNCATE TABLE otel.${table}`);
  }
});

const bare = { 'host.name': 'bare-1', 'host.id': 'id-1', 'os.type': 'linux', 'host.arch': 'amd64' };
const cloud = {
  ...{ 'host.name': 'vm-1', 'host.ip': '["10.9.0.5","fd00::5"]', 'cloud.provider': 'aws' },
  ...{ 'cloud.region': 'eu', 'cloud.availability_zone': 'eu-a', 'host.type': 'm7i.large' },
};

async function report(attributes: Readonly<Record<string, string>>, atMs: number): Promise<void> {
  const row = {
    ...{ MetricName: 'system.cpu.time', TimeUnix: (atMs / 1000).toFixed(3), Value: 1 },
    ResourceAttributes: attributes,
  };
  const into = 'INSERT INTO otel.otel_metrics_sum FORMAT JSONEachRow';
  await clickhouse.insert(into, [Buffer.from(JSON.stringify(row))], { async_insert: 0 });
}

const there = (atMs: number) =>
  clickhouse.rows<Readonly<Record<string, unknown>>>(
    `SELECT Name, Kind, Addresses, Zone, InstanceType, Origin, Labels FROM otel.entity_hosts FINAL
     WHERE ValidFrom <= fromUnixTimestamp64Milli(toInt64(${atMs}))
       AND ValidTo > fromUnixTimestamp64Milli(toInt64(${atMs})) ORDER BY Name`,
  );

const eventTypes = async (): Promise<readonly string[]> => {
  const rows = await clickhouse.rows<{ what: string }>(
    `SELECT concat(Type, ' ', Name) AS what FROM otel.entity_events FINAL ORDER BY Time, what`,
  );
  return rows.map(({ what }) => what);
};

describe('machines outside Kubernetes', () => {
  it('are those whose agents send, without nodes and pods; again writes nothing', async () => {
    await report(bare, nowMs - 60_000);
    await report(cloud, nowMs - 30_000);
    await report({ 'host.name': 'node-1', 'k8s.node.name': 'node-1' }, nowMs - 30_000);
    await report({ 'host.name': 'pod-1', 'k8s.pod.name': 'pod-1' }, nowMs - 30_000);
    const first = await recordTelemetryHosts(clickhouse, nowMs);
    expect(first).toMatchObject({ hosts: 2, versions: 2 });
    expect(await recordTelemetryHosts(clickhouse, nowMs + 1_000)).toEqual({
      ...{ hosts: 2, versions: 0, events: 0 },
    });
    expect(await there(nowMs)).toMatchObject([
      { Name: 'bare-1', Kind: 'Host', Addresses: [], Origin: 'telemetry' },
      { Name: 'vm-1', Addresses: ['10.9.0.5', 'fd00::5'], Zone: 'eu-a', InstanceType: 'm7i.large' },
    ]);
  });

  it('change with what their agents say, and keep what they were', async () => {
    await report(cloud, nowMs - 120_000);
    await recordTelemetryHosts(clickhouse, nowMs - 100_000);
    await report({ ...cloud, 'host.type': 'm7i.2xlarge' }, nowMs - 50_000);
    await recordTelemetryHosts(clickhouse, nowMs);
    expect(await there(nowMs - 60_000)).toMatchObject([{ InstanceType: 'm7i.large' }]);
    expect(await there(nowMs)).toMatchObject([{ InstanceType: 'm7i.2xlarge' }]);
    expect((await eventTypes()).at(-1)).toBe('modified vm-1');
  });

  it('end after a day of silence, not before, and are not erased', async () => {
    await report(bare, nowMs - dayMs - 60_000);
    await recordTelemetryHosts(clickhouse, nowMs - dayMs);
    await recordTelemetryHosts(clickhouse, nowMs - 120_000);
    expect(await there(nowMs)).toHaveLength(1);
    await recordTelemetryHosts(clickhouse, nowMs);
    expect(await there(nowMs)).toEqual([]);
    expect(await there(nowMs - dayMs - 30_000)).toHaveLength(1);
    expect((await eventTypes()).at(-1)).toBe('deleted bare-1');
  });
});

const csv = `name,kind,addresses,zone,team
db-1,Database,"10.8.0.1 10.8.0.2",eu-a,shop
lb,LoadBalancer,10.8.0.9,,
`;
const read = (text: string, atMs = nowMs) =>
  readList(text, { path: 'things.csv', origin: 'things', nowMs: atMs });

describe('a list', () => {
  it('is recorded once; what changed begins anew, what is missing ends', async () => {
    await report(bare, nowMs - 60_000);
    await recordTelemetryHosts(clickhouse, nowMs);
    expect(await recordList(clickhouse, 'things', await read(csv), nowMs)).toMatchObject({
      ...{ hosts: 2, versions: 2 },
    });
    const again = await read(csv, nowMs + 1_000);
    expect(await recordList(clickhouse, 'things', again, nowMs + 1_000)).toMatchObject({
      ...{ versions: 0, events: 0 },
    });
    const moved = await read(csv.replace('eu-a', 'eu-b').replace(/^lb.*\n/m, ''), nowMs + 2_000);
    await recordList(clickhouse, 'things', moved, nowMs + 2_000);
    expect(await there(nowMs + 1_000)).toMatchObject([
      { Name: 'bare-1' },
      { Name: 'db-1', Kind: 'Database', Zone: 'eu-a', Labels: { team: 'shop' } },
      { Name: 'lb', Kind: 'LoadBalancer', Labels: {} },
    ]);
    expect(await there(nowMs + 2_000)).toMatchObject([
      { Name: 'bare-1' },
      { Name: 'db-1', Addresses: ['10.8.0.1', '10.8.0.2'], Zone: 'eu-b' },
    ]);
  });

  it('says the same as JSON', async () => {
    const json = JSON.stringify([
      {
        ...{ name: 'db-1', kind: 'Database', addresses: ['10.8.0.1', '10.8.0.2'], zone: 'eu-a' },
        labels: { team: 'shop' },
      },
      { name: 'lb', kind: 'LoadBalancer', addresses: '10.8.0.9' },
    ]);
    expect(await read(json)).toEqual(await read(csv));
  });

  it('has its addresses in every cluster, and at their time', async () => {
    for (const cluster of ['one', 'two']) {
      const store = new EntityStore(clickhouse, cluster);
      await store.writePositions(new Map([['pods', 1n]]), nowMs);
    }
    await recordList(clickhouse, 'things', await read(csv), nowMs);
    await migrate(clickhouse, { lookups: {} });
    const key = (cluster: string): readonly string[] => [`'${cluster}'`, "'10.8.0.2'"];
    const at = (ms: number): string => `fromUnixTimestamp64Milli(toInt64(${ms}))`;
    const ask = (cluster: string, ms: number) =>
      lookUp(addressLookup, 'Name', key(cluster), at(ms), 'otel');
    const type = lookUp(addressLookup, 'Type', key('two'), at(nowMs), 'otel');
    const [row] = await clickhouse.rows(
      `SELECT ${ask('one', nowMs)} AS one, ${ask('two', nowMs)} AS two, ${ask('', nowMs)} AS none,
        ${ask('one', nowMs - 1)} AS before, ${type} AS type`,
    );
    expect(row).toEqual({
      ...{ one: 'db-1', two: 'db-1', none: 'db-1', before: '', type: 'Database' },
    });
  });

  it.each([
    ['name,zone\n,a\nb,c\n', 'line 2: name is missing'],
    ['name\na\nb\na\n', 'line 4: a is in line 2 already'],
    ['name,addresses\na,10.0.0.x\n', 'line 2: addresses: 10.0.0.x is no IP address'],
    ['name,kind\na,two words\n', 'line 2: kind two words'],
    ['zone\na\n', 'a header with a column “name” is missing'],
    ['name,name\na,b\n', 'the column name is there twice'],
    ['name,zone\na\n', 'line 2: 1 fields, the header has 2'],
    ['name\n"a\n', 'line 2: Quote Not Closed'],
    ['', 'it has no entries'],
    ['[{"name": "a"}, {"zone": "b"}]', 'entry 2: name is missing'],
    ['[{"name": "a", "colour": "red"}]', 'entry 1: there is no key colour'],
    ['[{"name": 1}]', 'entry 1: name: expected a text'],
    ['[{"name": "a", "labels": {"b": 1}}]', 'entry 1: labels'],
    ['[3]', 'entry 1: expected an object'],
    ['[', 'JSON'],
  ])('%j is refused as a whole', async (text, message) => {
    await expect(read(text)).rejects.toMatchObject({
      ...{ code: 'OBS-6073', where: 'things.csv', message: expect.stringContaining(message) },
    });
  });
});
