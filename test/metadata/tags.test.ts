/**
 * Tags: rows of every signal that have only an address, an id or a name say what they were of, as
 * it was at their time; and what the sender said himself stands.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { ownTags, peerTags, taggedViews } from '../../clickhouse/schema/tags.ts';
import { systemClock } from '../../core/clock.ts';
import { Recorder } from '../../jobs/metadata/recorder.ts';
import { EntityStore } from '../../jobs/metadata/store.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { see } from '../support/entities.ts';

const nowMs = systemClock.nowMs();
const [earlyMs, lateMs] = [nowMs - 3_600_000, nowMs - 60_000];
/** The address goes over from the first pod to the second one. */
const handOverMs = nowMs - 1_800_000;
const address = '10.1.2.3';

let engine: TestEngine;
let clickhouse: ClickHouse;

beforeAll(async () => {
  engine = await startEngine();
  clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  await migrate(clickhouse);
  const store = new EntityStore(clickhouse, 'lab');
  const recorder = new Recorder(await store.recorded(new Map(), earlyMs));
  record(recorder);
  await store.write(recorder.take());
  await store.writePositions(new Map([['pods', 9n]]), nowMs);
  await migrate(clickhouse, { lookups: {} });
});
afterAll(async () => {
  await clickhouse?.close();
  await engine?.stop();
});

const pod = (name: string, node: string, fromMs: number) => ({
  metadata: {
    ...{ uid: `uid-${name}`, name, namespace: 'shop', labels: { team: `team of ${name}` } },
    creationTimestamp: new Date(fromMs).toISOString(),
    ownerReferences: [{ kind: 'StatefulSet', name: `set-of-${name}`, uid: 'x', controller: true }],
  },
  spec: { nodeName: node, containers: [{ name: 'app', image: 'shop' }] },
  status: {
    ...{ phase: 'Running', podIP: address },
    containerStatuses: [{ name: 'app', containerID: `containerd://c-${name}` }],
  },
});

