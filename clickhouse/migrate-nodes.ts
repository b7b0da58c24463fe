/**
 * What the nodes of a cluster have, and what each of them lacks. One node answers for all by
 * `clusterAllReplicas`; a node that is away is skipped, and gets the statements from the queue
 * when it is back.
 */
import type { Sql } from './client.ts';
import { fullName, isSharded, ofAllNodes, onCluster, storedName } from './cluster.ts';
import { createTable, type TableOptions } from './ddl.ts';
import { alterDistributed, createDistributed } from './distributed.ts';
import type { Comparison } from './migrate-compare.ts';
import type { TableDef } from './schema/types.ts';
import { quoteText } from './sql.ts';

/** A table as one node has it. */
type NodeTable = {
  /** Shard and replica by their macros, as `01/replica-0`. */
  readonly node: string;
  readonly name: string;
  readonly engine: string;
  readonly uuid: string;
  readonly statement: string;
};

type NodeColumn = {
  readonly node: string;
  readonly table: string;
  readonly name: string;
  readonly type: string;
};

export type Nodes = {
  /** Those that answered. */
  readonly nodes: readonly string[];
  /** How many the cluster's configuration names. */
  readonly configured: number;
  readonly tables: readonly NodeTable[];
  /** Of Distributed tables: those of stored ones follow their log. */
  readonly columns: readonly NodeColumn[];
};

/** Shard and replica by their macros, as `01/replica-0`. */
export const nodeName = "concat(getMacro('shard'), '/', getMacro('replica')) AS node";

/** The cluster by which a Distributed table of ours reads, when there is one. */
export async function findCluster(sql: Sql, database: string): Promise<string | undefined> {
  const [row] = await sql.rows<{ cluster: string }>(
    `SELECT extract(engine_full, '^Distributed\\\\(\\'?([^\\',]+)') AS cluster FROM system.tables
      WHERE database = ${quoteText(database)} AND engine = 'Distributed' AND name = 'otel_traces'`,
  );
  return row?.cluster;
}

export async function readNodes(
  sql: Sql,
  database: string,
  cluster: string,
  names: readonly string[],
): Promise<Nodes> {
  const of = (table: string): string => `clusterAllReplicas(${quoteText(cluster)}, ${table})`;
  const skip = 'SETTINGS skip_unavailable_shards = 1';
  const here = `database = ${quoteText(database)}`;
  const stored = names.flatMap((name) => [name, storedName(name, cluster)]);
  const answering = await readAnswering(sql, cluster);
  const tables = await sql.rows<NodeTable>(
    `SELECT ${nodeName}, name, engine, toString(uuid) AS uuid, create_table_query AS statement
      FROM ${of('system.tables')}
      WHERE ${here} AND name IN (${stored.map(quoteText).join(', ')}) ${skip}`,
  );
  const columns = await sql.rows<NodeColumn>(
    `SELECT ${nodeName}, table, name, type FROM ${of('system.columns')}
      WHERE ${here} AND table IN (${names.map(quoteText).join(', ')}) ${skip}`,
  );
  return { ...answering, tables, columns };
}

/** Which nodes answer, and of how many. */
export async function readAnswering(
  sql: Sql,
  cluster: string,
): Promise<Pick<Nodes, 'nodes' | 'configured'>> {
  const { from, settings } = ofAllNodes('system.one', cluster);
  const found = await sql.rows<{ node: string }>(
    `SELECT DISTINCT ${nodeName} FROM ${from}${settings}`,
  );
  const [count] = await sql.rows<{ count: string }>(
    `SELECT toString(count()) AS count FROM system.clusters
      WHERE cluster = ${/^\{\w+\}$/.test(cluster) ? macro(cluster) : quoteText(cluster)}`,
  );
  return {
    nodes: [...new Set(found.map(({ node }) => node))].sort(),
    configured: Number(count?.count ?? 0),
  };
}

export async function isOnEveryNode(sql: Sql, database: string, cluster: string): Promise<boolean> {
  const of = (table: string): string => `clusterAllReplicas(${quoteText(cluster)}, ${table})`;
  const rows = await sql.rows<{ node: string; has: string }>(
    `SELECT ${nodeName}, toString(countIf(name = ${quoteText(database)})) AS has
      FROM ${of('system.databases')} GROUP BY node SETTINGS skip_unavailable_shards = 1`,
  );
  return rows.every(({ has }) => has !== '0');
}

function macro(cluster: string): string {
  return `getMacro(${quoteText(cluster.slice(1, -1))})`;
}

/** What nodes say of all tables at once. */
export function nodeNotes({ nodes, configured }: Nodes): readonly string[] {
  if (nodes.length >= configured) return [];
  return [
    `${nodes.length} of ${configured} nodes answer; the others run these statements when they ` +
      'are back, if that is within the days that the queue keeps them: run obsctl migrate again',
  ];
}

