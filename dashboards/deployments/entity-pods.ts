/**
 * Pods and workloads as the watcher of what runs where recorded them (`obsctl entities watch`):
 * to the second and with every revision, where the Collector's points are up to their interval
 * late. In the shape of points, so that the conditions of a dashboard hold for both.
 */
import { entityPositions, openEndMs, pods, workloads } from '../../clickhouse/schema/entities.ts';
import { part } from '../infrastructure/kubernetes-points.ts';
import { columnsOf } from '../vocabulary/sql.ts';

const p = columnsOf(pods);
const w = columnsOf(workloads);
const o = columnsOf(entityPositions);

const ms = (time: string): string => `toUnixTimestamp64Milli(${time})`;
const rangeEnd = "toUnixTimestamp64Milli(toDateTime64($__toTime, 3, 'UTC'))";

/** Until when a cluster was watched, in the range. */
const heard = `SELECT ${o.Cluster}, least(max(${ms(o.Time)}), ${rangeEnd}) AS heard
      FROM ${entityPositions.name} GROUP BY ${o.Cluster}`;

/** Kinds that roll out revisions, with the attribute that names them. */
const kinds = [
  ['Deployment', 'k8s.deployment.name'],
  ['StatefulSet', 'k8s.statefulset.name'],
  ['DaemonSet', 'k8s.daemonset.name'],
] as const;
const kindNames = kinds.map(([kind]) => `'${kind}'`).join(', ');

/** The attributes that the points of the same thing have. */
const attributesOf = (kind: string, name: string, pod: string): string =>
  `map('k8s.cluster.name', toString(${p.Cluster}), 'k8s.namespace.name', toString(${p.Namespace}),
          'k8s.pod.name', ${pod}, ${kinds
            .map(([each, key]) => `'${key}', if(${kind} = '${each}', toString(${name}), '')`)
            .join(', ')}) AS ResourceAttributes`;

/** As kubectl writes it, and the points' own expression for it gives. */
const named = (kind: string, name: string): string => `concat(lower(${kind}), '/', ${name})`;

const inRange = (lookBackSeconds: number): string =>
  `${p.ValidFrom} <= $__toTime AND ${p.ValidTo} > $__fromTime - ${lookBackSeconds}`;

/**
 * A row a pod: `cluster`, `namespace`, `workload`, `pod`, `uid`, `born`, `seen`, `ready` (0: never
 * yet), `images`, `hash` and `ended`, whether it was over within the range; times are milliseconds.
 */
export function entityPods(filter: string, lookBackSeconds: number): string {
  const alive = `maxIf(${ms(p.ValidTo)}, ${p.Phase} NOT IN ('Succeeded', 'Failed'))`;
  return `SELECT ${part.cluster} AS cluster, ${part.namespace} AS namespace,
      any(${named(p.WorkloadKind, p.Workload)}) AS workload, ${part.pod} AS pod, ${p.Id} AS uid,
      min(${ms(p.Created)}) AS born, least(${alive}, any(heard)) AS seen,
      minIf(${ms(p.Ready)}, ${ms(p.Ready)} > 0) AS ready,
      arraySort(groupUniqArrayArray(mapValues(${p.Images}))) AS images,
      any(${p.TemplateHash}) AS hash, ${alive} <= least(${rangeEnd}, ${openEndMs - 1}) AS ended
    FROM (
      SELECT *, ${attributesOf(p.WorkloadKind, p.Workload, p.Name)}
      FROM ${pods.name} FINAL
      WHERE ${inRange(lookBackSeconds)} AND ${p.WorkloadKind} IN (${kindNames})
    ) AS own INNER JOIN (${heard}) AS watched USING (${p.Cluster})
    WHERE ${filter}
    GROUP BY cluster, namespace, pod, uid`;
}

/** A row a workload: `cluster`, `namespace`, `workload`, and until when it was `heard` of. */
export function entityWorkloads(filter: string, lookBackSeconds: number): string {
  const seen = `least(max(${ms(w.ValidTo)}), any(heard))`;
  return `SELECT ${part.cluster} AS cluster, ${part.namespace} AS namespace,
      ${named(w.Kind, w.Name)} AS workload, ${seen} AS heard
    FROM (
      SELECT *, ${attributesOf(w.Kind, w.Name, "''")}
      FROM ${workloads.name} FINAL
      WHERE ${inRange(lookBackSeconds)} AND ${w.Kind} IN (${kindNames})
    ) AS own INNER JOIN (${heard}) AS watched USING (${p.Cluster})
    WHERE ${filter}
    GROUP BY cluster, namespace, workload`;
}
