/** Charts and numbers that several Kubernetes dashboards show: use against promises, restarts. */

import { sum } from '../../clickhouse/schema/metrics.ts';
import { clusterMetrics, containerStatusReason, kubeletMetrics } from '../vocabulary/names.ts';
import {
  gauge,
  type PanelDraft,
  type PanelSpec,
  stat,
  table,
  timeseries,
} from '../vocabulary/panel.ts';
import { attribute, columnsOf, sql } from '../vocabulary/sql.ts';
import { fullSteps, restartSteps as restartColours } from './kubernetes-parts.ts';
import {
  containersNow,
  containersOverTime,
  overTime,
  part,
  restartSteps,
} from './kubernetes-points.ts';

const s = columnsOf(sum);

/** Points come every 30 s; a narrower bucket would miss some of the pods. */
export const bucket = '1m';

type Sized = { readonly filter: string; readonly width: number; readonly height: number };

/** Sizes that the panels of one dashboard have in common; `filter` says what it is about. */
export const numberOf = (filter: string, width: number): Sized => ({ filter, width, height: 5 });
export const chartOf = (filter: string, width: number): Sized => ({ filter, width, height: 8 });

/** Restarts, and how near to their limits the containers are: the head of a pod or workload. */
export function restartsAndLimits(number: Sized): readonly PanelDraft[] {
  return [restartCount(number), nearestLimit('cpu', number), nearestLimit('memory', number)];
}

/** One number: restarts of containers in the time range. */
export function restartCount({ filter, width, height }: Sized): PanelDraft {
  return stat({
    title: 'Restarts',
    description:
      'How often containers were started again in this time range. The events and the last lines' +
      ' of the pod say why.',
    source: 'kubernetes_state',
    query: sql(`
      SELECT sum(restarted) AS "Restarts" FROM ${restartSteps(filter)} HAVING count() > 0`),
    width,
    height,
    unit: 'none',
    decimals: 0,
    noValue: 'no pods',
    thresholds: restartColours,
  });
}

export function restartsOverTime(
  { filter, width, height }: Sized,
  by: 'namespace' | 'pod' | 'container',
): PanelDraft {
  return timeseries({
    title: `Restarts by ${by}`,
    description:
      'When containers were started again. Bars at even distances that grow rarer are a crash' +
      ' loop: Kubernetes waits longer each time.',
    source: 'kubernetes_state',
    empty: 'fine',
    query: sql(`
      SELECT $__timeInterval(at) AS time, ${by}, sum(restarted) AS restarts
      FROM ${restartSteps(filter)}
      GROUP BY time, ${by} HAVING restarts > 0 ORDER BY time, ${by}`),
    width,
    height,
    unit: 'none',
    decimals: 0,
    min: 0,
    noValue: 'no container restarted in this time range',
    interval: bucket,
    draw: 'bars',
    stack: true,
    seriesName: `\${__field.labels.${by}}`,
  });
}

/** The container that is nearest to its limit; what matters is the single one, not the mean. */
function nearestLimit(resource: 'cpu' | 'memory', { filter, width, height }: Sized): PanelDraft {
  const word = resource === 'cpu' ? 'CPU' : 'Memory';
  const consequence =
    resource === 'cpu'
      ? 'At 100 % it is slowed down, which callers see as latency.'
      : 'At 100 % it is killed.';
  return gauge({
    title: `${word} of limit`,
    description:
      `How much of its ${word === 'CPU' ? word : 'memory'} limit the container nearest to its own` +
      ` uses. ${consequence} A container without a limit does not count.`,
    source: 'kubernetes_usage',
    query: sql(`
      SELECT max(${resource} / nullIf(${resource}Limit, 0)) AS "${word} of limit"
      FROM ${containersNow(filter)} HAVING count() > 0`),
    width,
    height,
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    noValue: 'no limit is set',
    thresholds: fullSteps,
  });
}

const lines = {
  used: { colour: 'blue' },
  requested: { colour: 'green' },
  limit: { colour: 'red' },
  allocatable: { colour: 'text' },
} as const;

