/**
 * Configuration files of the ClickHouse server in the cluster, merged by the server over those of
 * its image: listeners, a bound on its own log tables, and users with the least rights.
 */

/** The users of every stack; nobody else can log in, and there is no `default` user. */
export const clickhouseUsers = {
  gateway: { name: 'gateway', variable: 'GATEWAY_PASSWORD' },
  schema: { name: 'schema', variable: 'SCHEMA_PASSWORD' },
  reader: { name: 'reader', variable: 'READER_PASSWORD' },
} as const;

/** Only where databases are copied into this one. */
export const snapshotsUser = { name: 'snapshots', variable: 'SNAPSHOTS_PASSWORD' } as const;

/**
 * By which dictionaries read their tables: as the user of the snapshots, from inside the server.
 * Their definitions, which readers see, have its name; the password is known to the server alone.
 */
export const dictionariesCollection = 'obsctl_dictionaries';

/** By which dictionaries over entities read. */
export const lookupsCollection = 'obsctl_lookups';

/** As `clickhouse/schema/snapshots.ts` names it; this room may not import that one. */
const runsTable = 'snapshot_runs';

/** Of those below: on a cluster whole on every node, so that there is no local table behind it. */
const wholeEverywhere: readonly string[] = ['cost_hours'];

/**
 * Tables that are made of stored rows, a partition at a time: the new one is gathered in a table
 * of its own and takes the place of the old one; the last of them by `obsctl cost run`. As
 * `clickhouse/schema` names them; that none is missing is tested by rebuilding them all with these
 * rights.
 */
const rebuilt = [
  ...['otel_red_1m', 'otel_red_1h', 'otel_red_1d', 'otel_service_edges_1m'],
  ...['otel_log_patterns_1m', 'otel_attributes_15m', 'otel_series_15m'],
  ...['otel_metrics_1m', 'otel_metrics_1h', 'flow_logs', 'flow_seconds', 'flow_minutes'],
  'l7_calls',
  ...wholeEverywhere,
];

/** Log tables of the server about itself that we keep, and for how many days. */
const keptLogs: readonly (readonly [string, number])[] = [
  ['query_log', 7],
  ['part_log', 7],
  ['text_log', 3],
  ['error_log', 7],
  ['metric_log', 3],
  ['asynchronous_metric_log', 3],
  ['crash_log', 30],
];

/** Log tables that cost merges all day and that no dashboard of ours reads. */
const removedLogs = [
  'trace_log',
  'query_thread_log',
  'query_views_log',
  'query_metric_log',
  'processors_profile_log',
  'opentelemetry_span_log',
  'asynchronous_insert_log',
  'latency_log',
  'session_log',
  'backup_log',
  's3queue_log',
  'blob_storage_log',
  'background_schedule_pool_log',
];

/**
 * @param dictionaries databases that have dictionaries of snapshots
 * @param cluster what it says of other servers (`clusterConfig`), of which a single one has none
 * @param lookups whether there are dictionaries over entities
 */
export function serverConfig(
  dictionaries: readonly string[] = [],
  cluster?: string,
  lookups = false,
): string {
  const { reader } = clickhouseUsers;
  const readers = [
    ...(dictionaries.length === 0 ? [] : [collection(dictionariesCollection, snapshotsUser)]),
    ...(lookups ? [collection(lookupsCollection, reader)] : []),
  ];
  const inside =
    readers.length === 0
      ? ''
      : `\n  <named_collections>\n${readers.join('\n')}\n  </named_collections>`;
  const others = cluster ?? '  <interserver_http_port remove="1"/>';
  return `<clickhouse>
  <listen_host>::</listen_host>
  <listen_host>0.0.0.0</listen_host>
  <listen_try>1</listen_try>
  <mysql_port remove="1"/>
  <postgresql_port remove="1"/>
${others}
  <logger>
    <level>information</level>
    <console>1</console>
    <log remove="1"/>
    <errorlog remove="1"/>
  </logger>
${keptLogs.map(([table, days]) => keptLog(table, days)).join('\n')}
${removedLogs.map((table) => `  <${table} remove="1"/>`).join('\n')}${inside}
</clickhouse>
`;
}

type User = { readonly name: string; readonly variable: string };

function collection(name: string, user: User): string {
  return `    <${name}>
      <user>${user.name}</user>
      <password from_env="${user.variable}"/>
    </${name}>`;
}

function keptLog(table: string, days: number): string {
  return `  <${table} replace="1">
    <database>system</database>
    <table>${table}</table>
    <partition_by>event_date</partition_by>
    <ttl>event_date + INTERVAL ${days} DAY DELETE</ttl>
    <flush_interval_milliseconds>7500</flush_interval_milliseconds>
  </${table}>`;
}

/** What the dashboard ClickHouse and the alert rules about ClickHouse ask. */
const readerSystemTables = [
  ...['disks', 'errors', 'merges', 'merge_tree_settings', 'mutations', 'parts', 'processes'],
  'tables',
] as const;

/**
 * Passwords come from the environment, so from Secrets; the file holds none.
 *
 * @param snapshots databases that snapshots of other databases are written to
 * @param dictionaries those of them that have dictionaries
 * @param isCluster whether tables are those of a cluster
 * @param lookups whether there are dictionaries over entities
 */
