/**
 * The rules as Grafana has them, in two shapes that differ: what its HTTP API takes
 * ({@link ruleGroups}) and what it reads from a file ({@link provisioningText}).
 *
 * A query is a table with labels and one number, so the threshold stands on it directly. Texts use
 * `.Labels` and `.Values`, never `$labels`: Grafana puts its environment into the dollar signs of
 * the annotations of a file, but leaves those of a query alone.
 */
import * as alerting from '@grafana/grafana-foundation-sdk/alerting';
import { TypeThresholdBuilder } from '@grafana/grafana-foundation-sdk/expr';
import { stringify } from 'yaml';
import { assert } from '../../core/assert.ts';
import { dashboards } from '../catalog.ts';
import { dataSourceBase } from '../data-source.ts';
import { dashboardUids } from '../vocabulary/links.ts';
import { ClickHouseQueryBuilder } from '../vocabulary/query.ts';
import { ruleIntervalMs } from './evaluate.ts';
import { managedBy } from './routing/grafana.ts';
import { type AlertRule, durationMs, type RuleUnit } from './rule.ts';

export type GrafanaRuleOptions = {
  /** A variable is not resolved in a rule, so this is the real one. */
  readonly datasourceUid?: string;
  /** Uid of the folder, for the API. */
  readonly folderUid?: string;
  /** Title of the folder, for a file. */
  readonly folder?: string;
  /** Where `docs/runbooks/` can be read, for the link in a message. */
  readonly runbooksUrl?: string;
};

/** A group as `PUT /api/v1/provisioning/folder/…/rule-groups/…` takes it. */
export type RuleGroupJson = Omit<alerting.RuleGroup, 'rules'> & {
  readonly title: string;
  readonly folderUid: string;
  readonly rules: readonly alerting.Rule[];
};

/** As the data source of `docs/guide/grafana.md` and of the rendered Grafana is called. */
export const defaultDatasourceUid: string = dataSourceBase.uid;
const defaultFolder = 'obsctl';

const intervalSeconds = ruleIntervalMs / 1000;
const maxDataPoints = 43_200;
const expressions = '__expr__';

/** Every group with its rules, always the same for the same rules. */
export function ruleGroups(
  rules: readonly AlertRule[],
  options: GrafanaRuleOptions = {},
): readonly RuleGroupJson[] {
  const folderUid = options.folderUid ?? defaultFolder;
  const ids = [...new Set(rules.map(({ group }) => group))];
  // Built once: they cost more than all rules together.
  const boards = dashboards();
  return ids.map((id) => {
    const title = `obsctl-${id}`;
    const builder = new alerting.RuleGroupBuilder(title)
      .folderUid(folderUid)
      .interval(intervalSeconds);
    for (const rule of rules.filter(({ group }) => group === id)) {
      const one = ruleBuilder(rule, boards, options);
      builder.withRule(one.folderUID(folderUid).ruleGroup(title).orgID(1));
    }
    return JSON.parse(JSON.stringify(builder.build()));
  });
}

/** The file of `provisioning/alerting/` that brings every rule. */
export function provisioningText(
  rules: readonly AlertRule[],
  options: GrafanaRuleOptions = {},
): string {
  const groups = ruleGroups(rules, options).map((group) => ({
    orgId: 1,
    name: group.title,
    folder: options.folder ?? defaultFolder,
    interval: `${intervalSeconds}s`,
    rules: group.rules.map(fileRule),
  }));
  // Grafana reads YAML 1.1. A ConfigMap has to hold the file, and half of it would be indentation.
  return stringify({ apiVersion: 1, groups }, { lineWidth: 0, version: '1.1', indent: 1 });
}

/**
 * The same as several files where one would be too large; a group is never split, because Grafana
 * takes each from one file.
 */
export function provisioningTexts(
  rules: readonly AlertRule[],
  options: GrafanaRuleOptions,
  bytesMax: number,
): readonly string[] {
  const bytesOf = (some: readonly AlertRule[]): number =>
    Buffer.byteLength(provisioningText(some, options));
  const files: AlertRule[][] = [[]];
  for (const own of Map.groupBy(rules, ({ group }) => group).values()) {
    const last = files.at(-1) ?? [];
    if (last.length === 0 || bytesOf([...last, ...own]) <= bytesMax) last.push(...own);
    else files.push([...own]);
  }
  return files.map((some) => provisioningText(some, options));
}

