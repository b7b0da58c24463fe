/**
 * A cluster as a run of a snapshot sees it: one address before several nodes. Statements and
 * questions to all nodes go the way of `cluster.ts`. Rows go to the node that is asked; the others
 * are brought them by `SYSTEM SYNC REPLICA` and nothing else, as these engines fetch no parts.
 */
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { snapshotSettings } from '../../jobs/snapshot/run.ts';
import { allReplicas, type TestCluster, type TestNode } from './cluster.ts';

type Reached = TestNode & { readonly server: ClickHouse };

/** What a node has not been brought yet, by table. */
type Bringing = (node: Reached) => Promise<void>;

export type SnapshotTarget = {
  readonly server: ClickHouse;
  /** Every statement that changed something, in order. */
  readonly statements: string[];
  /** Rows of a query, asked of one node. */
  readonly ask: (node: number, query: string) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
};

const syncs = /^SYSTEM SYNC REPLICA ON CLUSTER '[^']*' (\S+)$/;
const attaches = /^ALTER TABLE (\S+) ATTACH PARTITION tuple\(\) FROM (\S+)$/;
const inserts = /^INSERT INTO (\S+)/;
/** The same rows by way of another replica would be known by their bytes or their token. */
const again = { insert_deduplicate: 0, insert_deduplication_token: '' };

export function openSnapshotTarget(cluster: TestCluster): SnapshotTarget {
  const nodes = cluster.nodes.map((node): Reached => {
    const url = `${node.url}/otel`;
    return Object.assign(node, {
      server: connectClickHouse({ url, settings: snapshotSettings }),
    });
  });
  const statements: string[] = [];
  const waiting = new Map<Reached, Map<string, Bringing[]>>(nodes.map((node) => [node, new Map()]));
  const present = (): readonly Reached[] => nodes.filter(({ isAway }) => !isAway);
  const asked = (): Reached => present()[0] as Reached;
  const later = (table: string, bring: Bringing): void => {
    for (const node of nodes) {
      if (node === asked()) continue;
      const tables = waiting.get(node);
      tables?.set(table, [...(tables.get(table) ?? []), bring]);
    }
  };
  const sync = async (table: string): Promise<void> => {
    for (const node of present()) {
      const tables = waiting.get(node);
      for (const bring of tables?.get(table) ?? []) await bring(node);
      tables?.delete(table);
    }
  };
  const run = async (statement: string): Promise<void> => {
    statements.push(statement);
    const [, synced] = syncs.exec(statement) ?? [];
    if (synced !== undefined) return await sync(synced);
    const [, into, from] = attaches.exec(statement) ?? [];
    const [, filled] = inserts.exec(statement) ?? [];
    if (into === undefined && filled === undefined) return await cluster.sql.run(statement);
    // The log tells the others to attach parts that they have not got: they would end on it.
    const copying = `INSERT INTO ${into} SELECT * FROM ${from}`;
    const put = into === undefined || nodes.length === 1 ? statement : copying;
    await asked().server.run(put);
    later(into ?? filled ?? '', (node) => node.server.run(put, undefined, again));
  };
  return {
    statements,
    server: {
      ...asked().server,
      run,
      rows: async <Row>(query: string) => {
        if (!allReplicas.test(query)) return await asked().server.rows<Row>(query);
        const one = query.replace(allReplicas, '$1');
        return (await Promise.all(present().map(({ server }) => server.rows<Row>(one)))).flat();
      },
      insert: async (statement, body, settings) => {
        const [, table = ''] = inserts.exec(statement) ?? [];
        await asked().server.insert(statement, body, settings);
        later(table, (node) => node.server.insert(statement, body, { ...settings, ...again }));
      },
    },
    ask: async (node, query) => {
      const rows = await (nodes[node] as Reached).server.rows<Record<string, unknown>>(query);
      return rows.map((row) => Object.values(row).join('|'));
    },
    close: async () => {
      for (const { server } of nodes) await server.close();
    },
  };
}
