/**
 * Which servers a ClickHouse of several has, by name: a StatefulSet for each shard, its pods the
 * replicas, so that a shard more or a replica more renames nobody. The first shard has the name of
 * a single server, whose volume it goes on with.
 */
import { type Part, partName } from './labels.ts';
import type { Place } from './place.ts';
import { headlessSuffix } from './services.ts';

export type ClickhouseTopology = {
  readonly shards: number;
  readonly replicas: number;
  readonly keepers: number;
};

/** As the servers know it, and their macro `{cluster}`. */
export const clusterName = 'obsctl';

const component = 'clickhouse';

/** With Keeper tables are replicated, also those of one server, which then can become several. */
export function isCluster({ keepers }: ClickhouseTopology): boolean {
  return keepers > 0;
}

/** The one server, or the first shard. */
export function serverPart(stack: string): Part {
  return { stack, name: component };
}

/** One of each shard; the first is the one that clients ask. */
export function shardParts(stack: string, { shards }: ClickhouseTopology): readonly Part[] {
  return Array.from({ length: shards }, (_, index) => ({
    ...serverPart(stack),
    ...(index === 0 ? {} : { name: `${component}-shard-${index + 1}`, component }),
  }));
}

export function keeperPart(stack: string): Part {
  return { stack, name: 'clickhouse-keeper' };
}

/** Of the pods of a StatefulSet, in DNS. */
function podHosts(part: Part, namespace: string, pods: number): readonly string[] {
  const service = `${partName(part)}${headlessSuffix}.${namespace}.svc`;
  return Array.from({ length: pods }, (_, index) => `${partName(part)}-${index}.${service}`);
}

/** For each shard the hosts of its replicas. */
export function replicaHosts(
  { stack, namespace }: Pick<Place, 'stack' | 'namespace'>,
  topology: ClickhouseTopology,
): readonly (readonly string[])[] {
  return shardParts(stack, topology).map((part) => podHosts(part, namespace, topology.replicas));
}

export function keeperHosts(
  { stack, namespace }: Pick<Place, 'stack' | 'namespace'>,
  { keepers }: ClickhouseTopology,
): readonly string[] {
  return podHosts(keeperPart(stack), namespace, keepers);
}
