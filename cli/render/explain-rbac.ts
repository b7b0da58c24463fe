/** `render --explain rbac`: every rule of every account, and why it is there. */
import type { RuleWithReason } from '../../k8s/rbac.ts';

export type ExplainedAccount = {
  /** `namespace/name` of the ServiceAccount. */
  readonly account: string;
  readonly rules: readonly RuleWithReason[];
};

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
