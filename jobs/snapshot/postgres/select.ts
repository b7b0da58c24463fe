/** The SELECT of a planned table: its expressions, and what their bytes then are. */
import type { Chunk, PlannedTable, SourceColumn } from '../source.ts';
import type { PostgresColumn } from './catalog.ts';
import type { PgType } from './pg-types.ts';
import { wireOf } from './type-table.ts';

/** A field of the rows that the server sends. */
export type Field = {
  readonly source: PostgresColumn;
  readonly expression: string;
  /** The place of its column; -1 for a key that is only read to tell rows apart. */
  readonly column: number;
  /** Of the bytes that come. */
  readonly type: PgType;
};

export type Selection = {
  /** Those of the primary key first, so that a later edge knows its row. */
  readonly fields: readonly Field[];
  readonly keyCount: number;
};

export function selectionOf(table: PlannedTable): Selection {
  const own = table.columns.map((column, index) =>
    column.isNullFlag === true
      ? flagOf(column.source, index)
      : fieldOf(column.source, column.type, index),
  );
  const keys = table.source.primaryKey.flatMap((name) => {
    const planned = own.find(({ source }) => source.name === name);
    if (planned !== undefined) return planned;
    const source = table.source.columns.find((column) => column.name === name);
    return source === undefined ? [] : fieldOf(source, '', -1);
  });
  return {
    fields: [...keys, ...own.filter((field) => !keys.includes(field))],
    keyCount: keys.length,
  };
}

/** The query of a chunk; `ONLY`, because children by inheritance are tables of their own. */
export function selectSql(table: PlannedTable, chunk: Chunk, selection: Selection): string {
  const expressions = selection.fields.map(({ expression }) => expression).join(', ');
  const conditions = [chunk.where, table.filter ?? '']
    .filter((condition) => condition !== '')
    .map((condition) => `(${condition}\n)`);
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return `SELECT ${expressions} FROM ${chunk.from ?? relationOf(table)}${where}`;
}

export function relationOf(table: PlannedTable): string {
  const { schema, name, kind } = table.source;
  return `${kind === 'table' ? 'ONLY ' : ''}${quote(schema)}.${quote(name)}`;
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function fieldOf(source: SourceColumn, target: string, column: number): Field {
  const { postgres } = asPostgres(source);
  const name = quote(source.name);
  const wire = target === '' ? 'binary' : wireOf(postgres, target);
  const array = (element: PgType): PgType => ({ form: 'array', element });
  const [expression, type] = (
    {
      binary: [name, postgres],
      text: [textOf(name, postgres), named('text')],
      texts: [textsOf(name, postgres), array(named('text'))],
      reals: [`${name}::pg_catalog.float4[]`, array(named('float4'))],
      numeric: [`${name}::pg_catalog.numeric`, named('numeric')],
      'numeric text': [`${name}::pg_catalog.numeric::pg_catalog.text`, named('text')],
    } as const
  )[wire];
  return { source: asPostgres(source), expression, column, type };
}

function flagOf(source: SourceColumn, column: number): Field {
  // `IS NULL` would say so of a row of NULLs too, which is a value.
  const expression = `pg_catalog.num_nulls(${quote(source.name)})::pg_catalog.bool`;
  return { source: asPostgres(source), expression, column, type: named('bool') };
}

/** Types whose cast to text is not what `psql` shows: `true`, 10.0.0.1/32. */
const outputs: Readonly<Record<string, string>> = {
  bool: 'boolout',
  inet: 'inet_out',
  cidr: 'cidr_out',
  char: 'charout',
};

function textOf(name: string, type: PgType): string {
  const output = type.form === 'base' ? outputs[type.name] : undefined;
  return output === undefined
    ? `${name}::pg_catalog.text`
    : `pg_catalog.textin(pg_catalog.${output}(${name}))`;
}

/** By the text of the whole array, so that its elements are in the text that `psql` shows. */
function textsOf(name: string, type: PgType): string {
  const element = type.form === 'array' ? type.element : type;
  // The one type whose arrays are not separated by commas.
  if (element.form === 'base' && element.name === 'box') return `${name}::pg_catalog.text[]`;
  return `pg_catalog.textin(pg_catalog.array_out(${name}))::pg_catalog.text[]`;
}

function named(name: string): PgType {
  return { form: 'base', name, modifier: -1 };
}

function asPostgres(source: SourceColumn): PostgresColumn {
  if (!('postgres' in source)) throw new TypeError(`${source.name} is not a column of PostgreSQL`);
  return source as PostgresColumn;
}
