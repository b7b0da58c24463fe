/**
 * Where a server keeps its own rows: in the tables that readers ask, or on a cluster in those
 * behind them. What is made of rows (rollups, edges) is made on each shard of those that lie there.
 */
import type { Sql } from './client.ts';
import { fullName, localName } from './cluster.ts';
import { defaultDatabase } from './ddl.ts';
import { shardingKeyOf } from './schema/placement.ts';
import { traces } from './schema/traces.ts';
import { quoteText } from './sql.ts';

export type Place = {
  readonly database?: string | undefined;
  /** Whether readers ask `Distributed` tables. */
  readonly isSharded?: boolean | undefined;
};

/** The full name of a table that holds rows of this server, as it stands in a statement. */
export type Stored = (table: string) => string;

export function storedIn({ database = defaultDatabase, isSharded = false }: Place): Stored {
  return (table) => fullName(database, storedName(table, isSharded));
}

/** The same without the database, as system tables have it. */
export function storedName(table: string, isSharded = false): string {
  return isSharded && shardingKeyOf(table) !== undefined ? localName(table) : table;
}

/** Asks the server; a database without our tables is one of a single server. */
export async function placeOf(sql: Sql, database: string, signal: AbortSignal): Promise<Place> {
  const [row] = await sql.rows<{ engine: string }>(
    `SELECT engine FROM system.tables WHERE database = ${quoteText(database)}
      AND name = ${quoteText(traces.name)}`,
    signal,
  );
  return { database, isSharded: row?.engine === 'Distributed' };
}
