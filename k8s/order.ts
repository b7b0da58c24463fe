/**
 * Apply order: what others refer to comes first, so that one `kubectl apply` of the stream is
 * enough; within a kind by namespace and name, so that the bytes do not depend on who added first.
 */
import type { KubernetesObject } from './objects.ts';

const kinds: readonly KubernetesObject['kind'][] = [
  'Namespace',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ConfigMap',
  'Service',
  'NetworkPolicy',
  'PodDisruptionBudget',
  'Job',
  'StatefulSet',
  'Deployment',
  'DaemonSet',
  'CronJob',
  'HorizontalPodAutoscaler',
  'GrafanaFolder',
  'GrafanaDatasource',
  'GrafanaDashboard',
];

export function inApplyOrder(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
  return [...objects].sort(
    (left, right) =>
      kinds.indexOf(left.kind) - kinds.indexOf(right.kind) ||
      compareText(left.metadata.namespace ?? '', right.metadata.namespace ?? '') ||
      compareText(left.metadata.name, right.metadata.name),
  );
}

/** By code units: the same on every machine, whatever its language. */
function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
