/**
 * Memory that grows and is not given back. What is looked at is the floor: the least that a
 * container held in each quarter of an hour, so that what a garbage collector frees between is not
 * taken for growth, and a heap whose floor rises under its saw-tooth is.
 *
 *     leak ▁▂▃▄▅▆▇█   saw-tooth ▁▄█▁▄█▁▄   step ▁▁▁▁████   warm-up ▁▅▇█████
 *
 * A leak is: floors in at least 80 % of three hours since memory last fell by half, the median
 * slope between any two of them upwards, the last hour with at least 30 % of that slope, each
 * quarter of the time higher than the one before, and at least 50 MB an hour or 5 % of the limit.
 * A median does not see a step that is young, the last hour does not see one that is old.
 */
import { clusterMetrics, kubeletMetrics } from '../vocabulary/names.ts';
import { type AlertRule, defineRule } from './rule.ts';
import { byMinute, newest, type RuleSql, ruleSql } from './rule-sql.ts';

const windowHours = 3;
const floorSeconds = 900;
const floorsPerHour = 3600 / floorSeconds;
/** 80 % of the floors of the window. */
const floorsMin = Math.ceil(0.8 * windowHours * floorsPerHour);
/** Of the whole slope, what the last hour has to keep. */
const keptMin = 0.3;
/** A fall to less than this is a restart: what was before does not count. */
const fallTo = 0.5;
const bytesPerHourMin = 50e6;
const limitPerHourMin = 0.05;

export type ContainerLabels = Readonly<Record<'namespace' | 'pod' | 'container', RuleSql>>;

export function memoryLeak(labels: ContainerLabels): AlertRule {
  const used = { kind: 'gauge', labels } as const;
  const limits = newest({ ...used, metric: clusterMetrics.containerMemoryLimit, over: 'max' });
  const part = (length: number, until: number): RuleSql =>
    ruleSql`arrayMin(arraySlice(stretch, -${until}, ${length}))`;
  const quarter = floorsPerHour * windowHours * 0.25;
  return defineRule({
    group: 'kubernetes',
    dashboard: 'pod',
    id: 'container-leak',
    title: 'The memory of a container grows all the time',
    summary: '{namespace}/{pod} {container} grows by {value} an hour',
    description:
      'What it holds at least has grown for hours, more than load explains by itself. Look when' +
      ' it began: a leak starts with a deployment. At its limit the container will be killed.',
    labels: ['namespace', 'pod', 'container'],
    scope: ['namespace', 'pod', 'container'],
    rows: ruleSql`
      SELECT namespace, pod, container, grown * ${floorsPerHour} / arrayAvg(stretch) AS value
      FROM (
        SELECT namespace, pod, container, arraySlice(floors, toUInt32(fallen)) AS stretch,
          ${medianSlope(ruleSql`stretch`)} AS grown,
          ${medianSlope(ruleSql`arraySlice(stretch, -${floorsPerHour})`)} AS grownLast
        FROM (
          SELECT namespace, pod, container,
            arrayMap(each -> each.2, arraySort(groupArray((nth, floor)))) AS floors,
            greatest(1, arrayMax(arrayMap((floor, before, place) ->
              if(floor < before * ${fallTo}, place, 1), floors, arrayPushFront(
                arrayPopBack(floors), floors[1]), arrayEnumerate(floors)))) AS fallen
          FROM (
            SELECT namespace, pod, container, min(level) AS floor,
              intDiv(dateDiff('second', $__fromTime, time), ${floorSeconds}) AS nth
            FROM ${byMinute({ ...used, metric: kubeletMetrics.containerMemoryWorkingSet })}
            WHERE time >= $__fromTime
            GROUP BY namespace, pod, container, nth
          )
          GROUP BY namespace, pod, container
        )
        WHERE length(stretch) >= ${floorsMin}
      ) AS trend
      LEFT JOIN ${limits} AS limits USING (namespace, pod, container)
      WHERE grown > 0 AND grownLast >= grown * ${keptMin}
        AND ${part(quarter, quarter)} > ${part(quarter, 2 * quarter)}
        AND ${part(quarter, 2 * quarter)} > ${part(quarter, 3 * quarter)}
        AND ${part(quarter, 3 * quarter)} > stretch[1]
        AND (grown * ${floorsPerHour} >= ${bytesPerHourMin}
          OR level > 0 AND grown * ${floorsPerHour} >= level * ${limitPerHourMin})`,
    threshold: { above: 0.1 },
    unit: 'ratio',
    window: `${windowHours}h`,
    for: '15m',
    keep_firing_for: '15m',
    severity: 'warning',
    source: 'kubernetes_usage',
    runbook: 'container-leak',
  });
}

/** By how much it grows from one floor to the next: the median over all pairs. */
function medianSlope(floors: RuleSql): RuleSql {
  return ruleSql`arrayReduce('quantileExactInclusive(0.5)', arrayFlatten(arrayMap(left ->
            arrayMap(right -> (${floors}[right] - ${floors}[left]) / (right - left),
              range(left + 1, length(${floors}) + 1)), range(1, length(${floors})))))`;
}
