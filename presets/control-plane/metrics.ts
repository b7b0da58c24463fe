/**
 * What the preset `control_plane` keeps: what a person asks of a control plane (is it up, fast,
 * refusing, and is its store healthy), out of over ten thousand series.
 */

type ControlPlaneMetric = {
  readonly name: string;
  /** A histogram has several series a name. */
  readonly kind: 'counter' | 'gauge' | 'histogram';
};

export const controlPlaneMetrics = [
  { name: 'apiserver_request_total', kind: 'counter' },
  { name: 'apiserver_request_duration_seconds', kind: 'histogram' },
  { name: 'apiserver_current_inflight_requests', kind: 'gauge' },
  { name: 'apiserver_flowcontrol_rejected_requests_total', kind: 'counter' },
  { name: 'apiserver_storage_objects', kind: 'gauge' },
  { name: 'apiserver_admission_webhook_rejection_count', kind: 'counter' },
  { name: 'etcd_request_duration_seconds', kind: 'histogram' },
  { name: 'rest_client_requests_total', kind: 'counter' },
  { name: 'workqueue_depth', kind: 'gauge' },
  { name: 'workqueue_adds_total', kind: 'counter' },
  { name: 'workqueue_retries_total', kind: 'counter' },
  { name: 'scheduler_pending_pods', kind: 'gauge' },
  { name: 'scheduler_schedule_attempts_total', kind: 'counter' },
  { name: 'scheduler_scheduling_attempt_duration_seconds', kind: 'histogram' },
  { name: 'etcd_server_has_leader', kind: 'gauge' },
  { name: 'etcd_server_leader_changes_seen_total', kind: 'counter' },
  { name: 'etcd_server_proposals_failed_total', kind: 'counter' },
  { name: 'etcd_mvcc_db_total_size_in_bytes', kind: 'gauge' },
  { name: 'etcd_server_quota_backend_bytes', kind: 'gauge' },
  { name: 'etcd_disk_wal_fsync_duration_seconds', kind: 'histogram' },
  { name: 'etcd_disk_backend_commit_duration_seconds', kind: 'histogram' },
  { name: 'coredns_dns_requests_total', kind: 'counter' },
  { name: 'coredns_dns_responses_total', kind: 'counter' },
  { name: 'coredns_dns_request_duration_seconds', kind: 'histogram' },
  { name: 'coredns_cache_hits_total', kind: 'counter' },
  { name: 'coredns_cache_misses_total', kind: 'counter' },
  { name: 'coredns_forward_healthcheck_broken_total', kind: 'counter' },
  { name: 'process_resident_memory_bytes', kind: 'gauge' },
  { name: 'process_cpu_seconds_total', kind: 'counter' },
  { name: 'up', kind: 'gauge' },
] as const satisfies readonly ControlPlaneMetric[];

/** By their kind: dashboards ask of a name only what it can tell. */
export type ControlPlaneName<Kind extends ControlPlaneMetric['kind']> = Extract<
  (typeof controlPlaneMetrics)[number],
  { readonly kind: Kind }
>['name'];

/** Jobs of the preset, which are the services of what they scrape. */
export type ControlPlaneJob =
  | 'kube-apiserver'
  | 'kube-scheduler'
  | 'kube-controller-manager'
  | 'etcd'
  | 'coredns';

/** Expressions over the names of all their series. */
export const controlPlaneSeries: readonly string[] = controlPlaneMetrics.map(({ name, kind }) =>
  kind === 'histogram' ? `${name}.*` : name,
);
