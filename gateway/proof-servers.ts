/** Which of the servers that somebody names are asked, so that each row is counted once. */
import type { Sql } from '../clickhouse/client.ts';
import { traces } from '../clickhouse/schema/traces.ts';
import { quoteText } from '../clickhouse/sql.ts';
import { Problem } from '../core/problem.ts';

/**
 * Of servers of different shards, those that must be asked: the first one where its tables read all
 * shards, else each.
 *
 * @throws Problem OBS-3001 when only some of them read all: the others' rows may be among those
 */
export async function readersOf<Server extends Sql>(
  servers: readonly Server[],
  database: string,
  signal: AbortSignal | undefined,
): Promise<readonly Server[]> {
  if (servers.length === 1) return servers;
  const wide = await Promise.all(servers.map((server) => readsAll(server, database, signal)));
  if (!wide.includes(true)) return servers;
  if (!wide.includes(false)) return servers.slice(0, 1);
  const [one, other] = [servers[wide.indexOf(true)], servers[wide.indexOf(false)]];
  throw new Problem(
    'OBS-3001',
    `${traces.name} reads all shards on one server, and not on another`,
    {
      where: `${one?.address}, ${other?.address}`,
      next: 'Name servers of one cluster, or of none; obsctl migrate gives a node what it lacks.',
    },
  );
}

/** On a cluster by way of `Distributed`, on ClickHouse Cloud because nodes share their tables. */
async function readsAll(
  server: Sql,
  database: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const [row] = await server.rows<{ engine: string }>(
    `SELECT engine FROM system.tables WHERE database = ${quoteText(database)}
      AND name = ${quoteText(traces.name)}`,
    signal,
  );
  return /^(Distributed|Shared)/.test(row?.engine ?? '');
}
