/**
 * Where a run makes its tables: on the server that was asked, or whole on every node of a cluster,
 * since whoever reads may be sent to any of them. Statements go to all by the cluster's queue; rows
 * go to one, and the log of the table brings them to the others.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import {
  type ClusterName,
  fullName,
  ofAllNodes,
  syncReplica,
  wholePath,
} from '../../clickhouse/cluster.ts';
import {
  findCluster,
  joinStatement,
  nodeName,
  readAnswering,
} from '../../clickhouse/migrate-nodes.ts';
import { snapshotRuns } from '../../clickhouse/schema/snapshots.ts';
import { quoteText } from '../../clickhouse/sql.ts';
import { Problem } from '../../core/problem.ts';

/** A server, and the cluster on whose nodes a run makes what it makes. */
export type Nodes = ClickHouse & { readonly cluster?: ClusterName };

/** A table as one node has it. */
export type NodeTable = {
  readonly node: string;
  readonly name: string;
  readonly comment: string;
  readonly engine: string;
  readonly uuid: string;
  readonly rows: string;
  readonly statement: string;
};

/** Below the time in which a request of a run must end. */
const queueSecondsMax = 1_500;

const queueSettings = {
  // Nodes that are there must have done it, or the run ends. One that is away finds the statement
  // in the queue when it is back: a node that is lost must not end snapshots for good.
  distributed_ddl_output_mode: 'throw_only_active',
  distributed_ddl_task_timeout: queueSecondsMax,
  // As long may a node wait for rows of another.
  receive_timeout: queueSecondsMax,
};

/**
 * Finds out whether the telemetry is on a cluster: then snapshots are, too.
 *
 * @throws Problem OBS-6052 when there is one, and its tables may not be seen
 */
export async function nodesOf(server: ClickHouse): Promise<Nodes> {
  const cluster = await findCluster(server, server.database);
  if (cluster !== undefined) return { ...server, cluster };
  const [runs] = await server.rows<{ engine: string }>(
    'SELECT engine_full AS engine FROM system.tables WHERE ' +
      `database = ${quoteText(server.database)} AND name = ${quoteText(snapshotRuns.name)}`,
  );
  if (runs?.engine.includes(wholePath) === true) {
    const message = `${server.database}.${snapshotRuns.name} is that of a cluster`;
    throw new Problem('OBS-6052', `${message}, but otel_traces is not seen`, {
      where: server.address,
    });
  }
  return server;
}

/** Runs a statement that says itself on which nodes. */
export async function runOnNodes(nodes: Nodes, statement: string): Promise<void> {
  if (nodes.cluster === undefined) await nodes.run(statement);
  else await nodes.run(statement, undefined, queueSettings);
}

/** Ends when every node has the rows of `table`, a full name; nothing to do on a single server. */
export async function syncNodes(nodes: Nodes, table: string): Promise<void> {
  if (nodes.cluster === undefined) return;
  await runOnNodes(nodes, syncReplica(table, nodes.cluster));
}

/** What the nodes that answer have in a database; empty on a single server. */
export async function nodeTables(nodes: Nodes, database: string): Promise<readonly NodeTable[]> {
  if (nodes.cluster === undefined) return [];
  const { from, settings } = ofAllNodes('system.tables', nodes.cluster);
  return await nodes.rows<NodeTable>(
    `SELECT ${nodeName}, name, comment, engine, toString(uuid) AS uuid, ` +
      'toString(ifNull(total_rows, 0)) AS rows, create_table_query AS statement ' +
      `FROM ${from} WHERE database = ${quoteText(database)} ORDER BY name, node${settings}`,
  );
}

/** Names of the nodes that answer; none on a single server. */
export async function answeringNodes(nodes: Nodes): Promise<readonly string[]> {
  return nodes.cluster === undefined ? [] : (await readAnswering(nodes, nodes.cluster)).nodes;
}

/** What a person should know of nodes that do not answer. */
export async function nodeNotes(server: Nodes): Promise<readonly string[]> {
  if (server.cluster === undefined) return [];
  const { nodes, configured } = await readAnswering(server, server.cluster);
  if (nodes.length >= configured) return [];
  return [
    `${nodes.length} of ${configured} nodes answer; the others show older tables until they ` +
      'have run what waits for them, or until the next run',
  ];
}

/** Rows that later runs add to, and views of them: what a run does not make anew each time. */
const lasting = /^(Replicated\w*MergeTree|View)$/;

/**
 * Gives what lasts to nodes that have joined, or were away for longer than the queue remembers.
 *
 * @param isOurs whether a table is to be on all nodes
 */
export async function joinNodes(
  nodes: Nodes,
  database: string,
  isOurs: (table: NodeTable) => boolean,
): Promise<void> {
  const answering = await answeringNodes(nodes);
  const ours = (await nodeTables(nodes, database)).filter(isOurs);
  // Tables before the views of them, as their engines are spelled.
  for (const one of ours.toSorted((a, b) => (a.engine < b.engine ? -1 : 1))) {
    const having = ours.filter(({ name }) => name === one.name);
    const isLacking = having.length < answering.length && having[0] === one;
    if (!isLacking || !lasting.test(one.engine)) continue;
    await runOnNodes(nodes, joinStatement(one, { database, cluster: nodes.cluster }));
    if (one.engine !== 'View') await syncNodes(nodes, fullName(database, one.name));
  }
}
