/**
 * The whole schema as one SQL script for ClickHouse's own client, for a place where obsctl itself
 * does not run. Every statement is harmless when repeated; nothing is dropped.
 */
import { fullName, onCluster, storedName } from './cluster.ts';
import {
  clusterWindowBlocks,
  createDatabase,
  defaultTableOptions,
  type TableOptions,
  ttlClause,
} from './ddl.ts';
import { createAll } from './distributed.ts';
import { tables } from './schema/tables.ts';
import type { Retention } from './schema/types.ts';
import { collectorViews, createView } from './views.ts';

export type ScriptOptions = Pick<TableOptions, 'database' | 'profile' | 'flavour' | 'cluster'> & {
  /** Oldest server that may run it: what newer ones add is left out. */
  readonly serverVersion: TableOptions['serverVersion'];
  /** Retentions that somebody named; these change existing tables too. */
  readonly retentionDays: Partial<Readonly<Record<Retention, number>>>;
  /** Whether the stock Collector inserts, so that views have to count. */
  readonly views: boolean;
};

export function schemaScript(options: ScriptOptions): string {
  const { database, retentionDays, views, cluster } = options;
  const full: TableOptions = {
    ...defaultTableOptions,
    ...(cluster === undefined ? {} : { deduplicationWindowBlocks: clusterWindowBlocks }),
    ...options,
    retentionDays: { ...defaultTableOptions.retentionDays, ...retentionDays },
  };
  const asked = tables.filter(({ retention }) => retentionDays[retention] !== undefined);
  const statements = [
    createDatabase(database, cluster),
    ...tables.flatMap((table) => createAll(table, full)),
    ...asked.map((table) => {
      const name = fullName(database, storedName(table.name, cluster));
      return `ALTER TABLE ${name}${onCluster(cluster)} MODIFY TTL ${ttlClause(table, full)}`;
    }),
    ...(views ? collectorViews.map((view) => createView(view, database, cluster)) : []),
  ];
  return statements.map((statement) => `${statement};\n`).join('\n');
}