function record(recorder: Recorder): void {
  const startMs = earlyMs - 60_000;
  const created = { creationTimestamp: new Date(startMs).toISOString() };
  for (const [nth, name] of ['node-a', 'node-b'].entries()) {
    const labels = {
      'topology.kubernetes.io/zone': `zone-of-${name}`,
      'topology.kubernetes.io/region': 'here',
    };
    const status = { addresses: [{ type: 'InternalIP', address: `192.168.0.${nth}` }] };
    const object = { metadata: { uid: `uid-${name}`, name, labels, ...created }, spec: {}, status };
    see(recorder, 'Node', object, { version: BigInt(1 + nth), atMs: startMs });
  }
  see(recorder, 'Pod', pod('web-0', 'node-a', startMs), { version: 3n, atMs: startMs });
  const slice = {
    metadata: {
      ...{ uid: 's', name: 'front-1', namespace: 'shop', ...created },
      labels: { 'kubernetes.io/service-name': 'front' },
    },
    endpoints: [{ addresses: [address], targetRef: { kind: 'Pod', uid: 'uid-web-0' } }],
  };
  see(recorder, 'EndpointSlice', slice, { version: 4n, atMs: startMs });
  const service = {
    metadata: { uid: 'v', name: 'front', namespace: 'shop', ...created },
    spec: { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'] },
  };
  see(recorder, 'Service', service, { version: 5n, atMs: startMs });
  recorder.lose('uid-web-0', 6n, handOverMs);
  see(recorder, 'Pod', pod('api-0', 'node-b', handOverMs), { version: 7n, atMs: handOverMs });
}

type Row = Readonly<Record<string, unknown>>;

const insert = (table: string, rows: readonly Row[]) =>
  clickhouse.insert(
    `INSERT INTO otel.${table} FORMAT JSONEachRow`,
    [Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'))],
    { async_insert: 0 },
  );

const seconds = (ms: number): string => (ms / 1_000).toFixed(3);
const [names, peerNames] = [ownTags, peerTags].map((tags) => tags.map(({ name }) => name));

/** What `TABLE_tagged` says of rows with these resource attributes, of the first and second pod. */
async function tagsOf(resources: readonly Row[], serviceName = ''): Promise<readonly Row[]> {
  await clickhouse.run('TRUNCATE TABLE otel.otel_logs');
  const rows = resources.flatMap((ResourceAttributes, nth) =>
    [earlyMs, lateMs].map((ms, late) => ({
      ...{ Timestamp: seconds(ms), ServiceName: serviceName, ResourceAttributes },
      Body: String(2 * nth + late),
    })),
  );
  await insert('otel_logs', rows);
  const tags = (names ?? []).join(', ');
  return await clickhouse.rows(`SELECT ${tags} FROM otel.otel_logs_tagged ORDER BY toUInt32(Body)`);
}

const common = {
  Owner: '',
  CostCenter: '',
  Cluster: 'lab',
  Namespace: 'shop',
  WorkloadKind: 'StatefulSet',
  Region: 'here',
};
const first = {
  ...common,
  ...{ PodId: 'uid-web-0', Pod: 'web-0', Workload: 'set-of-web-0', Node: 'node-a' },
  ...{ Zone: 'zone-of-node-a', Service: 'front', Instance: 'web-0' },
  ...{ Address: '', Container: '', PodLabels: { team: 'team of web-0' } },
  Team: 'team of web-0',
};
const second = {
  ...common,
  ...{ PodId: 'uid-api-0', Pod: 'api-0', Workload: 'set-of-api-0', Node: 'node-b' },
  ...{ Zone: 'zone-of-node-b', Service: 'set-of-api-0', Instance: 'api-0' },
  ...{ Address: '', Container: '', PodLabels: { team: 'team of api-0' } },
  Team: 'team of api-0',
};
const nobody = Object.fromEntries((names ?? []).map((name) => [name, '']));
const stranger = { ...nobody, Cluster: 'lab', PodLabels: {} };

describe('what a row was of', () => {
  it.each([
    ['the address of its pod', { 'k8s.pod.ip': address }],
    ['where Prometheus scraped it', { 'service.instance.id': `${address}:8080` }],
    ['the address of its host', { 'host.ip': `["${address}","::1"]` }],
  ])('is known by %s, as it was then', async (_, resource) => {
    const rows = await tagsOf([resource]);
    expect(rows).toEqual([
      { ...first, Address: address },
      { ...second, Address: address },
    ]);
  });

  it('is known by a container, by the id of a pod, by the name or address of a node', async () => {
    const rows = await tagsOf([
      { 'container.id': 'c-web-0' },
      { 'k8s.pod.uid': 'uid-web-0' },
      { 'k8s.node.name': 'node-a' },
      { 'k8s.cluster.name': 'lab', 'service.instance.id': '192.168.0.1:10250' },
    ]);
    const node = { ...stranger, Region: 'here', Node: 'node-a', Zone: 'zone-of-node-a' };
    expect(rows.filter((_, nth) => nth % 2 === 0)).toEqual([
      { ...first, Container: 'app' },
      first,
      { ...node, Instance: 'node-a' },
      {
        ...{ ...node, Node: 'node-b', Zone: 'zone-of-node-b', Instance: 'node-b' },
        ...{ Address: '192.168.0.1', Service: 'lab' },
      },
    ]);
    // The first pod is gone by then, but its id and its container are still its own.
    expect([rows[1], rows[3]]).toEqual([{ ...first, Container: 'app' }, first]);
  });

  it('stays what the sender says', async () => {
    const said = {
      ...{ 'k8s.cluster.name': 'other', 'k8s.namespace.name': 'n', 'k8s.pod.name': 'p' },
      ...{ 'k8s.deployment.name': 'd', 'k8s.node.name': 'm', 'cloud.availability_zone': 'z' },
      ...{ 'k8s.container.name': 'c', 'k8s.pod.uid': 'u', 'cloud.region': 'r' },
    };
    const [row] = await tagsOf([said], 'checkout');
    expect(row).toEqual({
      ...{ Cluster: 'other', Address: '', PodId: 'u', Namespace: 'n', Pod: 'p', Container: 'c' },
      ...{ WorkloadKind: 'Deployment', Workload: 'd', Node: 'm', Zone: 'z', Region: 'r' },
      ...{ Service: 'checkout', Instance: 'p', PodLabels: {} },
      ...{ Team: '', Owner: '', CostCenter: '' },
    });
  });

  it('falls back to process, cluster, host, internet, address', async () => {
    const process = { 'process.executable.name': 'nginx', 'process.pid': '7' };
    const rows = await tagsOf(
      [
        { ...process, 'host.name': 'h' },
        { 'k8s.cluster.name': 'other', 'host.name': 'h' },
        { 'host.name': 'h', 'k8s.pod.ip': '8.8.8.8' },
        { 'k8s.pod.ip': '8.8.8.8' },
        { 'k8s.pod.ip': '2001:4860:4860::8888' },
        { 'k8s.pod.ip': '10.9.9.9' },
        { 'service.instance.id': '[fd00::7]:9100' },
        { 'k8s.pod.ip': 'no address' },
      ],
      'unknown_service:node',
    );
    const said = rows.filter((_, nth) => nth % 2 === 0);
    expect(said.map(({ Service, Instance }) => [Service, Instance])).toEqual([
      ['nginx', 'nginx 7'],
      ['other', 'h'],
      ['h', 'h'],
      ['internet', 'internet'],
      ['internet', 'internet'],
      ['10.9.9.9', '10.9.9.9'],
      ['fd00::7', 'fd00::7'],
      ['no address', 'no address'],
    ]);
  });
});

it('every table of telemetry has such a view', async () => {
  for (const { name, table, time } of taggedViews.slice(2)) {
    await insert(table.name, [
      { [time]: seconds(earlyMs), ResourceAttributes: { 'service.instance.id': `${address}:1` } },
    ]);
    const [row] = await clickhouse.rows<object>(`SELECT Pod, Zone, Service FROM otel.${name}`);
    expect({ name, ...row }).toEqual({
      ...{ name, Pod: 'web-0', Zone: 'zone-of-node-a', Service: 'front' },
    });
  }
});

it('who was called, or called, by address alone', async () => {
  const call = (nth: number, SpanKind: string, SpanAttributes: Row, ms = earlyMs) => ({
    ...{ Timestamp: seconds(ms), SpanName: String(nth), SpanKind, SpanAttributes },
  });
  await insert('otel_traces', [
    call(0, 'Client', { 'network.peer.address': address }),
    call(1, 'Client', { 'server.address': address }, lateMs),
    call(2, 'Server', { 'client.address': '192.168.0.1', 'server.address': address }),
    call(3, 'Client', { 'server.address': '10.96.0.1' }),
    call(4, 'Client', { 'server.address': '8.8.8.8' }),
    call(5, 'Client', { 'server.address': 'db.internal' }),
  ]);
  const rows = await clickhouse.rows(
    `SELECT ${(peerNames ?? []).join(', ')} FROM otel.otel_traces_tagged
     ORDER BY toUInt32(SpanName)`,
  );
  const none = Object.fromEntries((peerNames ?? []).map((name) => [name, '']));
  const ofPod = { PeerAddress: address, PeerType: 'Pod', PeerNamespace: 'shop' };
  expect(rows).toEqual([
    {
      ...{ ...ofPod, PeerPod: 'web-0', PeerWorkloadKind: 'StatefulSet', PeerNode: 'node-a' },
      ...{ PeerWorkload: 'set-of-web-0', PeerZone: 'zone-of-node-a', PeerService: 'front' },
    },
    {
      ...{ ...ofPod, PeerPod: 'api-0', PeerWorkloadKind: 'StatefulSet', PeerNode: 'node-b' },
      ...{ PeerWorkload: 'set-of-api-0', PeerZone: 'zone-of-node-b', PeerService: 'set-of-api-0' },
    },
    {
      ...{ ...none, PeerAddress: '192.168.0.1', PeerType: 'Node', PeerNode: 'node-b' },
      ...{ PeerZone: 'zone-of-node-b', PeerService: 'node-b' },
    },
    {
      ...{ ...none, PeerAddress: '10.96.0.1', PeerType: 'Service', PeerNamespace: 'shop' },
      PeerService: 'front',
    },
    { ...none, PeerAddress: '8.8.8.8', PeerType: 'internet', PeerService: 'internet' },
    { ...none, PeerAddress: 'db.internal', PeerService: 'db.internal' },
  ]);
});

it('a query over a view reads no more of the table than without it', async () => {
  const days = [0, 1, 2, 3].map((nth) => ({ Timestamp: seconds(earlyMs - nth * 86_400_000) }));
  await insert('otel_traces', days);
  const indexes = async (from: string): Promise<string> => {
    const rows = await clickhouse.rows<{ explain: string }>(
      `EXPLAIN indexes = 1 SELECT SpanName FROM ${from}
       WHERE Timestamp >= fromUnixTimestamp64Milli(toInt64(${earlyMs - 60_000}))`,
    );
    const lines = rows.map(({ explain }) => explain.trim());
    return lines.filter((line) => /^(Parts|Granules|Condition):/.test(line)).join('\n');
  };
  const plain = await indexes('otel.otel_traces');
  expect(plain).toContain('Parts');
  expect(await indexes('otel.otel_traces_tagged')).toBe(plain);
});

describe('who owns it', () => {
  const owners = {
    labels: { Team: ['team'], Owner: [], CostCenter: [] },
    table: {
      ...{ database: 'otel', name: 'teams' },
      columns: { Workload: 'service', Team: 'squad', CostCenter: 'number' },
    },
  };

  afterAll(() => migrate(clickhouse, { lookups: {} }));

  it('is left to labels, and said, while the table of owners is not there', async () => {
    const { notes } = await migrate(clickhouse, { lookups: { owners } });
    expect(notes).toEqual([expect.stringContaining('there is no table otel.teams yet')]);
    const [row] = await tagsOf([{ 'k8s.pod.ip': address }]);
    expect(row).toMatchObject({ Team: 'team of web-0', CostCenter: '' });
  });

  it('is what labels say, and else the table, by workload or service', async () => {
    await clickhouse.run(
      'CREATE TABLE otel.teams (service String, squad Nullable(String), number UInt32)' +
        ' ENGINE = MergeTree ORDER BY service',
    );
    await clickhouse.run(
      "INSERT INTO otel.teams VALUES ('set-of-web-0', 'hardly', 7), ('pay', NULL, 8)",
    );
    const { notes, statements } = await migrate(clickhouse, { lookups: { owners } });
    expect([notes, statements.length > 0]).toEqual([[], true]);
    expect(await tagsOf([{ 'k8s.pod.ip': address }])).toMatchObject([
      { Workload: 'set-of-web-0', Team: 'team of web-0', Owner: '', CostCenter: '7' },
      { Workload: 'set-of-api-0', Team: 'team of api-0', Owner: '', CostCenter: '' },
    ]);
    const [other] = await tagsOf([{}], 'pay');
    expect(other).toMatchObject({ Service: 'pay', Team: '', CostCenter: '8' });
    const [unlabelled] = await tagsOf([{ 'k8s.statefulset.name': 'set-of-web-0' }]);
    expect(unlabelled).toMatchObject({ Team: 'hardly', CostCenter: '7' });
    expect((await migrate(clickhouse, { lookups: { owners } })).statements).toEqual([]);
  });
});
