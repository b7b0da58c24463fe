/**
 * One run of a snapshot at a time: a second one would drop the tables that the first one fills.
 * ClickHouse has no lock that goes with its holder, so the source keeps it: the server there lets
 * go when the connection ends, however the run did.
 */
import { ofAllNodes } from '../../clickhouse/cluster.ts';
import { createDatabase } from '../../clickhouse/ddl.ts';
import { quoteText } from '../../clickhouse/sql.ts';
import { databaseOf, type SnapshotConfig } from './config.ts';
import { type Nodes, runOnNodes } from './nodes.ts';
import type { Source, SourceLock } from './source.ts';

export type LockedRun = {
  readonly config: SnapshotConfig;
  readonly source: Source;
  readonly server: Nodes;
};

/** @throws Problem OBS-6059 when another run of the snapshot into the same database has it */
export async function withLock<Value>(
  { config, source, server }: LockedRun,
  work: (lock: SourceLock) => Promise<Value>,
): Promise<Value> {
  const database = databaseOf(config);
  await runOnNodes(server, createDatabase(database, server.cluster));
  // By its id: two servers may have one of that name, and one server several addresses.
  const { from, settings } = ofAllNodes('system.databases', server.cluster);
  const found = await server.rows<{ uuid: string }>(
    `SELECT toString(uuid) AS uuid FROM ${from} WHERE name = ${quoteText(database)}${settings}`,
  );
  // Each node of a cluster has an id of its own for it, and a run may ask any of them: the least.
  const [least] = found.map(({ uuid }) => uuid).toSorted();
  const lock = await source.lock(`${least}/${config.name}`);
  try {
    return await work(lock);
  } finally {
    await lock.release();
  }
}
