/**
 * The names of the semantic conventions and of the Collector's receivers that our dashboards rely
 * on, pinned. A name that is not here cannot be used in a panel.
 */
export const attributeNames = [
  'service.name',
  'service.version',
  'service.instance.id',
  'deployment.environment.name',
  'host.name',
  'container.image.name',
  'container.image.tag',
  'k8s.cluster.name',
  'k8s.container.name',
  'k8s.container.status.reason',
  'k8s.daemonset.name',
  'k8s.deployment.name',
  'k8s.event.reason',
  'k8s.job.name',
  'k8s.namespace.name',
  'k8s.node.name',
  'k8s.object.kind',
  'k8s.object.name',
  'k8s.persistentvolumeclaim.name',
  'k8s.pod.label.controller-revision-hash',
  'k8s.pod.name',
  'k8s.pod.uid',
  'k8s.replicaset.name',
  'k8s.statefulset.name',
  'k8s.volume.name',
  'k8s.volume.type',
  'namespace',
  'pod',
  'container',
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
  'interface',
  'mountpoint',
  'type',
  'status',
  'process.pid',
  'process.executable.name',
  'signal',
  'transport',
  'outcome',
  'reason',
  'cause',
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
  diskWeightedIoTime: 'system.disk.weighted_io_time',
  filesystemUsage: 'system.filesystem.usage',
  networkIo: 'system.network.io',
  networkPackets: 'system.network.packets',
  networkErrors: 'system.network.errors',
  networkDropped: 'system.network.dropped',
  processesCount: 'system.processes.count',
  processCpuTime: 'process.cpu.time',
  processMemoryUsage: 'process.memory.usage',
} as const;

/** Histograms of how long requests took, in the conventions of now and of before. */
export const requestDurations = [
  'http.server.request.duration',
  'http.server.duration',
  'rpc.server.call.duration',
  'rpc.server.duration',
] as const;

export type HostMetric = (typeof hostMetrics)[keyof typeof hostMetrics];

/** Gauges of the Collector's `k8s_cluster` receiver: the state that the API server tells. */
export const clusterMetrics = {
  namespacePhase: 'k8s.namespace.phase',
  nodeReady: 'k8s.node.condition_ready',
  nodeMemoryPressure: 'k8s.node.condition_memory_pressure',
  nodeDiskPressure: 'k8s.node.condition_disk_pressure',
  nodePidPressure: 'k8s.node.condition_pid_pressure',
  nodeNetworkUnavailable: 'k8s.node.condition_network_unavailable',
  nodeAllocatableCpu: 'k8s.node.allocatable_cpu',
  nodeAllocatableMemory: 'k8s.node.allocatable_memory',
  nodeAllocatablePods: 'k8s.node.allocatable_pods',
  podPhase: 'k8s.pod.phase',
  containerCpuRequest: 'k8s.container.cpu_request',
  containerCpuLimit: 'k8s.container.cpu_limit',
  containerMemoryRequest: 'k8s.container.memory_request',
  containerMemoryLimit: 'k8s.container.memory_limit',
  containerReady: 'k8s.container.ready',
  containerRestarts: 'k8s.container.restarts',
  deploymentDesired: 'k8s.deployment.desired',
  deploymentAvailable: 'k8s.deployment.available',
  statefulSetDesired: 'k8s.statefulset.desired_pods',
  statefulSetReady: 'k8s.statefulset.ready_pods',
  daemonSetDesired: 'k8s.daemonset.desired_scheduled_nodes',
  daemonSetReady: 'k8s.daemonset.ready_nodes',
} as const;

/** A sum of the same receiver that is off unless the preset's `metrics` switches it on. */
export const containerStatusReason = 'k8s.container.status.reason';

/** Gauges of the Collector's `kubelet_stats` receiver: CPU in cores, the rest in bytes. */
export const kubeletMetrics = {
  nodeCpuUsage: 'k8s.node.cpu.usage',
  nodeMemoryWorkingSet: 'k8s.node.memory.working_set',
  nodeFilesystemUsage: 'k8s.node.filesystem.usage',
  nodeFilesystemCapacity: 'k8s.node.filesystem.capacity',
  containerCpuUsage: 'container.cpu.usage',
  containerMemoryWorkingSet: 'container.memory.working_set',
  volumeAvailable: 'k8s.volume.available',
  volumeCapacity: 'k8s.volume.capacity',
} as const;

/** Cumulative sums of the same receiver, in bytes and packets. */
export const kubeletSums = {
  nodeNetworkIo: 'k8s.node.network.io',
  nodeNetworkErrors: 'k8s.node.network.errors',
  podNetworkIo: 'k8s.pod.network.io',
  podNetworkErrors: 'k8s.pod.network.errors',
} as const;

/** Of cAdvisor, by Prometheus' name: containers that the kernel ended for want of memory. */
export const containerOomEvents = 'container_oom_events_total';

export type KubernetesGauge =
  | (typeof clusterMetrics)[keyof typeof clusterMetrics]
  | (typeof kubeletMetrics)[keyof typeof kubeletMetrics];

export type KubernetesSum =
  | (typeof kubeletSums)[keyof typeof kubeletSums]
  | typeof containerOomEvents;

/** What the preset `kubernetes_events` names as the service of its records. */
export const eventsServiceName = 'kubernetes-events';
