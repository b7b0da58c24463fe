/** What a change of a Kubernetes object may cost, by kind and field: the risk notes of a diff. */
import type { Risk } from './collector-changes.ts';
import { type Manifest, valueAt } from './manifest.ts';
import type { FieldChange } from './walk.ts';

/** Fields that the API server refuses to change, by kind, as prefixes of paths. */
const immutable: Readonly<Record<string, readonly string[]>> = {
  DaemonSet: ['spec.selector'],
  Deployment: ['spec.selector'],
  StatefulSet: [
    'spec.selector',
    'spec.serviceName',
    'spec.podManagementPolicy',
    'spec.volumeClaimTemplates',
  ],
  Job: ['spec.selector', 'spec.template'],
  ClusterRoleBinding: ['roleRef'],
  RoleBinding: ['roleRef'],
  Service: ['spec.clusterIP'],
};

/** How to get past a refusal, where the usual way would lose something. */
const wayOut: Readonly<Record<string, string>> = {
  StatefulSet: 'delete it with --cascade=orphan (pods and volumes stay), then apply',
  Job: 'delete the Job, then apply: it runs again',
  ClusterRoleBinding: 'delete the binding, then apply: its pods have no rights in between',
  RoleBinding: 'delete the binding, then apply: its pods have no rights in between',
};

export function risksOfRemoved(object: Manifest): Risk[] {
  const risk = (label: string, text: string): Risk[] => [{ label, text }];
  switch (object.kind) {
    case 'Namespace':
      return risk(
        'deletes-everything',
        'deleting a namespace deletes every object and volume in it',
      );
    case 'StatefulSet':
      return risk('stops-pods', 'its pods stop; its volumes stay, with what is not delivered yet');
    case 'DaemonSet':
    case 'Deployment':
      return risk('stops-pods', 'its pods stop: what they collected is not collected any more');
    case 'CronJob':
      return risk('stops-runs', 'it runs no more, and its finished Jobs go with it');
    case 'PersistentVolumeClaim':
      return risk('loses-data', 'what is on the volume is lost unless its class retains it');
    case 'ClusterRoleBinding':
    case 'RoleBinding':
    case 'ClusterRole':
    case 'Role':
      return risk('takes-rights', 'who is bound by it is refused by the API server from then on');
    case 'NetworkPolicy':
      return risk('opens-network', 'its pods are reachable by everybody from then on');
    case 'PodDisruptionBudget':
      return risk('drains-together', 'a drain of nodes may stop all its pods at once');
    case 'Service':
      return risk('unreachable', 'whoever sends to its name gets no answer any more');
    default:
      return [];
  }
}

export function risksOfAdded(object: Manifest): Risk[] {
  if (object.kind !== 'NetworkPolicy') return [];
  return [{ label: 'closes-network', text: 'what it does not name is refused from then on' }];
}

export function risksOfChanged(
  before: Manifest,
  after: Manifest,
  fields: readonly FieldChange[],
): Risk[] {
  return [
    ...immutableRisks(after.kind, fields),
    ...scaleRisks(before, after),
    ...restartRisks(after.kind, fields),
    ...rightsRisks(after.kind, fields),
    ...namespaceRisks(after.kind, fields),
    ...volumeRisks(before, after),
  ];
}

function immutableRisks(kind: string, fields: readonly FieldChange[]): Risk[] {
  const prefixes = immutable[kind] ?? [];
  const hit = prefixes.filter((prefix) => fields.some(({ path }) => isBelow(path, prefix)));
  return hit.map((prefix) => ({
    label: 'refused',
    text: `the API server refuses to change ${prefix}: ${
      wayOut[kind] ?? 'delete the object, then apply'
    }`,
  }));
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`);
}

function scaleRisks(before: Manifest, after: Manifest): Risk[] {
  const old = valueAt(before, 'spec', 'replicas');
  const now = valueAt(after, 'spec', 'replicas');
  if (after.kind !== 'StatefulSet' || typeof old !== 'number' || typeof now !== 'number') return [];
  const name = after.metadata.name;
  if (name.endsWith('-sampler') && old !== now) {
    return [
      {
        label: 'redraws-ring',
        text: 'traces in flight are split between the old and the new members',
      },
    ];
  }
  if (name.endsWith('-prometheus-agent') && old !== now) {
    return [
      {
        label: 'moves-targets',
        text: 'targets move to other shards: while pods restart one may be scraped twice or not',
      },
    ];
  }
  if (now >= old) return [];
  return [
    {
      label: 'strands-log',
      text: `volumes of replicas ${now} to ${old - 1} stay with what is not delivered: drain first`,
    },
  ];
}

function restartRisks(kind: string, fields: readonly FieldChange[]): Risk[] {
  if (!fields.some(({ path }) => isBelow(path, 'spec.template'))) return [];
  if (kind === 'DaemonSet')
    return [{ label: 'restarts', text: 'restarts the agent of every node' }];
  if (kind === 'Deployment' || kind === 'StatefulSet') {
    return [{ label: 'restarts', text: 'restarts its pods' }];
  }
  return [];
}

function rightsRisks(kind: string, fields: readonly FieldChange[]): Risk[] {
  const isRole = kind === 'ClusterRole' || kind === 'Role';
  const isBinding = kind === 'ClusterRoleBinding' || kind === 'RoleBinding';
  if (!isRole && !isBinding) return [];
  const place = isRole ? 'rules' : 'subjects';
  const touched = fields.filter(({ path }) => isBelow(path, place));
  const found: Risk[] = [];
  if (touched.some(({ before }) => before !== undefined)) {
    found.push({ label: 'takes-rights', text: `${place} are taken away` });
  }
  if (touched.some(({ after }) => after !== undefined)) {
    found.push({ label: 'gives-rights', text: `${place} are added: read them before you apply` });
  }
  return found;
}

function namespaceRisks(kind: string, fields: readonly FieldChange[]): Risk[] {
  const level = fields.find(({ path }) => path.includes('pod-security.kubernetes.io/enforce'));
  if (kind !== 'Namespace' || level === undefined) return [];
  return [
    {
      label: 'pod-security',
      text: 'pods that the new level does not allow are refused when they are made again',
    },
  ];
}

/** A claim that shrinks is refused by every storage class. */
function volumeRisks(before: Manifest, after: Manifest): Risk[] {
  if (after.kind !== 'PersistentVolumeClaim') return [];
  const request = (object: Manifest) => valueAt(object, 'spec', 'resources', 'requests', 'storage');
  if (request(before) === request(after)) return [];
  return [{ label: 'volume', text: 'volumes may only grow, and only where their class allows it' }];
}
