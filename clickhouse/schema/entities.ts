/**
 * What runs where: one table a type of entity, a row a version of it that was true from
 * `ValidFrom` until `ValidTo`; what happened to entities; and how far each watcher has read.
 *
 * A version is known by the resource version it came with, so that writing it again, also by
 * another watcher, gives the same row. It is written when it begins and again when it ends, and of
 * both the second one stays.
 */
import type { ColumnDef, TableDef } from './types.ts';

const zstd = 'ZSTD(1)';
const attributes = 'Map(LowCardinality(String), String)';

/** `ValidTo` of what is still true. Before 2106, from which on a TTL cannot be counted. */
export const openEndMs = Date.UTC(2100, 0, 1);

/** Labels of nodes that name their pool, of GKE, EKS, AKS and Karpenter; they are always kept. */
export const poolLabels: readonly string[] = [
  'cloud.google.com/gke-nodepool',
  'eks.amazonaws.com/nodegroup',
  'kubernetes.azure.com/agentpool',
  'karpenter.sh/nodepool',
];

// biome-ignore format: a table reads as a table, one column a line
const commonColumns = [
  { name: 'Cluster', type: 'LowCardinality(String)', codec: zstd, source: 'stack file', comment: 'k8s.cluster.name', origin: 'ours' },
  { name: 'Id', type: 'String', codec: zstd, source: 'metadata.uid', comment: 'Stays while the object lives; a new object of the same name has another', origin: 'ours' },
  { name: 'ResourceVersion', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'metadata.resourceVersion', comment: 'With which this version began', origin: 'ours' },
  { name: 'ValidFrom', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)', source: 'creation, or when the change was seen', comment: 'Since when it is true', origin: 'ours' },
  { name: 'ValidTo', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)', source: 'next version, or deletion', comment: 'Until when it was true, not included; in 2100 for what still is', origin: 'ours' },
  { name: 'Version', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'resource version of the last write', comment: 'Of two rows of a version the greater one stays', origin: 'ours' },
  { name: 'Created', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)', source: 'metadata.creationTimestamp', comment: 'When the object was created', origin: 'ours' },
  { name: 'IsGone', type: 'UInt8', codec: zstd, source: 'watch', comment: '1 in the last version of an object that was deleted', origin: 'ours' },
  { name: 'Namespace', type: 'LowCardinality(String)', codec: zstd, source: 'metadata.namespace', comment: 'Empty for what has none', origin: 'ours' },
  { name: 'Name', type: 'String', codec: zstd, source: 'metadata.name', comment: 'Name', origin: 'ours' },
  { name: 'Labels', type: attributes, codec: zstd, source: 'metadata.labels', comment: 'The labels that the stack file chooses', origin: 'ours' },
  { name: 'Annotations', type: attributes, codec: zstd, source: 'metadata.annotations', comment: 'The annotations that the stack file chooses', origin: 'ours' },
] as const;

type Common = (typeof commonColumns)[number]['name'];

/** What every type of entity has; the other columns of a table are its type's own. */
export const commonEntityColumns: ReadonlySet<string> = new Set(
  commonColumns.map(({ name }) => name),
);

type Own = Omit<ColumnDef, 'origin' | 'codec'>;

function entity<const Column extends string>(
  name: string,
  comment: string,
  columns: readonly (Own & { readonly name: Column })[],
): TableDef<Common | Column> {
  return {
    name,
    comment,
    columns: [
      ...commonColumns,
      ...columns.map((column) => ({ ...column, codec: zstd, origin: 'ours' as const })),
    ],
    engine: 'ReplacingMergeTree(Version)',
    // Of the beginning, which both writes of a version have in common.
    partitionBy: "toStartOfMonth(ValidFrom, 'UTC')",
    orderBy: '(Cluster, Id, ResourceVersion)',
    ttlFrom: 'toDateTime(ValidTo)',
    retention: 'entities',
    indexes: [],
    // A part has what ended long ago beside what is still true.
    settings: { ttl_only_drop_parts: 0 },
    inDoubt: 'idempotent',
  };
}

// biome-ignore format: a table reads as a table, one column a line
export const namespaces = entity('entity_namespaces', 'Namespaces of Kubernetes', [
  { name: 'Phase', type: 'LowCardinality(String)', source: 'status.phase', comment: 'Active, Terminating' },
]);

