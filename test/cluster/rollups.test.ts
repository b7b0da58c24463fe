/** What a gateway makes of stored rows, on a server whose tables are those of a shard. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { clusterMacro } from '../../clickhouse/cluster.ts';
import { rebuildEdges } from '../../clickhouse/edges.ts';
import { type HourRollup, rebuildHour, staleHours } from '../../clickhouse/hour-rollup.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import {
  rebuildDayRollup,
  rebuildHourRollup,
  rebuildMinuteRollup,
} from '../../clickhouse/rollups.ts';
import { type Place, placeOf } from '../../clickhouse/stored.ts';
import { systemClock } from '../../core/clock.ts';
import { createOpenBlocks } from '../../gateway/decode/blocks.ts';
import { decodeInto } from '../../gateway/decode/decode.ts';
import { logBody, metricBody, traceBody } from '../../gateway/decode/testdata/load.ts';
import { createDestination } from '../../gateway/deliver/destination.ts';
import { createInsertClient } from '../../gateway/deliver/insert-client.ts';
import { keptRollups } from '../../gateway/kept-rollups.ts';
import { describeWithPeers } from '../support/peer.ts';
import { startCluster, type TestCluster } from './cluster.ts';

const isKnown = process.platform === 'linux' && process.arch === 'x64';
const refusal = isKnown ? undefined : 'the engine can be a replica on Linux x64';
const items = 400;

describeWithPeers(['zookeeper'], 'rollups of a shard', rollupsOf, refusal);

function rollupsOf([jarsDir = '']: readonly string[]): void {
  let cluster: TestCluster;
  let server: ClickHouse;
  let place: Place;
  // Two hours ago: over, whatever is asked.
  const seconds = Math.floor(Date.now() / 1000) - 7200;
  const day = new Date(seconds * 1000).toISOString().slice(0, 10);

  beforeAll(async () => {
    cluster = await startCluster(jarsDir, [['01', 'replica-0']]);
    await migrate(cluster.sql, { cluster: clusterMacro });
    const url = cluster.nodes[0]?.url ?? '';
    server = connectClickHouse({ url });
    await store(url, BigInt(seconds) * 1_000_000_000n);
    place = await placeOf(server, 'otel', new AbortController().signal);
  }, 120_000);

  afterAll(async () => {
    await server?.close();
    await cluster?.stop();
  });

  const numberOf = async (query: string): Promise<number> => {
    const [row] = await server.rows<{ n: string }>(`SELECT toString((SELECT ${query})) AS n`);
    return Number(row?.n);
  };

  it('are made where the rows lie, and nothing is left behind', async () => {
    expect(place).toEqual({ database: 'otel', isSharded: true });
    for (const rebuild of [rebuildMinuteRollup, rebuildHourRollup, rebuildDayRollup]) {
      expect(await rebuild(server, day, place)).toMatchObject({ replaced: true });
    }
    const spans = await numberOf('count() FROM otel.otel_traces_local');
    expect(spans).toBe(items);
    for (const grain of ['1s', '1m', '1h', '1d']) {
      expect([grain, await numberOf(`sum(Count) FROM otel.otel_red_${grain}_local`)]).toEqual([
        grain,
        spans,
      ]);
    }
    const edges = await rebuildEdges(server, { hour: seconds, fromMinute: 0 }, place);
    expect(edges.rows).toBeGreaterThan(0);
    const staging = "count() FROM system.tables WHERE name LIKE '%\\\\_staging\\\\_%'";
    expect(await numberOf(staging)).toBe(0);
  }, 60_000);

  it.each(keptRollups.map((rollup): [string, HourRollup] => [rollup.table.name, rollup]))(
    '%s counts every row that is stored, and then nothing more',
    async (_name, rollup) => {
      for (const one of rollup.finer ? [rollup.finer, rollup] : [rollup]) {
        const stale = await staleHours(server, one, place);
        expect(stale.length).toBeGreaterThan(0);
        for (const hour of stale) await rebuildHour(server, one, hour, place);
        expect(await staleHours(server, one, place)).toEqual([]);
        expect(await numberOf(`count() FROM otel.${one.table.name}_local`)).toBeGreaterThan(0);
      }
    },
    60_000,
  );
}

/** Spans, records and points of one moment, as a gateway stores them. */
async function store(url: string, atNs: bigint): Promise<void> {
  const client = createInsertClient({ url, database: 'otel', connectionsMax: 2 });
  const destination = createDestination({
    ...{ client, database: 'otel', insertTimeoutMs: 20_000, clock: systemClock },
  });
  const blocks = createOpenBlocks();
  const bodies = {
    traces: traceBody(items, 1, atNs),
    logs: logBody(items, 2, atNs),
    metrics: metricBody(items, 3, atNs),
  };
  for (const signal of ['traces', 'logs', 'metrics'] as const) {
    const parts = { contentType: 'protobuf', receivedAtNs: atNs } as const;
    decodeInto(blocks, { ...parts, signal, body: bodies[signal] });
  }
  for (const unit of blocks.encode(7n)) {
    const sent = await destination.insertUnit(unit, `${unit.table} ${unit.partition}`);
    if (!sent.ok) throw new Error(sent.message);
  }
  client.destroy();
}
