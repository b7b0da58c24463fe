/** Tables and views as information_schema tells them; system schemas left out. */
import type { SourceColumn, SourceTable } from '../source.ts';
import { quoteText, type Row, type Session } from './session.ts';
import { mapType } from './types.ts';

const systemSchemas = "('information_schema', 'mysql', 'performance_schema', 'sys')";

/** All that the user may see, in `database` where it is not empty; ordered by name. */
export async function readCatalog(
  session: Session,
  database: string,
): Promise<readonly SourceTable[]> {
  const where = schemaCondition(database);
  const ask = (sql: string): Promise<readonly Row[]> => session.query(sql, 'reading the catalog');
  const tables = await ask(
    `SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, CREATE_OPTIONS, TABLE_ROWS
     FROM information_schema.TABLES
     WHERE ${where} AND TABLE_TYPE IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED')
     ORDER BY BINARY TABLE_SCHEMA, BINARY TABLE_NAME`,
  );
  const columns = grouped(
    await ask(
      `SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, EXTRA
       FROM information_schema.COLUMNS WHERE ${where} ORDER BY ORDINAL_POSITION`,
    ),
  );
  const keys = grouped(
    await ask(
      `SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME
       FROM information_schema.STATISTICS
       WHERE ${where} AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX`,
    ),
  );
  return tables.map(([schema, name, type, options, rows]) => ({
    schema: schema ?? '',
    name: name ?? '',
    kind: kindOf(type ?? '', options ?? ''),
    columns: (columns.get(placeOf(schema, name)) ?? []).map(columnOf),
    primaryKey: (keys.get(placeOf(schema, name)) ?? []).map((row) => row[2] ?? ''),
    estimatedRows: Number(rows ?? 0),
  }));
}

/** Tables whose engine has no transactions, and so no snapshot: MyISAM, Aria, MEMORY, CSV. */
export async function tablesWithoutSnapshot(
  session: Session,
  database: string,
): Promise<readonly string[]> {
  const rows = await session.query(
    `SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE
     FROM information_schema.TABLES
     WHERE ${schemaCondition(database)} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
       AND ENGINE NOT IN
         (SELECT ENGINE FROM information_schema.ENGINES WHERE TRANSACTIONS = 'YES')
     ORDER BY BINARY TABLE_SCHEMA, BINARY TABLE_NAME`,
    'asking for engines',
  );
  return rows.map(([schema, name, engine]) => `${schema}.${name} (${engine})`);
}

function schemaCondition(database: string): string {
  return database === ''
    ? `TABLE_SCHEMA NOT IN ${systemSchemas}`
    : `TABLE_SCHEMA = ${quoteText(database)}`;
}

function kindOf(type: string, options: string): SourceTable['kind'] {
  if (type === 'VIEW') return 'view';
  return /\bpartitioned\b/.test(options) ? 'partitioned' : 'table';
}

function columnOf(row: Row): SourceColumn {
  const [, , name, type, isNullable, extra] = row;
  const sourceType = type ?? '';
  return {
    name: name ?? '',
    sourceType,
    isNullable: isNullable === 'YES',
    isGenerated: /\b(VIRTUAL|STORED|PERSISTENT) GENERATED\b/i.test(extra ?? ''),
    mapped: mapType(sourceType),
  };
}

function grouped(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  return Map.groupBy(rows, ([schema, name]) => placeOf(schema, name));
}

function placeOf(schema: string | null | undefined, name: string | null | undefined): string {
  return JSON.stringify([schema, name]);
}
