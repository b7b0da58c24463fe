/** What happened to entities, as marks on the charts of other dashboards. */
import { entityEvents } from '../../clickhouse/schema/entities.ts';
import type { Annotation } from '../vocabulary/board.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';

const e = columnsOf(entityEvents);
/** Lines beyond this many would hide the chart. */
const marksMax = 100;

/** What explains a change of a chart; pods that come and go are on the dashboards themselves. */
const telling = ['image_changed', 'config_changed', 'resized', 'recreated', 'migrated'];

const one = (column: string, name: string): string =>
  `$__conditionalAll(${column} IN (\${${name}:singlequote}), $${name})`;

const marks = (filter: string): Annotation => ({
  name: 'Changes',
  colour: 'blue',
  rawSql: sql(`
    SELECT min(${e.Time}) AS time, concat(${e.Type}, ' ', any(${e.Name})) AS title,
      arrayStringConcat(arraySlice(groupUniqArray(${e.Description}), 1, 5), '; ') AS text,
      concat(any(${e.Namespace}), ',', ${e.Type}) AS tags
    FROM ${entityEvents.name} FINAL
    WHERE $__timeFilter(${e.Time}) AND ${filter}
    GROUP BY ${e.Cluster}, ${e.Type}, ${e.EntityType},
      if(${e.EntityType} = 'Pod', ${e.Workload}, ${e.EntityId}), toStartOfMinute(${e.Time})
    ORDER BY time DESC LIMIT ${marksMax}`),
});

const types = `${e.Type} IN ('${telling.join("', '")}')`;
const here = `${one(e.Cluster, 'cluster')} AND ${one(e.Namespace, 'namespace')}`;
const nodeStates = `${e.EntityType} = 'Node' AND ${e.Type} IN ('state_changed', 'deleted')`;

/** Of the chosen workload, its pods, and the config maps beside it. */
export const changesOfWorkload: Annotation = marks(
  `${types} AND ${here} AND (${e.EntityType} = 'ConfigMap' OR $__conditionalAll(
      concat(lower(${e.EntityType}), '/', ${e.Name}) = \${workload:singlequote}
      OR ${e.Workload} != '' AND endsWith(\${workload:singlequote}, concat('/', ${e.Workload})),
      $workload))`,
);

/** Of the chosen node and what it makes room for. */
export const changesOfNode: Annotation = marks(
  `${one(e.Cluster, 'cluster')} AND ${e.EntityType} = 'Node'
      AND ${one(e.Name, 'node')} AND ${e.Type} NOT IN ('modified')`,
);

/** Of the chosen clusters: images, sizes, nodes that went. */
export const changesOfCluster: Annotation = marks(
  `${one(e.Cluster, 'cluster')} AND (${nodeStates}
      OR ${e.EntityType} NOT IN ('Pod', 'ReplicaSet') AND ${types}
      AND ${one(e.Namespace, 'namespace')})`,
);

/** Of all clusters: a service does not say where it runs. */
export const changesEverywhere: Annotation = marks(
  `(${nodeStates} OR ${e.EntityType} NOT IN ('Pod', 'ReplicaSet', 'Job') AND ${types})`,
);
