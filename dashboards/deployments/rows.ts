/**
 * Deployments, read off the pods that the watcher of what runs where recorded, and off those that
 * the API server tells a Collector (`k8s_cluster` receiver): no hook in a pipeline. A pod belongs
 * to a revision: the hash of its template, or where nothing tells that of every pod (StatefulSets
 * and DaemonSets without a watcher) its images. Pods of one revision that follow each other are a
 * session:
 *
 *     revision a  ████████████▓▓
 *     revision b            ▒▒██████████████      started: first pod of b
 *                           │    │                finished: b is ready, no pod of a is left
 *
 * A session that starts where the one before had another revision is a deployment, whether the
 * revision is new or an old one again. More pods of a revision that runs are none. A pure function
 * of what is stored: rows that come late only make it more exact.
 */
import { gauge } from '../../clickhouse/schema/metrics.ts';
import { part, templateHash, workload } from '../infrastructure/kubernetes-points.ts';
import { clusterMetrics } from '../vocabulary/names.ts';
import { attribute, columnsOf, sql } from '../vocabulary/sql.ts';
import { entityPods, entityWorkloads } from './entity-pods.ts';

const g = columnsOf(gauge);

/** Without progress for longer than this, a deployment is stuck. */
export const stuckSeconds = 180;
/** A revision without a pod for longer than this is gone, and back when it has one again. */
const sessionGapMs = 300_000;
/** A pod that was not told for longer than this, while its workload was, is gone. */
const podGoneMs = 90_000;
/** Pods that start later than this after the last old one ended are a scale-up. */
const cohortMs = 60_000;
/** How far before the range pods are looked at, to know what ran when it began. */
const lookBackSeconds = 600;

const key = 'cluster, namespace, workload';
const atMs = `toUnixTimestamp64Milli(${g.TimeUnix})`;

const metricIn = (...metrics: readonly string[]): string =>
  `${g.MetricName} IN ('${metrics.join("', '")}')` +
  ` AND ${g.TimeUnix} >= $__fromTime - ${lookBackSeconds} AND ${g.TimeUnix} <= $__toTime` +
  ` AND bitAnd(${g.Flags}, 1) = 0`;

/** A row a container, and one with an empty name for the phase of each pod. */
function containers(filter: string): string {
  const image = attribute(g.ResourceAttributes, 'container.image.name');
  const tag = attribute(g.ResourceAttributes, 'container.image.tag');
  const ended = `${g.MetricName} = '${clusterMetrics.podPhase}' AND ${g.Value} IN (3, 4)`;
  return `SELECT ${part.cluster} AS cluster, ${part.namespace} AS namespace, ${part.pod} AS pod,
      ${attribute(g.ResourceAttributes, 'k8s.pod.uid')} AS uid, ${part.container} AS container,
      any(${workload}) AS workload, any(${templateHash}) AS hash,
      anyIf(concat(${image}, ':', ${tag}), ${image} != '') AS image,
      min(${atMs}) AS first, maxIf(${atMs}, NOT (${ended})) AS last,
      minIf(${atMs}, ${g.MetricName} = '${clusterMetrics.containerReady}'
        AND ${g.Value} = 1) AS readyAt
    FROM ${gauge.name}
    WHERE ${metricIn(clusterMetrics.containerReady, clusterMetrics.podPhase)} AND ${filter}
    GROUP BY cluster, namespace, pod, uid, container`;
}

/** A row a pod; `ready` is 0 while a container of it never was. */
const pointPods = (filter: string): string => `SELECT cluster, namespace, workload, pod, uid,
      min(first) AS born,
      if(countIf(container = '') > 0, maxIf(last, container = ''), max(last)) AS seen,
      if(countIf(container != '' AND readyAt > 0) < countIf(container != ''), 0, max(readyAt))
        AS ready,
      arraySort(groupUniqArrayIf(image, image != '')) AS images, max(hash) AS hash, 0 AS ended
    FROM (${containers(filter)})
    GROUP BY ${key}, pod, uid`;

/**
 * A row a pod, by both. The watcher knows better when it began, what it is of and when it ended;
 * that it is still there says whoever was heard last.
 */
