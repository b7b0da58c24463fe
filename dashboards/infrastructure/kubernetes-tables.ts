/** Tables of the Kubernetes dashboards: workloads and nodes by trouble, namespaces, pods. */

import type { Link } from '../vocabulary/links.ts';
import { clusterMetrics as api, kubeletMetrics as kubelet } from '../vocabulary/names.ts';
import { type Field, type PanelDraft, table } from '../vocabulary/panel.ts';
import { sql } from '../vocabulary/sql.ts';
import {
  bytes,
  cores,
  count,
  inNamespace,
  onCluster,
  restarts,
  share,
  toMachine,
  toNode,
  toPod,
  toPodLogs,
  toPodTraces,
  toWorkload,
} from './kubernetes-parts.ts';
import {
  containersAndPhases,
  containersNow,
  newest,
  part,
  restartSteps,
} from './kubernetes-points.ts';

const rowsMax = 200;

/** Desired and available pods of the three kinds that keep pods alive. */
export const workloadPods = {
  deploymentDesired: api.deploymentDesired,
  statefulSetDesired: api.statefulSetDesired,
  daemonSetDesired: api.daemonSetDesired,
  deploymentAvailable: api.deploymentAvailable,
  statefulSetReady: api.statefulSetReady,
  daemonSetReady: api.daemonSetReady,
} as const;
export const desired = 'coalesce(deploymentDesired, statefulSetDesired, daemonSetDesired)';
export const available = 'coalesce(deploymentAvailable, statefulSetReady, daemonSetReady)';

const nodeValues = {
  ready: api.nodeReady,
  memoryPressure: api.nodeMemoryPressure,
  diskPressure: api.nodeDiskPressure,
  pidPressure: api.nodePidPressure,
  networkUnavailable: api.nodeNetworkUnavailable,
  cpuAllocatable: api.nodeAllocatableCpu,
  memoryAllocatable: api.nodeAllocatableMemory,
  podsAllocatable: api.nodeAllocatablePods,
  cpu: kubelet.nodeCpuUsage,
  memory: kubelet.nodeMemoryWorkingSet,
  disk: kubelet.nodeFilesystemUsage,
  diskCapacity: kubelet.nodeFilesystemCapacity,
} as const;

/** A row a node, with {@link nodeValues}. */
export const nodesNow = (filter: string): string => newest(nodeValues, ['cluster', 'node'], filter);

const restartsBy = (keys: string, filter: string): string =>
  `SELECT ${keys}, sum(restarted) AS restarted FROM ${restartSteps(filter)} GROUP BY ${keys}`;

const named = 'cluster, namespace, workload';

export function workloadsByTrouble(): PanelDraft {
  return table({
    title: 'Workloads by trouble',
    description:
      'Deployments, StatefulSets and DaemonSets, the one to look at first: those that miss pods,' +
      ' then those whose containers restarted in this time range, then those with a container' +
      ' near its memory limit. Click one for its pods, events and lines.',
    source: 'kubernetes_state',
    query: sql(`
      WITH wanted AS (
        SELECT ${named}, ${desired} AS want, ${available} AS have
        FROM ${newest(workloadPods, ['cluster', 'namespace', 'workload'], inNamespace)}
      ),
      use AS (
        SELECT ${named}, sum(cpu) AS cores, sum(memory) AS bytes,
          max(memory / nullIf(memoryLimit, 0)) AS fullest
        FROM ${containersNow(inNamespace)} GROUP BY ${named}
      ),
      began AS (${restartsBy(named, inNamespace)})
      SELECT workload AS "Workload", namespace AS "Namespace",
        multiIf(have = 0 AND want > 0, 'nothing available', have < want, 'pods missing',
          restarted > 0, 'restarts', fullest > 0.9, 'near memory limit', 'healthy') AS "State",
        want AS "Desired", have AS "Available", restarted AS "Restarts", cores AS "Cores",
        bytes AS "Memory", fullest AS "Of limit", cluster AS "Cluster",
        concat('k8s.', splitByChar('/', workload)[1], '.name') AS "Key",
        splitByChar('/', workload)[2] AS "Name"
      FROM wanted LEFT JOIN use USING (${named}) LEFT JOIN began USING (${named})
      ORDER BY "State" = 'healthy', have / nullIf(want, 0) < 1 DESC, restarted DESC, fullest DESC,
        "Workload", "Namespace" LIMIT ${rowsMax}`),
    width: 24,
    height: 9,
    noValue: 'no workload in these namespaces',
    fields: {
      Workload: { links: [toWorkload, toLogs, toTraces], widthPx: 240 },
      Namespace: { widthPx: 140 },
      State: {
        widthPx: 150,
        cell: 'text',
        values: {
          'nothing available': { colour: 'red' },
          'pods missing': { colour: 'red' },
          restarts: { colour: 'orange' },
          'near memory limit': { colour: 'orange' },
          healthy: { colour: 'green' },
        },
      },
      Desired: count,
      Available: count,
      Restarts: restarts,
      Cores: cores,
      Memory: bytes,
      'Of limit': share,
      Key: { hidden: true },
      Name: { hidden: true },
    },
  });
}

