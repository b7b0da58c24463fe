/**
 * Rules about the parts that run a cluster, but etcd. Figures of kubernetes-mixin, of the CoreDNS
 * mixin and of Coroot, each named where it is used; those without a name are ours.
 */
import { gauge } from '../../clickhouse/schema/metrics.ts';
import type { ControlPlaneJob } from '../../presets/control-plane/metrics.ts';
import { columnsOf } from '../vocabulary/sql.ts';
import { type AlertRule, defineRule } from './rule.ts';
import {
  attributeOf,
  byMinute,
  growth,
  histogramLevel,
  joined,
  literal,
  newest,
  ruleSql,
  scrapedLabel,
} from './rule-sql.ts';

const g = columnsOf(gauge);

const cluster = attributeOf(g.ResourceAttributes, 'k8s.cluster.name');

const common = {
  group: 'control-plane',
  dashboard: 'controlPlane',
  keep_firing_for: '5m',
} as const;

const ofCluster = { ...common, labels: ['cluster'], scope: ['cluster'] } as const;

/** Requests of five minutes below which a share or a percentile says nothing. */
const requestsMin = 100;

export function controlPlaneRules(): readonly AlertRule[] {
  return [
    down(),
    apiErrors(),
    apiSlow(),
    schedulerPending(),
    workqueueDeep(),
    dnsErrors(),
    dnsSlow(),
  ];
}

const jobs: readonly ControlPlaneJob[] = [
  'kube-apiserver',
  'kube-scheduler',
  'kube-controller-manager',
  'etcd',
  'coredns',
];

/** kubernetes-mixin: KubeAPIDown, KubeSchedulerDown and their like. */
function down(): AlertRule {
  const ours = joined(
    jobs.map((job) => literal(job)),
    ', ',
  );
  const targets = newest({
    metric: 'up',
    kind: 'gauge',
    over: 'max',
    labels: { cluster, program: ruleSql`${g.ServiceName}` },
    filter: ruleSql`${g.ServiceName} IN (${ours})`,
  });
  return defineRule({
    ...common,
    id: 'control-plane-down',
    title: 'A part of the control plane does not answer',
    summary: 'no {program} of {cluster} can be read',
    description:
      'Every replica of it refuses to be read: it is down, or the agent cannot reach it. What' +
      ' runs goes on without it; nothing new is placed, healed or found by name.',
    labels: ['cluster', 'program'],
    scope: ['cluster', 'program'],
    rows: ruleSql`SELECT cluster, program, level AS value FROM ${targets}`,
    threshold: { below: 1 },
    unit: 'count',
    window: '5m',
    for: '15m',
    severity: 'critical',
    source: 'control_plane',
    runbook: 'control-plane-down',
    panel: 'Parts silent',
  });
}

/** kubernetes-mixin, KubeAPIErrorsHigh (until 2020, then error budgets over days). */
function apiErrors(): AlertRule {
  const verb = scrapedLabel('apiserver_request_total', 'verb');
  const points = growth({
    metric: 'apiserver_request_total',
    labels: { cluster, code: scrapedLabel('apiserver_request_total', 'code') },
    filter: ruleSql`${verb} NOT IN ('WATCH', 'CONNECT')`,
  });
  return defineRule({
    ...ofCluster,
    id: 'apiserver-errors',
    title: 'The API server fails',
    summary: 'the API server of {cluster} fails {value} of its requests',
    description:
      'Codes from 500 on are its own faults: etcd, a webhook that does not answer, too little' +
      ' memory. Controllers try again; deployments stand still while it lasts.',
    rows: ruleSql`
      SELECT cluster, sumIf(grown, startsWith(code, '5')) / sum(grown) AS value
      FROM ${points} GROUP BY cluster HAVING sum(grown) >= ${requestsMin}`,
    threshold: { above: 0.03 },
    unit: 'ratio',
    window: '5m',
    for: '10m',
    severity: 'critical',
    source: 'control_plane',
    runbook: 'apiserver',
    panel: 'API errors',
  });
}

/**
 * Kubernetes promises a second for one object (SIG Scalability, API call latency), and up to 30
 * for a list, so lists are left out; kubernetes-mixin's KubeAPILatencyHigh warned there, too.
 */
function apiSlow(): AlertRule {
  const verb = scrapedLabel('apiserver_request_duration_seconds', 'verb');
  const slowest = histogramLevel({
    metric: 'apiserver_request_duration_seconds',
    labels: { cluster, verb },
    filter: ruleSql`${verb} NOT IN ('WATCH', 'WATCHLIST', 'CONNECT', 'PROXY', 'LIST')`,
    share: 0.99,
    valuesMin: requestsMin,
  });
  return defineRule({
    ...common,
    id: 'apiserver-slow',
    title: 'The API server is slow',
    summary: 'the slowest 1 % of {verb} of the API server of {cluster} take {value}',
    description:
      'Kubernetes promises a second for reads and writes of one object. Slow writes alone point' +
      ' to etcd or to an admission webhook, all verbs alike to its CPU and memory.',
    labels: ['cluster', 'verb'],
    scope: ['cluster', 'verb'],
    rows: ruleSql`SELECT cluster, verb, level AS value FROM ${slowest}`,
    threshold: { above: 1 },
    unit: 'seconds',
    window: '5m',
    for: '10m',
    severity: 'warning',
    source: 'control_plane',
    runbook: 'apiserver',
    panel: 'API p99 by verb',
  });
}

