/**
 * Typed names for SQL: columns come from the table declarations, attributes and metrics from the
 * pinned list, so that a renamed column stops the build and not a panel.
 */
import type { logs } from '../../clickhouse/schema/logs.ts';
import type { sum } from '../../clickhouse/schema/metrics.ts';
import type { traces } from '../../clickhouse/schema/traces.ts';
import type { ColumnOf, TableDef } from '../../clickhouse/schema/types.ts';
import type { AttributeName } from './names.ts';

/** Every column of a table under its own name. */
export type Columns<Column extends string> = { readonly [Name in Column]: Name };

/** The columns of `table`, to be used inside template strings. */
export function columnsOf<Column extends string>(table: TableDef<Column>): Columns<Column> {
  return Object.fromEntries(
    table.columns.map((column) => [column.name, column.name]),
  ) as Columns<Column>;
}

/** A column that holds attributes, as the tables have it. */
export type AttributeColumn = Extract<
  ColumnOf<typeof traces> | ColumnOf<typeof logs> | ColumnOf<typeof sum>,
  `${string}Attributes`
>;

/** `SpanAttributes['http.route']`, for names of the pinned list only. */
export function attribute(column: AttributeColumn, name: AttributeName): string {
  return `${column}['${name}']`;
}

/** A query as it stands in the JSON: no blank lines, no common indent. */
export function sql(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const indents = lines.map((line) => line.length - line.trimStart().length);
  const indent = Math.min(...indents);
  return lines.map((line) => line.slice(indent).trimEnd()).join('\n');
}
