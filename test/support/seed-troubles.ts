/**
 * An hour of five clusters, for rules over counters, gauges and histograms: in `steady` the trouble
 * begins after twenty minutes and stays; in `spike` it lasts a minute; in `quiet` it stays but is
 * of very few events; in `reset` all is well, old trouble is in the counters, and they begin again;
 * in `calm` there is none.
 */
import { gaugeRow, type Labels, seconds, sumRow } from './seed-points.ts';

export type { Labels } from './seed-points.ts';

export type Trouble = {
  readonly rule: string;
  /** The service; the host or the pod of a machine's metrics is named after the cluster. */
  readonly job?: string;
  /** Name, labels, growth a second when all is well and in trouble. */
  readonly counters?: readonly (readonly [string, Labels, calm: number, trouble: number])[];
  readonly gauges?: readonly (readonly [
    string,
    Labels,
    calm: number | ((minute: number) => number),
    trouble: number,
  ])[];
  /** Name, labels, values a second, what each is when all is well and in trouble. */
  readonly histograms?: readonly (readonly [
    string,
    Labels,
    perSecond: number,
    calm: number,
    trouble: number,
  ])[];
  /** Whether a few events are too few to judge. */
  readonly needsMany?: boolean;
};

const api = 'kube-apiserver';
const card = { device: 'eth0', direction: 'receive' };
const durations = 'apiserver_request_duration_seconds';

export const troubles: readonly Trouble[] = [
  {
    rule: 'host-network',
    needsMany: true,
    counters: [
      ['system.network.packets', card, 100, 100],
      ['system.network.errors', card, 0.1, 5],
      ['system.network.dropped', card, 0, 0],
    ],
  },
  {
    rule: 'pod-network',
    counters: [['k8s.pod.network.errors', { interface: 'eth0', direction: 'receive' }, 0.1, 3]],
  },
  { rule: 'control-plane-down', job: 'etcd', gauges: [['up', {}, 1, 0]] },
  {
    rule: 'apiserver-errors',
    job: api,
    needsMany: true,
    counters: [
      ['apiserver_request_total', { verb: 'GET', code: '200' }, 20, 20],
      ['apiserver_request_total', { verb: 'GET', code: '404' }, 5, 5],
      ['apiserver_request_total', { verb: 'WATCH', code: '504' }, 5, 5],
      ['apiserver_request_total', { verb: 'PUT', code: '500' }, 0.1, 2],
    ],
  },
  {
    rule: 'apiserver-slow',
    job: api,
    needsMany: true,
    histograms: [
      [durations, { verb: 'GET', scope: 'resource' }, 20, 0.004, 2],
      [durations, { verb: 'LIST', scope: 'cluster' }, 5, 9, 9],
      [durations, { verb: 'WATCH', scope: 'cluster' }, 5, 50, 50],
    ],
  },
  { rule: 'etcd-no-leader', job: 'etcd', gauges: [['etcd_server_has_leader', {}, 1, 0]] },
  {
    rule: 'etcd-leader-changes',
    job: 'etcd',
    counters: [['etcd_server_leader_changes_seen_total', {}, 0, 0.03]],
  },
  {
    rule: 'etcd-proposals-failed',
    job: 'etcd',
    counters: [['etcd_server_proposals_failed_total', {}, 1, 10]],
  },
  {
    rule: 'etcd-database-full',
    job: 'etcd',
    gauges: [
      ['etcd_mvcc_db_total_size_in_bytes', {}, 1.8e9, 1.95e9],
      ['etcd_server_quota_backend_bytes', {}, 2e9, 2e9],
    ],
  },
  ...[
    ['etcd-fsync', 'etcd_disk_wal_fsync_duration_seconds'],
    ['etcd-commit', 'etcd_disk_backend_commit_duration_seconds'],
  ].map(
    ([rule = '', name = '']): Trouble => ({
      ...{ rule, job: 'etcd', needsMany: true },
      histograms: [[name, {}, 10, 0.004, 1]],
    }),
  ),
  {
    rule: 'scheduler-pending',
    job: 'kube-scheduler',
    gauges: [
      ['scheduler_pending_pods', { queue: 'unschedulable' }, 0, 3],
      ['scheduler_pending_pods', { queue: 'gated' }, 9, 9],
    ],
  },
  {
    rule: 'workqueue-deep',
    job: 'kube-controller-manager',
    // Deep for minutes, and then empty again: it keeps up.
    gauges: [
      ['workqueue_depth', { name: 'deployment' }, (minute) => (minute % 10 === 0 ? 0 : 500), 150],
    ],
  },
  {
    rule: 'coredns-errors',
    job: 'coredns',
    needsMany: true,
    counters: [
      ['coredns_dns_responses_total', { rcode: 'NOERROR' }, 40, 40],
      ['coredns_dns_responses_total', { rcode: 'NXDOMAIN' }, 30, 30],
      ['coredns_dns_responses_total', { rcode: 'SERVFAIL' }, 0.1, 2],
    ],
  },
  {
    rule: 'coredns-slow',
    job: 'coredns',
    needsMany: true,
    histograms: [['coredns_dns_request_duration_seconds', { zone: '.' }, 40, 0.004, 0.4]],
  },
  {
    rule: 'cilium-drops',
    job: 'cilium-agent',
    needsMany: true,
    counters: [
      ['cilium_forward_count_total', { direction: 'EGRESS' }, 900, 900],
      ['cilium_drop_count_total', { direction: 'EGRESS', reason: 'Policy denied' }, 50, 50],
      ['cilium_drop_count_total', { direction: 'EGRESS', reason: 'FIB lookup failed' }, 1, 20],
    ],
  },
  {
    rule: 'cilium-bpf-map',
    job: 'cilium-agent',
    gauges: [['cilium_bpf_map_pressure', { map_name: 'ct4_global' }, 0.4, 0.97]],
  },
  {
    rule: 'cilium-unreachable',
    job: 'cilium-agent',
    gauges: [['cilium_unreachable_nodes', {}, 0, 1]],
  },
  {
    rule: 'calico-dataplane',
    job: 'calico-felix',
    counters: [['felix_int_dataplane_failures', {}, 0, 0.1]],
  },
  {
    rule: 'aws-cni-no-address',
    job: 'aws-node',
    counters: [['awscni_no_available_ip_addresses', {}, 0, 0.1]],
  },
  {
    rule: 'aws-cni-errors',
    job: 'aws-node',
    counters: [['awscni_ipamd_error_count', { fn: 'increaseIPPool' }, 0.005, 0.1]],
  },
];

