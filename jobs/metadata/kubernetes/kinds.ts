/** The kinds that are watched: where the API server has them, and what is kept of each. */
import { poolLabels } from '../../../clickhouse/schema/entities.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { Entity, EntityTable, Value } from '../entity.ts';
import {
  configMapColumns,
  endpointSliceColumns,
  ingressColumns,
  namespaceColumns,
  nodeColumns,
  serviceColumns,
  volumeColumns,
  workloadColumns,
} from './columns.ts';
import { podColumns } from './pod.ts';
import { type Chosen, listAt, mapAt, msOf, textAt } from './read.ts';

export type WatchedKind = {
  /** As in the API server's paths; also the name of its position. */
  readonly name: string;
  readonly path: string;
  /** As objects of the kind say it of themselves; lists leave it out. */
  readonly kind: string;
  readonly table: EntityTable;
  readonly columns: (object: JsonObject) => Readonly<Record<string, Value>>;
};

const apps = '/apis/apps/v1';

// biome-ignore format: a table reads as a table, one kind a line
export const watchedKinds: readonly WatchedKind[] = [
  { name: 'namespaces', path: '/api/v1/namespaces', kind: 'Namespace', table: 'namespaces', columns: namespaceColumns },
  { name: 'nodes', path: '/api/v1/nodes', kind: 'Node', table: 'nodes', columns: nodeColumns },
  { name: 'deployments', path: `${apps}/deployments`, kind: 'Deployment', table: 'workloads', columns: workloadColumns },
  { name: 'statefulsets', path: `${apps}/statefulsets`, kind: 'StatefulSet', table: 'workloads', columns: workloadColumns },
  { name: 'daemonsets', path: `${apps}/daemonsets`, kind: 'DaemonSet', table: 'workloads', columns: workloadColumns },
  { name: 'replicasets', path: `${apps}/replicasets`, kind: 'ReplicaSet', table: 'workloads', columns: workloadColumns },
  { name: 'cronjobs', path: '/apis/batch/v1/cronjobs', kind: 'CronJob', table: 'workloads', columns: workloadColumns },
  { name: 'jobs', path: '/apis/batch/v1/jobs', kind: 'Job', table: 'workloads', columns: workloadColumns },
  { name: 'pods', path: '/api/v1/pods', kind: 'Pod', table: 'pods', columns: podColumns },
  { name: 'services', path: '/api/v1/services', kind: 'Service', table: 'services', columns: serviceColumns },
  { name: 'endpointslices', path: '/apis/discovery.k8s.io/v1/endpointslices', kind: 'EndpointSlice', table: 'endpoint_slices', columns: endpointSliceColumns },
  { name: 'ingresses', path: '/apis/networking.k8s.io/v1/ingresses', kind: 'Ingress', table: 'ingresses', columns: ingressColumns },
  { name: 'persistentvolumes', path: '/api/v1/persistentvolumes', kind: 'PersistentVolume', table: 'volumes', columns: volumeColumns },
  { name: 'persistentvolumeclaims', path: '/api/v1/persistentvolumeclaims', kind: 'PersistentVolumeClaim', table: 'volumes', columns: volumeColumns },
  { name: 'configmaps', path: '/api/v1/configmaps', kind: 'ConfigMap', table: 'config_maps', columns: configMapColumns },
];

/** An object of the API server as an entity. */
export function entityOf(watched: WatchedKind, object: JsonObject, chosen: Chosen): Entity {
  const { kind, table, columns } = watched;
  return {
    table,
    kind,
    id: textAt(object, 'metadata', 'uid'),
    namespace: textAt(object, 'metadata', 'namespace'),
    name: textAt(object, 'metadata', 'name'),
    resourceVersion: versionOf(object),
    createdMs: msOf(textAt(object, 'metadata', 'creationTimestamp')),
    labels: mapAt(object, ['metadata', 'labels'], labelsOf(table, chosen)),
    annotations: mapAt(object, ['metadata', 'annotations'], chosen.annotations),
    own: columns({ ...object, kind }),
  };
}

/** Of nodes also those that name their pool. */
function labelsOf(table: EntityTable, { labels }: Chosen): readonly string[] {
  return table === 'nodes' ? [...labels, ...poolLabels] : labels;
}

/**
 * A resource version as the number that it is: servers since 1.35 promise that, those before kept
 * to it (KEP-5504).
 */
export function versionOf(object: JsonObject): bigint {
  const text = textAt(object, 'metadata', 'resourceVersion');
  return /^\d+$/.test(text) ? BigInt(text) : 0n;
}

/** Older news come from a time when nobody listened. */
const freshMs = 5_000;

/**
 * When an object became as it is, in milliseconds: now, or the second of the last write that it
 * says of itself, when that is long ago, because a watcher that was away hears of it later.
 */
export function timeOfChange(object: JsonObject, nowMs: number): number {
  let lastMs = 0;
  for (const field of listAt(object, 'metadata', 'managedFields')) {
    lastMs = Math.max(lastMs, msOf(textAt(field, 'time')));
  }
  return lastMs === 0 || nowMs - lastMs < freshMs ? nowMs : lastMs;
}

/** When an object went: now, or when its grace was over, when that is long ago. */
export function timeOfEnd(object: JsonObject, nowMs: number): number {
  const deletionMs = msOf(textAt(object, 'metadata', 'deletionTimestamp'));
  return deletionMs === 0 || nowMs - deletionMs < freshMs ? nowMs : deletionMs;
}
