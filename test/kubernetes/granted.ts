/**
 * What an account may do: as the API server says it, and as the rendered roles say it. Both as
 * words, one right each, so that sets can be compared.
 */
import type { JsonObject } from '../../core/json.ts';
import type { KubernetesObject, RbacRule } from '../../k8s/objects.ts';
import type { ControlPlane } from '../support/kubernetes.ts';

export type Account = { readonly namespace: string; readonly name: string };

export type KnownResource = { readonly group: string; readonly resource: string };

const questionsAtOnce = 16;
export const everyVerb: readonly string[] = [
  ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
];

/** Every account that was rendered. */
export function accountsOf(objects: readonly KubernetesObject[]): readonly Account[] {
  return objects.flatMap(({ kind, metadata }) =>
    kind === 'ServiceAccount' ? [{ namespace: metadata.namespace ?? '', name: metadata.name }] : [],
  );
}

/** Rules that rendered bindings give the account there; an empty namespace: the whole cluster. */
export function computedRules(
  objects: readonly KubernetesObject[],
  account: Account,
  namespace: string,
): readonly RbacRule[] {
  return objects.flatMap((binding) => {
    if (binding.kind !== 'ClusterRoleBinding' && binding.kind !== 'RoleBinding') return [];
    const { subjects, roleRef, metadata } = binding;
    if (metadata.namespace !== undefined && metadata.namespace !== namespace) return [];
    const bound = subjects.some(
      (subject) => subject.name === account.name && subject.namespace === account.namespace,
    );
    if (!bound) return [];
    return objects.flatMap((role) => {
      const same = role.kind === roleRef.kind && role.metadata.name === roleRef.name;
      const here = role.kind !== 'Role' || role.metadata.namespace === metadata.namespace;
      return same && here && 'rules' in role ? role.rules : [];
    });
  });
}

/** What the API server lists for the account itself. */
export async function grantedRules(
  cluster: ControlPlane,
  account: Account,
  namespace: string,
): Promise<readonly RbacRule[]> {
  const token = await cluster.tokenOf(account.namespace, account.name);
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview' };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
  const answer = await cluster.ask('POST', path, { ...review, spec: { namespace } }, token);
  const status = answer.body['status'] as {
    resourceRules: RbacRule[];
    nonResourceRules: RbacRule[];
    incomplete: boolean;
  };
  if (status.incomplete) throw new Error('the list is not whole');
  return [...status.resourceRules, ...status.nonResourceRules];
}

/** One word a right, sorted. */
export function rightsOf(rules: readonly RbacRule[]): readonly string[] {
  const rights = rules.flatMap((rule) => {
    const names = rule.resourceNames ?? [''];
    const objects = (rule.apiGroups ?? ['']).flatMap((group) =>
      (rule.resources ?? []).flatMap((resource) =>
        (names.length === 0 ? [''] : names).map((name) => `${group}/${resource} ${name}`),
      ),
    );
    const paths = (rule.nonResourceURLs ?? []).map((path) => `path ${path}`);
    return [...objects, ...paths].flatMap((what) => rule.verbs.map((verb) => `${verb} ${what}`));
  });
  return [...new Set(rights)].sort();
}

/** All that can be asked for by name: resources and their parts, of every group. */
export async function knownResources(cluster: ControlPlane): Promise<readonly KnownResource[]> {
  const groups = await cluster.ask('GET', '/apis');
  const list = groups.body['groups'] as {
    name: string;
    preferredVersion: { groupVersion: string };
  }[];
  const paths = [
    ['', '/api/v1'],
    ...list.map(({ name, preferredVersion }) => [name, `/apis/${preferredVersion.groupVersion}`]),
  ];
  const found: KnownResource[] = [];
  for (const [group = '', path = ''] of paths) {
    const { body } = await cluster.ask('GET', path);
    const resources = body['resources'] as { name: string }[];
    found.push(...resources.map(({ name }) => ({ group, resource: name })));
  }
  return found;
}

/** Asks one by one, for every verb on every resource; gives those that are allowed, sorted. */
export async function allowedRights(
  cluster: ControlPlane,
  account: Account,
  namespace: string,
  resources: readonly KnownResource[],
): Promise<readonly string[]> {
  const { name, namespace: home } = account;
  const open = resources.flatMap((known) => everyVerb.map((verb) => ({ verb, ...known })));
  const allowed: string[] = [];
  const worker = async (): Promise<void> => {
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [resource = '', subresource = ''] = next.resource.split('/');
      const { verb, group } = next;
      const attributes: JsonObject = { namespace, verb, group, resource, subresource };
      const groups = ['system:serviceaccounts', `system:serviceaccounts:${home}`];
      const spec = {
        user: `system:serviceaccount:${home}:${name}`,
        groups: [...groups, 'system:authenticated'],
        resourceAttributes: attributes,
      };
      const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
      const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
      const { body } = await cluster.ask('POST', path, review);
      const { allowed: yes } = body['status'] as { allowed: boolean };
      if (yes) allowed.push(`${verb} ${group}/${next.resource} `);
    }
  };
  await Promise.all(Array.from({ length: questionsAtOnce }, worker));
  return allowed.sort();
}
