/**
 * The vocabulary of alert rules. A rule is data: what it watches as SQL over the schema, when that
 * is too much, for how long, and what to do then. Grafana (`grafana.ts`) and `evaluate.ts` read the
 * same definition.
 */
import { assert } from '../../core/assert.ts';
import { parseDurationMs } from '../../core/units.ts';
import type { DashboardKey } from '../vocabulary/links.ts';
import type { SourceId } from '../vocabulary/sources.ts';
import type { ProductRuleId, RuleId } from './config.ts';
import { joined, literal, type RuleSql, ruleSql } from './rule-sql.ts';

/** As Grafana and Prometheus write it, one unit. */
export type RuleDuration = `${number}${'s' | 'm' | 'h'}`;

export type Severity = 'critical' | 'warning';

/** What the number of a rule is, for people. */
export type RuleUnit = 'ratio' | 'seconds' | 'days' | 'times' | 'count' | 'per_second';

export type RuleGroupId =
  | 'slo'
  | 'gateway'
  | 'clickhouse'
  | 'services'
  | 'hosts'
  | 'kubernetes'
  | 'control-plane'
  | 'cni'
  | 'snapshots';

/** `above` fires while the value is greater than the number, `below` while it is smaller. */
export type Threshold =
  | { readonly above: number; readonly below?: never }
  | { readonly below: number; readonly above?: never };

export type RuleSpec<Label extends string> = {
  /** `obsctl-` and this is the uid. */
  readonly id: RuleId | ProductRuleId;
  readonly group: RuleGroupId;
  readonly title: string;
  /** One sentence for the message, with `{label}` and `{value}`. */
  readonly summary: string;
  /** What it says and what to do. */
  readonly description: string;
  /** Columns that tell one alert from another; each is text. */
  readonly labels: readonly Label[];
  /** A query with the labels and a column `value`; rows without a finite value are left out. */
  readonly rows: RuleSql;
  /** Labels that a glob is compared with, joined by `/`; thresholds can be overridden by it. */
  readonly scope: readonly NoInfer<Label>[];
  readonly threshold: Threshold;
  readonly unit: RuleUnit;
  /** How far back the query looks. */
  readonly window: RuleDuration;
  readonly for: RuleDuration;
  readonly keep_firing_for: RuleDuration;
  readonly severity: Severity;
  /** Which data it needs. */
  readonly source: SourceId;
  /** `docs/runbooks/<runbook>.md`. */
  readonly runbook: string;
  /** Where to look: the dashboard, and the panel that shows the same. */
  readonly dashboard: DashboardKey;
  readonly panel?: string;
};

export type AlertRule = Omit<RuleSpec<string>, 'rows' | 'id'> & {
  /** Of the list, or one of these and a suffix for an overridden threshold. */
  readonly id: string;
  readonly uid: string;
  /** The labels as text and one number, the worst first. */
  readonly sql: RuleSql;
};

/** Grafana's limit of a uid and of a title. */
const uidLengthMax = 40;
const titleLengthMax = 190;

/** Alerts of one rule; a fault of a whole cluster has one cause and not ten thousand. */
const rowsMax = 500;

/** A rule; throws when its text does not fit its columns, which is a fault of ours. */
export function defineRule<const Label extends string>(spec: RuleSpec<Label>): AlertRule {
  const { rows, ...rest } = spec;
  return finish({ ...rest, sql: shaped(rows, spec) });
}

/** The same rule for the rows whose scope passes `filter`, under another id and threshold. */
export function narrowed(
  rule: AlertRule,
  filter: RuleSql,
  change: { readonly id: string; readonly title: string; readonly threshold: Threshold },
): AlertRule {
  const sql = ruleSql`SELECT * FROM (\n${rule.sql}\n) WHERE ${filter}`;
  return finish({ ...rule, ...change, sql });
}

/** The text that globs of overrides are compared with: `namespace/pod`. */
export function scopeSql(rule: Pick<AlertRule, 'scope'>): RuleSql {
  const [first, ...others] = rule.scope.map((label) => name(label));
  assert(first !== undefined, 'a rule that can be overridden has a scope');
  return others.reduce((text, label) => ruleSql`concat(${text}, '/', ${label})`, first);
}

/** `for` and its like in milliseconds. */
export function durationMs(duration: RuleDuration): number {
  const ms = parseDurationMs(duration);
  assert(ms !== undefined, `${duration} is a duration`);
  return ms;
}

function finish(rule: Omit<AlertRule, 'uid'>): AlertRule {
  const uid = `obsctl-${rule.id}`;
  assert(/^[a-z][a-z0-9-]*$/.test(rule.id), `${rule.id} is kebab-case`);
  assert(uid.length <= uidLengthMax, `${uid} is a uid for Grafana`);
  assert(rule.title.length <= titleLengthMax, `${rule.title} is a title for Grafana`);
  for (const [, word] of rule.summary.matchAll(/\{(\w+)\}/g)) {
    const known = word === 'value' || rule.labels.includes(word ?? '');
    assert(known, `{${word}} in the summary of ${rule.id} is a label or the value`);
  }
  // A ConfigMap has to hold them; no text of ours holds a line break.
  const sql = rule.sql.replace(/\n +/g, '\n ') as RuleSql;
  return { ...rule, uid, sql };
}

function shaped<Label extends string>(rows: RuleSql, spec: RuleSpec<Label>): RuleSql {
  const columns = spec.labels.map((label) => ruleSql`toString(${name(label)}) AS ${name(label)}`);
  const list = joined([...columns, ruleSql`toFloat64(value) AS value`], ', ');
  const order = spec.threshold.below === undefined ? ruleSql`DESC` : ruleSql`ASC`;
  return ruleSql`SELECT ${list} FROM (\n${rows}\n) AS found
WHERE isFinite(value) ORDER BY value ${order} LIMIT ${rowsMax}`;
}

/** A label is an identifier of SQL, so it needs no quotes. */
function name(label: string): RuleSql {
  assert(/^[a-z][a-z_]*$/.test(label), `${label} is a label`);
  const quoted = literal(label);
  return quoted.slice(1, -1) as RuleSql;
}
