/**
 * The words of a cluster, in one place: how statements reach every node, what tables are called
 * there, and by which engine they are kept. Pure. Why the names are as they are:
 * docs/decisions/0017-cluster-tables.md.
 */
import { createHash } from 'node:crypto';
import { shardingKeyOf } from './schema/placement.ts';
import { nameOf, quoteText } from './sql.ts';

/**
 * Name of the cluster as the servers know it, or the macro that each server replaces by its own;
 * undefined on a single server.
 */
export type ClusterName = string | undefined;

/** What servers rendered by us, and those of ClickHouse's operators, have among their macros. */
export const clusterMacro = '{cluster}';

/** Goes behind the name in a statement; nothing on a single server. */
export function onCluster(cluster: ClusterName): string {
  return cluster === undefined ? '' : ` ON CLUSTER ${quoteText(cluster)}`;
}

/**
 * The table that holds the rows of a node. Readers ask `otel_traces` wherever it is; on a cluster
 * that is a Distributed table over the `otel_traces_local` of every shard.
 */
export function storedName(table: string, cluster: ClusterName): string {
  return isSharded(table, cluster) ? localName(table) : table;
}

/** What a table that is two is called where it stores. */
export function localName(table: string): string {
  return `${table}_local`;
}

/** Whether `table` is two: one that stores and one that spreads and gathers. */
export function isSharded(table: string, cluster: ClusterName): boolean {
  return cluster !== undefined && shardingKeyOf(table) !== undefined;
}

/** `MergeTree` as `ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')`. */
export function replicatedEngine(table: string, engine: string): string {
  if (shardingKeyOf(table) === undefined) return wholeEngine(engine);
  return replicated(engine, '/clickhouse/tables/{uuid}/{shard}', '{replica}');
}

/** Of a table that is whole on every node: one log for all, in which names must differ. */
export function wholeEngine(engine: string): string {
  return replicated(engine, wholePath, '{shard}-{replica}');
}

/** In Keeper, of tables that are whole on every node; also tells that a table is one. */
export const wholePath = '/clickhouse/tables/{uuid}/all';

function replicated(engine: string, path: string, replica: string): string {
  const [, name = engine, rest = ''] = /^(\w+)(?:\((.*)\))?$/.exec(engine) ?? [];
  const words = [quoteText(path), quoteText(replica), ...(rest === '' ? [] : [rest])];
  return `Replicated${name}(${words.join(', ')})`;
}

export function distributedEngine(table: string, database: string, cluster: string): string {
  const words = [cluster, database, storedName(table, cluster)].map(quoteText);
  return `Distributed(${[...words, shardingKeyOf(table) ?? ''].join(', ')})`;
}

/**
 * The UUID that every node gives a table, so that `{uuid}` in its path is the same on all. Left to
 * the server, a node that joins later would make up another one and share rows with nobody; and of
 * two runs at once each would have its own.
 */
export function tableUuid(database: string, table: string): string {
  const hex = createHash('sha256').update(`obsctl ${database}.${table}`).digest('hex');
  // Version 8: made by a rule of one's own (RFC 9562).
  const [a, b, c] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(13, 16)];
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return `${a}-${b}-8${c}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The place in a `CREATE` between name and columns. */
export function clusterClause(
  database: string,
  table: string,
  cluster: ClusterName,
  uuid: string = tableUuid(database, table),
): string {
  return cluster === undefined ? '' : ` UUID ${quoteText(uuid)}${onCluster(cluster)}`;
}

/** Ends when every node has all rows of the table, which is given by its full name. */
export function syncReplica(table: string, cluster: string): string {
  return `SYSTEM SYNC REPLICA${onCluster(cluster)} ${table}`;
}

/** A system table as all nodes have it; those that do not answer are left out. */
export function ofAllNodes(table: string, cluster: ClusterName): OfAllNodes {
  return cluster === undefined
    ? { from: table, settings: '' }
    : {
        from: `clusterAllReplicas(${quoteText(cluster)}, ${table})`,
        settings: ' SETTINGS skip_unavailable_shards = 1',
      };
}

/** What stands behind `FROM`, and at the end of the query. */
type OfAllNodes = { readonly from: string; readonly settings: string };

export function fullName(database: string, table: string): string {
  return `${nameOf(database)}.${nameOf(table)}`;
}
