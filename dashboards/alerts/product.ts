/**
 * Alerts over the tables of a snapshot, by queries of the user's own. A snapshot knows nothing of
 * what came after it: a query has `as_of`, the moment at which the newest good run began, in the
 * place of now(), so that an old snapshot never looks like silence. That it is old is told by a
 * second rule.
 */
import { snapshotRuns } from '../../clickhouse/schema/snapshots.ts';
import { columnsOf } from '../vocabulary/sql.ts';
import type { ProductAlert } from './product-config.ts';
import {
  type AlertRule,
  defineRule,
  durationMs,
  type RuleDuration,
  type Threshold,
} from './rule.ts';
import { literal, type RuleSql, ruleSql, subquery, tableName } from './rule-sql.ts';
import { snapshotRuleCommon } from './snapshots.ts';

const r = columnsOf(snapshotRuns);
const runs = tableName(snapshotRuns);

export function productRules(alerts: readonly ProductAlert[]): readonly AlertRule[] {
  return alerts.flatMap((alert) => [figure(alert), stale(alert)]);
}

function figure(alert: ProductAlert): AlertRule {
  const { name, snapshot, query, severity, summary } = alert;
  return defineRule({
    ...snapshotRuleCommon,
    id: `product-${name}`,
    title: `Product: ${name}`,
    summary,
    description:
      alert.description ??
      'A figure of the product is not where it should be. Its query and its limit are in the' +
        ' stack file, under alerts.product; it looks at the tables as of the newest good run.',
    // Without a good run nothing is known: the number of empty tables would be a false one. What
    // is no number cannot be multiplied.
    rows: ruleSql`
      WITH (${asOf(snapshot)}) AS as_of
      SELECT ${literal(snapshot)} AS snapshot, 1 * (
      ${subquery(query)}
      ) AS value
      WHERE as_of > toDateTime64(0, 3)`,
    threshold: thresholdOf(alert),
    unit: 'count',
    // The schema of the file has the same form.
    for: alert.for as RuleDuration,
    keep_firing_for: '0s',
    severity,
    runbook: 'product-alert',
  });
}

/** Since the newest good run, and not longer than the window where there is none. */
function stale({ name, snapshot, max_age }: ProductAlert): AlertRule {
  return defineRule({
    ...snapshotRuleCommon,
    id: `stale-${name}`,
    title: `Product: ${name} stands on an old snapshot`,
    summary: `the snapshot {snapshot} is {value} old, so nobody knows about ${name}`,
    description:
      'The product alert of that name sees the tables as they were then, and cannot tell what' +
      ' came since. Look why the snapshot does not run; a rule that is silent meanwhile means' +
      ' nothing.',
    rows: ruleSql`
      SELECT ${literal(snapshot)} AS snapshot, dateDiff('second',
        greatest((${asOf(snapshot)}), toDateTime64($__fromTime, 3)),
        toDateTime64($__toTime, 3)) AS value`,
    threshold: { above: durationMs(max_age as RuleDuration) / 1_000 },
    unit: 'seconds',
    for: '0s',
    keep_firing_for: '0s',
    severity: 'warning',
    runbook: 'snapshot-old',
  });
}

/** When the newest good run began: its point in time is a little later, so nothing is missing. */
function asOf(snapshot: string): RuleSql {
  return ruleSql`SELECT max(${r.Started}) FROM ${runs}
        WHERE $__timeFilter(${r.Time}) AND ${r.Snapshot} = ${literal(snapshot)}
          AND ${r.Result} = 'ok'`;
}

function thresholdOf({ below, above }: ProductAlert): Threshold {
  return below === undefined ? { above: above ?? 0 } : { below };
}
