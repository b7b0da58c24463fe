/** API groups of the resources that people collect, because a right names the group too. */
import { Problem } from '../core/problem.ts';

/** Others name theirs in the configuration. */
const groupOf: Readonly<Record<string, readonly string[]>> = {
  '': [
    'pods',
    'nodes',
    'namespaces',
    'services',
    'events',
    'configmaps',
    'endpoints',
    'serviceaccounts',
    'persistentvolumes',
    'persistentvolumeclaims',
    'replicationcontrollers',
    'resourcequotas',
    'limitranges',
  ],
  apps: ['deployments', 'daemonsets', 'replicasets', 'statefulsets', 'controllerrevisions'],
  batch: ['jobs', 'cronjobs'],
  autoscaling: ['horizontalpodautoscalers'],
  policy: ['poddisruptionbudgets'],
  'networking.k8s.io': ['ingresses', 'networkpolicies', 'ingressclasses'],
  'discovery.k8s.io': ['endpointslices'],
  'storage.k8s.io': ['storageclasses', 'volumeattachments', 'csinodes', 'csidrivers'],
  'rbac.authorization.k8s.io': ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
  'apiextensions.k8s.io': ['customresourcedefinitions'],
  'scheduling.k8s.io': ['priorityclasses'],
  'coordination.k8s.io': ['leases'],
};

export function groupName(resource: string, id: string): string {
  const found = Object.entries(groupOf).find(([, resources]) => resources.includes(resource));
  if (found === undefined) {
    throw new Problem('OBS-1302', `the API group of “${resource}” is not known`, { where: id });
  }
  return found[0];
}
