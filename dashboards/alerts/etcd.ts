/**
 * Rules about etcd. What is too much, for how long and how grave is what etcd's own mixin says
 * (etcd-io/etcd, contrib/mixin/alerts).
 */
import { gauge } from '../../clickhouse/schema/metrics.ts';
import type { ControlPlaneName } from '../../presets/control-plane/metrics.ts';
import { columnsOf } from '../vocabulary/sql.ts';
import { type AlertRule, defineRule } from './rule.ts';
import { attributeOf, growth, histogramLevel, newest, type RuleSql, ruleSql } from './rule-sql.ts';

const g = columnsOf(gauge);

const cluster = attributeOf(g.ResourceAttributes, 'k8s.cluster.name');
const member = attributeOf(g.ResourceAttributes, 'service.instance.id');
const labels = { cluster, member } as const;

const common = {
  group: 'control-plane',
  source: 'etcd',
  dashboard: 'controlPlane',
  keep_firing_for: '5m',
} as const;

const ofMember = {
  ...common,
  labels: ['cluster', 'member'],
  scope: ['cluster', 'member'],
} as const;

export function etcdRules(): readonly AlertRule[] {
  return [noLeader(), leaderChanges(), proposalsFailed(), databaseFull(), fsync(), commit()];
}

function noLeader(): AlertRule {
  const has = newest({ metric: 'etcd_server_has_leader', kind: 'gauge', over: 'min', labels });
  return defineRule({
    ...ofMember,
    id: 'etcd-no-leader',
    title: 'A member of etcd has no leader',
    summary: 'etcd member {member} of {cluster} knows no leader',
    description:
      'It can neither read nor write. Without a majority of members the API server stands still:' +
      ' what runs goes on, and nothing changes any more.',
    rows: ruleSql`SELECT cluster, member, level AS value FROM ${has}`,
    threshold: { below: 1 },
    unit: 'count',
    window: '5m',
    for: '1m',
    severity: 'critical',
    runbook: 'etcd-no-leader',
    panel: 'Without a leader',
  });
}

/** Every member sees the same changes: the most that one of them saw. */
function leaderChanges(): AlertRule {
  const seen = growth({ metric: 'etcd_server_leader_changes_seen_total', labels });
  return defineRule({
    ...common,
    id: 'etcd-leader-changes',
    title: 'etcd changes its leader again and again',
    summary: 'etcd of {cluster} changed its leader {value} in 15 minutes',
    description:
      'While members vote nothing is written. Mostly the disk or the network of a member is too' +
      ' slow for its heartbeats: look at the write times of each.',
    labels: ['cluster'],
    scope: ['cluster'],
    rows: ruleSql`
      SELECT cluster, max(changes) AS value
      FROM (SELECT cluster, member, sum(grown) AS changes FROM ${seen} GROUP BY cluster, member)
      GROUP BY cluster`,
    threshold: { above: 3 },
    unit: 'times',
    window: '15m',
    for: '5m',
    severity: 'warning',
    runbook: 'etcd-no-leader',
  });
}

function proposalsFailed(): AlertRule {
  const failed = growth({ metric: 'etcd_server_proposals_failed_total', labels });
  return defineRule({
    ...ofMember,
    id: 'etcd-proposals-failed',
    title: 'Writes to etcd fail',
    summary: 'etcd member {member} of {cluster} fails {value} proposals',
    description:
      'Each write is proposed to all members; it fails while there is no leader or no majority.' +
      ' Users see it as errors of the API server.',
    rows: ruleSql`
      SELECT cluster, member, sum(rate) AS value
      FROM (
        SELECT cluster, member, series, sum(grown) / sum(elapsed) AS rate
        FROM ${failed} GROUP BY cluster, member, series
      )
      GROUP BY cluster, member`,
    threshold: { above: 5 },
    unit: 'per_second',
    window: '15m',
    for: '15m',
    severity: 'warning',
    runbook: 'etcd-no-leader',
  });
}

function databaseFull(): AlertRule {
  const of = (metric: ControlPlaneName<'gauge'>): RuleSql =>
    newest({ metric, kind: 'gauge', over: 'max', labels });
  return defineRule({
    ...ofMember,
    id: 'etcd-database-full',
    title: 'The database of etcd is nearly full',
    summary: 'the database of etcd member {member} of {cluster} is {value} full',
    description:
      'At its quota etcd refuses every write until somebody makes room and clears the alarm: then' +
      ' no pod starts anywhere. Compact and defragment now.',
    rows: ruleSql`
      SELECT cluster, member, size.level / quota.level AS value
      FROM ${of('etcd_mvcc_db_total_size_in_bytes')} AS size
      INNER JOIN ${of('etcd_server_quota_backend_bytes')} AS quota USING (cluster, member)
      WHERE quota.level > 0`,
    threshold: { above: 0.95 },
    unit: 'ratio',
    window: '5m',
    for: '10m',
    severity: 'critical',
    runbook: 'etcd-database-full',
    panel: 'etcd quota used',
  });
}

/** Writes of five minutes below which the slowest 1 % is one write. */
const writesMin = 30;

const slowDisk = {
  ...ofMember,
  unit: 'seconds',
  window: '5m',
  for: '10m',
  severity: 'warning',
  runbook: 'etcd-slow-disk',
  panel: 'etcd p99 of disk writes',
} as const;

const slowest = (metric: ControlPlaneName<'histogram'>): RuleSql => ruleSql`
      SELECT cluster, member, level AS value
      FROM ${histogramLevel({ metric, labels, share: 0.99, valuesMin: writesMin })}`;

function fsync(): AlertRule {
  return defineRule({
    ...slowDisk,
    id: 'etcd-fsync',
    title: 'The disk of etcd is slow to sync',
    summary: 'the slowest 1 % of syncs of etcd member {member} of {cluster} take {value}',
    description:
      'etcd syncs its log before it answers a write, so every write of the cluster waits for this' +
      ' disk. Near the heartbeat of its members it loses its leader.',
    rows: slowest('etcd_disk_wal_fsync_duration_seconds'),
    threshold: { above: 0.5 },
  });
}

function commit(): AlertRule {
  return defineRule({
    ...slowDisk,
    id: 'etcd-commit',
    title: 'The database of etcd is slow to commit',
    summary: 'the slowest 1 % of commits of etcd member {member} of {cluster} take {value}',
    description:
      'etcd writes what came into its database several times a second. Slow commits are a slow' +
      ' disk, or a database that is large and full of holes.',
    rows: slowest('etcd_disk_backend_commit_duration_seconds'),
    threshold: { above: 0.25 },
  });
}
