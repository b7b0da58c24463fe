/**
 * Several replicas over one ZooKeeper, behind one connection that plays what the engine in a
 * process lacks: the queue of `ON CLUSTER`, and asking all nodes at once.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sql } from '../../clickhouse/client.ts';
import { type Replica, startReplica } from './replica.ts';
import { type SessionProxy, startSessionProxy } from './session-proxy.ts';
import { startZooKeeper } from './zookeeper.ts';

export type TestNode = Replica & {
  readonly proxy: SessionProxy;
  /** Statements that the queue keeps for it while it is away. */
  readonly queue: string[];
  isAway: boolean;
};

export type TestCluster = {
  readonly nodes: readonly TestNode[];
  /** Asks the first node that is there, as a service before them would. */
  readonly sql: Sql;
  readonly join: (shard: string, replica: string) => Promise<TestNode>;
  /** Runs what the node missed, in order. */
  readonly comeBack: (node: TestNode) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** @param jarsDir what the peer `zookeeper` finds */
export async function startCluster(
  jarsDir: string,
  replicas: readonly (readonly [shard: string, replica: string])[],
): Promise<TestCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'obsctl-cluster-'));
  const keeper = await startZooKeeper(jarsDir);
  const nodes: TestNode[] = [];
  const add = async (shard: string, replica: string): Promise<TestNode> => {
    const number = nodes.length;
    const proxy = await startSessionProxy(
      keeper.port,
      `0000000${number + 1}-0000-4000-8000-000000000000`,
    );
    const options = { dir: join(dir, String(number)), shard, replica, keeperPort: proxy.port };
    const node = { ...(await startReplica(options)), proxy, queue: [], isAway: false };
    nodes.push(node);
    return node;
  };
  for (const [shard, replica] of replicas) await add(shard, replica);
  return {
    nodes,
    sql: asOneServer(nodes),
    join: add,
    comeBack: async (node) => {
      node.isAway = false;
      for (const statement of node.queue.splice(0)) await runOn(node, statement, nodes.length);
    },
    stop: async () => {
      for (const node of nodes) {
        await node.kill();
        await node.proxy.stop();
      }
      await keeper.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const clause = / ON CLUSTER '[^']*'/;
export const allReplicas = /clusterAllReplicas\('[^']*', ([\w.]+)\)/;

/** @param nodes that may come and go; one alone has nobody to fetch parts from */
export function asOneServer(nodes: readonly TestNode[]): Sql {
  const first = (): TestNode => {
    const node = nodes.find(({ isAway }) => !isAway);
    if (node === undefined) throw new Error('no node is there');
    return node;
  };
  return {
    address: 'test cluster',
    run: async (statement) => {
      if (!clause.test(statement)) {
        await first().run(statement);
        return;
      }
      const plain = statement.replace(clause, '');
      for (const node of nodes.filter(({ isAway }) => isAway)) node.queue.push(plain);
      const here = nodes.filter(({ isAway }) => !isAway);
      for (const node of here) await runOn(node, plain, nodes.length);
    },
    rows: async <Row>(query: string) => {
      if (!allReplicas.test(query)) return await first().rows<Row>(query);
      const here = nodes.filter(({ isAway }) => !isAway);
      const one = query.replace(allReplicas, '$1');
      return (await Promise.all(here.map((node) => node.rows<Row>(one)))).flat();
    },
  };
}

/**
 * Nothing serves parts between these engines, and trying to fetch one would end them; so would a
 * merge of parts that a replica has not got.
 */
async function runOn(node: TestNode, statement: string, nodes: number): Promise<void> {
  await node.run(statement);
  const made = /^CREATE TABLE (?:IF NOT EXISTS )?(\S+)[\s\S]*ENGINE = Replicated/.exec(statement);
  if (made === null || nodes === 1) return;
  await node.run(`SYSTEM STOP FETCHES ${made[1]}`);
  await node.run(`SYSTEM STOP MERGES ${made[1]}`);
}
