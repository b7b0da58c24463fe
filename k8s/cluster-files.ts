/**
 * What configuration files say of a cluster: to each server who it is, who the others are and where
 * Keeper is; to each Keeper who votes. All servers read one file: what differs is in the
 * environment of their pods.
 */
import { clickhousePorts } from './clickhouse-image.ts';
import { clusterName } from './topology.ts';

/** Between servers beside those of clients, and to and between Keepers. */
export const clusterPorts = {
  interserver: 9009,
  keeper: 9181,
  raft: 9234,
  /** Where a Keeper says whether it has a leader. */
  keeperHealth: 9182,
} as const;

/** Of the environment of a server's pod. */
export const serverVariables = {
  shard: 'CLICKHOUSE_SHARD',
  /** Name of the pod. */
  replica: 'CLICKHOUSE_REPLICA',
  /** By which other replicas fetch parts from it. */
  host: 'CLICKHOUSE_HOST',
  /** What servers of a cluster show each other. */
  password: 'CLUSTER_PASSWORD',
} as const;

/** Of the environment of a Keeper's pod. */
export const keeperIdVariable = 'KEEPER_ID';

export const interserverUser = 'interserver';

/**
 * After this time without a sign a server's session ends, and its replica counts as away.
 * ClickHouse's own default.
 */
const sessionTimeoutMs = 30_000;

/** @param hosts of the replicas of each shard */
export function clusterConfig(
  hosts: readonly (readonly string[])[],
  keepers: readonly string[],
): string {
  const { shard, replica, host, password } = serverVariables;
  return `  <interserver_http_port>${clusterPorts.interserver}</interserver_http_port>
  <interserver_http_host from_env="${host}"/>
  <interserver_http_credentials>
    <user>${interserverUser}</user>
    <password from_env="${password}"/>
  </interserver_http_credentials>
  <macros replace="1">
    <cluster>${clusterName}</cluster>
    <shard from_env="${shard}"/>
    <replica from_env="${replica}"/>
  </macros>
  <zookeeper replace="1">
${keepers.map(keeperNode).join('\n')}
    <session_timeout_ms>${sessionTimeoutMs}</session_timeout_ms>
  </zookeeper>
  <distributed_ddl replace="1">
    <path>/clickhouse/task_queue/ddl</path>
  </distributed_ddl>
  <remote_servers replace="1">
    <${clusterName}>
      <secret from_env="${password}"/>
${hosts.map(shardOf).join('\n')}
    </${clusterName}>
  </remote_servers>`;
}

function keeperNode(host: string): string {
  return `    <node><host>${host}</host><port>${clusterPorts.keeper}</port></node>`;
}

/** A row goes to one replica, and from there to the others by their log. */
function shardOf(hosts: readonly string[]): string {
  const replicas = hosts.map(
    (host) =>
      `        <replica><host>${host}</host><port>${clickhousePorts.native}</port></replica>`,
  );
  return `      <shard>
        <internal_replication>true</internal_replication>
${replicas.join('\n')}
      </shard>`;
}

export const keeperDir = '/var/lib/clickhouse-keeper';

/** The whole file of a Keeper. Its number counts from 1: that of its pod and one. */
export function keeperConfig(hosts: readonly string[]): string {
  return `<clickhouse>
  <listen_host>::</listen_host>
  <listen_host>0.0.0.0</listen_host>
  <listen_try>1</listen_try>
  <logger>
    <level>information</level>
    <console>1</console>
  </logger>
  <keeper_server>
    <tcp_port>${clusterPorts.keeper}</tcp_port>
    <server_id from_env="${keeperIdVariable}"/>
    <storage_path>${keeperDir}</storage_path>
    <log_storage_path>${keeperDir}/log</log_storage_path>
    <snapshot_storage_path>${keeperDir}/snapshots</snapshot_storage_path>
    <coordination_settings>
      <session_timeout_ms>${sessionTimeoutMs}</session_timeout_ms>
      <raft_logs_level>warning</raft_logs_level>
    </coordination_settings>
    <http_control>
      <port>${clusterPorts.keeperHealth}</port>
      <readiness><endpoint>/ready</endpoint></readiness>
    </http_control>
    <raft_configuration>
${hosts.map(voter).join('\n')}
    </raft_configuration>
  </keeper_server>
</clickhouse>
`;
}

function voter(host: string, index: number): string {
  return `      <server>
        <id>${index + 1}</id>
        <hostname>${host}</hostname>
        <port>${clusterPorts.raft}</port>
      </server>`;
}
