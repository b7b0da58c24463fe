/** Inspections of a cluster, from the presets kubelet_metrics, cluster_metrics and cadvisor. */
import { gauge } from '../../clickhouse/schema/metrics.ts';
import {
  clusterMetrics,
  containerOomEvents,
  type KubernetesGauge,
  kubeletMetrics,
  kubeletSums,
} from '../vocabulary/names.ts';
import { columnsOf } from '../vocabulary/sql.ts';
import { memoryLeak } from './leak.ts';
import { type AlertRule, defineRule } from './rule.ts';
import {
  attributeOf,
  byMinute,
  growth,
  literal,
  newest,
  type RuleSql,
  ruleSql,
  tableName,
} from './rule-sql.ts';

const g = columnsOf(gauge);

const namespace = attributeOf(g.ResourceAttributes, 'k8s.namespace.name');
const pod = attributeOf(g.ResourceAttributes, 'k8s.pod.name');
const container = attributeOf(g.ResourceAttributes, 'k8s.container.name');
const containerLabels = { namespace, pod, container } as const;

const common = { group: 'kubernetes', dashboard: 'explore', keep_firing_for: '5m' } as const;

const ofContainer = {
  ...common,
  labels: ['namespace', 'pod', 'container'],
  scope: ['namespace', 'pod', 'container'],
  severity: 'warning',
} as const;

export function kubernetesRules(): readonly AlertRule[] {
  return [
    cpu(),
    memory(),
    memoryLeak(containerLabels),
    oom(),
    restarts(),
    available(),
    nodeReady(),
    volumeSpace(),
    network(),
  ];
}

function cpu(): AlertRule {
  const used = byMinute({
    metric: kubeletMetrics.containerCpuUsage,
    kind: 'gauge',
    labels: containerLabels,
  });
  return defineRule({
    ...ofContainer,
    id: 'container-cpu',
    title: 'A container is near its CPU limit',
    summary: '{namespace}/{pod} {container} uses {value} of its CPU limit',
    description:
      'At the limit the kernel makes it wait, and its answers become slow. Raise the limit, add' +
      ' replicas, or find out what it computes.',
    rows: withinLimit(
      ruleSql`SELECT namespace, pod, container, avg(level) AS used
        FROM ${used} GROUP BY namespace, pod, container`,
      clusterMetrics.containerCpuLimit,
    ),
    threshold: { above: 0.8 },
    unit: 'ratio',
    window: '5m',
    for: '5m',
    source: 'kubernetes_usage',
    runbook: 'container-cpu',
  });
}

function memory(): AlertRule {
  const used = newest({
    metric: kubeletMetrics.containerMemoryWorkingSet,
    kind: 'gauge',
    labels: containerLabels,
  });
  return defineRule({
    ...ofContainer,
    id: 'container-memory',
    title: 'A container is near its memory limit',
    summary: '{namespace}/{pod} {container} uses {value} of its memory limit',
    description:
      'At the limit the kernel kills it. Raise the limit, or find out what it keeps: memory that' +
      ' grows with time is a leak, memory that grows with requests is load.',
    rows: withinLimit(
      ruleSql`SELECT namespace, pod, container, level AS used FROM ${used}`,
      clusterMetrics.containerMemoryLimit,
    ),
    threshold: { above: 0.9 },
    unit: 'ratio',
    window: '5m',
    for: '5m',
    source: 'kubernetes_usage',
    runbook: 'container-memory',
  });
}

/** `used` against a limit of the same container; one without a limit has no row. */
function withinLimit(used: RuleSql, limit: KubernetesGauge): RuleSql {
  const limits = newest({ metric: limit, kind: 'gauge', over: 'max', labels: containerLabels });
  return ruleSql`
    SELECT namespace, pod, container, used / level AS value
    FROM (${used}) AS used_now
    INNER JOIN ${limits} AS limits USING (namespace, pod, container)
    WHERE level > 0`;
}

