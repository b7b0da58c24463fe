/**
 * Lookups by time: a view that says what a key meant from when until when, and a dictionary over
 * it, which every node holds in memory. `dictGet('otel.entity_address', 'Workload',
 * (cluster, address), time)` is the workload that had the address then.
 *
 * A view in between, because a dictionary of the embedded engine reads tables by name alone.
 */
import { endpointSlices, hosts, nodes, pods, services } from './entities.ts';
import type { ColumnDef, TableDef } from './types.ts';

type LookupColumn<Name extends string = string> = Pick<ColumnDef, 'comment'> & {
  readonly name: Name;
};

/** Every key and attribute is a String. */
export type LookupDef<Attribute extends string = string> = {
  /** Of the dictionary. */
  readonly name: string;
  readonly comment: string;
  readonly key: readonly LookupColumn[];
  readonly attributes: readonly LookupColumn<Attribute>[];
  readonly sources: readonly LookupSource[];
};

/** A table of somebody else, whose rows are true at all times. */
type ForeignSource = {
  readonly foreign: { readonly database: string; readonly name: string };
  /** Expressions of its columns, by key and attribute. */
  readonly values: Readonly<Record<string, string>>;
};

export type LookupSource = EntitySource | ForeignSource;

/** Of a table with `ValidFrom` and `ValidTo`. */
type EntitySource = {
  readonly foreign?: never;
  readonly table: TableDef;
  /** Behind `ARRAY JOIN`: rows of a list or map. */
  readonly each?: string;
  /** What stands outside of clusters is known in each of them, by `InCluster`, and in none. */
  readonly inEveryCluster?: boolean;
  /**
   * Keys are ids, which nothing else will ever have: what is gone stays what it was, so that what
   * it said with its last breath, or by a clock that is ahead, is still its own.
   */
  readonly outlives?: boolean;
  /** What is no column of that name: expression by key or attribute. */
  readonly values: Readonly<Record<string, string>>;
};

const cluster = { name: 'Cluster', comment: 'k8s.cluster.name' } as const;
const namespace = { name: 'Namespace', comment: 'Namespace; empty for a node' } as const;
const none = "''";

/** Who had an IP address. */
export const addressLookup = lookup({
  name: 'entity_address',
  comment: 'Who had an IP address, by time',
  key: [cluster, { name: 'Address', comment: 'As Kubernetes writes it' }],
  attributes: [
    { name: 'Type', comment: 'Pod, Node, Service; outside of clusters Host, Database, …' },
    { name: 'Id', comment: 'Id of the entity' },
    namespace,
    { name: 'Name', comment: 'Name of the entity' },
    { name: 'WorkloadKind', comment: 'Of a pod: Deployment, StatefulSet, …' },
    { name: 'Workload', comment: 'Of a pod' },
    { name: 'Node', comment: 'Of a pod or node' },
  ],
  sources: [
    { table: pods, each: 'Addresses AS Address', values: { Type: "'Pod'" } },
    {
      table: nodes,
      each: 'Addresses AS Address',
      values: { Type: "'Node'", WorkloadKind: none, Workload: none, Node: 'Name' },
    },
    {
      table: services,
      each: 'Addresses AS Address',
      values: { Type: "'Service'", WorkloadKind: none, Workload: none, Node: none },
    },
    {
      table: hosts,
      inEveryCluster: true,
      each: 'Addresses AS Address',
      values: {
        ...{ Cluster: 'InCluster', Type: 'Kind' },
        ...{ WorkloadKind: none, Workload: none, Node: none },
      },
    },
  ],
});

/** What a pod was. */
export const podLookup = lookup({
  name: 'entity_pod',
  comment: 'What a pod was, by its id and time',
  key: [{ name: 'Id', comment: 'k8s.pod.uid' }],
  attributes: [
    cluster,
    namespace,
    { name: 'Name', comment: 'k8s.pod.name' },
    { name: 'WorkloadKind', comment: 'Deployment, StatefulSet, …' },
    { name: 'Workload', comment: 'Name of what made it' },
    { name: 'Node', comment: 'k8s.node.name' },
    { name: 'Labels', comment: 'The labels that are kept, as JSON' },
  ],
  sources: [{ table: pods, outlives: true, values: { Labels: 'toJSONString(Labels)' } }],
});

/** Whose a container was. */
export const containerLookup = lookup({
  name: 'entity_container',
  comment: 'Which pod a container was of, by its id and time',
  key: [{ name: 'ContainerId', comment: 'container.id' }],
  attributes: [
    { name: 'Pod', comment: 'Id of the pod' },
    { name: 'Container', comment: 'k8s.container.name' },
  ],
  sources: [
    {
      table: pods,
      outlives: true,
      each: 'mapKeys(Containers) AS Container, mapValues(Containers) AS ContainerId',
      values: { Pod: 'Id' },
    },
  ],
});

/** What a node was. */
export const nodeLookup = lookup({
  name: 'entity_node',
  comment: 'What a node was, by its name and time',
  key: [cluster, { name: 'Name', comment: 'k8s.node.name' }],
  attributes: [
    { name: 'Id', comment: 'k8s.node.uid' },
    { name: 'Region', comment: 'cloud.region' },
    { name: 'Zone', comment: 'cloud.availability_zone' },
    { name: 'InstanceType', comment: 'host.type' },
    { name: 'CapacityType', comment: 'spot, on-demand; empty when nothing says' },
  ],
  sources: [{ table: nodes, values: {} }],
});

/** Behind which Service a pod was. */
export const podServiceLookup = lookup({
  name: 'entity_pod_service',
  comment: 'Behind which Service a pod was, by its id and time',
  key: [{ name: 'Pod', comment: 'Id of the pod' }],
  attributes: [{ name: 'Service', comment: 'Name of the Service, in the namespace of the pod' }],
  sources: [{ table: endpointSlices, each: 'Pods AS Pod', values: {} }],
});

export const lookups: readonly LookupDef[] = [
  addressLookup,
  podLookup,
  containerLookup,
  nodeLookup,
  podServiceLookup,
];

/** The attributes of a lookup, as a type. */
export type AttributeOf<T> = T extends LookupDef<infer Attribute> ? Attribute : never;

function lookup<const Attribute extends string>(
  definition: LookupDef<Attribute>,
): LookupDef<Attribute> {
  return definition;
}
