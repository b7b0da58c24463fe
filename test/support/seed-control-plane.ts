/**
 * The control plane of the seeded cluster, with names and labels as Kubernetes 1.35, etcd 3.6 and
 * CoreDNS 1.12 give them: leases are slow and fail, a webhook rejects, a queue does not empty, and
 * etcd is nearly full.
 */
import type { ScrapedTarget } from './seed-scraped.ts';

/** Requests of each kind a second, and how long each takes. */
export const apiRequests = [
  { verb: 'GET', resource: 'pods', code: '200', perSecond: 12, seconds: 0.004 },
  { verb: 'LIST', resource: 'pods', code: '200', perSecond: 2, seconds: 0.3 },
  { verb: 'WATCH', resource: 'pods', code: '200', perSecond: 1, seconds: 45 },
  { verb: 'PATCH', resource: 'nodes', code: '200', perSecond: 3, seconds: 0.02 },
  { verb: 'PUT', resource: 'leases', code: '200', perSecond: 8, seconds: 0.02 },
  { verb: 'PUT', resource: 'leases', code: '409', perSecond: 0.5, seconds: 0.02 },
  { verb: 'PUT', resource: 'leases', code: '504', perSecond: 0.5, seconds: 1.5 },
] as const;

const about = { component: 'apiserver', group: '', version: 'v1', scope: 'resource' } as const;
const process = (mebibytes: number, cores: number) =>
  ({
    gauges: [['process_resident_memory_bytes', {}, mebibytes * 2 ** 20]],
    counters: [['process_cpu_seconds_total', {}, cores]],
  }) as const;

const apiServer: ScrapedTarget = {
  job: 'kube-apiserver',
  instance: '10.0.0.10:6443',
  counters: [
    ...apiRequests.map(
      ({ verb, resource, code, perSecond }) =>
        [
          'apiserver_request_total',
          { ...about, verb, resource, code, subresource: '', dry_run: '' },
          perSecond,
        ] as const,
    ),
    [
      'apiserver_flowcontrol_rejected_requests_total',
      { flow_schema: 'service-accounts', priority_level: 'workload-low', reason: 'queue-full' },
      0.2,
    ],
    [
      'apiserver_admission_webhook_rejection_count',
      {
        name: 'policy.shop.example',
        type: 'validating',
        operation: 'CREATE',
        error_type: 'no_error',
      },
      0.05,
    ],
    ['workqueue_adds_total', { name: 'AvailableConditionController' }, 0.1],
    ['workqueue_retries_total', { name: 'AvailableConditionController' }, 0],
    ...process(900, 0.6).counters,
  ],
  gauges: [
    ['apiserver_current_inflight_requests', { request_kind: 'readOnly' }, 6],
    ['apiserver_current_inflight_requests', { request_kind: 'mutating' }, 2],
    ['apiserver_storage_objects', { resource: 'pods' }, 14],
    ['apiserver_storage_objects', { resource: 'events' }, 5200],
    ['workqueue_depth', { name: 'AvailableConditionController' }, 0],
    ...process(900, 0.6).gauges,
  ],
  histograms: [
    ...apiRequests.map(
      ({ verb, resource, perSecond, code, seconds }) =>
        [
          'apiserver_request_duration_seconds',
          // The histogram has no code; the one that failed is of another scope.
          { ...about, verb, resource, scope: code === '504' ? 'namespace' : `as ${code}` },
          perSecond,
          seconds,
        ] as const,
    ),
    ['etcd_request_duration_seconds', { operation: 'get', resource: 'pods', group: '' }, 9, 0.003],
    [
      'etcd_request_duration_seconds',
      { operation: 'update', resource: 'leases', group: '' },
      9,
      0.02,
    ],
  ],
};

const scheduler: ScrapedTarget = {
  job: 'kube-scheduler',
  instance: '10.0.0.10:10259',
  counters: [
    [
      'scheduler_schedule_attempts_total',
      { profile: 'default-scheduler', result: 'scheduled' },
      0.1,
    ],
    [
      'scheduler_schedule_attempts_total',
      { profile: 'default-scheduler', result: 'unschedulable' },
      0.05,
    ],
    ...process(80, 0.02).counters,
  ],
  gauges: [
    ...(['active', 'backoff', 'gated', 'unschedulable'] as const).map(
      (queue) => ['scheduler_pending_pods', { queue }, queue === 'unschedulable' ? 2 : 0] as const,
    ),
    ...process(80, 0.02).gauges,
  ],
  histograms: [
    [
      'scheduler_scheduling_attempt_duration_seconds',
      { profile: 'default-scheduler', result: 'scheduled' },
      0.1,
      0.004,
    ],
  ],
};

const controllerManager: ScrapedTarget = {
  job: 'kube-controller-manager',
  instance: '10.0.0.10:10257',
  counters: [
    ['workqueue_adds_total', { name: 'deployment' }, 0.4],
    ['workqueue_retries_total', { name: 'deployment' }, 0],
    ['workqueue_adds_total', { name: 'garbage_collector_attempt_to_delete' }, 3],
    ['workqueue_retries_total', { name: 'garbage_collector_attempt_to_delete' }, 2],
    ...process(120, 0.05).counters,
  ],
  gauges: [
    ['workqueue_depth', { name: 'deployment' }, 0],
    ['workqueue_depth', { name: 'garbage_collector_attempt_to_delete' }, 140],
    ...process(120, 0.05).gauges,
  ],
};

const etcd: ScrapedTarget = {
  job: 'etcd',
  instance: '10.0.0.10:2381',
  counters: [
    ['etcd_server_leader_changes_seen_total', {}, 0],
    ['etcd_server_proposals_failed_total', {}, 0],
    ...process(200, 0.1).counters,
  ],
  gauges: [
    ['etcd_server_has_leader', {}, 1],
    ['etcd_mvcc_db_total_size_in_bytes', {}, 1.8e9],
    ['etcd_server_quota_backend_bytes', {}, 2e9],
    ...process(200, 0.1).gauges,
  ],
  histograms: [
    ['etcd_disk_wal_fsync_duration_seconds', {}, 12, 0.004],
    ['etcd_disk_backend_commit_duration_seconds', {}, 10, 0.02],
  ],
};

const zone = { server: 'dns://:53', zone: '.', view: '' } as const;
const coredns: ScrapedTarget = {
  job: 'coredns',
  instance: '10.1.0.5:9153',
  counters: [
    ['coredns_dns_requests_total', { ...zone, proto: 'udp', family: '1', type: 'A' }, 40],
    ['coredns_dns_responses_total', { ...zone, rcode: 'NOERROR', plugin: 'kubernetes' }, 25],
    ['coredns_dns_responses_total', { ...zone, rcode: 'NXDOMAIN', plugin: 'kubernetes' }, 15],
    ['coredns_cache_hits_total', { ...zone, type: 'success', zones: '.' }, 30],
    ['coredns_cache_misses_total', { ...zone, zones: '.' }, 10],
    ...process(60, 0.03).counters,
  ],
  gauges: [...process(60, 0.03).gauges],
  histograms: [['coredns_dns_request_duration_seconds', zone, 40, 0.001]],
};

export const controlPlaneTargets: readonly ScrapedTarget[] = [
  apiServer,
  scheduler,
  controllerManager,
  etcd,
  coredns,
];
