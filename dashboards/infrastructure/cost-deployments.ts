/** What workloads cost before and after their images changed. */
import { costHours } from '../../clickhouse/schema/costs.ts';
import { entityEvents } from '../../clickhouse/schema/entities.ts';
import { type PanelDraft, table } from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';

const c = columnsOf(costHours);
const e = columnsOf(entityEvents);
const windowSeconds = 86_400;
const money = { unit: 'none', decimals: 3, widthPx: 120 } as const;

/** A row a deployment; its own hour is of both sides and left out. */
export function beforeAndAfter(): PanelDraft {
  const mean = (column: string, side: string): string =>
    `toFloat64(avgOrNullIf(${column}, hour ${side} toStartOfHour(deployed)))`;
  return table({
    title: 'Before and after deployments',
    description:
      'Each change of images in this time range: what the workload cost in an hour in the day' +
      ' before and in the day after it. `obsctl cost compare` says it for another time.',
    source: 'costs',
    empty: 'fine',
    query: sql(`
      SELECT deployed AS "Deployed", namespace AS "Namespace", workload AS "Workload",
        ${mean('requested', '<')} AS "Cost before", ${mean('requested', '>')} AS "Cost after",
        ${mean('used', '<')} AS "Used before", ${mean('used', '>')} AS "Used after"
      FROM (
        SELECT ${e.Time} AS deployed, ${e.Cluster} AS cluster, ${e.Namespace} AS namespace,
          ${e.Name} AS workload
        FROM ${entityEvents.name} FINAL
        WHERE $__timeFilter(${e.Time}) AND ${e.Type} = 'image_changed'
          AND ${e.EntityType} NOT IN ('Pod', 'ReplicaSet')
          AND $__conditionalAll(${e.Cluster} IN (\${cluster:singlequote}), $cluster)
        ORDER BY deployed DESC LIMIT 50
      ) AS event INNER JOIN (
        SELECT ${c.Time} AS hour, ${c.Cluster} AS ofCluster, ${c.Namespace} AS ofNamespace,
          ${c.Workload} AS ofWorkload, toFloat64(sum(${c.Cost})) AS requested,
          toFloat64(sum(${c.UsageCost})) AS used
        FROM ${costHours.name}
        WHERE ${c.Time} >= $__fromTime - ${windowSeconds}
          AND ${c.Time} <= $__toTime + ${windowSeconds} AND ${c.Kind} = 'pod'
          AND ${c.Currency} = \${currency:singlequote}
        GROUP BY hour, ofCluster, ofNamespace, ofWorkload
      ) AS cost ON event.cluster = cost.ofCluster AND event.namespace = cost.ofNamespace
        AND event.workload = cost.ofWorkload
      WHERE hour >= deployed - ${windowSeconds} AND hour <= deployed + ${windowSeconds}
      GROUP BY deployed, cluster, namespace, workload
      ORDER BY "Deployed" DESC, "Namespace", "Workload"`),
    width: 24,
    height: 6,
    noValue: 'no change of images is recorded in this time range',
    fields: {
      Deployed: { unit: 'dateTimeAsLocal', widthPx: 190 },
      'Cost before': money,
      'Cost after': money,
      'Used before': money,
      'Used after': money,
    },
  });
}