/** The file's key for `keep_firing_for` is another one; group and folder stand above the rule. */
export function fileRule(rule: alerting.Rule): object {
  const { keep_firing_for: keepFiringFor, folderUID, ruleGroup, orgID, ...rest } = rule;
  return { ...rest, keepFiringFor, isPaused: false };
}

type Boards = ReturnType<typeof dashboards>;

function ruleBuilder(
  rule: AlertRule,
  boards: Boards,
  options: GrafanaRuleOptions,
): alerting.RuleBuilder {
  const range = { from: durationMs(rule.window) / 1000, to: 0 };
  const datasourceUid = options.datasourceUid ?? defaultDatasourceUid;
  const server = { datasourceUid, intervalMs: ruleIntervalMs, maxDataPoints };
  return (
    new alerting.RuleBuilder(rule.title)
      .uid(rule.uid)
      .condition('B')
      .withQuery(
        new alerting.QueryBuilder('A')
          .datasourceUid(datasourceUid)
          .relativeTimeRange(range)
          .model(new ClickHouseQueryBuilder('A', 'table', rule.sql, { server })),
      )
      .withQuery(
        new alerting.QueryBuilder('B')
          .datasourceUid(expressions)
          .relativeTimeRange(range)
          .model(thresholdBuilder(rule)),
      )
      // No row is nothing bad; a query that fails must not look like that.
      .noDataState('OK')
      .execErrState('Error')
      .forDuration(rule.for)
      .keepFiringFor(rule.keep_firing_for)
      .labels({ severity: rule.severity, rule: rule.id, [managedBy.label]: managedBy.value })
      .annotations(annotationsOf(rule, boards, options))
  );
}

function thresholdBuilder(rule: AlertRule): TypeThresholdBuilder {
  const { above, below } = rule.threshold;
  const evaluator =
    below === undefined
      ? { type: 'gt' as const, params: [above] }
      : { type: 'lt' as const, params: [below] };
  return new TypeThresholdBuilder()
    .refId('B')
    .datasource({ type: expressions, uid: expressions })
    .expression('A')
    .conditions([{ evaluator }]);
}

function annotationsOf(
  rule: AlertRule,
  boards: Boards,
  { runbooksUrl }: GrafanaRuleOptions,
): Record<string, string> {
  const page = `${rule.runbook}.md`;
  return {
    summary: templateOf(rule),
    description: rule.description,
    ...(runbooksUrl === undefined
      ? { runbook: `docs/runbooks/${page}` }
      : { runbook_url: `${runbooksUrl.replace(/\/$/, '')}/${page}` }),
    __dashboardUid__: dashboardUids[rule.dashboard],
    ...(rule.panel === undefined ? {} : { __panelId__: String(panelId(rule, boards, rule.panel)) }),
  };
}

const value = '(index .Values "A").Value';
const formats: Readonly<Record<RuleUnit, string>> = {
  ratio: `{{ humanizePercentage ${value} }}`,
  seconds: `{{ humanizeDuration ${value} }}`,
  days: `{{ printf "%.1f" ${value} }} days`,
  times: `{{ printf "%.1f" ${value} }} times`,
  count: `{{ printf "%.4g" ${value} }}`,
  per_second: `{{ printf "%.3g" ${value} }} a second`,
};

function templateOf(rule: AlertRule): string {
  return rule.summary.replace(/\{(\w+)\}/g, (_, word: string) =>
    word === 'value' ? formats[rule.unit] : `{{ index .Labels "${word}" }}`,
  );
}

function panelId(rule: AlertRule, boards: Boards, title: string): number {
  const board = boards.find(({ uid }) => uid === dashboardUids[rule.dashboard]);
  const panel = board?.panels.find((one) => one.title === title && one.type !== 'row');
  assert(panel !== undefined, `${rule.id} names a panel of ${rule.dashboard}: ${title}`);
  return panel.id;
}
