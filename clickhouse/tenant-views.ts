/**
 * A database of a tenant's own: views over the tables of the main one with its rows alone. Rows lie
 * together, so inserts stay few and large however many tenants there are; a user with rights on
 * this database only sees nothing else, because the views read as who made them.
 */

import { type ClusterName, onCluster } from './cluster.ts';
import { createDatabase } from './ddl.ts';
import { tables } from './schema/tables.ts';
import { traceRanges, traces } from './schema/traces.ts';
import { nameOf, quoteText } from './sql.ts';

/** `otel_shop` for tenant `shop` of `otel`. */
export function tenantDatabase(database: string, tenant: string): string {
  return `${database}_${tenant}`;
}

/** Harmless to repeat; again after a migration, so that the views have the new columns. */
export function tenantViews(
  database: string,
  tenant: string,
  cluster?: ClusterName,
): readonly string[] {
  const own = nameOf(tenantDatabase(database, tenant));
  const from = (table: string): string => `${nameOf(database)}.${nameOf(table)}`;
  const isTenants = `Tenant = ${quoteText(tenant)}`;
  const view = (table: string, select: string): string =>
    `CREATE OR REPLACE VIEW ${own}.${nameOf(table)}${onCluster(cluster)} ` +
    `DEFINER = CURRENT_USER SQL SECURITY DEFINER AS ${select}`;
  return [
    createDatabase(tenantDatabase(database, tenant), cluster),
    ...tables
      .filter(({ columns }) => columns.some(({ name }) => name === 'Tenant'))
      .map(({ name }) => view(name, `SELECT * FROM ${from(name)} WHERE ${isTenants}`)),
    // That table has no tenant: whoever read it whole would see how many traces others have.
    view(
      traceRanges.name,
      'SELECT TraceId, min(toDateTime(Timestamp)) AS Start, max(toDateTime(Timestamp)) AS End' +
        ` FROM ${from(traces.name)} WHERE ${isTenants} GROUP BY TraceId`,
    ),
  ];
}
