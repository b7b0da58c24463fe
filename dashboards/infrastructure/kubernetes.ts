/** Kubernetes: is the cluster the problem, and which workload or node of it? */
import { gauge as gaugeTable } from '../../clickhouse/schema/metrics.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { clusterMetrics } from '../vocabulary/names.ts';
import { gauge, type PanelDraft, stat, timeseries } from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { changesOfCluster } from './changes.ts';
import { bucket, capacityOverTime, restartCount, restartsOverTime } from './kubernetes-charts.ts';
import {
  clusterVariable,
  inNamespace,
  namespaceVariable,
  noneSteps,
  onCluster,
  requestedSteps,
  warningEvents,
} from './kubernetes-parts.ts';
import { containersNow, newest, part } from './kubernetes-points.ts';
import {
  available,
  desired,
  namespaces,
  nodesByTrouble,
  nodesNow,
  podsNow,
  workloadPods,
  workloadsByTrouble,
} from './kubernetes-tables.ts';

const g = columnsOf(gaugeTable);
const number = { width: 4, height: 5 } as const;
const chart = { width: 12, height: 8 } as const;

export function kubernetesDashboard(): DashboardJson {
  return board({
    key: 'kubernetes',
    title: 'Kubernetes',
    description:
      'A cluster, or one namespace of it: what does not run, what restarts, how full the nodes' +
      ' are, and what Kubernetes warns of.',
    variables: [clusterVariable(), namespaceVariable()],
    rows: [
      {
        title: '',
        panels: [
          nodesNotReady(),
          podsNotReady(),
          shortWorkloads(),
          restartCount({ filter: inNamespace, ...number }),
          requested('cpu'),
          requested('memory'),
        ],
      },
      { title: '', panels: [workloadsByTrouble()] },
      { title: '', panels: [nodesByTrouble()] },
      { title: '', panels: [namespaces()] },
      {
        title: 'Warnings and restarts',
        panels: [
          warningEvents(inNamespace, 24, 'in these namespaces'),
          podsByPhase(),
          restartsOverTime({ filter: inNamespace, ...chart }, 'namespace'),
        ],
      },
      {
        title: 'Use and capacity',
        panels: [
          capacityOverTime('cpu', { filter: onCluster, ...chart }),
          capacityOverTime('memory', { filter: onCluster, ...chart }),
        ],
      },
    ],
    annotations: [changesOfCluster],
    from: 'now-1h',
    refresh: '30s',
  });
}

function nodesNotReady(): PanelDraft {
  return stat({
    title: 'Nodes not ready',
    description:
      'Nodes on which no pod can start. Kubernetes moves their pods away after five minutes; the' +
      ' table of nodes below names them.',
    source: 'kubernetes_state',
    query: sql(`
      SELECT countIf(ready != 1) AS "Nodes not ready"
      FROM ${nodesNow(onCluster)} WHERE ready IS NOT NULL HAVING count() > 0`),
    ...number,
    unit: 'none',
    decimals: 0,
    noValue: 'no nodes',
    thresholds: noneSteps('node that is not ready'),
    links: [
      { title: 'Control plane', to: 'controlPlane', set: { cluster: 'same' } },
      { title: 'The network of its pods', to: 'cni', set: { cluster: 'same' } },
      { title: 'Who sends to whom', to: 'network', set: { cluster: 'same' } },
    ],
  });
}

function podsNotReady(): PanelDraft {
  return stat({
    title: 'Pods not ready',
    description:
      'Pods that are pending, failed or unknown, or run with a container that is not ready. Pods' +
      ' that did their work and ended do not count.',
    source: 'kubernetes_state',
    query: sql(`
      SELECT countIf(podPhase IN (1, 4, 5) OR (podPhase = 2 AND leastReady = 0)) AS "Pods not ready"
      FROM ${podsNow(`${inNamespace} AND ${part.pod} != ''`)} HAVING count() > 0`),
    ...number,
    unit: 'none',
    decimals: 0,
    noValue: 'no pods',
    thresholds: noneSteps('pod that is not ready'),
  });
}

function shortWorkloads(): PanelDraft {
  return stat({
    title: 'Short of pods',
    description:
      'Deployments, StatefulSets and DaemonSets with fewer pods available than they want. During' +
      ' a roll-out that is so for a while; for long it is a fault.',
    source: 'kubernetes_state',
    query: sql(`
      SELECT countIf(${available} < ${desired}) AS "Short of pods"
      FROM ${newest(workloadPods, ['cluster', 'namespace', 'workload'], inNamespace)}
      HAVING count() > 0`),
    ...number,
    unit: 'none',
    decimals: 0,
    noValue: 'no workloads',
    thresholds: noneSteps('workload that misses pods'),
  });
}

/** By all namespaces, whichever is chosen: the room is shared. */
function requested(resource: 'cpu' | 'memory'): PanelDraft {
  const word = resource === 'cpu' ? 'CPU' : 'Memory';
  return gauge({
    title: `${word} requests`,
    description:
      `The share of the ${resource === 'cpu' ? word : 'memory'} of all nodes that pods asked for,` +
      ' used or not. The scheduler counts this, not what is used.',
    source: 'kubernetes_state',
    query: sql(`
      SELECT (SELECT sum(${resource}Request) FROM ${containersNow(onCluster)})
        / sum(${resource}Allocatable) AS "${word} requests"
      FROM ${nodesNow(onCluster)} HAVING count() > 0`),
    ...number,
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    noValue: 'no nodes',
    thresholds: requestedSteps,
  });
}

const phases = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'] as const;
const phaseColours = {
  Pending: { colour: 'orange' },
  Running: { colour: 'green' },
  Succeeded: { colour: 'blue' },
  Failed: { colour: 'red' },
  Unknown: { colour: 'purple' },
} as const;

function podsByPhase(): PanelDraft {
  const counts = phases.map((word, index) => `countIf(phase = ${index + 1}) AS ${word}`);
  return timeseries({
    title: 'Pods by phase',
    description:
      'How many pods there are in each phase. Pending for long means that no node has room or an' +
      ' image cannot be pulled; a pod that crashes again and again still counts as running.',
    source: 'kubernetes_state',
    query: sql(`
      SELECT time, ${counts.join(', ')}
      FROM (
        SELECT $__timeInterval(${g.TimeUnix}) AS time, ${part.cluster} AS cluster,
          ${part.namespace} AS namespace, ${part.pod} AS pod,
          argMax(${g.Value}, ${g.TimeUnix}) AS phase
        FROM ${gaugeTable.name}
        WHERE ${g.MetricName} = '${clusterMetrics.podPhase}' AND $__timeFilter(${g.TimeUnix})
          AND ${inNamespace}
        GROUP BY time, cluster, namespace, pod
      )
      GROUP BY time ORDER BY time`),
    ...chart,
    unit: 'none',
    decimals: 0,
    min: 0,
    noValue: 'no pods',
    interval: bucket,
    draw: 'area',
    stack: true,
    fields: phaseColours,
  });
}
