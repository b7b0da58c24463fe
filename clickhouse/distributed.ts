/** The tables of a cluster that hold nothing: they spread inserts and gather reads over shards. */
import { distributedEngine, fullName, isSharded, onCluster } from './cluster.ts';
import { columnClause, createTable, type TableOptions } from './ddl.ts';
import type { ColumnDef, TableDef } from './schema/types.ts';
import { quoteName, quoteText } from './sql.ts';

/** Every statement that makes `table` where it is stored and where it is read. */
export function createAll(table: TableDef, options: TableOptions): readonly string[] {
  const distributed = createDistributed(table, options);
  return [createTable(table, options), ...(distributed === undefined ? [] : [distributed])];
}

/** Undefined where the stored table is the one that is read. */
export function createDistributed(table: TableDef, options: TableOptions): string | undefined {
  const { cluster } = options;
  if (!isSharded(table.name, cluster)) return undefined;
  return showDistributed(table, options)
    .replace('CREATE TABLE ', 'CREATE TABLE IF NOT EXISTS ')
    .replace('\n', `${onCluster(cluster)}\n`);
}

/** The text that `SHOW CREATE TABLE` answers. */
export function showDistributed(table: TableDef, options: TableOptions): string {
  const { database, cluster = '' } = options;
  return [
    `CREATE TABLE ${fullName(database, table.name)}`,
    '(',
    table.columns.map((column) => `    ${distributedColumn(column)}`).join(',\n'),
    ')',
    `ENGINE = ${distributedEngine(table.name, database, cluster)}`,
    `COMMENT ${quoteText(table.comment)}`,
  ].join('\n');
}

/** Without a codec: nothing is stored. */
function distributedColumn({ codec: _, ...column }: ColumnDef): string {
  return columnClause(column);
}

/**
 * What brings a Distributed table's columns to the declared ones.
 *
 * @param found columns by name that every node has, with their types
 */
export function alterDistributed(
  table: TableDef,
  found: ReadonlyMap<string, string>,
  options: TableOptions,
): readonly string[] {
  const { database, cluster } = options;
  const start = `ALTER TABLE ${fullName(database, table.name)}${onCluster(cluster)}`;
  return table.columns.flatMap((column, index) => {
    const type = found.get(column.name);
    const before = table.columns[index - 1]?.name;
    const place = before === undefined ? 'FIRST' : `AFTER ${quoteName(before)}`;
    if (type === undefined) {
      return [`${start} ADD COLUMN IF NOT EXISTS ${distributedColumn(column)} ${place}`];
    }
    if (type === column.type) return [];
    return [`${start} MODIFY COLUMN ${quoteName(column.name)} ${column.type}`];
  });
}