function oom(): AlertRule {
  const points = growth({
    metric: containerOomEvents,
    labels: {
      namespace: attributeOf(g.Attributes, 'namespace'),
      pod: attributeOf(g.Attributes, 'pod'),
      container: attributeOf(g.Attributes, 'container'),
    },
  });
  return defineRule({
    ...ofContainer,
    id: 'container-oom',
    title: 'A container was killed for its memory',
    summary: '{namespace}/{pod} {container} ran out of memory {value}',
    description:
      'The kernel killed a process because the container reached its memory limit. Raise the' +
      ' limit, or find out what it keeps.',
    rows: ruleSql`
      SELECT namespace, pod, container, greatest(0, sum(grown)) AS value FROM ${points}
      WHERE container != '' GROUP BY namespace, pod, container`,
    threshold: { above: 0 },
    unit: 'times',
    window: '10m',
    for: '0s',
    keep_firing_for: '15m',
    source: 'cadvisor',
    runbook: 'container-memory',
  });
}

/** The count begins again when the kubelet forgets dead containers: only steps upwards count. */
function restarts(): AlertRule {
  return defineRule({
    ...ofContainer,
    id: 'container-restarts',
    title: 'A container restarts again and again',
    summary: '{namespace}/{pod} {container} has restarted {value} within an hour',
    description:
      'Look at why it ended: kubectl describe pod has the exit code and the reason, its last' +
      ' log lines are in Logs. Exit code 137 is a kill, mostly for its memory.',
    rows: ruleSql`
      SELECT namespace, pod, container, arraySum(step -> greatest(step, 0),
        arrayDifference(arrayMap(point -> point.2, arraySort(groupArray((at, restarts)))))) AS value
      FROM (
        SELECT ${namespace} AS namespace, ${pod} AS pod, ${container} AS container,
          ${g.TimeUnix} AS at, ${g.Value} AS restarts
        FROM ${tableName(gauge)}
        WHERE ${g.MetricName} = ${literal(clusterMetrics.containerRestarts)}
          AND $__timeFilter(${g.TimeUnix})
      )
      GROUP BY namespace, pod, container`,
    threshold: { above: 1 },
    unit: 'times',
    window: '1h',
    for: '0s',
    source: 'kubernetes_state',
    runbook: 'container-restarts',
  });
}

const workloads = [
  [
    'deployment',
    'k8s.deployment.name',
    clusterMetrics.deploymentAvailable,
    clusterMetrics.deploymentDesired,
  ],
  [
    'statefulset',
    'k8s.statefulset.name',
    clusterMetrics.statefulSetReady,
    clusterMetrics.statefulSetDesired,
  ],
  [
    'daemonset',
    'k8s.daemonset.name',
    clusterMetrics.daemonSetReady,
    clusterMetrics.daemonSetDesired,
  ],
] as const;

function available(): AlertRule {
  const one = ([kind, name, have, want]: (typeof workloads)[number]): RuleSql => {
    const labels = { namespace, workload: attributeOf(g.ResourceAttributes, name) } as const;
    const level = (metric: KubernetesGauge): RuleSql => newest({ metric, kind: 'gauge', labels });
    return ruleSql`
      SELECT ${literal(kind)} AS kind, namespace, workload, have.level / want.level AS value
      FROM ${level(have)} AS have INNER JOIN ${level(want)} AS want USING (namespace, workload)
      WHERE want.level > 0`;
  };
  const [deployment, statefulset, daemonset] = workloads;
  return defineRule({
    ...common,
    id: 'workload-available',
    title: 'A workload has too few pods',
    summary: '{value} of the pods of {kind} {namespace}/{workload} are available',
    description:
      'Fewer pods are ready than were asked for. kubectl describe says whether they cannot be' +
      ' placed, cannot start, or do not become ready; a rollout in progress passes by itself.',
    labels: ['kind', 'namespace', 'workload'],
    scope: ['namespace', 'workload'],
    rows: ruleSql`${one(deployment)}\nUNION ALL${one(statefulset)}\nUNION ALL${one(daemonset)}`,
    threshold: { below: 0.75 },
    unit: 'ratio',
    window: '5m',
    for: '2m',
    severity: 'warning',
    source: 'kubernetes_state',
    runbook: 'workload-available',
  });
}