const pods = (filter: string): string => `SELECT *,
      if(countIf(hash = '') OVER (PARTITION BY ${key}) = 0, hash, arrayStringConcat(images, ' '))
        AS revision
    FROM (
      SELECT cluster, namespace, argMax(workload, exact) AS workload, pod, uid,
        argMax(born, exact) AS born, if(max(ended) = 1, argMax(seen, exact), max(seen)) AS seen,
        argMax(ready, (exact AND ready > 0, ready)) AS ready, argMax(images, exact) AS images,
        argMax(hash, exact) AS hash
      FROM (
        SELECT *, false AS exact FROM (${pointPods(filter)})
        UNION ALL
        SELECT *, true AS exact FROM (${entityPods(filter, lookBackSeconds)})
      )
      GROUP BY cluster, namespace, pod, uid
    )
    WHERE (hash != '' OR notEmpty(images)) AND seen > 0`;

/** Workloads that the API server knows: what a Job or a bare pod is named like is none of them. */
const known = (filter: string): string => `SELECT ${key}, max(heard) AS heard
    FROM (${pointWorkloads(filter)} UNION ALL ${entityWorkloads(filter, lookBackSeconds)})
    GROUP BY ${key}`;

const pointWorkloads = (filter: string): string => `SELECT ${part.cluster} AS cluster,
      ${part.namespace} AS namespace, ${workload} AS workload, max(${atMs}) AS heard
    FROM ${gauge.name}
    WHERE ${metricIn(
      clusterMetrics.deploymentDesired,
      clusterMetrics.statefulSetDesired,
      clusterMetrics.daemonSetDesired,
    )} AND ${filter}
    GROUP BY ${key}`;

const ofRevision = `PARTITION BY ${key}, revision ORDER BY born, pod, uid`;

/** Places in the tuple of a session. */
const at = { start: 1, end: 2, revision: 3, images: 4, lastGone: 5, pods: 6 } as const;
/** Places in the tuple of a pod in it. */
const podAt = { born: 1, ready: 2, here: 3 } as const;

const of = (session: string, field: keyof typeof at): string => `${session}.${at[field]}`;

/** A row a session. `lastGone` is when the last of its pods that are gone was seen. */
const sessions = (filter: string): string => `SELECT ${key}, heard, tuple(min(born), max(seen),
      revision, arraySort(groupUniqArrayArray(images)),
      maxIf(seen, seen < heard - ${podGoneMs}),
      groupArray((born, ready, seen >= heard - ${podGoneMs}))) AS session
    FROM (
      SELECT *, sum(fresh) OVER (${ofRevision}) AS nth
      FROM (
        SELECT *, born > ${sessionGapMs} + max(seen)
          OVER (${ofRevision} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS fresh
        FROM (${pods(filter)}) AS pods INNER JOIN (${known(filter)}) AS known USING (${key})
      )
    )
    GROUP BY ${key}, heard, revision, nth`;

/**
 * What is known of the session `x` among the others of its workload. In steps, because the
 * database resolves a name that stands for an expression anew wherever it is used: names that
 * build on each other in one SELECT take it a second, and the rows a millisecond.
 */
