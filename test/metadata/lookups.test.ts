/**
 * Names at a time: a hundred pods share ten addresses over an hour, and what an address, an id or
 * a container meant at any moment is what the one who gave them out knows.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { lookUp } from '../../clickhouse/lookups.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import {
  addressLookup,
  containerLookup,
  lookups,
  nodeLookup,
  podLookup,
  podServiceLookup,
} from '../../clickhouse/schema/lookups.ts';
import { systemClock } from '../../core/clock.ts';
import type { JsonObject } from '../../core/json.ts';
import { Recorder } from '../../jobs/metadata/recorder.ts';
import { EntityStore } from '../../jobs/metadata/store.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { see } from '../support/entities.ts';
import { type Random, seededRandom } from '../support/random.ts';

const cluster = 'lab';
const hourMs = 3_600_000;
/** Lately: what has ended long ago expires. */
const startMs = systemClock.nowMs() - 3 * hourMs;
const podCount = 100;
const addressCount = 10;
const spanCount = 5_000;
const seed = Math.floor(Math.random() * 2 ** 31);

type Lease = { readonly address: string; readonly pod: number; fromMs: number; toMs: number };

let engine: TestEngine;
let clickhouse: ClickHouse;
let leases: readonly Lease[];

beforeAll(async () => {
  engine = await startEngine();
  clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  await migrate(clickhouse);
  const store = new EntityStore(clickhouse, cluster);
  const recorder = new Recorder(await store.recorded(new Map(), startMs));
  leases = play(recorder, seededRandom(seed));
  await store.write(recorder.take());
  await migrate(clickhouse, { lookups: {} });
});
afterAll(async () => {
  await clickhouse?.close();
  await engine?.stop();
});

/** Each address goes from pod to pod; between two it is nobody's for a while, or not at all. */
function play(recorder: Recorder, random: Random): readonly Lease[] {
  const all: Lease[] = [];
  for (let pod = 0; pod < podCount; pod += 1) {
    const before = all.findLast((one) => one.pod % addressCount === pod % addressCount);
    const fromMs = (before?.toMs ?? startMs) + (random.oneIn(3) ? 0 : random.below(60_000));
    const toMs = fromMs + 1 + random.below((hourMs * addressCount) / podCount);
    all.push({ address: `10.0.0.${pod % addressCount}`, pod, fromMs, toMs });
  }
  let version = 1n;
  const next = (): bigint => {
    version += 1n;
    return version;
  };
  for (const name of ['node-0', 'node-1', 'node-2']) {
    see(recorder, 'Node', nodeObject(name), { version: next(), atMs: startMs });
  }
  const happenings = all
    .flatMap((lease) => [
      { atMs: lease.fromMs, order: 1, lease },
      { atMs: lease.toMs, order: 0, lease },
    ])
    .sort((left, right) => left.atMs - right.atMs || left.order - right.order);
  for (const { atMs, order, lease } of happenings) {
    if (order === 1) see(recorder, 'Pod', podObject(lease), { version: next(), atMs });
    else recorder.lose(`uid-${lease.pod}`, next(), atMs);
  }
  return all;
}

function podObject({ address, pod, fromMs }: Lease): JsonObject {
  return {
    metadata: {
      ...{ uid: `uid-${pod}`, name: `pod-${pod}`, namespace: 'shop' },
      creationTimestamp: new Date(fromMs).toISOString(),
      labels: { team: `team-${pod % 3}` },
    },
    spec: { nodeName: `node-${pod % 3}`, containers: [{ name: 'app', image: 'shop' }] },
    status: {
      ...{ phase: 'Running', podIP: address },
      containerStatuses: [{ name: 'app', containerID: `containerd://container-${pod}` }],
    },
  };
}

function nodeObject(name: string): JsonObject {
  return {
    metadata: {
      ...{ uid: `uid-of-${name}`, name, creationTimestamp: new Date(startMs).toISOString() },
      labels: { 'topology.kubernetes.io/zone': `zone-of-${name}` },
    },
    spec: {},
    status: { addresses: [{ type: 'InternalIP', address: `192.0.2.${name.at(-1)}` }] },
  };
}

type Asked = { readonly address: string; readonly atMs: number };

