/** What an agent reported, as rows of the tables of agents. */
import type { AgentState } from './agents.ts';

/** Of `AgentCapabilities`, by bit. */
const capabilityNames = [
  'ReportsStatus',
  'AcceptsRemoteConfig',
  'ReportsEffectiveConfig',
  'AcceptsPackages',
  'ReportsPackageStatuses',
  'ReportsOwnTraces',
  'ReportsOwnMetrics',
  'ReportsOwnLogs',
  'AcceptsOpAMPConnectionSettings',
  'AcceptsOtherConnectionSettings',
  'AcceptsRestartCommand',
  'ReportsHealth',
  'ReportsRemoteConfig',
  'ReportsHeartbeat',
  'ReportsAvailableComponents',
  'ReportsConnectionSettingsStatus',
] as const;

const nanosecondsPerMillisecond = 1_000_000n;

export type Row = Readonly<Record<string, unknown>>;

/** Times go as numbers, which ClickHouse takes for ticks of the column: milliseconds. */
export function agentRow(state: AgentState): Row {
  const { description, health, lastSeenMs } = state;
  const said = (...names: readonly string[]): string =>
    names.map((name) => description[name]).find((value) => value !== undefined) ?? '';
  return {
    Tenant: state.tenant,
    InstanceUid: state.instanceUid,
    Version: lastSeenMs,
    LastSeen: lastSeenMs,
    Started: Number((health?.startedNs ?? 0n) / nanosecondsPerMillisecond),
    IsDisconnected: state.isDisconnected ? 1 : 0,
    Cluster: said('k8s.cluster.name'),
    Stack: said('obsctl.stack'),
    Workload: said('obsctl.agent', 'service.name'),
    Namespace: said('k8s.namespace.name'),
    Pod: said('k8s.pod.name'),
    Node: said('k8s.node.name', 'host.name'),
    ServiceName: said('service.name'),
    ServiceVersion: said('service.version'),
    ConfigHash: said('obsctl.config.hash'),
    EffectiveHash: state.config?.hash ?? '',
    Health: health === undefined ? 'unknown' : health.isHealthy ? 'healthy' : 'unhealthy',
    Status: health?.status ?? '',
    LastError: health?.lastError ?? '',
    Components: health?.components ?? {},
    Capabilities: capabilityNames.filter((_, bit) => (state.capabilities >> BigInt(bit)) & 1n),
    Attributes: description,
  };
}

/** Of an agent that reports its configuration, if the text of that was kept. */
export function configRow({ tenant, config, lastSeenMs }: AgentState): Row | undefined {
  if (config === undefined || config.text === '') return undefined;
  const { hash, text } = config;
  return { Tenant: tenant, Hash: hash, Version: lastSeenMs, LastSeen: lastSeenMs, Text: text };
}