const stepSeconds = 30;
/** When trouble begins and ends, in minutes. */
const times: Readonly<Record<string, (minute: number) => boolean>> = {
  steady: (minute) => minute >= 20,
  spike: (minute) => minute >= 30 && minute < 31,
  quiet: (minute) => minute >= 20,
  reset: () => false,
  calm: () => false,
};
const resetMinute = 40;
/** How much there is in `quiet` of what there is elsewhere, and old trouble in `reset`. */
const quietShare = 0.003;
const oldCount = 50_000;

const bounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Rows by table; times count from `startMs`, `minutes` long. */
export function troubledPoints(startMs: number, minutes: number) {
  const rows: Record<string, object[]> = {
    otel_metrics_sum: [],
    otel_metrics_gauge: [],
    otel_metrics_histogram: [],
  };
  for (const trouble of troubles) {
    for (const place of Object.keys(times)) {
      if (place === 'quiet' && trouble.needsMany !== true) continue;
      tell(trouble, place, { startMs, minutes }, (table, row) => rows[table]?.push(row));
    }
  }
  return rows;
}

type Range = { readonly startMs: number; readonly minutes: number };
type Put = (table: string, row: object) => void;

function tell(trouble: Trouble, place: string, { startMs, minutes }: Range, put: Put): void {
  const { job = '', counters = [], gauges = [], histograms = [] } = trouble;
  const resource = resourceOf(place);
  const share = place === 'quiet' ? quietShare : 1;
  const old: number = place === 'reset' ? oldCount : 0;
  let sums = counters.map(() => old);
  let buckets = histograms.map(() => bounds.map(() => old));
  let beganMs = startMs - 3_600_000;
  for (let step = 0; step <= (minutes * 60) / stepSeconds; step += 1) {
    const minute = (step * stepSeconds) / 60;
    const atMs = startMs + minute * 60_000;
    const isTrouble = times[place]?.(minute) ?? false;
    if (place === 'reset' && minute === resetMinute) {
      [sums, buckets] = [counters.map(() => 0), histograms.map(() => bounds.map(() => 0))];
      beganMs = atMs - 1000;
    }
    for (const [index, [name, labels, calm, bad]] of counters.entries()) {
      sums[index] = (sums[index] ?? 0) + (isTrouble ? bad : calm) * share * stepSeconds;
      const value = sums[index] ?? 0;
      put('otel_metrics_sum', sumRow(job, resource, name, beganMs, atMs, value, labels, true));
    }
    for (const [name, labels, calm, bad] of gauges) {
      const well = typeof calm === 'number' ? calm : calm(Math.floor(minute));
      put(
        'otel_metrics_gauge',
        gaugeRow(job, resource, name, atMs, isTrouble ? bad : well, labels),
      );
    }
    for (const [index, [name, labels, perSecond, calm, bad]] of histograms.entries()) {
      const counts = buckets[index] ?? [];
      const slot = bounds.findIndex((bound) => (isTrouble ? bad : calm) <= bound);
      counts[slot] = (counts[slot] ?? 0) + Math.round(perSecond * share * stepSeconds);
      put('otel_metrics_histogram', {
        ...gaugeRow(job, resource, name, atMs, 0, labels),
        Value: undefined,
        StartTimeUnix: seconds(beganMs),
        AggregationTemporality: 2,
        Count: counts.reduce((sum, count) => sum + count),
        Sum: 0,
        BucketCounts: [...counts, 0],
        ExplicitBounds: bounds,
      });
    }
  }
}

function resourceOf(place: string): Labels {
  return {
    'k8s.cluster.name': place,
    'k8s.namespace.name': place,
    'k8s.pod.name': 'web-0',
    'k8s.node.name': 'node-1',
    'host.name': place,
    'service.instance.id': '10.0.0.10:2381',
  };
}