export function usersConfig(
  database: string,
  snapshots: readonly string[] = [],
  dictionaries: readonly string[] = [],
  isCluster = false,
  lookups = false,
): string {
  const { gateway, schema, reader } = clickhouseUsers;
  return `<clickhouse>
  <profiles>
    <reader>
      <readonly>2</readonly>
      <max_execution_time>60</max_execution_time>
      <max_memory_usage_for_user>2000000000</max_memory_usage_for_user>
    </reader>${isCluster ? writerProfile : ''}
  </profiles>
  <users>
    <default remove="1"/>
${user(gateway, isCluster ? 'writer' : 'default', gatewayGrants(database, isCluster))}
${user(schema, 'default', [
  `GRANT SHOW, SELECT, INSERT, ALTER, CREATE, DROP VIEW ON ${database}.*`,
  'GRANT SELECT ON system.data_skipping_indices',
  ...(lookups ? replaceGrants(database) : []),
  ...(isCluster ? schemaClusterGrants : []),
])}
${[
  user(reader, 'reader', [
    `GRANT SELECT ON ${database}.*`,
    ...readerSystemTables.map((table) => `GRANT SELECT ON system.${table}`),
    ...snapshots.map((one) => `GRANT SELECT ON ${one}.*`),
    ...dictionaries.map((one) => `GRANT dictGet ON ${one}.*`),
    ...(lookups ? [`GRANT dictGet ON ${database}.*`] : []),
  ]),
  ...(snapshots.length === 0
    ? []
    : [
        user(snapshotsUser, 'default', [
          ...snapshotGrants(database, snapshots, isCluster),
          ...dictionaries.map(
            (one) => `GRANT CREATE DICTIONARY, DROP DICTIONARY, dictGet ON ${one}.*`,
          ),
        ]),
      ]),
].join('\n')}
  </users>
</clickhouse>
`;
}

/**
 * The stock Collector inserts by way of tables that spread rows over the shards: its insert is
 * answered when they are there, not when one node has them on its disk.
 */
const writerProfile = `
    <writer>
      <distributed_foreground_insert>1</distributed_foreground_insert>
    </writer>`;

/** `CREATE OR REPLACE` makes the new one under a name of the server's, and swaps the two. */
function replaceGrants(database: string): readonly string[] {
  return [
    `GRANT DROP DICTIONARY ON ${database}.*`,
    `GRANT DROP TABLE ON ${database}._tmp_replace_*`,
  ];
}

/** `ON CLUSTER`, tables that read other servers, and what `migrate` asks all nodes. */
const schemaClusterGrants = ['GRANT CLUSTER, REMOTE ON *.*', 'GRANT SELECT ON system.clusters'];

/** It may drop what it gathers rows in, told by the prefix, and no table that has data. */
function gatewayGrants(database: string, isCluster: boolean): readonly string[] {
  const stored = (table: string) =>
    isCluster && !wholeEverywhere.includes(table) ? `${table}_local` : table;
  return [
    `GRANT SELECT, INSERT ON ${database}.*`,
    // Rows that the server refuses are tried one by one against a table function.
    'GRANT CREATE TEMPORARY TABLE ON *.*',
    ...rebuilt.flatMap((table) => [
      `GRANT CREATE TABLE, DROP TABLE ON ${database}.${table}_staging_*`,
      `GRANT ALTER DELETE ON ${database}.${stored(table)}`,
    ]),
    'GRANT SELECT ON system.parts',
  ];
}

/**
 * What a run of `obsctl snapshot` does: makes databases and tables, fills, reads, swaps and drops
 * them, and writes its row. That the database of the telemetry exists it asks by making it.
 *
 * @param cluster whether it does so on every node, which it finds by the name of a table
 */
export function snapshotGrants(
  database: string,
  snapshots: readonly string[],
  isCluster = false,
): readonly string[] {
  return [
    ...snapshots.flatMap((one) => [
      `GRANT CREATE DATABASE, SELECT, INSERT, CREATE TABLE, DROP TABLE ON ${one}.*`,
      // Of tables that are added to: their views, and ATTACH PARTITION FROM, which asks for it.
      `GRANT CREATE VIEW, DROP VIEW, ALTER DELETE ON ${one}.*`,
      // Of columns that are verified as text and then become JSON.
      `GRANT ALTER MODIFY COLUMN ON ${one}.*`,
    ]),
    `GRANT CREATE DATABASE ON ${database}.*`,
    `GRANT SELECT, INSERT, CREATE TABLE ON ${database}.${runsTable}`,
    ...(isCluster
      ? [
          'GRANT CLUSTER, REMOTE ON *.*',
          'GRANT SELECT ON system.clusters',
          `GRANT SHOW TABLES ON ${database}.otel_traces`,
          ...snapshots.map((one) => `GRANT SYSTEM SYNC REPLICA ON ${one}.*`),
        ]
      : []),
  ];
}

function user(
  one: { readonly name: string; readonly variable: string },
  profile: string,
  grants: readonly string[],
): string {
  return `    <${one.name}>
      <password from_env="${one.variable}"/>
      <networks><ip>::/0</ip></networks>
      <profile>${profile}</profile>
      <quota>default</quota>
      <grants>
${grants.map((grant) => `        <query>${grant}</query>`).join('\n')}
      </grants>
    </${one.name}>`;
}