/** Moments in the hour, and each first and last millisecond of a lease. */
function questions(random: Random): readonly Asked[] {
  const edges = leases.flatMap(({ address, fromMs, toMs }) =>
    [fromMs - 1, fromMs, toMs - 1, toMs].map((atMs) => ({ address, atMs })),
  );
  const within = Array.from({ length: spanCount }, () => ({
    address: `10.0.0.${random.below(addressCount)}`,
    atMs: startMs + random.below(hourMs),
  }));
  return [...edges, ...within];
}

it('migrate makes each once, and again when it is gone or of something else', async () => {
  expect((await migrate(clickhouse, { lookups: {} })).statements).toEqual([]);
  await clickhouse.run('DROP DICTIONARY otel.entity_node');
  const made = (await migrate(clickhouse, { lookups: {} })).statements;
  expect(made.map((statement) => statement.split('\n')[0])).toEqual([
    'CREATE OR REPLACE VIEW otel.entity_node_ranges',
    'CREATE OR REPLACE DICTIONARY otel.entity_node',
  ]);
  const other = await migrate(clickhouse, { lookups: { collection: 'reading' }, plan: true });
  // Of each lookup, and of the one of owners, view and dictionary.
  expect(other.statements).toHaveLength(2 * (lookups.length + 1));
  expect((await migrate(clickhouse)).statements).toEqual([]);
});

it('an address in a span is the pod that had it then, to the millisecond', async () => {
  const asked = questions(seededRandom(seed + 1));
  const spans = asked.map(({ address, atMs }, id) => ({
    ...{ Timestamp: `${(atMs / 1_000).toFixed(3)}`, SpanName: String(id) },
    SpanAttributes: { 'network.peer.address': address },
  }));
  const text = spans.map((span) => `${JSON.stringify(span)}\n`).join('');
  const into = 'INSERT INTO otel.otel_traces FORMAT JSONEachRow';
  await clickhouse.insert(into, [Buffer.from(text)], { async_insert: 0 });
  const address = "SpanAttributes['network.peer.address']";
  const of = (attribute: 'Name' | 'Node' | 'Type') =>
    lookUp(addressLookup, attribute, [`'${cluster}'`, address], 'Timestamp', 'otel');
  const zone = lookUp(nodeLookup, 'Zone', [`'${cluster}'`, 'node'], 'Timestamp', 'otel');
  const rows = await clickhouse.rows<Record<'name' | 'node' | 'type' | 'zone', string>>(
    `SELECT ${of('Name')} AS name, ${of('Node')} AS node, ${of('Type')} AS type, ` +
      `${zone} AS zone FROM otel.otel_traces ORDER BY toUInt32(SpanName)`,
  );
  const expected = asked.map(({ address, atMs }) => {
    const lease = leases.find(
      (one) => one.address === address && one.fromMs <= atMs && atMs < one.toMs,
    );
    if (lease === undefined) return { name: '', node: '', type: '', zone: '' };
    const node = `node-${lease.pod % 3}`;
    return { name: `pod-${lease.pod}`, node, type: 'Pod', zone: `zone-of-${node}` };
  });
  expect({ seed, rows }).toEqual({ seed, rows: expected });
  expect(expected.filter(({ name }) => name !== '').length).toBeGreaterThan(spanCount / 4);
});

it('an id, a container and the address of a node are what they were', async () => {
  const [lease] = leases as [Lease];
  const time = `fromUnixTimestamp64Milli(toInt64(${lease.fromMs}))`;
  const pod = (attribute: 'Name' | 'Labels') =>
    lookUp(podLookup, attribute, ["'uid-0'"], time, 'otel');
  const container = lookUp(containerLookup, 'Pod', ["'container-0'"], time, 'otel');
  const node = lookUp(addressLookup, 'Node', [`'${cluster}'`, "'192.0.2.1'"], 'now64(3)', 'otel');
  const service = lookUp(podServiceLookup, 'Service', ["'uid-0'"], time, 'otel');
  const [row] = await clickhouse.rows(
    `SELECT ${pod('Name')} AS name, JSONExtractString(${pod('Labels')}, 'team') AS team, ` +
      `${container} AS owner, ${node} AS node, ${service} AS service`,
  );
  expect(row).toEqual({
    name: 'pod-0',
    team: 'team-0',
    owner: 'uid-0',
    node: 'node-1',
    service: '',
  });
});