/** As long as kubernetes-mixin's KubePodNotReady waits; an autoscaler needs some minutes. */
function schedulerPending(): AlertRule {
  const queue = scrapedLabel('scheduler_pending_pods', 'queue');
  const waiting = newest({
    metric: 'scheduler_pending_pods',
    kind: 'gauge',
    labels: { cluster },
    filter: ruleSql`${queue} = 'unschedulable'`,
  });
  return defineRule({
    ...ofCluster,
    id: 'scheduler-pending',
    title: 'Pods find no node',
    summary: '{value} pods of {cluster} fit on no node',
    description:
      'For a quarter of an hour the scheduler has found no node for them: too large requests, a' +
      ' taint, a volume of another zone, or a cluster that is full.',
    rows: ruleSql`SELECT cluster, level AS value FROM ${waiting}`,
    threshold: { above: 0 },
    unit: 'count',
    window: '5m',
    for: '15m',
    severity: 'warning',
    source: 'scheduler',
    runbook: 'scheduler-pending',
    panel: 'Pods that wait',
  });
}

/** Minutes with a figure that a queue needs to be judged by its lowest one. */
const queueMinutesMin = 8;

/** The lowest depth of the window: a queue that was emptied once is not stuck. */
function workqueueDeep(): AlertRule {
  const depth = byMinute({
    metric: 'workqueue_depth',
    kind: 'gauge',
    labels: {
      cluster,
      program: ruleSql`${g.ServiceName}`,
      queue: scrapedLabel('workqueue_depth', 'name'),
    },
  });
  return defineRule({
    ...common,
    id: 'workqueue-deep',
    title: 'A controller does not keep up',
    summary: 'the queue {queue} of {program} of {cluster} has held at least {value} for long',
    description:
      'For a quarter of an hour there was never less to do: the controller is stuck, fails again' +
      ' and again, or is turned away by the API server. The name of the queue says whose it is.',
    labels: ['cluster', 'program', 'queue'],
    scope: ['cluster', 'program', 'queue'],
    rows: ruleSql`
      SELECT cluster, program, queue, min(level) AS value FROM ${depth}
      GROUP BY cluster, program, queue HAVING count() >= ${queueMinutesMin}`,
    threshold: { above: 100 },
    unit: 'count',
    window: '15m',
    for: '5m',
    severity: 'warning',
    source: 'control_plane',
    runbook: 'workqueue-deep',
    panel: 'Work queues by depth',
  });
}

/** The CoreDNS mixin's CoreDNSErrorsHigh warns at 1 %, and is critical at 3 %. */
function dnsErrors(): AlertRule {
  const points = growth({
    metric: 'coredns_dns_responses_total',
    labels: { cluster, rcode: scrapedLabel('coredns_dns_responses_total', 'rcode') },
  });
  return defineRule({
    ...ofCluster,
    id: 'coredns-errors',
    title: 'Names cannot be resolved',
    summary: 'the DNS of {cluster} answers {value} of the questions with SERVFAIL',
    description:
      'CoreDNS got no answer from the server above it, or none from the API server. Names that do' +
      ' not exist (NXDOMAIN) are no fault and do not count.',
    rows: ruleSql`
      SELECT cluster, sumIf(grown, rcode = 'SERVFAIL') / sum(grown) AS value
      FROM ${points} GROUP BY cluster HAVING sum(grown) >= ${requestsMin}`,
    threshold: { above: 0.01 },
    unit: 'ratio',
    window: '5m',
    for: '10m',
    severity: 'warning',
    source: 'coredns',
    runbook: 'coredns',
    panel: 'DNS answers',
  });
}

/** Coroot's default for DNS; the CoreDNS mixin speaks only from four seconds on. */
function dnsSlow(): AlertRule {
  const slowest = histogramLevel({
    metric: 'coredns_dns_request_duration_seconds',
    labels: { cluster },
    share: 0.95,
    valuesMin: requestsMin,
  });
  return defineRule({
    ...ofCluster,
    id: 'coredns-slow',
    title: 'Names are resolved slowly',
    summary: 'the slowest 5 % of DNS answers of {cluster} take {value}',
    description:
      'Every new connection asks for a name first, so every call waits for this. Mostly the' +
      ' server above is slow, or CoreDNS is at its CPU limit.',
    rows: ruleSql`SELECT cluster, level AS value FROM ${slowest}`,
    threshold: { above: 0.1 },
    unit: 'seconds',
    window: '5m',
    for: '10m',
    severity: 'warning',
    source: 'coredns',
    runbook: 'coredns',
    panel: 'Time of a DNS answer',
  });
}