/** Beside `comparison`, made of one node: what other nodes lack of `table`. */
export function compareNodes(
  table: TableDef,
  comparison: Comparison,
  found: Nodes,
  options: TableOptions,
): Comparison {
  const { database, cluster } = options;
  const name = storedName(table.name, cluster);
  const having = found.tables.filter((one) => one.name === name);
  const uuids = new Set(having.map(({ uuid }) => uuid));
  if (uuids.size > 1) return split(comparison, table, having);
  const create = createTable(table, options);
  const joins = having.length > 0 && having.length < found.nodes.length;
  // First the tables that exist: a replica that joins must look as its log says.
  const statements = comparison.statements.filter((statement) => statement !== create);
  const made = having.length === 0 ? [create] : joins ? [joining(having, options)] : [];
  if (!isSharded(table.name, cluster)) {
    return { ...comparison, statements: [...made, ...statements] };
  }
  const readers = found.tables.filter((one) => one.name === table.name);
  const holder = readers.find(({ engine }) => engine !== 'Distributed');
  if (holder !== undefined) return holdsRows(comparison, table, holder, options);
  const lacking = readers.length < found.nodes.length;
  const distributed = lacking ? [createDistributed(table, options) ?? ''] : [];
  const columns =
    readers.length === 0 ? [] : alterDistributed(table, shared(table, readers, found), options);
  return {
    ...comparison,
    statements: [...made, ...statements, ...distributed, ...columns],
    notes: [
      ...comparison.notes,
      ...(joins ? [`${fullName(database, name)}: ${missing(having, found)} joins`] : []),
    ],
  };
}

/** The statement of the nodes that have the table: one that joins must have the same columns. */
function joining(having: readonly NodeTable[], options: TableOptions): string {
  return joinStatement((having as [NodeTable])[0], options);
}

const quoted = '(?:`(?:[^`\\\\]|\\\\.)*`|\\w+)';
const created = new RegExp(`^CREATE (TABLE|VIEW) ${quoted}\\.${quoted}`);

/** Makes a table or view where it is missing; by its UUID a table finds the log of the others. */
export function joinStatement(
  { name, uuid, statement }: Pick<NodeTable, 'name' | 'uuid' | 'statement'>,
  { database, cluster }: Pick<TableOptions, 'database' | 'cluster'>,
): string {
  return statement.replace(created, (_, kind: string) => {
    const identity = kind === 'VIEW' ? '' : ` UUID ${quoteText(uuid)}`;
    const full = fullName(database, name);
    return `CREATE ${kind} IF NOT EXISTS ${full}${identity}${onCluster(cluster)}`;
  });
}

function missing(having: readonly NodeTable[], { nodes }: Nodes): string {
  const have = new Set(having.map(({ node }) => node));
  return nodes.filter((node) => !have.has(node)).join(', ');
}

/** Columns of one type on every node that has the table. */
function shared(
  table: TableDef,
  readers: readonly NodeTable[],
  { columns }: Nodes,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { name, type } of table.columns) {
    const same = columns.filter((one) => one.table === table.name && one.name === name);
    const other = same.find((one) => one.type !== type);
    if (same.length >= readers.length) found.set(name, other?.type ?? type);
  }
  return found;
}

/** Two logs for one name: rows of one are never seen by the other. */
function split(comparison: Comparison, table: TableDef, having: readonly NodeTable[]): Comparison {
  const which = having.map(({ node, uuid }) => `${node} has ${uuid}`).join(', ');
  return {
    ...comparison,
    statements: [],
    refusals: [
      ...comparison.refusals,
      {
        table: table.name,
        differences: [`nodes do not share one table: ${which}`],
        byHand: [
          `-- copy the rows of one of them, drop its table SYNC, and run obsctl migrate again`,
        ],
      },
    ],
  };
}

/** A single server that became a cluster: its rows must move before its name can be read over. */
function holdsRows(
  comparison: Comparison,
  table: TableDef,
  holder: NodeTable,
  { database, cluster }: TableOptions,
): Comparison {
  const [name, old] = [table.name, `${table.name}_single`].map((one) => fullName(database, one));
  return {
    ...comparison,
    refusals: [
      ...comparison.refusals,
      {
        table: table.name,
        differences: [`${holder.node} has it as ${holder.engine}, not Distributed`],
        byHand: [
          `RENAME TABLE ${name} TO ${old}`,
          `-- obsctl migrate --cluster ${quoteText(cluster ?? '')}`,
          `INSERT INTO ${name} SELECT * FROM ${old} SETTINGS distributed_foreground_insert = 1`,
        ],
      },
    ],
  };
}
