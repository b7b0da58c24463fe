/** The configuration of a replica, as a server's would be, with this machine's ports. */
import type { ReplicaOptions } from './replica.ts';

/** Of the DDL: `ON CLUSTER` and `Distributed` name it by the macro `{cluster}`. */
const clusterName = 'otel';

/** Two shards that are databases of one engine: what `Distributed` does with rows can be seen. */
const twoShards = ['shard_1', 'shard_2'] as const;

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
  <tcp_port>9000</tcp_port>
  <remote_servers>
    <${clusterName}>
${twoShards.map(shardOf).join('\n')}
    </${clusterName}>
  </remote_servers>
  <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
</clickhouse>
`;
}

/** An address of this very engine: rows for it are written and read without a connection. */
function shardOf(database: string): string {
  return `      <shard>
        <internal_replication>true</internal_replication>
        <replica>
          <host>127.0.0.1</host><port>9000</port><default_database>${database}</default_database>
        </replica>
      </shard>`;
}