// biome-ignore format: a table reads as a table, one column a line
export const nodes = entity('entity_nodes', 'Nodes of Kubernetes', [
  { name: 'Addresses', type: 'Array(String)', source: 'status.addresses', comment: 'Internal and external IP addresses' },
  { name: 'Region', type: 'LowCardinality(String)', source: 'label topology.kubernetes.io/region', comment: 'Region' },
  { name: 'Zone', type: 'LowCardinality(String)', source: 'label topology.kubernetes.io/zone', comment: 'Availability zone' },
  { name: 'InstanceType', type: 'LowCardinality(String)', source: 'label node.kubernetes.io/instance-type', comment: 'Type of the machine' },
  { name: 'CapacityType', type: 'LowCardinality(String)', source: 'labels of EKS, GKE, AKS and Karpenter', comment: 'spot, on-demand; empty when nothing says' },
  { name: 'ProviderId', type: 'String', source: 'spec.providerID', comment: 'Id of the machine at the cloud' },
  { name: 'Architecture', type: 'LowCardinality(String)', source: 'status.nodeInfo', comment: 'amd64, arm64' },
  { name: 'KubeletVersion', type: 'LowCardinality(String)', source: 'status.nodeInfo', comment: 'Version of the kubelet' },
  { name: 'CpuMillis', type: 'UInt64', source: 'status.allocatable', comment: 'Thousandths of a core that pods may request' },
  { name: 'MemoryBytes', type: 'UInt64', source: 'status.allocatable', comment: 'Bytes of memory that pods may request' },
  { name: 'CapacityCpuMillis', type: 'UInt64', source: 'status.capacity', comment: 'Thousandths of a core of the machine' },
  { name: 'CapacityMemoryBytes', type: 'UInt64', source: 'status.capacity', comment: 'Bytes of memory of the machine' },
  { name: 'State', type: 'LowCardinality(String)', source: 'status.conditions, spec.unschedulable', comment: 'ready, not ready, unknown; with ", cordoned"' },
]);

// biome-ignore format: a table reads as a table, one column a line
export const workloads = entity('entity_workloads', 'Workloads of Kubernetes: what makes pods', [
  { name: 'Kind', type: 'LowCardinality(String)', source: 'kind', comment: 'Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob' },
  { name: 'OwnerKind', type: 'LowCardinality(String)', source: 'metadata.ownerReferences', comment: 'Kind of the workload that made it' },
  { name: 'OwnerId', type: 'String', source: 'metadata.ownerReferences', comment: 'Its id; empty when nothing made it' },
  { name: 'OwnerName', type: 'String', source: 'metadata.ownerReferences', comment: 'Its name' },
  { name: 'Replicas', type: 'UInt32', source: 'spec.replicas, spec.parallelism', comment: 'Pods that are wanted; 0 for a DaemonSet' },
  { name: 'Images', type: attributes, source: 'spec.template', comment: 'Image of each container' },
  { name: 'CpuRequestMillis', type: 'UInt64', source: 'spec.template', comment: 'Thousandths of a core that a pod requests' },
  { name: 'MemoryRequestBytes', type: 'UInt64', source: 'spec.template', comment: 'Bytes of memory that a pod requests' },
  { name: 'CpuLimitMillis', type: 'UInt64', source: 'spec.template', comment: 'Its limit; 0 for none' },
  { name: 'MemoryLimitBytes', type: 'UInt64', source: 'spec.template', comment: 'Its limit; 0 for none' },
  { name: 'Schedule', type: 'String', source: 'spec.schedule', comment: 'Of a CronJob' },
]);

// biome-ignore format: a table reads as a table, one column a line
export const pods = entity('entity_pods', 'Pods of Kubernetes', [
  { name: 'Node', type: 'LowCardinality(String)', source: 'spec.nodeName', comment: 'Node it runs on; empty until it is scheduled' },
  { name: 'WorkloadKind', type: 'LowCardinality(String)', source: 'metadata.ownerReferences', comment: 'Kind of what made it; of a ReplicaSet of a Deployment that Deployment' },
  { name: 'Workload', type: 'LowCardinality(String)', source: 'metadata.ownerReferences', comment: 'Name of what made it' },
  { name: 'OwnerId', type: 'String', source: 'metadata.ownerReferences', comment: 'Id of what made it directly' },
  { name: 'Addresses', type: 'Array(String)', source: 'status.podIPs', comment: 'Its own IP addresses; none for one that has those of its node' },
  { name: 'Phase', type: 'LowCardinality(String)', source: 'status.phase', comment: 'Pending, Running, Succeeded, Failed' },
  { name: 'Started', type: 'DateTime64(3)', source: 'status.startTime', comment: 'When the kubelet took it; 1970 before' },
  { name: 'Containers', type: attributes, source: 'status.containerStatuses', comment: 'Id of each container, without the name of the runtime' },
  { name: 'Images', type: attributes, source: 'spec.containers', comment: 'Image of each container' },
  { name: 'CpuRequestMillis', type: 'UInt64', source: 'spec', comment: 'Thousandths of a core that it requests' },
  { name: 'MemoryRequestBytes', type: 'UInt64', source: 'spec', comment: 'Bytes of memory that it requests' },
  { name: 'CpuLimitMillis', type: 'UInt64', source: 'spec', comment: 'Its limit; 0 when a container has none' },
  { name: 'MemoryLimitBytes', type: 'UInt64', source: 'spec', comment: 'Its limit; 0 when a container has none' },
  { name: 'TemplateHash', type: 'LowCardinality(String)', source: 'labels pod-template-hash, controller-revision-hash', comment: 'Revision of the workload that it was made from' },
  { name: 'Ready', type: 'DateTime64(3)', source: 'status.conditions', comment: 'Since when it is ready; 1970 while it is not' },
]);

