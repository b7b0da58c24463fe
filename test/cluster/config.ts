/** The configuration of a replica, as a server's would be, with this machine's ports. */
import type { ReplicaOptions } from './replica.ts';

/** Of the DDL: `ON CLUSTER` and `Distributed` name it by the macro `{cluster}`. */
const clusterName = 'otel';

export function replicaConfig({ shard, replica, keeperPort }: ReplicaOptions): string {
  return `<clickhouse>
  <zookeeper>
    <node><host>127.0.0.1</host><port>${keeperPort}</port></node>
    <session_timeout_ms>10000</session_timeout_ms>
  </zookeeper>
  <macros>
    <cluster>${clusterName}</cluster>
    <shard>${shard}</shard>
    <replica>${replica}</replica>
  </macros>
  <remote_servers>
    <${clusterName}>
${[1, 2].map(shardOf).join('\n')}
    </${clusterName}>
  </remote_servers>
  <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
</clickhouse>
`;
}

/** Nobody is there: what waits for a shard can be seen. */
function shardOf(number: number): string {
  return `      <shard>
        <internal_replication>true</internal_replication>
        <replica><host>127.0.0.${number + 1}</host><port>9</port></replica>
      </shard>`;
}
