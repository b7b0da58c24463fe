/**
 * Tags: what a row was of, when all it has is an address, a pod's id, a container's id or the name
 * of a node. A view `TABLE_tagged` has the columns of its table and these beside them; what the
 * sender said stands, and what it did not say is looked up as it was at the time of the row
 * (`clickhouse/schema/lookups.ts`).
 */
import { logs } from './logs.ts';
import { exponentialHistogram, gauge, histogram, sum, summary } from './metrics.ts';
import { traces } from './traces.ts';
import type { TableDef } from './types.ts';

type TagDef<Name extends string = string> = { readonly name: Name; readonly comment: string };

// biome-ignore format: a table reads as a table, one tag a line
export const ownTags = [
  { name: 'Cluster', comment: 'k8s.cluster.name; where nothing says, the only cluster that is watched' },
  { name: 'Address', comment: 'IP address of the sender: k8s.pod.ip, server.address, the address in service.instance.id, host.ip' },
  { name: 'PodId', comment: 'k8s.pod.uid; by container.id; by the address' },
  { name: 'Namespace', comment: 'k8s.namespace.name' },
  { name: 'Pod', comment: 'k8s.pod.name' },
  { name: 'Container', comment: 'k8s.container.name' },
  { name: 'WorkloadKind', comment: 'Deployment, StatefulSet, DaemonSet, Job, …' },
  { name: 'Workload', comment: 'Name of what made the pod' },
  { name: 'Node', comment: 'k8s.node.name; the node that has the address' },
  { name: 'Zone', comment: 'cloud.availability_zone' },
  { name: 'Region', comment: 'cloud.region' },
  { name: 'Service', comment: 'The first that is known: service.name, Service of the pod, workload, process, cluster, host, internet, address' },
  { name: 'Instance', comment: 'The first that is known: pod, process, node, host, internet, address' },
  { name: 'PodLabels', comment: 'The labels of the pod that the stack file chooses' },
  { name: 'Team', comment: 'Label of the pod, workload or namespace; row of the table of owners' },
  { name: 'Owner', comment: 'The same' },
  { name: 'CostCenter', comment: 'The same' },
] as const satisfies readonly TagDef[];

/** Of the other end of a span: who called, or was called. */
// biome-ignore format: a table reads as a table, one tag a line
export const peerTags = [
  { name: 'PeerAddress', comment: 'network.peer.address, its older names; else server.address of a call, client.address of an answer' },
  { name: 'PeerType', comment: 'Pod, Node, Service; internet, or empty for a stranger of a private network' },
  { name: 'PeerNamespace', comment: 'Namespace of the pod or Service' },
  { name: 'PeerPod', comment: 'Pod' },
  { name: 'PeerWorkloadKind', comment: 'Deployment, StatefulSet, …' },
  { name: 'PeerWorkload', comment: 'Name of what made the pod' },
  { name: 'PeerNode', comment: 'Node of the pod, or the node' },
  { name: 'PeerZone', comment: 'cloud.availability_zone of that node' },
  { name: 'PeerService', comment: 'The first that is known: Service, Service of the pod, workload, node, internet, address' },
] as const satisfies readonly TagDef[];

export type OwnTag = (typeof ownTags)[number]['name'];
export type PeerTag = (typeof peerTags)[number]['name'];

/** A view over a table of telemetry. */
export type TaggedView = {
  readonly name: string;
  readonly table: TableDef;
  /** Column with the time of a row. */
  readonly time: 'Timestamp' | 'TimeUnix';
  readonly hasPeers: boolean;
};

const tagged = (table: TableDef, time: TaggedView['time'], hasPeers = false): TaggedView => ({
  name: `${table.name}_tagged`,
  ...{ table, time, hasPeers },
});

export const taggedTraces = tagged(traces, 'Timestamp', true);
const taggedLogs = tagged(logs, 'Timestamp');

export const taggedViews: readonly TaggedView[] = [
  taggedTraces,
  taggedLogs,
  ...[gauge, sum, histogram, exponentialHistogram, summary].map((table) =>
    tagged(table, 'TimeUnix'),
  ),
];