// biome-ignore format: a table reads as a table, one column a line
export const services = entity('entity_services', 'Services of Kubernetes', [
  { name: 'Type', type: 'LowCardinality(String)', source: 'spec.type', comment: 'ClusterIP, NodePort, LoadBalancer, ExternalName' },
  { name: 'Addresses', type: 'Array(String)', source: 'spec.clusterIPs, status.loadBalancer', comment: 'IP addresses of the cluster and of load balancers' },
  { name: 'Ports', type: 'Array(String)', source: 'spec.ports', comment: 'PORT/PROTOCOL' },
  { name: 'Selector', type: attributes, source: 'spec.selector', comment: 'Labels of its pods' },
]);

// biome-ignore format: a table reads as a table, one column a line
export const endpointSlices = entity('entity_endpoint_slices', 'Which pods are behind a Service', [
  { name: 'Service', type: 'LowCardinality(String)', source: 'label kubernetes.io/service-name', comment: 'Name of the Service' },
  { name: 'Pods', type: 'Array(String)', source: 'endpoints[].targetRef.uid', comment: 'Ids of the pods' },
  { name: 'Addresses', type: 'Array(String)', source: 'endpoints[].addresses', comment: 'Addresses of all endpoints' },
]);

// biome-ignore format: a table reads as a table, one column a line
export const ingresses = entity('entity_ingresses', 'Ingresses of Kubernetes', [
  { name: 'Class', type: 'LowCardinality(String)', source: 'spec.ingressClassName', comment: 'Which controller serves it' },
  { name: 'Hosts', type: 'Array(String)', source: 'spec.rules', comment: 'Names it answers to' },
  { name: 'Services', type: 'Array(String)', source: 'spec.rules, spec.defaultBackend', comment: 'Services behind it' },
  { name: 'Addresses', type: 'Array(String)', source: 'status.loadBalancer', comment: 'IP addresses and names of load balancers' },
]);

// biome-ignore format: a table reads as a table, one column a line
export const volumes = entity('entity_volumes', 'Persistent volumes and claims of Kubernetes', [
  { name: 'Kind', type: 'LowCardinality(String)', source: 'kind', comment: 'PersistentVolume, PersistentVolumeClaim' },
  { name: 'Class', type: 'LowCardinality(String)', source: 'spec.storageClassName', comment: 'Storage class' },
  { name: 'Bytes', type: 'UInt64', source: 'spec.capacity, spec.resources', comment: 'Size' },
  { name: 'Phase', type: 'LowCardinality(String)', source: 'status.phase', comment: 'Available, Bound, Released, Pending, Lost' },
  { name: 'BoundTo', type: 'String', source: 'spec.claimRef, spec.volumeName', comment: 'NAMESPACE/CLAIM of a volume; name of the volume of a claim' },
]);

// biome-ignore format: a table reads as a table, one column a line
export const configMaps = entity('entity_config_maps', 'Config maps of Kubernetes: names and hashes, never what they hold', [
  { name: 'Hash', type: 'String', source: 'SHA-256 of data and binaryData', comment: '16 hex digits' },
  { name: 'Bytes', type: 'UInt64', source: 'data, binaryData', comment: 'Size' },
]);

// biome-ignore format: a table reads as a table, one column a line
export const hosts = entity('entity_hosts', 'Machines and other things outside Kubernetes, which have the empty cluster', [
  { name: 'Kind', type: 'LowCardinality(String)', source: 'Host, or the column kind of a list', comment: 'Host, Database, LoadBalancer, …' },
  { name: 'Addresses', type: 'Array(String)', source: 'host.ip, or addresses of a list', comment: 'IP addresses' },
  { name: 'Region', type: 'LowCardinality(String)', source: 'cloud.region', comment: 'Region' },
  { name: 'Zone', type: 'LowCardinality(String)', source: 'cloud.availability_zone', comment: 'Availability zone' },
  { name: 'InstanceType', type: 'LowCardinality(String)', source: 'host.type', comment: 'Type of the machine' },
  { name: 'Provider', type: 'LowCardinality(String)', source: 'cloud.provider', comment: 'aws, gcp, azure, …' },
  { name: 'Account', type: 'LowCardinality(String)', source: 'cloud.account.id', comment: 'Account at the provider' },
  { name: 'Os', type: 'LowCardinality(String)', source: 'os.type', comment: 'linux, windows, …' },
  { name: 'Architecture', type: 'LowCardinality(String)', source: 'host.arch', comment: 'amd64, arm64, …' },
  { name: 'Origin', type: 'LowCardinality(String)', source: 'who said it', comment: 'telemetry, or the name of a list' },
]);

