/** Globs over the scope of a rule, and thresholds that they override. */
import { createHash } from 'node:crypto';
import { Problem } from '../../core/problem.ts';
import type { RuleId } from './config.ts';
import { globForm } from './config-kit.ts';
import { type AlertRule, narrowed, scopeSql, type Threshold } from './rule.ts';
import { joined, literal, type RuleSql, ruleSql } from './rule-sql.ts';

export type Override = {
  readonly rule: RuleId;
  /** Over the scope of the rule: `checkout`, `payments/*`; `*` and `?` as in a shell. */
  readonly match: string;
  /** In the unit of the rule. */
  readonly threshold: number;
};

/** Whether `text` fits the glob, as SQL. `text` is SQL too, the name of a column perhaps. */
export function like(text: RuleSql, glob: string): RuleSql {
  if (!globForm.test(glob)) {
    throw new Problem('OBS-4020', `the glob ${JSON.stringify(glob)} cannot be used in a rule`);
  }
  const pattern = glob
    .replace(/[%_\\]/g, (sign) => `\\${sign}`)
    .replaceAll('*', '%')
    .replaceAll('?', '_');
  return ruleSql`${text} LIKE ${literal(pattern)}`;
}

/**
 * The rule, and one more for each override: what a glob fits is watched with its threshold and
 * by no other, so that an alert always shows the figure that it is measured with. The first
 * override that fits counts.
 */
export function withOverrides(
  rule: AlertRule,
  overrides: readonly Override[],
): readonly AlertRule[] {
  const own = overrides.filter((override) => override.rule === rule.id);
  if (own.length === 0) return [rule];
  const fits = own.map(({ match }) => like(scopeSql(rule), match));
  const no = (until: number): readonly RuleSql[] =>
    fits.slice(0, until).map((fit) => ruleSql`NOT (${fit})`);
  const kept = (filters: readonly RuleSql[]): RuleSql => joined(filters, ' AND ');
  const { id, title, threshold } = rule;
  const rest = narrowed(rule, kept(no(own.length)), { id, title, threshold });
  const others = own.map((override, index) =>
    narrowed(rule, kept([...no(index), fits[index] ?? ruleSql`0`]), {
      id: `${id}-${shortHash(override.match)}`,
      title: `${title} (${override.match})`,
      threshold: withNumber(threshold, override.threshold),
    }),
  );
  return [rest, ...others];
}

function withNumber(threshold: Threshold, number: number): Threshold {
  return threshold.below === undefined ? { above: number } : { below: number };
}

/** The same glob gives the same uid, wherever it stands in the list. */
function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 6);
}
