/** Rules about the gateway: what waits, what is lost, whether it takes anything at all. */
import { gauge } from '../../clickhouse/schema/metrics.ts';
import { gatewayServiceName } from '../../gateway/telemetry/catalog.ts';
import { columnsOf } from '../vocabulary/sql.ts';
import { type AlertRule, defineRule } from './rule.ts';
import {
  attributeOf,
  byMinute,
  growth,
  literal,
  newest,
  type RuleLevels,
  ruleSql,
  tableName,
} from './rule-sql.ts';

const g = columnsOf(gauge);

/** Which gateway of several. */
const gateway = attributeOf(g.ResourceAttributes, 'service.instance.id');
const labels = { gateway };

const common = {
  group: 'gateway',
  source: 'gateway_metrics',
  dashboard: 'gateway',
} as const;

const logSize = { metric: 'obsctl.gateway.wal.size', kind: 'gauge', labels } as const;
const logLimit = { metric: 'obsctl.gateway.wal.limit', kind: 'gauge', labels } as const;

export function gatewayRules(): readonly AlertRule[] {
  return [lag(), logFill(), logFullSoon(), dropped(), parked(), unready(), silent(), certificate()];
}

function lag(): AlertRule {
  const spec: RuleLevels = { metric: 'obsctl.gateway.lag', kind: 'gauge', over: 'max', labels };
  return defineRule({
    ...common,
    id: 'gateway-lag',
    title: 'Items wait for ClickHouse',
    summary: 'the oldest item on {gateway} waits for ClickHouse since {value}',
    description:
      'Items are on disk and safe, but ClickHouse does not take them, or more slowly than they' +
      ' come. Repair ClickHouse; the backlog drains by itself.',
    labels: ['gateway'],
    scope: ['gateway'],
    rows: ruleSql`SELECT gateway, level AS value FROM ${newest(spec)}`,
    threshold: { above: 300 },
    unit: 'seconds',
    window: '5m',
    for: '2m',
    keep_firing_for: '5m',
    severity: 'warning',
    runbook: 'clickhouse-is-away',
    panel: 'Lag',
  });
}

function logFill(): AlertRule {
  return defineRule({
    ...common,
    id: 'gateway-log-size',
    title: 'The write-ahead log fills up',
    summary: 'the log of {gateway} is {value} full',
    description:
      'When the log is full, senders are told to come back later; nothing that was answered is' +
      ' lost. Find out why ClickHouse does not take it, or give the log more room.',
    labels: ['gateway'],
    scope: ['gateway'],
    rows: ruleSql`
      SELECT gateway, size.level / limits.level AS value
      FROM ${newest(logSize)} AS size INNER JOIN ${newest(logLimit)} AS limits USING (gateway)
      WHERE limits.level > 0`,
    threshold: { above: 0.8 },
    unit: 'ratio',
    window: '5m',
    for: '2m',
    keep_firing_for: '5m',
    severity: 'critical',
    runbook: 'clickhouse-is-away',
    panel: 'Log on disk and its limit',
  });
}

/** A straight line through the log's size; under 5 % of its limit the log only breathes. */
function logFullSoon(): AlertRule {
  return defineRule({
    ...common,
    id: 'gateway-log-full-soon',
    title: 'The disk of the gateway will not last an hour',
    summary: 'the log of {gateway} is full in {value} if it goes on growing like this',
    description:
      'The write-ahead log has grown steadily for half an hour and will reach its limit. Bring' +
      ' ClickHouse back or give the log more room before senders are told to come back.',
    labels: ['gateway'],
    scope: ['gateway'],
    rows: ruleSql`
      SELECT gateway, room / growth AS value
      FROM (
        SELECT gateway, simpleLinearRegression(toUnixTimestamp(time), level).1 AS growth
        FROM ${byMinute(logSize)} GROUP BY gateway HAVING count() >= 15
      ) AS trend
      INNER JOIN (
        SELECT gateway, greatest(0, limits.level - size.level) AS room,
          size.level / limits.level AS used
        FROM ${newest(logSize)} AS size INNER JOIN ${newest(logLimit)} AS limits USING (gateway)
        WHERE limits.level > 0
      ) AS rest USING (gateway)
      WHERE growth >= 1 AND used >= 0.05`,
    threshold: { below: 3600 },
    unit: 'seconds',
    window: '30m',
    for: '5m',
    keep_firing_for: '5m',
    severity: 'critical',
    runbook: 'clickhouse-is-away',
    panel: 'Disk lasts for',
  });
}

