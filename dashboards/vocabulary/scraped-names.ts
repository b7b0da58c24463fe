/**
 * Names that presets read from others' Prometheus pages. The names come from the presets: what a
 * preset does not keep cannot be used in a panel. The labels are those that panels split by.
 */
import type { CniName } from '../../presets/cni/metrics.ts';
import type { ControlPlaneName } from '../../presets/control-plane/metrics.ts';

export type ScrapedCounter = ControlPlaneName<'counter'> | CniName<'counter'>;
export type ScrapedGauge = ControlPlaneName<'gauge'> | CniName<'gauge'>;
export type ScrapedHistogram = ControlPlaneName<'histogram'> | CniName<'histogram'>;
export type ScrapedMetric = ScrapedCounter | ScrapedGauge | ScrapedHistogram;

/** Of each metric that has some; each program gives more. */
const labels = {
  apiserver_request_total: ['verb', 'resource', 'code'],
  apiserver_request_duration_seconds: ['verb', 'resource'],
  apiserver_current_inflight_requests: ['request_kind'],
  apiserver_flowcontrol_rejected_requests_total: ['priority_level', 'reason'],
  apiserver_admission_webhook_rejection_count: ['name'],
  apiserver_storage_objects: ['resource'],
  etcd_request_duration_seconds: ['operation'],
  workqueue_depth: ['name'],
  workqueue_adds_total: ['name'],
  workqueue_retries_total: ['name'],
  scheduler_pending_pods: ['queue'],
  scheduler_schedule_attempts_total: ['result'],
  coredns_dns_responses_total: ['rcode'],
  cilium_endpoint_state: ['endpoint_state'],
  cilium_drop_count_total: ['direction', 'reason'],
  cilium_forward_count_total: ['direction'],
  cilium_bpf_map_pressure: ['map_name'],
  awscni_ipamd_error_count: ['fn'],
  awscni_ec2api_req_count: ['fn'],
  awscni_ec2api_error_count: ['fn'],
} as const satisfies Partial<Record<ScrapedMetric, readonly string[]>>;

/** A label that `Metric` has. */
export type LabelOf<Metric extends ScrapedMetric> = Metric extends keyof typeof labels
  ? (typeof labels)[Metric][number]
  : never;

/** By metric, for tests that hold them against what programs really say. */
export const scrapedLabels: Readonly<Record<string, readonly string[]>> = labels;
