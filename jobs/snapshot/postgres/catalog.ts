/**
 * Tables, columns, keys and types out of `pg_catalog`. Partitions are part of their parent; a
 * parent by inheritance stands for its own rows only, since its children are listed themselves.
 */
import type { Client } from 'pg';
import type { SourceColumn, SourceTable } from '../source.ts';
import { type FieldRow, type PgType, TypeCatalog, type TypeRow } from './pg-types.ts';
import { mapType } from './type-table.ts';

/** A column with what is needed to read it. */
export type PostgresColumn = SourceColumn & { readonly postgres: PgType };

export type PostgresTable = SourceTable & { readonly columns: readonly PostgresColumn[] };

type TableRow = {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly rows: number;
};

type ColumnRow = {
  readonly table: number;
  readonly name: string;
  readonly text: string;
  readonly type: number;
  readonly modifier: number;
  readonly never_null: boolean;
  readonly generated: boolean;
  readonly dimensions: number;
};

type KeyRow = { readonly table: number; readonly name: string };

const kinds: Readonly<Record<string, SourceTable['kind']>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
};

const userTables = `c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;

/** `reltuples` is -1 before the first ANALYZE, and 0 for parents of partitions before 14. */
const tablesSql = `
  SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::pg_catalog.text AS kind,
    CASE WHEN c.relkind = 'p' THEN (
      SELECT coalesce(sum(greatest(part.reltuples, 0)), 0)
      FROM pg_catalog.pg_partition_tree(c.oid) tree
      JOIN pg_catalog.pg_class part ON part.oid = tree.relid
      WHERE tree.isleaf)
    ELSE greatest(c.reltuples, 0) END::pg_catalog.float8 AS rows
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE ${userTables} ORDER BY n.nspname, c.relname`;

/**
 * A foreign table's NOT NULL is only said; one that was added NOT VALID (18) holds for new rows.
 * That of a domain is broken by an outer join, and so does not count.
 */
function columnsSql(version: number): string {
  const unproven = `EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = a.attrelid
      AND k.contype = 'n' AND NOT k.convalidated AND a.attnum = ANY (k.conkey))`;
  return `
  SELECT a.attrelid AS "table", a.attname AS name,
    pg_catalog.format_type(a.atttypid, a.atttypmod) AS text,
    a.atttypid AS type, a.atttypmod AS modifier, a.attgenerated <> '' AS generated,
    a.attnotnull AND c.relkind <> 'f'${version >= 180_000 ? ` AND NOT ${unproven}` : ''}
      AS never_null,
    a.attndims::pg_catalog.int4 AS dimensions
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE a.attnum > 0 AND NOT a.attisdropped AND ${userTables}
  ORDER BY a.attrelid, a.attnum`;
}

/** Without the columns that an index only includes. */
const keysSql = `
  SELECT i.indrelid AS "table", a.attname AS name
  FROM pg_catalog.pg_index i
  CROSS JOIN unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS part (attnum, place)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = part.attnum
  WHERE i.indisprimary AND part.place <= i.indnkeyatts
  ORDER BY i.indrelid, part.place`;

function typesSql(version: number): string {
  const multirange =
    version >= 140_000 ? 'LEFT JOIN pg_catalog.pg_range m ON m.rngmultitypid = t.oid' : '';
  const bound = version >= 140_000 ? 'coalesce(r.rngsubtype, m.rngsubtype, 0)' : 'r.rngsubtype';
  return `
  SELECT t.oid, t.typname AS name, n.nspname AS schema, t.typtype::pg_catalog.text AS kind,
    t.typelem AS element, t.typlen = -1 AND t.typelem <> 0
      AND t.oid = (SELECT typarray FROM pg_catalog.pg_type WHERE oid = t.typelem) AS "isArray",
    t.typbasetype AS base, t.typtypmod AS "baseModifier",
    coalesce(${bound}, 0) AS bound,
    t.typname = 'vector' AND EXISTS (SELECT FROM pg_catalog.pg_cast
      WHERE castsource = t.oid AND casttarget = 'pg_catalog.float4[]'::pg_catalog.regtype)
      AS "hasRealCast"
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid ${multirange}`;
}

/** Of composites, and of tables whose rows are the type of a column, an array or a domain. */
const fieldsSql = `
  WITH used AS (
    SELECT DISTINCT t.oid, t.typelem, t.typbasetype
    FROM pg_catalog.pg_attribute u JOIN pg_catalog.pg_type t ON t.oid = u.atttypid
    WHERE u.attnum > 0)
  SELECT c.reltype AS composite, a.attname AS name, a.atttypid AS type, a.atttypmod AS modifier
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  WHERE c.reltype <> 0 AND a.attnum > 0 AND NOT a.attisdropped
    AND (c.relkind = 'c' OR c.reltype IN (SELECT oid FROM used UNION ALL
      SELECT typelem FROM used UNION ALL SELECT typbasetype FROM used))
  ORDER BY c.reltype, a.attnum`;

/** `money` is a count of the smallest unit; how many make one, `lc_monetary` says. */
const moneySql = 'SELECT scale(1::pg_catalog.int4::pg_catalog.money::pg_catalog.numeric) AS scale';

/** Everything in one transaction, so that columns and types are those of the same moment. */
export async function readCatalog(
  client: Client,
  version: number,
): Promise<readonly PostgresTable[]> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const tables = await client.query<TableRow>(tablesSql);
  const columns = await client.query<ColumnRow>(columnsSql(version));
  const keys = await client.query<KeyRow>(keysSql);
  const types = await client.query<TypeRow>(typesSql(version));
  const fields = await client.query<FieldRow>(fieldsSql);
  const money = await client.query<{ scale: number }>(moneySql);
  await client.query('COMMIT');
  const catalog = new TypeCatalog(types.rows, fields.rows, money.rows[0]?.scale ?? 2);
  const columnsOf = Map.groupBy(columns.rows, (row) => row.table);
  const keysOf = Map.groupBy(keys.rows, (row) => row.table);
  return tables.rows.map((row) => ({
    schema: row.schema,
    name: row.name,
    kind: kinds[row.kind] ?? 'table',
    columns: (columnsOf.get(row.oid) ?? []).map((column) => toColumn(column, catalog)),
    primaryKey: (keysOf.get(row.oid) ?? []).map(({ name }) => name),
    estimatedRows: Math.round(row.rows),
  }));
}

function toColumn(row: ColumnRow, catalog: TypeCatalog): PostgresColumn {
  const postgres = catalog.resolve(row.type, row.modifier);
  return {
    name: row.name,
    sourceType: row.text,
    isNullable: !row.never_null,
    isGenerated: row.generated,
    mapped: mapType(postgres, row.dimensions),
    postgres,
  };
}
