/**
 * Objects against the published Kubernetes schemas, as an oracle that knows nothing of our types.
 * The published validators let unknown fields pass, so each object is read through a proxy: a
 * field that the validator of its schema never looks at is one that Kubernetes does not know.
 */
import { validate as hpa } from 'kubernetes-models/_schemas/IoK8sApiAutoscalingV2HorizontalPodAutoscaler';
import { validate as daemonSet } from 'kubernetes-models/_schemas/IoK8sApiAppsV1DaemonSet';
import { validate as deployment } from 'kubernetes-models/_schemas/IoK8sApiAppsV1Deployment';
import { validate as statefulSet } from 'kubernetes-models/_schemas/IoK8sApiAppsV1StatefulSet';
import { validate as cronJob } from 'kubernetes-models/_schemas/IoK8sApiBatchV1CronJob';
import { validate as job } from 'kubernetes-models/_schemas/IoK8sApiBatchV1Job';
import { validate as configMap } from 'kubernetes-models/_schemas/IoK8sApiCoreV1ConfigMap';
import { validate as namespace } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Namespace';
import { validate as service } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Service';
import { validate as account } from 'kubernetes-models/_schemas/IoK8sApiCoreV1ServiceAccount';
import { validate as policy } from 'kubernetes-models/_schemas/IoK8sApiNetworkingV1NetworkPolicy';
import { validate as budget } from 'kubernetes-models/_schemas/IoK8sApiPolicyV1PodDisruptionBudget';
import { validate as clusterRole } from 'kubernetes-models/_schemas/IoK8sApiRbacV1ClusterRole';
import { validate as clusterRoleBinding } from 'kubernetes-models/_schemas/IoK8sApiRbacV1ClusterRoleBinding';
import { validate as role } from 'kubernetes-models/_schemas/IoK8sApiRbacV1Role';
import { validate as roleBinding } from 'kubernetes-models/_schemas/IoK8sApiRbacV1RoleBinding';

type Validate = { (data: unknown): boolean; errors?: readonly object[] | null };

const validators: Readonly<Record<string, unknown>> = {
  'apps/v1 DaemonSet': daemonSet,
  'apps/v1 Deployment': deployment,
  'apps/v1 StatefulSet': statefulSet,
  'autoscaling/v2 HorizontalPodAutoscaler': hpa,
  'batch/v1 CronJob': cronJob,
  'batch/v1 Job': job,
  'networking.k8s.io/v1 NetworkPolicy': policy,
  'policy/v1 PodDisruptionBudget': budget,
  'rbac.authorization.k8s.io/v1 ClusterRole': clusterRole,
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': clusterRoleBinding,
  'rbac.authorization.k8s.io/v1 Role': role,
  'rbac.authorization.k8s.io/v1 RoleBinding': roleBinding,
  'v1 ConfigMap': configMap,
  'v1 Namespace': namespace,
  'v1 Service': service,
  'v1 ServiceAccount': account,
};

/** What the schemas have against an object; empty when it is right. */
export function schemaFaults(value: {
  readonly apiVersion: string;
  readonly kind: string;
}): readonly string[] {
  const validate = validators[`${value.apiVersion} ${value.kind}`] as Validate | undefined;
  if (validate === undefined) return [`no schema of ${value.apiVersion} ${value.kind}`];
  const unread = new Set<string>();
  const valid = validate(watched(value, '', unread));
  const faults = valid ? [] : (validate.errors ?? []).map((error) => JSON.stringify(error));
  return [...faults, ...[...unread].map((path) => `unknown field ${path}`)];
}

/** The value, which takes each path out of `unread` as soon as somebody reads it. */
function watched(value: object, path: string, unread: Set<string>): object {
  const children = new Map<string, unknown>();
  for (const [key, child] of Object.entries(value)) {
    unread.add(`${path}/${key}`);
    const inner =
      child !== null && typeof child === 'object'
        ? watched(child, `${path}/${key}`, unread)
        : child;
    children.set(key, inner);
  }
  return new Proxy(value, {
    get(target, key) {
      if (typeof key !== 'string' || !children.has(key)) return Reflect.get(target, key);
      unread.delete(`${path}/${key}`);
      return children.get(key);
    },
  });
}
