/**
 * SQL over the points of a cluster. Series are told apart by what they are of (a container of a
 * pod, a node) and not by all of their attributes: a container that restarted has a new id, and
 * would count twice for a while. The kubelet's points and the API server's meet on the same names.
 */
import { gauge } from '../../clickhouse/schema/metrics.ts';
import { clusterMetrics, type KubernetesGauge, kubeletMetrics } from '../vocabulary/names.ts';
import { attribute, columnsOf } from '../vocabulary/sql.ts';

const g = columnsOf(gauge);

/** Every table has these under the same name. */
const resource = (name: Parameters<typeof attribute>[1]): string =>
  attribute(g.ResourceAttributes, name);

/** What names a part of a cluster. */
export const part = {
  cluster: resource('k8s.cluster.name'),
  namespace: resource('k8s.namespace.name'),
  node: resource('k8s.node.name'),
  pod: resource('k8s.pod.name'),
  container: resource('k8s.container.name'),
  volume: resource('k8s.volume.name'),
  claim: resource('k8s.persistentvolumeclaim.name'),
} as const;

/** Random endings of names that controllers give have these letters only. */
const safe = '[bcdfghjklmnpqrstvwxz2456789]';
/** The end of a text; a dollar would be the data source's. */
const end = String.raw`\\z`;
/** The hash of a pod template is a 32-bit number, a letter a digit. */
const replicaSetEnd = `-${safe}{6,10}${end}`;
const deploymentEnd = `-${safe}{6,10}-${safe}{5}${end}`;
const daemonSetEnd = `-${safe}{5}${end}`;
const statefulSetEnd = `-[0-9]+${end}`;

const owned = (kind: string, name: string): string => `concat('${kind}/', ${name})`;
const stem = (name: string, ending: string): string => `replaceRegexpOne(${name}, '${ending}', '')`;

/**
 * The workload of a row as kubectl writes it (`deployment/web`): by the attributes that the
 * node-agent adds, else by how controllers name pods, as the API server's points have no owner.
 */
export const workload = `multiIf(${(
  [
    ['deployment', 'k8s.deployment.name'],
    ['statefulset', 'k8s.statefulset.name'],
    ['daemonset', 'k8s.daemonset.name'],
    ['job', 'k8s.job.name'],
  ] as const
)
  .map(([kind, name]) => `${resource(name)} != '', ${owned(kind, resource(name))}`)
  .join(', ')}, ${(
  [
    ['deployment', deploymentEnd],
    ['statefulset', statefulSetEnd],
    ['daemonset', daemonSetEnd],
  ] as const
)
  .map(
    ([kind, ending]) => `match(${part.pod}, '${ending}'), ${owned(kind, stem(part.pod, ending))}`,
  )
  .join(', ')}, ${owned('pod', part.pod)})`;

const columns = { ...part, workload } as const;

/** What a row can be of. */
type Part = keyof typeof columns;

/** The workload that an event is about: its object, or the owner of its object. */
export const workloadOfObject = (kind: string, name: string): string =>
  `multiIf(${kind} = 'Pod', ${workload},` +
  ` ${kind} = 'ReplicaSet', ${owned('deployment', stem(name, replicaSetEnd))},` +
  ` concat(lower(${kind}), '/', ${name}))`;

const revisionLabel = resource('k8s.pod.label.controller-revision-hash');
const replicaSet = resource('k8s.replicaset.name');

/**
 * The hash of the pod template that a pod was made from; empty where nothing tells it. A pod of a
 * Deployment has it in its name, one of a StatefulSet or DaemonSet in a label that the preset
 * kubernetes_attributes can add.
 */
export const templateHash = `multiIf(${revisionLabel} != '', ${revisionLabel},
      ${replicaSet} != '', extract(${replicaSet}, '-([^-]+)${end}'),
      extract(${part.pod}, '-(${safe}{6,10})-${safe}{5}${end}'))`;

/** Columns of a result, each the newest or mean value of one metric. */
export type Wanted = Readonly<Record<string, KubernetesGauge>>;

/** A part of a cluster that was silent for longer than this is gone. */
const newestWithinSeconds = 180;

const known = (wanted: Wanted, filter: string): string =>
  `${g.MetricName} IN (${Object.values(wanted)
    .map((metric) => `'${metric}'`)
    .join(', ')}) AND $__timeFilter(${g.TimeUnix})` +
  ` AND bitAnd(${g.Flags}, 1) = 0 AND ${filter}`;

const keyColumns = (keys: readonly Part[]): string =>
  keys.map((key) => `${columns[key]} AS ${key}`).join(', ');

/**
 * The newest values by `keys`: a row each, with a column for each wanted metric (NULL when it was
 * not told) and whatever `more` computes of the points.
 */
