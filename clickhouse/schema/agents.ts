/**
 * Agents as they report themselves by OpAMP: one row an agent, the latest report counts; and the
 * configurations that they say they run with, each text once.
 */
import type { TableDef } from './types.ts';

const zstd = 'ZSTD(1)';
const words = 'LowCardinality(String)';

// biome-ignore format: a table reads as a table, one column a line
const agentColumns = [
  { name: 'Tenant', type: words, codec: zstd, source: 'credentials', comment: 'Empty without tenants', origin: 'ours' },
  { name: 'InstanceUid', type: 'String', codec: zstd, source: 'instance_uid', comment: 'Of one run of one agent, 32 hex digits; another one after a restart', origin: 'ours' },
  { name: 'Version', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'LastSeen', comment: 'The latest report counts', origin: 'ours' },
  { name: 'LastSeen', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)', source: 'clock of the gateway', comment: 'When it last reported', origin: 'ours' },
  { name: 'Started', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)', source: 'health.start_time_unix_nano', comment: 'Since when it runs; 1970 when it does not say', origin: 'ours' },
  { name: 'IsDisconnected', type: 'UInt8', codec: zstd, source: 'agent_disconnect', comment: '1 when it said that it goes; agents that report over HTTP go without a word', origin: 'ours' },
  { name: 'Cluster', type: words, codec: zstd, source: 'k8s.cluster.name', comment: 'Cluster', origin: 'ours' },
  { name: 'Stack', type: words, codec: zstd, source: 'obsctl.stack', comment: 'Name of the stack that it was rendered from', origin: 'ours' },
  { name: 'Workload', type: words, codec: zstd, source: 'obsctl.agent, else service.name', comment: 'node-agent, cluster-agent, …', origin: 'ours' },
  { name: 'Namespace', type: words, codec: zstd, source: 'k8s.namespace.name', comment: 'Of its pod', origin: 'ours' },
  { name: 'Pod', type: 'String', codec: zstd, source: 'k8s.pod.name', comment: 'Its pod', origin: 'ours' },
  { name: 'Node', type: words, codec: zstd, source: 'k8s.node.name, else host.name', comment: 'Node or machine it runs on', origin: 'ours' },
  { name: 'ServiceName', type: words, codec: zstd, source: 'service.name', comment: 'As its own telemetry is named', origin: 'ours' },
  { name: 'ServiceVersion', type: words, codec: zstd, source: 'service.version', comment: 'Version of its program', origin: 'ours' },
  { name: 'ConfigHash', type: words, codec: zstd, source: 'obsctl.config.hash', comment: 'Of the rendered configuration that it was started with; empty for one that is not ours', origin: 'ours' },
  { name: 'EffectiveHash', type: 'String', codec: zstd, source: 'SHA-256 of effective_config', comment: '16 hex digits; empty when it does not report its configuration', origin: 'ours' },
  { name: 'Health', type: words, codec: zstd, source: 'health.healthy', comment: 'healthy, unhealthy, unknown', origin: 'ours' },
  { name: 'Status', type: words, codec: zstd, source: 'health.status', comment: 'In its own words', origin: 'ours' },
  { name: 'LastError', type: 'String', codec: zstd, source: 'health.last_error', comment: 'Why it is not healthy', origin: 'ours' },
  { name: 'Components', type: 'Map(LowCardinality(String), String)', codec: zstd, source: 'health.component_health_map', comment: 'What its parts say, by path', origin: 'ours' },
  { name: 'Capabilities', type: 'Array(LowCardinality(String))', codec: zstd, source: 'capabilities', comment: 'What it says it can do; nothing but reports is ever asked of it', origin: 'ours' },
  { name: 'Attributes', type: 'Map(LowCardinality(String), String)', codec: zstd, source: 'agent_description', comment: 'All it says about itself', origin: 'ours' },
] as const;

/** One row an agent. */
export const agents: TableDef<(typeof agentColumns)[number]['name']> = {
  name: 'agents',
  comment: 'Agents as they report themselves by OpAMP, the latest report of each',
  columns: agentColumns,
  engine: 'ReplacingMergeTree(Version)',
  partitionBy: "toStartOfMonth(LastSeen, 'UTC')",
  orderBy: '(Tenant, InstanceUid)',
  ttlFrom: 'toDateTime(LastSeen)',
  retention: 'entities',
  indexes: [],
  inDoubt: 'idempotent',
};

// biome-ignore format: a table reads as a table, one column a line
const configColumns = [
  { name: 'Tenant', type: words, codec: zstd, source: 'credentials', comment: 'Empty without tenants', origin: 'ours' },
  { name: 'Hash', type: 'String', codec: zstd, source: 'SHA-256 of Text', comment: 'As EffectiveHash of agents', origin: 'ours' },
  { name: 'Version', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'LastSeen', comment: 'The latest report counts', origin: 'ours' },
  { name: 'LastSeen', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)', source: 'clock of the gateway', comment: 'When an agent last said so; written again every day', origin: 'ours' },
  { name: 'Text', type: 'String', codec: 'ZSTD(3)', source: 'effective_config', comment: 'With defaults filled in, references resolved and secrets redacted by the agent; empty above 1 MiB', origin: 'ours' },
] as const;

/** The texts that {@link agents} names by hash. */
export const agentConfigs: TableDef<(typeof configColumns)[number]['name']> = {
  name: 'agent_configs',
  comment: 'Configurations that agents say they run with',
  columns: configColumns,
  engine: 'ReplacingMergeTree(Version)',
  partitionBy: "toStartOfMonth(LastSeen, 'UTC')",
  orderBy: '(Tenant, Hash)',
  ttlFrom: 'toDateTime(LastSeen)',
  retention: 'entities',
  indexes: [],
  inDoubt: 'idempotent',
};

/** Both; few rows, and written by the gateway beside its lanes. */
export const agentTables: readonly TableDef[] = [agents, agentConfigs];