/** Used, requested and limit over time, of all containers that `filter` lets through. */
export function useOverTime(resource: 'cpu' | 'memory', sized: Sized): PanelDraft {
  const columns = [
    `sum(${resource}) AS used`,
    `nullIf(sum(${resource}Request), 0) AS requested`,
    // The sum of some limits is no limit.
    `if(countIf(${resource}Limit IS NULL) > 0, NULL, sum(${resource}Limit)) AS limit`,
  ];
  return timeseries({
    ...useTexts(resource),
    ...placed(sized),
    query: sql(`
      SELECT time, ${columns.join(', ')}
      FROM ${containersOverTime(sized.filter)}
      GROUP BY time ORDER BY time`),
  });
}

/** Of the nodes that `filter` lets through: in use, and what they can give to pods. */
const nodesOverTime = (filter: string): string =>
  overTime(
    {
      cpu: kubeletMetrics.nodeCpuUsage,
      memory: kubeletMetrics.nodeMemoryWorkingSet,
      cpuAllocatable: clusterMetrics.nodeAllocatableCpu,
      memoryAllocatable: clusterMetrics.nodeAllocatableMemory,
    },
    ['cluster', 'node'],
    filter,
  );

/** Used and requested over time against what the nodes can give. */
export function capacityOverTime(resource: 'cpu' | 'memory', sized: Sized): PanelDraft {
  const cpu = resource === 'cpu';
  return timeseries({
    ...useTexts(resource),
    ...placed(sized),
    title: `${cpu ? 'CPU cores' : 'Memory'}: used, requested, allocatable`,
    description:
      `${cpu ? 'CPU' : 'Memory'} that is used, that pods asked for, and that the nodes can give` +
      ' to pods. Where' +
      ' requests come near to allocatable, new pods wait although little may be used: lower the' +
      ' requests, or add a node.',
    query: sql(`
      WITH pods AS (
        SELECT time, sum(${resource}Request) AS requested
        FROM ${containersOverTime(sized.filter)} GROUP BY time
      )
      SELECT time, used, requested, allocatable
      FROM (
        SELECT time, sum(${resource}) AS used, sum(${resource}Allocatable) AS allocatable
        FROM ${nodesOverTime(sized.filter)} GROUP BY time
      ) AS nodes LEFT JOIN pods USING (time) ORDER BY time`),
  });
}

function useTexts(resource: 'cpu' | 'memory') {
  const cpu = resource === 'cpu';
  return {
    title: cpu ? 'CPU (cores)' : 'Memory',
    description: cpu
      ? 'Cores in use against what the containers asked for and may use at most. Above the' +
        ' request it borrows from neighbours; at the limit it is slowed down.'
      : 'Memory in use (the working set, which cannot be given back) against what the containers' +
        ' asked for and may use at most. At the limit a container is killed.',
    source: 'kubernetes_usage',
    unit: cpu ? 'none' : 'bytes',
    decimals: cpu ? 2 : 1,
    min: 0,
    noValue: cpu ? 'no CPU figures' : 'no memory figures',
    interval: bucket,
    fields: lines,
  } as const satisfies Partial<PanelSpec>;
}

const placed = ({ width, height }: Sized) => ({ width, height });

/** Why containers wait or ended, when the preset is told to say so. */
export function containerReasons({ filter, width, height }: Sized): PanelDraft {
  const reason = attribute(s.Attributes, 'k8s.container.status.reason');
  return table({
    title: 'Why containers do not run',
    description:
      'Containers that wait or ended, with the reason as Kubernetes gives it, for example' +
      ' CrashLoopBackOff, OOMKilled or ImagePullBackOff, newest state in this time range.',
    source: 'kubernetes_reasons',
    empty: 'fine',
    query: sql(`
      SELECT reason AS "Reason", pod AS "Pod", container AS "Container", last AS "Last seen"
      FROM (
        SELECT ${reason} AS reason, ${part.pod} AS pod, ${part.container} AS container,
          max(${s.TimeUnix}) AS last
        FROM ${sum.name}
        WHERE ${s.MetricName} = '${containerStatusReason}' AND $__timeFilter(${s.TimeUnix})
          AND ${s.Value} > 0 AND ${filter}
        GROUP BY reason, pod, container
      )
      WHERE reason != 'Completed'
      ORDER BY last DESC, pod LIMIT 100`),
    width,
    height,
    noValue: 'every container runs',
    fields: {
      Reason: { widthPx: 170 },
      Container: { widthPx: 110 },
      'Last seen': { unit: 'dateTimeAsLocal', widthPx: 190 },
    },
  });
}
