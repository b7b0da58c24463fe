/** Rules about deployments: one that does not get on, and one at a time when none was expected. */
import { stuckSeconds } from '../deployments/rows.ts';
import { type DeploymentWindow, weekdays } from './config.ts';
import { like } from './globs.ts';
import { type AlertRule, defineRule } from './rule.ts';
import { deployments, joined, literal, type RuleSql, ruleSql } from './rule-sql.ts';

const common = {
  group: 'kubernetes',
  labels: ['cluster', 'namespace', 'workload', 'image_before', 'image_after'],
  scope: ['namespace', 'workload'],
  severity: 'warning',
  source: 'kubernetes_state',
  dashboard: 'deployments',
  panel: 'Deployments',
} as const;

const labelled = ruleSql`cluster, namespace, workload, image_before, image_after`;

/** `deployment-unexpected` is there only where somebody declared when deployments are expected. */
export function deploymentRules(windows: readonly DeploymentWindow[]): readonly AlertRule[] {
  return [stuck(), ...(windows.length === 0 ? [] : [unexpected(windows)])];
}

function stuck(): AlertRule {
  return defineRule({
    ...common,
    id: 'deployment-stuck',
    title: 'A deployment does not get on',
    summary: '{namespace}/{workload}: {image_before} → {image_after} has not moved for {value}',
    description:
      'No new pod became ready and no old one left. The old pods still serve, so users may not' +
      ' notice: look at why the new ones do not start, or roll back.',
    rows: ruleSql`
      SELECT ${labelled}, max(waits) AS value FROM ${deployments()} GROUP BY ${labelled}`,
    threshold: { above: stuckSeconds },
    unit: 'seconds',
    window: '2h',
    for: '0s',
    keep_firing_for: '2m',
    runbook: 'deployment-stuck',
  });
}

/**
 * It fires as long as the deployment lies in the window, then it is over by itself. The labels say
 * which one: the same change again within that time is not told twice.
 */
function unexpected(windows: readonly DeploymentWindow[]): AlertRule {
  return defineRule({
    ...common,
    id: 'deployment-unexpected',
    title: 'A deployment at a time when none was expected',
    summary: '{namespace}/{workload} was deployed unexpectedly: {image_before} → {image_after}',
    description:
      'The pods of the workload are of another revision than before, a rollback too, and no' +
      ' declared window was open when that began. Ask who did it; more or fewer pods do not fire.',
    rows: ruleSql`
      SELECT ${labelled}, count() AS value FROM ${deployments()}
      WHERE NOT (${joined(windows.map(isOpen), ' OR ')})
      GROUP BY ${labelled}`,
    threshold: { above: 0 },
    unit: 'count',
    window: '1h',
    for: '0s',
    keep_firing_for: '0s',
    runbook: 'deployment-unexpected',
  });
}

/** Whether the window is open at `started`, on the clock of its time zone. */
function isOpen({ days, from, to, timezone, match }: DeploymentWindow): RuleSql {
  const zone = literal(timezone);
  const minute = ruleSql`toHour(started, ${zone}) * 60 + toMinute(started, ${zone})`;
  const day = ruleSql`toDayOfWeek(started, 0, ${zone})`;
  const numbers = days.map((name) => weekdays.indexOf(name) + 1);
  const on = (wanted: readonly number[]): RuleSql =>
    ruleSql`${day} IN (${joined(
      wanted.map((number) => ruleSql`${number}`),
      ', ',
    )})`;
  const [opens, closes] = [minutesOf(from), minutesOf(to)];
  const nextDays = numbers.map((number) => (number % 7) + 1);
  const open =
    opens < closes
      ? ruleSql`${on(numbers)} AND ${minute} >= ${opens} AND ${minute} < ${closes}`
      : ruleSql`(${on(numbers)} AND ${minute} >= ${opens}
        OR ${on(nextDays)} AND ${minute} < ${closes})`;
  return ruleSql`(${open} AND ${like(ruleSql`concat(namespace, '/', workload)`, match)})`;
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}
