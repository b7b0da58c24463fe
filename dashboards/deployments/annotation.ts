/** Deployments as marks on the charts of other dashboards. */
import { traces } from '../../clickhouse/schema/traces.ts';
import { ofWorkload } from '../infrastructure/kubernetes-parts.ts';
import { part, workload } from '../infrastructure/kubernetes-points.ts';
import type { Annotation } from '../vocabulary/board.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { deploymentRows } from './rows.ts';

const t = columnsOf(traces);
/** Lines beyond this many would hide the chart. */
const marksMax = 100;

const marks = (filter: string, chosen: string): string =>
  sql(`
    SELECT started AS time, concat(if(rollback, 'Rollback of ', 'Deployment of '), workload)
        AS title,
      concat(image_before, ' → ', image_after, ', ', state) AS text,
      concat(namespace, ',', state) AS tags
    FROM ${deploymentRows(filter)}
    WHERE ${chosen}
    ORDER BY time DESC LIMIT ${marksMax}`);

const shared = { name: 'Deployments', colour: 'purple' } as const;

/** Of the workload that the variables of the dashboard *Workload* name. */
export const deploymentsOfWorkload: Annotation = { ...shared, rawSql: marks(ofWorkload, '1') };

/** Of all workloads, or of those whose pods answered for the chosen services. */
export const deploymentsOfServices: Annotation = {
  ...shared,
  rawSql: marks(
    '1',
    `$__conditionalAll((namespace, workload) IN (
      SELECT ${part.namespace}, ${workload} FROM ${traces.name}
      WHERE $__timeFilter(${t.Timestamp}) AND ${part.pod} != ''
        AND ${t.ServiceName} IN (\${service:singlequote})
    ), $service)`,
  ),
};