// biome-ignore format: a table reads as a table, one column a line
const eventColumns = [
  { name: 'Time', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)', source: 'as ValidFrom or ValidTo of the version', comment: 'When it happened', origin: 'ours' },
  { name: 'Cluster', type: 'LowCardinality(String)', codec: zstd, source: 'stack file', comment: 'k8s.cluster.name', origin: 'ours' },
  { name: 'Type', type: 'LowCardinality(String)', codec: zstd, source: 'comparison of two versions', comment: 'created, deleted, recreated, migrated, resized, image_changed, config_changed, state_changed, address_attached, address_detached, modified', origin: 'ours' },
  { name: 'EntityType', type: 'LowCardinality(String)', codec: zstd, source: 'kind', comment: 'Pod, Node, Deployment, …', origin: 'ours' },
  { name: 'EntityId', type: 'String', codec: zstd, source: 'metadata.uid', comment: 'Id of the entity', origin: 'ours' },
  { name: 'Namespace', type: 'LowCardinality(String)', codec: zstd, source: 'metadata.namespace', comment: 'Empty for what has none', origin: 'ours' },
  { name: 'Name', type: 'String', codec: zstd, source: 'metadata.name', comment: 'Name of the entity', origin: 'ours' },
  { name: 'Workload', type: 'LowCardinality(String)', codec: zstd, source: 'metadata.ownerReferences', comment: 'Workload of a pod', origin: 'ours' },
  { name: 'Node', type: 'LowCardinality(String)', codec: zstd, source: 'spec.nodeName', comment: 'Node of a pod, after the event', origin: 'ours' },
  { name: 'ResourceVersion', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'metadata.resourceVersion', comment: 'Of the version that it led to', origin: 'ours' },
  { name: 'Version', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'ResourceVersion', comment: 'An event that is written again replaces itself', origin: 'ours' },
  { name: 'Before', type: attributes, codec: zstd, source: 'version before', comment: 'What differs, as it was', origin: 'ours' },
  { name: 'After', type: attributes, codec: zstd, source: 'version after', comment: 'What differs, as it is', origin: 'ours' },
  { name: 'Description', type: 'String', codec: zstd, source: 'both', comment: 'In one sentence', origin: 'ours' },
] as const;

/** What happened to entities. */
export const entityEvents: TableDef<(typeof eventColumns)[number]['name']> = {
  name: 'entity_events',
  comment: 'What happened to entities',
  columns: eventColumns,
  engine: 'ReplacingMergeTree(Version)',
  partitionBy: "toStartOfMonth(Time, 'UTC')",
  orderBy: '(Cluster, EntityType, EntityId, ResourceVersion, Type)',
  ttlFrom: 'toDateTime(Time)',
  retention: 'entities',
  indexes: [],
  inDoubt: 'idempotent',
};

// biome-ignore format: a table reads as a table, one column a line
const positionColumns = [
  { name: 'Cluster', type: 'LowCardinality(String)', codec: zstd, source: 'stack file', comment: 'k8s.cluster.name', origin: 'ours' },
  { name: 'Kind', type: 'LowCardinality(String)', codec: zstd, source: 'watch', comment: 'Kind that is watched, as in the paths of the API server', origin: 'ours' },
  { name: 'ResourceVersion', type: 'UInt64', codec: zstd, source: 'watch', comment: 'Everything up to here is in the tables', origin: 'ours' },
  { name: 'Version', type: 'UInt64', codec: zstd, source: 'clock, milliseconds', comment: 'The latest one counts', origin: 'ours' },
  { name: 'Time', type: 'DateTime64(3)', codec: zstd, source: 'clock', comment: 'When', origin: 'ours' },
] as const;

/** How far each kind has been recorded, so that a watcher goes on where the last one ended. */
export const entityPositions: TableDef<(typeof positionColumns)[number]['name']> = {
  name: 'entity_positions',
  comment: 'How far each kind has been recorded',
  columns: positionColumns,
  engine: 'ReplacingMergeTree(Version)',
  partitionBy: "toStartOfMonth(Time, 'UTC')",
  orderBy: '(Cluster, Kind)',
  ttlFrom: 'toDateTime(Time)',
  retention: 'history',
  indexes: [],
  inDoubt: 'idempotent',
};

/** Every type of entity, and what happened to them. */
export const entityTables: readonly TableDef[] = [
  namespaces,
  nodes,
  workloads,
  pods,
  services,
  endpointSlices,
  ingresses,
  volumes,
  configMaps,
  hosts,
  entityEvents,
  entityPositions,
];
