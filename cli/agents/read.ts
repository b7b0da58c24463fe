/** What agents have reported, from the tables of agents; node pools from those of entities. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { agentConfigs, agents } from '../../clickhouse/schema/agents.ts';
import { nodes, openEndMs, poolLabels } from '../../clickhouse/schema/entities.ts';
import { nameOf, quoteText } from '../../clickhouse/sql.ts';

/** Texts of one answer: a large cluster has one a node. */
const configsPerPage = 100;
/** Agents ask every 30 s: one that missed three of them is silent. */
const silentAfterMs = 120_000;
/** Of these a new pod takes the place of the old one on any node. */
const anywhere: ReadonlySet<string> = new Set(['cluster-agent', 'sampler']);

export type Agent = {
  readonly instance: string;
  readonly cluster: string;
  readonly stack: string;
  readonly workload: string;
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
  /** Its node pool; empty when nobody knows. */
  readonly group: string;
  readonly version: string;
  /** `healthy`, `unhealthy`, `unknown`; `silent` when it reports no more. */
  readonly health: string;
  readonly error: string;
  /** Parts of it that are not well, in their own words. */
  readonly troubles: readonly string[];
  readonly configHash: string;
  readonly effectiveHash: string;
  readonly startedMs: number;
  readonly lastSeenMs: number;
};

export type AgentFilter = {
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly cluster?: string | undefined;
  readonly stack?: string | undefined;
  /** A node label that names its group; absent: those of the clouds. */
  readonly groupLabel?: string | undefined;
};

type AgentRow = Readonly<Record<TextColumn, string>> & {
  readonly components: Readonly<Record<string, string>>;
  readonly isDisconnected: number;
};
type TextColumn =
  | ('instance' | 'cluster' | 'stack' | 'workload' | 'namespace' | 'pod' | 'node' | 'version')
  | ('health' | 'error' | 'configHash' | 'effectiveHash' | 'startedMs' | 'lastSeenMs');

/** The agents that reported since then, without those whose place another one has taken. */
export async function readAgents(
  server: ClickHouse,
  filter: AgentFilter,
): Promise<readonly Agent[]> {
  const { cluster, stack, sinceMs } = filter;
  const ofCluster = cluster === undefined ? '' : ` AND Cluster = ${quoteText(cluster)}`;
  const ofStack = stack === undefined ? '' : ` AND Stack = ${quoteText(stack)}`;
  const rows = await server.rows<AgentRow>(
    'SELECT InstanceUid AS instance, Cluster AS cluster, Stack AS stack, Workload AS workload, ' +
      'Namespace AS namespace, Pod AS pod, Node AS node, ServiceVersion AS version, ' +
      'Health AS health, LastError AS error, Components AS components, ' +
      'ConfigHash AS configHash, EffectiveHash AS effectiveHash, ' +
      'IsDisconnected AS isDisconnected, toUnixTimestamp64Milli(Started) AS startedMs, ' +
      'toUnixTimestamp64Milli(LastSeen) AS lastSeenMs ' +
      `FROM ${table(server, agents)} FINAL ` +
      `WHERE LastSeen >= fromUnixTimestamp64Milli(toInt64(${sinceMs}))${ofCluster}${ofStack} ` +
      'ORDER BY cluster, workload, node, pod, lastSeenMs DESC',
  );
  const groups = await readGroups(server, filter.groupLabel);
  const found = rows.map((row) => agentOf(row, groups, filter.nowMs));
  return found.filter((agent) => !isReplaced(agent, found));
}

function agentOf(row: AgentRow, groups: ReadonlyMap<string, string>, nowMs: number): Agent {
  const { components, isDisconnected, startedMs, lastSeenMs, ...texts } = row;
  const seenMs = Number(lastSeenMs);
  const isSilent = isDisconnected === 1 || nowMs - seenMs > silentAfterMs;
  return {
    ...texts,
    group: groups.get(`${row.cluster} ${row.node}`) ?? '',
    health: isSilent ? 'silent' : row.health,
    troubles: Object.entries(components)
      .filter(([, said]) => !/^(healthy|StatusOK|StatusStarting|StatusNone)$/.test(said))
      .map(([path, said]) => `${path}: ${said}`),
    startedMs: Number(startedMs),
    lastSeenMs: seenMs,
  };
}

/**
 * A restart is another instance, and says nothing about the one before. Over HTTP that goes without
 * a word: it is over when its successor in the same place began after it was last heard of.
 */
function isReplaced(agent: Agent, all: readonly Agent[]): boolean {
  const isSame = (other: Agent): boolean =>
    other.cluster === agent.cluster &&
    other.stack === agent.stack &&
    other.workload === agent.workload;
  return all.some((other) => {
    if (other.lastSeenMs <= agent.lastSeenMs || !isSame(other)) return false;
    const isHere = other.node === agent.node;
    if (agent.health === 'silent' && (isHere || anywhere.has(agent.workload))) return true;
    const isAlone = agent.workload === 'node-agent' && isHere;
    return (isAlone || other.pod === agent.pod) && other.startedMs >= agent.lastSeenMs;
  });
}

/** Node pools by cluster and node; none where nothing records nodes. */
async function readGroups(
  server: ClickHouse,
  label: string | undefined,
): Promise<ReadonlyMap<string, string>> {
  const labels = label === undefined ? poolLabels : [label];
  const values = labels.map((name) => `Labels[${quoteText(name)}]`);
  const open = `fromUnixTimestamp64Milli(toInt64(${openEndMs}))`;
  const rows = await server
    .rows<{ cluster: string; name: string; pool: string }>(
      `SELECT Cluster AS cluster, Name AS name, arrayFirst(x -> x != '', [${values}]) AS pool ` +
        `FROM ${table(server, nodes)} FINAL WHERE ValidTo = ${open} AND pool != ''`,
    )
    .catch(() => []);
  return new Map(rows.map(({ cluster, name, pool }) => [`${cluster} ${name}`, pool]));
}

/** Texts by hash, as far as they are there, a page at a time. */
export async function* readConfigs(
  server: ClickHouse,
  hashes: readonly string[],
): AsyncGenerator<readonly [string, string]> {
  for (let at = 0; at < hashes.length; at += configsPerPage) {
    const page = hashes.slice(at, at + configsPerPage).map(quoteText);
    const rows = await server.rows<{ hash: string; text: string }>(
      `SELECT Hash AS hash, any(Text) AS text FROM ${table(server, agentConfigs)} ` +
        `WHERE Hash IN (${page.join(', ')}) AND Text != '' GROUP BY Hash`,
    );
    for (const { hash, text } of rows) yield [hash, text];
  }
}

function table(server: ClickHouse, { name }: { readonly name: string }): string {
  return `${nameOf(server.database)}.${nameOf(name)}`;
}