function judged(filter: string): string {
  const since = (session: string): string => of(session, 'start');
  const until = (session: string): string => of(session, 'end');
  const own = of('x', 'pods');
  const among = `SELECT ${key}, heard, x,
      arraySort(each -> (least(${until('each')}, ${since('x')}), ${since('each')}),
        arrayFilter(each -> ${since('each')} < ${since('x')}, sessions)) AS earlier,
      arrayFilter(each -> ${since('each')} > ${since('x')}, sessions) AS later
    FROM (
      SELECT ${key}, heard, arraySort(each -> ${since('each')}, groupArray(session)) AS sessions
      FROM (${sessions(filter)})
      GROUP BY ${key}, heard
    )
    ARRAY JOIN sessions AS x`;
  const beside = `SELECT ${key}, heard, x, earlier, earlier[-1] AS previous,
      arrayFilter(each -> ${until('each')} > ${until('x')} + ${podGoneMs}, earlier) AS outlived,
      ${until('x')} < heard - ${podGoneMs} AS gone,
      arrayMax(arrayPushBack(arrayMap(each -> ${until('each')}, earlier), ${since('x')}))
        AS cleared,
      arrayMin(arrayPushBack(arrayMap(each -> ${since('each')}, later), heard + 1)) AS next,
      arrayMax([${since('x')}, arrayMax(arrayMap(pod -> pod.${podAt.ready}, ${own})),
        arrayMax(arrayPushBack(arrayMap(each -> ${of('each', 'lastGone')}, earlier),
          ${since('x')}))]) AS progress
    FROM (${among})
    WHERE length(earlier) > 0`;
  const grown = `SELECT *,
      arrayFilter(pod -> pod.${podAt.born} <= cleared + ${cohortMs}, ${own}) AS cohort,
      cleared < heard - ${podGoneMs} OR cleared = ${since('x')} AS alone
    FROM (${beside})
    WHERE ${of('previous', 'revision')} != ${of('x', 'revision')}`;
  return `SELECT *,
      alone AND arrayExists(pod -> pod.${podAt.ready} > 0, cohort) AND NOT arrayExists(
        pod -> pod.${podAt.ready} = 0 AND pod.${podAt.here}, cohort) AS done,
      greatest(cleared, arrayMax(arrayMap(pod -> pod.${podAt.ready}, cohort))) AS doneAt
    FROM (${grown})`;
}

/** Of several containers those whose image changed; all, when only the template did. */
const images = (one: string, other: string): string => {
  const changed = `arrayFilter(image -> NOT has(${other}, image), ${one})`;
  return `arrayStringConcat(if(empty(${changed}), ${one}, ${changed}), ', ')`;
};

const moment = (ms: string): string => `fromUnixTimestamp64Milli(${ms})`;

const columns = (from: string, to: string): string => `
      ${of(to, 'revision')} AS revision, ${of(from, 'revision')} AS revision_before,
      ${images(of(from, 'images'), of(to, 'images'))} AS image_before,
      ${images(of(to, 'images'), of(from, 'images'))} AS image_after`;

/**
 * A table expression with a row a deployment that started in the range: `cluster`, `namespace`,
 * `workload` (as kubectl writes it), `revision`, `revision_before`, `image_before`, `image_after`,
 * `started` and `finished` (NULL while it is not), `state` (`finished`, `in progress`, `stuck`,
 * `cancelled`), `rollback` (the revision ran before), `waits` (seconds without progress) and `id`.
 */
export function deploymentRows(filter: string): string {
  const cancelled = `gone AND NOT done OR next <= heard AND (NOT done OR doneAt > next)`;
  const back = `arraySort(each -> ${of('each', 'start')}, outlived)[-1]`;
  const again = `arrayExists(each -> ${of('each', 'revision')} = ${of('x', 'revision')}, earlier)`;
  // In steps, as in `judged`.
  const told = `SELECT ${key}, heard, x, previous, progress, done, doneAt,
        gone AND notEmpty(outlived) AND next > ${of('x', 'end')} + ${podGoneMs} AS undone,
        ${cancelled} AS cancelled, ${back} AS back, ${again} AS again
      FROM (${judged(filter)})`;
  const each = `SELECT *, arrayJoin(if(undone, [0, 1], [0])) AS undoes FROM (${told})`;
  const sided = `SELECT *, if(undoes, (back, x), (x, previous)) AS sides,
        multiIf(undoes, 'finished', undone OR cancelled, 'cancelled', done, 'finished',
          heard - progress > ${stuckSeconds * 1000}, 'stuck', 'in progress') AS state
      FROM (${each})`;
  return sql(`(
    SELECT *, concat(namespace, '/', workload, '@', toString(toUnixTimestamp(started))) AS id
    FROM (
      SELECT ${key}, undoes, undone, state,${columns('sides.2', 'sides.1')},
        ${moment(`if(undoes, ${of('x', 'end')}, ${of('x', 'start')})`)} AS started,
        if(state = 'finished', ${moment(`if(undoes, ${of('x', 'end')}, doneAt)`)}, NULL)
          AS finished,
        undoes OR again AS rollback,
        if(state IN ('stuck', 'in progress'), (heard - progress) / 1000, 0) AS waits
      FROM (${sided})
    )
    WHERE started >= $__fromTime
  )`);
}
