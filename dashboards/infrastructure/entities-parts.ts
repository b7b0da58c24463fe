/** SQL over entities: what was true at the end of the range, and what happened in it. */
import {
  entityEvents,
  entityPositions,
  namespaces,
  pods,
} from '../../clickhouse/schema/entities.ts';
import type { TableDef } from '../../clickhouse/schema/types.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { queryVariable } from '../vocabulary/variables.ts';

const e = columnsOf(entityEvents);
const p = columnsOf(pods);

const chosen = (column: string, name: string): string =>
  `$__conditionalAll(${column} IN (\${${name}:singlequote}), $${name})`;

/** Of the clusters that the dashboard names. */
export const onCluster = chosen(p.Cluster, 'cluster');
export const inNamespace = `${onCluster} AND ${chosen(p.Namespace, 'namespace')}`;
/** What stands in no namespace, as nodes, is of every one. */
const ofNamespace = `${onCluster} AND (${e.Namespace} = '' OR ${chosen(e.Namespace, 'namespace')})`;

/** A table expression: the versions of `table` that were true at the end of the range. */
export const trueThen = (table: TableDef, filter: string): string =>
  `(SELECT * FROM ${table.name} FINAL
      WHERE ${p.ValidFrom} <= $__toTime AND ${p.ValidTo} > $__toTime AND ${filter})`;

/** Events of the range. */
export const happened = `FROM ${entityEvents.name} FINAL
      WHERE $__timeFilter(${e.Time}) AND ${ofNamespace}`;

/** How kubectl writes a workload, as the other dashboards have it. */
export const workloadOf = (kind: string, name: string): string =>
  `if(${name} = '', '', concat(lower(${kind}), '/', ${name}))`;

export function watchedClusterVariable() {
  return queryVariable('cluster', {
    label: 'Cluster',
    description: 'Show only these clusters.',
    multi: true,
    all: true,
    rawSql: sql(`
      SELECT DISTINCT ${p.Cluster} AS value FROM ${entityPositions.name}
      ORDER BY value LIMIT 1000`),
  });
}

export function watchedNamespaceVariable() {
  return queryVariable('namespace', {
    label: 'Namespace',
    description: 'Show only what stands in these namespaces, and what stands in none.',
    multi: true,
    all: true,
    rawSql: sql(`
      SELECT DISTINCT ${p.Name} AS value FROM ${namespaces.name}
      WHERE ${p.ValidFrom} <= $__toTime AND ${p.ValidTo} > $__fromTime AND ${onCluster}
      ORDER BY value LIMIT 1000`),
  });
}