function dropped(): AlertRule {
  const reason = attributeOf(g.Attributes, 'reason');
  const spec = { metric: 'obsctl.gateway.dropped.items', labels: { ...labels, reason } } as const;
  return defineRule({
    ...common,
    id: 'gateway-dropped',
    title: 'Answered items did not reach ClickHouse',
    summary: '{value} items of {gateway} will not reach ClickHouse by themselves: {reason}',
    description:
      'Rows are in the dead letter, or the log is damaged. obsctl inspect shows them with the' +
      ' reason, obsctl replay sends them again once the cause is gone.',
    labels: ['gateway', 'reason'],
    scope: ['gateway', 'reason'],
    rows: ruleSql`
      SELECT gateway, reason, greatest(0, sum(grown)) AS value FROM ${growth(spec)}
      GROUP BY gateway, reason`,
    threshold: { above: 0 },
    unit: 'count',
    window: '10m',
    for: '0s',
    keep_firing_for: '15m',
    severity: 'critical',
    runbook: 'gateway-dropped',
    panel: 'Dead letters of this time range',
  });
}

function parked(): AlertRule {
  const table = attributeOf(g.Attributes, 'table');
  return defineRule({
    ...common,
    id: 'gateway-parked',
    title: 'One table takes no rows',
    summary: 'rows for {table} wait in {value} lanes while other tables take theirs',
    description:
      'A view behind the table fails, or the table is missing. The log of the gateway has the' +
      ' message of ClickHouse; repair that, and the rows follow by themselves.',
    labels: ['table'],
    scope: ['table'],
    rows: ruleSql`SELECT table, level AS value
      FROM ${newest({ metric: 'obsctl.gateway.parked.lanes', kind: 'gauge', labels: { table } })}`,
    threshold: { above: 0 },
    unit: 'count',
    window: '5m',
    for: '10m',
    keep_firing_for: '5m',
    severity: 'warning',
    runbook: 'clickhouse-is-away',
    panel: 'Tables that take no rows now',
  });
}

function unready(): AlertRule {
  const cause = attributeOf(g.Attributes, 'cause');
  const spec = { metric: 'obsctl.gateway.unready', kind: 'gauge', over: 'max' } as const;
  return defineRule({
    ...common,
    id: 'gateway-unready',
    title: 'The gateway does not accept requests',
    summary: '{gateway} tells senders to come back: {cause}',
    description:
      'Senders keep what they have as long as their own queues last. The cause says what to do:' +
      ' disk_budget is a full log, disk_error a disk that fails, lane_stopped a fault of ours.',
    labels: ['gateway', 'cause'],
    scope: ['gateway', 'cause'],
    rows: ruleSql`SELECT gateway, cause, level AS value
      FROM ${newest({ ...spec, labels: { ...labels, cause } })}`,
    threshold: { above: 0 },
    unit: 'count',
    window: '5m',
    for: '2m',
    keep_firing_for: '2m',
    severity: 'critical',
    runbook: 'gateway-unready',
    panel: 'Turned away, by reason',
  });
}

/** All gateways together: one that was scaled away is no fault. */
function silent(): AlertRule {
  return defineRule({
    ...common,
    id: 'gateway-silent',
    title: 'No gateway reports',
    summary: '{gateway} has not reported for {value}',
    description:
      'No gateway wrote its own metrics. Either none runs, or none reaches ClickHouse: then lag' +
      ' and log size would be seen only at the gateway itself. Ask its /readyz.',
    labels: ['gateway'],
    scope: ['gateway'],
    rows: ruleSql`
      SELECT ${g.ServiceName} AS gateway, dateDiff('second', max(${g.TimeUnix}), $__toTime) AS value
      FROM ${tableName(gauge)}
      WHERE ${g.MetricName} = 'obsctl.gateway.ready' AND $__timeFilter(${g.TimeUnix})
        AND ${g.ServiceName} = ${literal(gatewayServiceName)}
      GROUP BY gateway`,
    threshold: { above: 180 },
    unit: 'seconds',
    window: '24h',
    for: '1m',
    keep_firing_for: '2m',
    severity: 'critical',
    runbook: 'gateway-silent',
  });
}

function certificate(): AlertRule {
  const spec = {
    metric: 'obsctl.gateway.tls.not_after',
    kind: 'gauge',
    over: 'min',
    labels,
    filter: ruleSql`${g.Value} > 0`,
  } as const;
  return defineRule({
    ...common,
    id: 'gateway-certificate',
    title: 'The certificate of the gateway ends soon',
    summary: 'the certificate of {gateway} is valid for another {value}',
    description:
      'When it ends, senders that check it cannot connect. Put a new one where the old one is;' +
      ' the gateway reads it without a restart.',
    labels: ['gateway'],
    scope: ['gateway'],
    rows: ruleSql`
      SELECT gateway, (level - toUnixTimestamp($__toTime)) / 86400 AS value FROM ${newest(spec)}`,
    threshold: { below: 14 },
    unit: 'days',
    window: '5m',
    for: '10m',
    keep_firing_for: '10m',
    severity: 'warning',
    runbook: 'gateway-certificate',
    panel: 'Certificate lasts for',
  });
}