const ofIt = { attributeKey: { field: 'Key' }, attributeValue: { field: 'Name' } } as const;
const toLogs: Link = { title: 'Its logs', to: 'logs', set: ofIt };
const toTraces: Link = { title: 'Its traces', to: 'traces', set: ofIt };

export function nodesByTrouble(): PanelDraft {
  const pressures = ['memory', 'disk', 'pid'].map(
    (word) => `${word}Pressure = 1, '${word === 'pid' ? 'process' : word} pressure'`,
  );
  return table({
    title: 'Nodes by trouble',
    description:
      'Each node with what it says of itself and how full it is, the one in trouble first. CPU' +
      ' and memory are shares of what it can give to pods. Click one for its pods and network.',
    source: 'kubernetes_state',
    query: sql(`
      WITH asked AS (
        SELECT cluster, node, sum(cpuRequest) AS cpuAsked, sum(memoryRequest) AS memoryAsked,
          uniqExact(namespace, pod) AS pods
        FROM ${containersNow(onCluster)} GROUP BY cluster, node
      )
      SELECT node AS "Node",
        multiIf(ready = 0, 'not ready', ready = -1, 'silent', ${pressures.join(', ')},
          networkUnavailable = 1, 'no network', "Memory" > 0.9, 'memory nearly full',
          "Disk" > 0.85, 'disk nearly full', "CPU" > 0.9, 'CPU nearly full',
          ready IS NULL, 'not told', 'healthy') AS "State",
        cpu / cpuAllocatable AS "CPU", cpuAsked / cpuAllocatable AS "CPU requests",
        memory / memoryAllocatable AS "Memory",
        memoryAsked / memoryAllocatable AS "Memory requests",
        disk / diskCapacity AS "Disk", pods AS "Pods", cluster AS "Cluster"
      FROM ${nodesNow(onCluster)} AS nodes LEFT JOIN asked USING (cluster, node)
      ORDER BY "State" = 'healthy', greatest(ifNull("CPU", 0), ifNull("Memory", 0)) DESC, "Node"
      LIMIT ${rowsMax}`),
    width: 24,
    height: 7,
    noValue: 'no nodes',
    fields: {
      Node: { links: [toNode, toMachine], widthPx: 240 },
      State: {
        cell: 'text',
        widthPx: 150,
        values: { healthy: { colour: 'green' }, ...troubles },
      },
      CPU: share,
      'CPU requests': { ...share, widthPx: 120 },
      Memory: share,
      'Memory requests': { ...share, widthPx: 140 },
      Disk: share,
      Pods: count,
    },
  });
}

const troubles: Field['values'] = {
  'not ready': { colour: 'red' },
  silent: { colour: 'red' },
  'memory pressure': { colour: 'red' },
  'disk pressure': { colour: 'red' },
  'process pressure': { colour: 'red' },
  'no network': { colour: 'red' },
  'memory nearly full': { colour: 'orange' },
  'disk nearly full': { colour: 'orange' },
  'CPU nearly full': { colour: 'orange' },
  'not told': { colour: 'text' },
};

