/**
 * Rules about ClickHouse itself. Only system tables that a server and the embedded engine both
 * have; they know the present, so these rules ask it whatever the time.
 */
import { type AlertRule, defineRule } from './rule.ts';
import { joined, literal, ruleSql } from './rule-sql.ts';

const common = {
  group: 'clickhouse',
  source: 'clickhouse',
  dashboard: 'clickhouse',
  keep_firing_for: '10m',
} as const;

/** The clock of ClickHouse need not be that of who asks. */
const bySoon = ruleSql`<= $__toTime + toIntervalHour(1)`;

/** What ClickHouse answers to inserts for want of merges, of disk, or of the right to write. */
const refusals = ['TOO_MANY_PARTS', 'NOT_ENOUGH_SPACE', 'TABLE_IS_READ_ONLY'] as const;

export function clickhouseRules(): readonly AlertRule[] {
  return [parts(), insertsRefused()];
}

/**
 * Of the limit from which ClickHouse slows inserts: a setting of the table, else of the server.
 * 0.3 of the usual 1 000 is where the dashboard, and most alerts that others publish, begin.
 */
function parts(): AlertRule {
  return defineRule({
    ...common,
    id: 'clickhouse-parts',
    title: 'ClickHouse does not keep up with merging',
    summary: '{table} has {value} of the parts from which on ClickHouse slows inserts',
    description:
      'Each insert makes a part, and merging makes fewer of them. At 100 % inserts are slowed,' +
      ' at three times that they are refused; the gateway then keeps on disk what comes.',
    labels: ['table'],
    scope: ['table'],
    rows: ruleSql`
      SELECT table, max(parts) / any(if(own = '', usual, toFloat64OrZero(own))) AS value
      FROM (
        SELECT table, count() AS parts FROM system.parts
        WHERE active AND database = currentDatabase() AND modification_time ${bySoon}
        GROUP BY table, partition_id
      ) AS partitions
      INNER JOIN (
        SELECT name AS table, extract(engine_full, 'parts_to_delay_insert = ([0-9]+)') AS own
        FROM system.tables WHERE database = currentDatabase()
      ) AS limits USING (table)
      CROSS JOIN (
        SELECT toFloat64(any(value)) AS usual
        FROM system.merge_tree_settings WHERE name = 'parts_to_delay_insert'
      ) AS server
      GROUP BY table`,
    threshold: { above: 0.3 },
    unit: 'ratio',
    window: '5m',
    for: '10m',
    severity: 'warning',
    runbook: 'clickhouse-parts',
    panel: 'Parts of a partition',
  });
}

/** By the time of the last one: the counts began when ClickHouse did, and have no history. */
function insertsRefused(): AlertRule {
  const names = joined(
    refusals.map((name) => literal(name)),
    ', ',
  );
  return defineRule({
    ...common,
    id: 'clickhouse-inserts-refused',
    title: 'ClickHouse refuses inserts',
    summary: 'ClickHouse refused again: {error}, {value} since it started',
    description:
      'Too many parts, a full disk or a table that cannot be written. The gateway keeps on disk' +
      ' what was answered and tries again; its log fills up until the cause is gone.',
    labels: ['error'],
    scope: ['error'],
    rows: ruleSql`
      SELECT name AS error, sum(system_errors.value) AS value
      FROM system.errors AS system_errors
      WHERE name IN (${names}) AND last_error_time >= $__fromTime AND last_error_time ${bySoon}
      GROUP BY error`,
    threshold: { above: 0 },
    unit: 'times',
    window: '10m',
    for: '0s',
    severity: 'critical',
    runbook: 'clickhouse-parts',
    panel: 'Errors since ClickHouse started',
  });
}
