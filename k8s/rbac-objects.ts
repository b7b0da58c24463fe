/** A service account and what binds computed rules to it: the fewest roles that hold them. */
import type { Part } from './labels.ts';
import { metadata, outsideMetadata } from './labels.ts';
import type { KubernetesObject } from './objects.ts';
import { plainRules, type RuleWithReason } from './rbac.ts';

export function accountObjects(
  part: Part,
  namespace: string,
  rules: readonly RuleWithReason[],
): readonly KubernetesObject[] {
  const own = metadata(part, namespace);
  const subjects = [{ kind: 'ServiceAccount', name: own.name, namespace }] as const;
  const ref = (kind: 'ClusterRole' | 'Role', name: string) =>
    ({ apiGroup: 'rbac.authorization.k8s.io', kind, name }) as const;
  const objects: KubernetesObject[] = [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: own,
      automountServiceAccountToken: false,
    },
  ];
  const everywhere = rules.filter((rule) => rule.namespace === undefined);
  if (everywhere.length > 0) {
    const apiVersion = 'rbac.authorization.k8s.io/v1';
    const cluster = outsideMetadata(part, namespace);
    objects.push(
      { apiVersion, kind: 'ClusterRole', metadata: cluster, rules: plainRules(everywhere) },
      {
        apiVersion,
        kind: 'ClusterRoleBinding',
        metadata: cluster,
        roleRef: ref('ClusterRole', cluster.name),
        subjects,
      },
    );
  }
  const namespaces = new Set(rules.flatMap((rule) => rule.namespace ?? []));
  for (const target of namespaces) {
    const apiVersion = 'rbac.authorization.k8s.io/v1';
    const there = target === namespace ? own : outsideMetadata(part, namespace, target);
    const inside = rules.filter((rule) => rule.namespace === target);
    objects.push(
      { apiVersion, kind: 'Role', metadata: there, rules: plainRules(inside) },
      {
        apiVersion,
        kind: 'RoleBinding',
        metadata: there,
        roleRef: ref('Role', there.name),
        subjects,
      },
    );
  }
  return objects;
}