export function namespaces(): PanelDraft {
  const keys = 'cluster, namespace';
  return table({
    title: 'Namespaces',
    description:
      'What each namespace runs, uses and asked for. Click one to see only it on this dashboard.',
    source: 'kubernetes_state',
    query: sql(`
      WITH began AS (${restartsBy(keys, inNamespace)})
      SELECT namespace AS "Namespace", pods AS "Pods", restarted AS "Restarts",
        cores AS "Cores", coresAsked AS "CPU requests", bytes AS "Memory",
        bytesAsked AS "Memory requests", cluster AS "Cluster"
      FROM (
        SELECT ${keys}, uniqExact(pod) AS pods, sum(cpu) AS cores, sum(cpuRequest) AS coresAsked,
          sum(memory) AS bytes, sum(memoryRequest) AS bytesAsked
        FROM ${containersNow(inNamespace)} GROUP BY ${keys}
      ) AS used LEFT JOIN began USING (${keys})
      ORDER BY "Restarts" DESC, "Memory" DESC, "Namespace" LIMIT ${rowsMax}`),
    width: 24,
    height: 7,
    noValue: 'no namespaces',
    fields: {
      Namespace: {
        widthPx: 240,
        links: [
          {
            title: 'Only this namespace',
            to: 'kubernetes',
            set: { cluster: { field: 'Cluster' }, namespace: { field: 'Namespace' } },
          },
        ],
      },
      Pods: count,
      Restarts: restarts,
      Cores: cores,
      'CPU requests': { ...cores, widthPx: 120 },
      Memory: bytes,
      'Memory requests': { ...bytes, widthPx: 140 },
    },
  });
}

/** A phase and whether all containers are ready, in a word. */
export const podState =
  `multiIf(podPhase = 1, 'Pending', podPhase = 3, 'Succeeded', podPhase = 4, 'Failed',` +
  ` podPhase = 5, 'Unknown', leastReady = 0, 'not ready', 'Running')`;

export const podStateValues: Field['values'] = {
  Running: { colour: 'green' },
  Succeeded: { colour: 'green' },
  Pending: { colour: 'orange' },
  'not ready': { colour: 'red' },
  Failed: { colour: 'red' },
  Unknown: { colour: 'red' },
};

/** A row a pod, whatever its phase: its state, `onNode`, `owner` and what its containers use. */
export const podsNow = (filter: string): string => `(
    SELECT cluster, namespace, pod, max(phase) AS podPhase, min(ready) AS leastReady,
      anyIf(node, node != '') AS onNode, any(workload) AS owner, sum(cpu) AS cores,
      sum(memory) AS bytes, max(memory / nullIf(memoryLimit, 0)) AS fullest
    FROM ${containersAndPhases(filter)} GROUP BY cluster, namespace, pod
  )`;

export function podTable(title: string, filter: string, height: number): PanelDraft {
  const keys = 'cluster, namespace, pod';
  return table({
    title,
    description:
      'Each pod, those in trouble first: whether it runs and is ready, how often its containers' +
      ' restarted in this time range, what it uses, and how near its fullest container is to its' +
      ' memory limit. Click one for its containers, events and lines.',
    source: 'kubernetes_state',
    query: sql(`
      WITH began AS (${restartsBy(keys, filter)})
      SELECT pod AS "Pod", namespace AS "Namespace", owner AS "Workload", onNode AS "Node",
        ${podState} AS "State", restarted AS "Restarts", cores AS "Cores", bytes AS "Memory",
        fullest AS "Of limit", cluster AS "Cluster"
      FROM ${podsNow(`${filter} AND ${part.pod} != ''`)} AS pods LEFT JOIN began USING (${keys})
      ORDER BY "State" IN ('Running', 'Succeeded'), "Restarts" DESC, "Memory" DESC, "Pod"
      LIMIT ${rowsMax}`),
    width: 24,
    height,
    noValue: 'no pods',
    fields: {
      Pod: { links: [toPod, toPodLogs, toPodTraces], widthPx: 280 },
      Namespace: { widthPx: 120 },
      Workload: { links: [toWorkload] },
      Node: { links: [toNode, toMachine] },
      State: { cell: 'text', widthPx: 90, values: podStateValues ?? {} },
      Restarts: restarts,
      Cores: cores,
      Memory: bytes,
      'Of limit': share,
      Cluster: { hidden: true },
    },
  });
}
