/** Connections to the servers that a configuration names: shards, and the replicas of each. */
import type { Credentials } from '../../clickhouse/credentials.ts';
import type { Clock } from '../../core/clock.ts';
import type { ShardUrls } from '../config.ts';
import { createDestination } from './destination.ts';
import { createInsertClient, type InsertClient } from './insert-client.ts';
import type { InsertQuorum } from './quorum.ts';
import { createReplicaClient } from './replicas.ts';
import { createShards, type Shards } from './shards.ts';

export type OpenShardsOptions = {
  readonly urls: ShardUrls;
  readonly database: string;
  readonly credentials: () => Credentials;
  /** To one server. */
  readonly connectionsMax: number;
  readonly insertTimeoutMs: number;
  readonly insertQuorum?: InsertQuorum | undefined;
  readonly clock: Clock;
  /** Which replica is asked first: workers spread over them. */
  readonly firstReplica: number;
  readonly onMove: (message: string) => void;
};

export function openShards(options: OpenShardsOptions): {
  readonly shards: Shards;
  /** Cuts every connection. */
  readonly destroy: () => void;
} {
  const { clock, database, insertTimeoutMs, insertQuorum } = options;
  const clients = options.urls.map((replicas) => clientOf(replicas, options));
  const servers = clients.map((client, shard) => {
    const mustBeReplicated = (options.urls[shard]?.length ?? 0) > 1;
    const given = { client, database, insertTimeoutMs, insertQuorum, clock, mustBeReplicated };
    return createDestination(given);
  });
  return {
    shards: createShards(servers),
    destroy: () => {
      for (const client of clients) client.destroy();
    },
  };
}

function clientOf(urls: readonly string[], options: OpenShardsOptions): InsertClient {
  const { database, credentials, connectionsMax, firstReplica, onMove } = options;
  const host = (index: number): string => new URL(urls[index] ?? '').host;
  return createReplicaClient({
    replicas: urls.map((url) => createInsertClient({ url, database, credentials, connectionsMax })),
    first: firstReplica,
    onMove: (from, to, message) => {
      onMove(`ClickHouse ${host(from)} takes nothing, now ${host(to)}: ${message.split('\n')[0]}`);
    },
  });
}