function nodeReady(): AlertRule {
  const node = attributeOf(g.ResourceAttributes, 'k8s.node.name');
  const ready = newest({
    metric: clusterMetrics.nodeReady,
    kind: 'gauge',
    over: 'min',
    labels: { node },
  });
  return defineRule({
    ...common,
    id: 'node-ready',
    title: 'A node is not ready',
    summary: '{node} is not ready: its condition is {value}, 1 is ready and -1 unknown',
    description:
      'Its pods are moved elsewhere after five minutes. kubectl describe node has the reason;' +
      ' unknown means that its kubelet has not been heard of.',
    labels: ['node'],
    scope: ['node'],
    rows: ruleSql`SELECT node, level AS value FROM ${ready}`,
    threshold: { below: 1 },
    unit: 'count',
    window: '5m',
    for: '2m',
    severity: 'warning',
    source: 'kubernetes_state',
    runbook: 'node-ready',
  });
}

function volumeSpace(): AlertRule {
  const claim = attributeOf(g.ResourceAttributes, 'k8s.persistentvolumeclaim.name');
  const volume = {
    kind: 'gauge',
    labels: { namespace, claim },
    filter: ruleSql`${attributeOf(g.ResourceAttributes, 'k8s.volume.type')}
      = 'persistentVolumeClaim'`,
  } as const;
  // Several pods can have one volume, and each reports the same bytes.
  const free = newest({ ...volume, metric: kubeletMetrics.volumeAvailable, over: 'min' });
  const size = newest({ ...volume, metric: kubeletMetrics.volumeCapacity, over: 'max' });
  return defineRule({
    ...common,
    id: 'volume-space',
    title: 'A volume is nearly full',
    summary: 'the volume of {namespace}/{claim} is {value} full',
    description:
      'Programs that write there will fail when it is full. Make the claim larger where its' +
      ' storage class allows that, or free some room.',
    labels: ['namespace', 'claim'],
    scope: ['namespace', 'claim'],
    rows: ruleSql`
      SELECT namespace, claim, 1 - free.level / size.level AS value
      FROM ${free} AS free INNER JOIN ${size} AS size USING (namespace, claim)
      WHERE size.level > 0`,
    threshold: { above: 0.8 },
    unit: 'ratio',
    window: '5m',
    for: '5m',
    severity: 'warning',
    source: 'kubernetes_usage',
    runbook: 'disk-space',
  });
}

/** The kubelet counts no packets, so there is no share of them. */
function network(): AlertRule {
  const points = growth({
    metric: kubeletSums.podNetworkErrors,
    labels: { namespace, pod, interface: attributeOf(g.Attributes, 'interface') },
  });
  return defineRule({
    ...common,
    id: 'pod-network',
    title: 'A pod has network errors',
    summary: '{interface} of {namespace}/{pod} has {value} network errors',
    description:
      'Frames are damaged or refused between the pod and its node. One pod alone: its interface' +
      ' or its limits; all pods of a node: the node, its network plugin or its card.',
    labels: ['namespace', 'pod', 'interface'],
    scope: ['namespace', 'pod'],
    rows: ruleSql`
      SELECT namespace, pod, interface, sum(rate) AS value
      FROM (
        SELECT namespace, pod, interface, series, sum(grown) / sum(elapsed) AS rate
        FROM ${points} GROUP BY namespace, pod, interface, series
      )
      GROUP BY namespace, pod, interface`,
    threshold: { above: 1 },
    unit: 'per_second',
    window: '5m',
    for: '10m',
    severity: 'warning',
    source: 'kubernetes_usage',
    runbook: 'pod-network',
  });
}
