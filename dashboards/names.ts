/**
 * The names of the semantic conventions and of the Collector's host metrics receiver that our
 * dashboards rely on, pinned. A name that is not here cannot be used in a panel.
 */
export const attributeNames = [
  'service.name',
  'service.version',
  'service.instance.id',
  'deployment.environment.name',
  'host.name',
  'k8s.namespace.name',
  'k8s.pod.name',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'url.path',
  'server.address',
  'error.type',
  'exception.type',
  'exception.message',
  'messaging.destination.name',
  'db.system.name',
  'cpu',
  'state',
  'device',
  'direction',
  'mountpoint',
  'type',
  'status',
  'process.pid',
  'process.executable.name',
  'signal',
  'transport',
  'outcome',
  'reason',
  'table',
  'stage',
  'decision',
  'action',
  'obsctl.gateway.worker',
  'cpu.mode',
] as const;

export type AttributeName = (typeof attributeNames)[number];

/** Metrics of the Collector's `host_metrics` receiver. */
export const hostMetrics = {
  cpuTime: 'system.cpu.time',
  load1m: 'system.cpu.load_average.1m',
  load5m: 'system.cpu.load_average.5m',
  load15m: 'system.cpu.load_average.15m',
  memoryUsage: 'system.memory.usage',
  diskIo: 'system.disk.io',
  diskOperations: 'system.disk.operations',
  filesystemUsage: 'system.filesystem.usage',
  networkIo: 'system.network.io',
  networkErrors: 'system.network.errors',
  processesCount: 'system.processes.count',
  processCpuTime: 'process.cpu.time',
  processMemoryUsage: 'process.memory.usage',
} as const;

export type HostMetric = (typeof hostMetrics)[keyof typeof hostMetrics];
