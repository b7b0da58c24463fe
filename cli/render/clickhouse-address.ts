/** Where pods of a stack reach ClickHouse: one address for who asks, each server for who writes. */
import { Problem } from '../../core/problem.ts';
import { clickhouseHost } from '../../k8s/clickhouse.ts';
import { clickhousePorts } from '../../k8s/clickhouse-image.ts';
import { isCluster, replicaHosts } from '../../k8s/topology.ts';
import type { Stack } from '../../stack/types.ts';

/** HTTP interface of ClickHouse; of several servers any that is there. */
export function clickhouseUrl(stack: Stack): string {
  const { mode, url } = stack.clickhouse;
  if (mode === 'in_cluster') return httpUrl(clickhouseHost(placeOf(stack)));
  if (mode === 'external' && url !== undefined) return url;
  throw new Problem('OBS-1401', `clickhouse.mode: ${mode} cannot be reached from a cluster`, {
    where: 'clickhouse.mode',
    next: 'Use `mode: in_cluster`, or `mode: external` with `url`; embedded is for `obsctl up`.',
  });
}

/** The same with the database as its path, and the port that a pod connects to. */
export function clickhouseTarget(stack: Stack): { readonly href: string; readonly port: number } {
  const { href, port, protocol } = new URL(withDatabase(stack, clickhouseUrl(stack)));
  return { href, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

/** For each shard its replicas, of which the gateway follows one that is there. */
export function clickhouseServers(stack: Stack): readonly (readonly string[])[] {
  const { mode, topology } = stack.clickhouse;
  if (mode !== 'in_cluster' || !isCluster(topology)) {
    return [[withDatabase(stack, clickhouseUrl(stack))]];
  }
  return replicaHosts(placeOf(stack), topology).map((hosts) =>
    hosts.map((host) => withDatabase(stack, httpUrl(host))),
  );
}

function httpUrl(host: string): string {
  return `http://${host}:${clickhousePorts.http}`;
}

function withDatabase({ clickhouse }: Stack, url: string): string {
  return new URL(`/${encodeURIComponent(clickhouse.database)}`, url).href;
}

function placeOf({ name, namespace }: Stack) {
  return { stack: name, namespace };
}
