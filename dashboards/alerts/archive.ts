/** Rules about the archive of a gateway: that there is room, and that it is written. */
import { gauge } from '../../clickhouse/schema/metrics.ts';
import { columnsOf } from '../vocabulary/sql.ts';
import { type AlertRule, defineRule } from './rule.ts';
import { attributeOf, newest, ruleSql } from './rule-sql.ts';

const g = columnsOf(gauge);
const labels = { gateway: attributeOf(g.ResourceAttributes, 'service.instance.id') };
const size = { metric: 'obsctl.gateway.archive.size', kind: 'gauge', labels } as const;
/** 0 without an archive. */
const limit = { metric: 'obsctl.gateway.archive.limit', kind: 'gauge', labels } as const;
const lag = { metric: 'obsctl.gateway.archive.lag', kind: 'gauge', over: 'max', labels } as const;

const common = {
  group: 'gateway',
  source: 'gateway_metrics',
  dashboard: 'gateway',
  labels: ['gateway'],
  scope: ['gateway'],
  runbook: 'gateway-archive',
  panel: 'Archive on disk and its limit',
} as const;

export function archiveRules(): readonly AlertRule[] {
  return [archiveFill(), archiveLag()];
}

function archiveFill(): AlertRule {
  return defineRule({
    ...common,
    id: 'gateway-archive-size',
    title: 'The archive fills up',
    summary: 'the archive of {gateway} is {value} full',
    description:
      'Files that nobody took away are kept. When they take what they may, the log keeps what' +
      ' comes, and when that is full, senders are told to come back. Ship or remove files.',
    rows: ruleSql`
      SELECT gateway, size.level / limits.level AS value
      FROM ${newest(size)} AS size INNER JOIN ${newest(limit)} AS limits USING (gateway)
      WHERE limits.level > 0`,
    threshold: { above: 0.8 },
    unit: 'ratio',
    window: '5m',
    for: '2m',
    keep_firing_for: '5m',
    severity: 'critical',
  });
}

function archiveLag(): AlertRule {
  return defineRule({
    ...common,
    id: 'gateway-archive-lag',
    title: 'The archive is behind',
    summary: 'the oldest item that is in no file of {gateway} waits since {value}',
    description:
      'Files close after ten minutes by default. Older items are in the log and safe, but the' +
      ' archive has no room or its disk fails; the log grows meanwhile.',
    rows: ruleSql`
      SELECT gateway, behind.level AS value
      FROM ${newest(lag)} AS behind INNER JOIN ${newest(limit)} AS limits USING (gateway)
      WHERE limits.level > 0`,
    threshold: { above: 3600 },
    unit: 'seconds',
    window: '5m',
    for: '5m',
    keep_firing_for: '5m',
    severity: 'warning',
  });
}
