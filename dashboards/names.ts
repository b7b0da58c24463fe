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
  'protocol',
] as const;

export type AttributeName = (typeof attributeNames)[number];

/** Metrics of the Collector's `host_metrics` receiver. */
export const hostMetrics = {
  cpuTime: 'system.cpu.time',
  cpuCount: 'system.cpu.logical.count',
  load1m: 'system.cpu.load_average.1m',
  load5m: 'system.cpu.load_average.5m',
  load15m: 'system.cpu.load_average.15m',
  memoryUsage: 'system.memory.usage',
  pagingUsage: 'system.paging.usage',
  diskIo: 'system.disk.io',
  diskOperations: 'system.disk.operations',
  diskIoTime: 'system.disk.io_time',
  filesystemUsage: 'system.filesystem.usage',
  networkIo: 'system.network.io',
  networkErrors: 'system.network.errors',
  networkDropped: 'system.network.dropped',
  networkConnections: 'system.network.connections',
  processesCount: 'system.processes.count',
  processesCreated: 'system.processes.created',
} as const;

export type HostMetric = (typeof hostMetrics)[keyof typeof hostMetrics];
