/**
 * Lookups on two real replicas: `migrate` makes them on every node, and each node, asked alone,
 * says the same name, also after a rename. That a dictionary is read again within a minute is a
 * server's own work, which engines in a process lack (`clickhouse/embedded/refresh.ts`): here it is
 * asked for, and how soon is shown in `test/metadata/refresh.test.ts`.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { clusterMacro } from '../../clickhouse/cluster.ts';
import { lookUp } from '../../clickhouse/lookups.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { nodes as nodesTable, openEndMs } from '../../clickhouse/schema/entities.ts';
import { nodeLookup } from '../../clickhouse/schema/lookups.ts';
import { systemClock } from '../../core/clock.ts';
import { describeWithPeers } from '../support/peer.ts';
import { startCluster, type TestCluster } from './cluster.ts';

const isKnown = process.platform === 'linux' && process.arch === 'x64';
const refusal = isKnown ? undefined : 'the engine can be a replica on Linux x64';
const onCluster = { cluster: clusterMacro, lookups: {} };
const nowMs = systemClock.nowMs();

describeWithPeers(['zookeeper'], 'lookups of a cluster', lookupsOf, refusal);

function lookupsOf([jarsDir = '']: readonly string[]): void {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startCluster(jarsDir, [
      ['01', 'replica-0'],
      ['01', 'replica-1'],
    ]);
    await migrate(cluster.sql, onCluster);
  }, 180_000);
  afterAll(async () => await cluster?.stop());

  /** These engines fetch no parts: what replication would bring each node is written to it. */
  async function write(zone: string, version: number): Promise<void> {
    const at = (ms: number): string => `fromUnixTimestamp64Milli(toInt64(${ms}))`;
    for (const node of cluster.nodes) {
      await node.run(
        `INSERT INTO otel.${nodesTable.name}
          (Cluster, Id, ResourceVersion, ValidFrom, ValidTo, Version, Name, Zone)
         SETTINGS async_insert = 0, insert_deduplicate = 0
         SELECT 'lab', 'uid', 1, ${at(nowMs - 60_000)}, ${at(openEndMs)}, ${version}, 'node-1',
          '${zone}'`,
      );
    }
  }

  const zones = (): Promise<readonly string[]> =>
    Promise.all(
      cluster.nodes.map(async (node) => {
        const ask = lookUp(nodeLookup, 'Zone', ["'lab'", "'node-1'"], 'now64(3)', 'otel');
        const [row] = await node.rows<{ zone: string }>(`SELECT ${ask} AS zone`);
        return row?.zone ?? '';
      }),
    );

  async function readAgain(): Promise<void> {
    for (const node of cluster.nodes) await node.run('SYSTEM RELOAD DICTIONARY otel.entity_node');
  }

  it('are made on every node, once', async () => {
    for (const node of cluster.nodes) {
      const [row] = await node.rows<{ n: string }>(
        "SELECT toString(count()) AS n FROM system.dictionaries WHERE database = 'otel'",
      );
      expect(row?.n).toBe('6');
    }
    expect((await migrate(cluster.sql, onCluster)).statements).toEqual([]);
  }, 120_000);

  it('are made on a node that lost one, and on that alone it was missing', async () => {
    await cluster.nodes[1]?.run('DROP DICTIONARY otel.entity_node');
    const { statements } = await migrate(cluster.sql, onCluster);
    expect(statements.map((statement) => statement.split(' ').slice(3, 5).join(' '))).toEqual([
      'VIEW otel.entity_node_ranges',
      'DICTIONARY otel.entity_node',
    ]);
    expect((await migrate(cluster.sql, onCluster)).statements).toEqual([]);
  }, 120_000);

  it('say the same name on each node, and the new one after a rename', async () => {
    await write('before', 1);
    await readAgain();
    expect(await zones()).toEqual(['before', 'before']);
    await write('after', 2);
    await readAgain();
    expect(await zones()).toEqual(['after', 'after']);
  }, 60_000);
}
