/**
 * The ClickHouse servers that units go to, one a shard. A unit goes to the shard that its partition
 * names and to no other one, however often it is sent. One server is one shard.
 */
import { splitPartition } from '../decode/shard.ts';
import type { Destination } from './destination.ts';

export type Shards = {
  readonly count: number;
  /** The server of a unit of `partition`; takes nothing when there is none any more. */
  readonly of: (partition: string) => Destination;
  /** Whether one answers: one that is away keeps only its own units waiting. */
  readonly reachable: () => Promise<boolean>;
  /** Tables of ours whose columns a server lacks, for messages. */
  readonly missingColumns: () => ReadonlyMap<string, readonly string[]>;
};

/** `servers` in the order of their shards. */
export function createShards(servers: readonly Destination[]): Shards {
  return {
    count: servers.length,
    of: (partition) => {
      const { shard } = splitPartition(partition);
      return servers[shard] ?? absent(shard);
    },
    reachable: async () => {
      const answers = await Promise.all(servers.map((server) => server.reachable()));
      return answers.some(Boolean);
    },
    missingColumns: () => new Map(servers.flatMap((server) => [...server.missingColumns()])),
  };
}

const namePrefix = 'shard ';

/** What waits for `partition`'s shard waits under this name, which no table has. */
export function shardName(partition: string): string {
  return `${namePrefix}${splitPartition(partition).shard + 1}`;
}

export function isShard(name: string): boolean {
  return name.startsWith(namePrefix);
}

/** Of a seal that was made when there were more shards: its rows are nowhere else, so they wait. */
function absent(shard: number): Destination {
  const message = `--clickhouse names no shard ${shard + 1} any more, and the log has rows for it`;
  const failed = { ok: false, kind: 'retryable', ambiguous: false, code: 0, message } as const;
  return {
    hasQuorum: false,
    insertUnit: () => Promise.resolve(failed),
    insertRows: () => Promise.resolve(failed),
    countSeal: () => Promise.resolve({ known: false, reason: 'failed', message }),
    tokenMayLie: () => Promise.resolve(undefined),
    beginDryRun: () => Promise.resolve(undefined),
    reachable: () => Promise.resolve(false),
    missingColumns: () => new Map(),
  };
}
