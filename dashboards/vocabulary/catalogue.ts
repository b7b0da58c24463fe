/**
 * What there is in the shown time, for menus: from the catalogues that a gateway counts. In a
 * database where nobody counts, as a plain Collector's, a bounded part of the raw rows is read.
 */
import {
  attributeCatalogue,
  catalogueSeconds,
  seriesCatalogue,
} from '../../clickhouse/schema/catalogue.ts';
import { gauge, type sum } from '../../clickhouse/schema/metrics.ts';
import type { AttributeName } from './names.ts';
import { type AttributeColumn, columnsOf, sql } from './sql.ts';

const a = columnsOf(attributeCatalogue);
const s = columnsOf(seriesCatalogue);
const g = columnsOf(gauge);

/** Rows that are read where there is no catalogue. */
export const rawRowsMax = 20_000;

/** Attributes that are offered. */
const keysMax = 500;

/** Quarter hours that the shown time touches. */
export const inUnits = (column: string): string =>
  `${column} > $__fromTime - ${catalogueSeconds} AND ${column} <= $__toTime`;

/** Whether nothing of `table` is in the catalogue of attributes; the table is a SQL expression. */
export const uncatalogued = (table: string): string =>
  `(SELECT count() FROM ${attributeCatalogue.name} WHERE ${inUnits(a.Time)}` +
  ` AND \`${a.Table}\` = ${table}) = 0`;

/** Names of the attributes that rows of a table carry; the empty name, for none, comes first. */
export function attributeKeysSql(
  table: string,
  time: string,
  columns: readonly AttributeColumn[],
): string {
  const keys = columns.map((column) => `mapKeys(${column})`).join(', ');
  return sql(`
    SELECT key FROM (
      SELECT '' AS key
      UNION ALL
      SELECT key FROM ${keysOf(`'${table}'`)} WHERE kind != 'scope'
      UNION ALL
      SELECT arrayJoin(arrayConcat(${keys})) AS key FROM (
        SELECT ${columns.join(', ')} FROM ${table}
        WHERE $__timeFilter(${time}) AND ${uncatalogued(`'${table}'`)} LIMIT ${rawRowsMax}
      )
    )
    GROUP BY key ORDER BY key LIMIT ${keysMax}`);
}

/** A table expression: `kind` and `key` of the attributes of a table. */
export function keysOf(table: string): string {
  return `(
    SELECT toString(${a.Kind}) AS kind, toString(\`${a.Key}\`) AS key
    FROM ${attributeCatalogue.name}
    WHERE ${inUnits(a.Time)} AND \`${a.Table}\` = ${table} AND ${a.Values} > 0
    GROUP BY kind, key
  )`;
}

/** A table expression: `value`, the services of a table; a SQL expression. */
export function servicesOf(table: string): string {
  return `(
    SELECT ${a.Value} AS value FROM ${attributeCatalogue.name}
    WHERE ${inUnits(a.Time)} AND \`${a.Table}\` = ${table} AND ${a.Kind} = 'resource'
      AND \`${a.Key}\` = '${'service.name' satisfies AttributeName}' AND ${a.Values} = 0
    GROUP BY value
  )`;
}

/** A table expression: `ResourceAttributes` and `Attributes` of the series of metrics. */
export function labelsOf(table: typeof gauge | typeof sum, metrics: readonly string[]): string {
  const names = `${s.MetricName} IN ('${metrics.join("', '")}')`;
  const labels = `${s.ResourceAttributes}, ${s.Attributes}`;
  const counted = `SELECT count() FROM ${seriesCatalogue.name} WHERE ${inUnits(s.Time)}`;
  return `(
    SELECT ${labels} FROM ${seriesCatalogue.name}
    WHERE ${inUnits(s.Time)} AND ${names} AND \`${s.Table}\` = '${table.name}'
    GROUP BY ${labels}
    UNION ALL
    SELECT ${labels} FROM ${table.name}
    WHERE ${names} AND $__timeFilter(${g.TimeUnix}) AND (${counted}) = 0
    LIMIT ${rawRowsMax}
  )`;
}
