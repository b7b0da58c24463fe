/** `render --explain rbac`: every rule of every account, and why it is there. */
import { agentRules } from '../../k8s/agent.ts';
import type { KubernetesObject, RbacRule } from '../../k8s/objects.ts';
import { namespaceOf, type Place } from '../../k8s/place.ts';
import type { RuleWithReason } from '../../k8s/rbac.ts';
import type { BuiltAgent } from '../../presets/agents/agent.ts';

export type ExplainedAccount = {
  /** `namespace/name` of the ServiceAccount. */
  readonly account: string;
  readonly rules: readonly RuleWithReason[];
};

/** The rights of a Job are few and the same for every stack. */
const reasonsOfJobs: Readonly<Record<string, string>> = {
  credentials: 'makes Secrets that are absent; a right to create cannot be bound to names',
};

/** Every ServiceAccount among `objects`, in their order, with its rules. */
export function explainedAccounts(
  objects: readonly KubernetesObject[],
  agents: readonly BuiltAgent[],
  place: Place,
): readonly ExplainedAccount[] {
  const known = new Map<string, readonly RuleWithReason[]>();
  const key = (namespace: string, name: string) => `${namespace}/${place.stack}-${name}`;
  for (const { workload, programs } of agents) {
    known.set(key(namespaceOf(workload, place), workload.name), agentRules(workload, place));
    for (const { name, rules } of programs) known.set(key(place.agentsNamespace, name), rules);
  }
  return objects
    .filter(({ kind }) => kind === 'ServiceAccount')
    .map(({ metadata }) => {
      const account = `${metadata.namespace}/${metadata.name}`;
      return { account, rules: known.get(account) ?? boundRules(objects, metadata.name, place) };
    });
}

/** What the roles of the account's name say, where no configuration was read for them. */
function boundRules(
  objects: readonly KubernetesObject[],
  account: string,
  place: Place,
): readonly RuleWithReason[] {
  const reason = reasonsOfJobs[account.slice(place.stack.length + 1)] ?? 'set by its preset';
  return objects.flatMap((object) => {
    if (object.kind !== 'Role' && object.kind !== 'ClusterRole') return [];
    if (object.metadata.name !== account) return [];
    const { namespace } = object.metadata;
    const place = namespace === undefined ? {} : { namespace };
    return object.rules.map((rule: RbacRule) => ({ ...rule, ...place, reason }));
  });
}

export function explainRbac(accounts: readonly ExplainedAccount[]): string {
  return accounts.map(paragraph).join('\n');
}

function paragraph({ account, rules }: ExplainedAccount): string {
  const head = `ServiceAccount ${account}\n`;
  if (rules.length === 0) return `${head}  no rights; its pods get no token\n`;
  return `${head}${rules.map(ruleLines).join('')}`;
}

function ruleLines(rule: RuleWithReason): string {
  const place = rule.namespace === undefined ? '' : ` in namespace ${rule.namespace}`;
  return `  ${rule.verbs.join(', ')} ${targetOf(rule)}${place}\n    because ${rule.reason}\n`;
}

function targetOf(rule: RuleWithReason): string {
  if (rule.nonResourceURLs !== undefined) return rule.nonResourceURLs.join(', ');
  const group = rule.apiGroups?.find((name) => name !== '') ?? '';
  const resources = (rule.resources ?? []).map((name) =>
    group === '' ? name : `${name}.${group}`,
  );
  const names = rule.resourceNames === undefined ? '' : ` named ${rule.resourceNames.join(', ')}`;
  return `${resources.join(', ')}${names}`;
}