export function newest(
  wanted: Wanted,
  keys: readonly Part[],
  filter: string,
  more: readonly string[] = [],
): string {
  const values = Object.entries(wanted).map(
    ([column, metric]) =>
      `argMaxOrNullIf(${g.Value}, ${g.TimeUnix}, ${g.MetricName} = '${metric}') AS ${column}`,
  );
  return `(
    SELECT ${[keyColumns(keys), ...values, ...more].join(',\n      ')}
    FROM ${gauge.name}
    WHERE ${known(wanted, filter)}
      AND ${g.TimeUnix} >= $__toTime - ${newestWithinSeconds}
    GROUP BY ${keys.join(', ')}
  )`;
}

/** As {@link newest}, but a row a bucket, with the mean of what lies in it. */
export function overTime(wanted: Wanted, keys: readonly Part[], filter: string): string {
  const values = Object.entries(wanted).map(
    ([column, metric]) => `avgOrNullIf(${g.Value}, ${g.MetricName} = '${metric}') AS ${column}`,
  );
  const bucket = `$__timeInterval(${g.TimeUnix}) AS time`;
  return `(
    SELECT ${[bucket, keyColumns(keys), ...values].join(',\n      ')}
    FROM ${gauge.name}
    WHERE ${known(wanted, filter)}
    GROUP BY ${['time', ...keys].join(', ')}
  )`;
}

/** Use, requests and limits of a container, and the phase of its pod. */
const containerValues = {
  phase: clusterMetrics.podPhase,
  ready: clusterMetrics.containerReady,
  restarts: clusterMetrics.containerRestarts,
  cpu: kubeletMetrics.containerCpuUsage,
  cpuRequest: clusterMetrics.containerCpuRequest,
  cpuLimit: clusterMetrics.containerCpuLimit,
  memory: kubeletMetrics.containerMemoryWorkingSet,
  memoryRequest: clusterMetrics.containerMemoryRequest,
  memoryLimit: clusterMetrics.containerMemoryLimit,
} as const;

const containerKeys = ['cluster', 'namespace', 'pod', 'container'] as const;

/** Phases of pods that have ended: they hold no CPU and no memory any more. */
const ended = '3, 4';

const ofRunning = (rows: string, by: string): string => `(
    SELECT * FROM (
      SELECT *, max(phase) OVER (PARTITION BY ${by}) AS podPhase FROM ${rows}
    )
    WHERE container != '' AND ifNull(podPhase, 2) NOT IN (${ended})
  )`;

/**
 * A row for each container ({@link containerValues}, `workload`, `node`, `image`), and one without
 * a container for the phase of each pod.
 */
export function containersAndPhases(filter: string): string {
  // The kubelet's points know the owner for certain.
  const surest = `startsWith(${g.MetricName}, 'container.')`;
  const name = resource('container.image.name');
  const tag = resource('container.image.tag');
  return newest(containerValues, containerKeys, filter, [
    `argMax(${workload}, ${surest}) AS workload`,
    `argMax(${part.node}, ${g.TimeUnix}) AS node`,
    `anyIf(concat(${name}, ':', ${tag}), ${name} != '') AS image`,
  ]);
}

/** The containers of pods that have not ended. */
export function containersNow(filter: string): string {
  return ofRunning(containersAndPhases(filter), 'cluster, namespace, pod');
}

/** As {@link containersNow}, a row a bucket and container, with its values alone. */
export function containersOverTime(filter: string): string {
  return ofRunning(
    overTime(containerValues, containerKeys, filter),
    'time, cluster, namespace, pod',
  );
}

/** How far before the range the point is looked for that the first step starts from. */
const lookBackSeconds = 300;

/**
 * `at`, the container's names, `workload`, `restarted`: a row a point, with by how much the count
 * grew since the point before. A count that fell began again, which is no restart.
 */
export function restartSteps(filter: string): string {
  const steps = `PARTITION BY cluster, namespace, pod, container ORDER BY ${g.TimeUnix}`;
  return `(
    SELECT at, cluster, namespace, pod, container, workload,
      greatest(0, ifNull(value - previous, 0)) AS restarted
    FROM (
      SELECT ${g.TimeUnix} AS at, ${keyColumns(containerKeys)}, ${workload} AS workload,
        ${g.Value} AS value, lagInFrame(toNullable(${g.Value}))
          OVER (${steps} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS previous
      FROM ${gauge.name}
      WHERE ${g.MetricName} = '${clusterMetrics.containerRestarts}'
        AND ${g.TimeUnix} >= $__fromTime - ${lookBackSeconds} AND ${g.TimeUnix} <= $__toTime
        AND bitAnd(${g.Flags}, 1) = 0 AND ${filter}
    )
    WHERE at >= $__fromTime
  )`;
}
