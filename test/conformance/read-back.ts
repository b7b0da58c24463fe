/** Reads stored rows back in the oracle's words: 64-bit integers and times as text. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { tables } from '../../clickhouse/schema/tables.ts';
import type { Row, Rows } from './oracle.ts';

/** All rows of one service in the tables that `expected` names. */
export async function storedRows(
  clickhouse: ClickHouse,
  expected: Rows,
  service: string,
): Promise<Rows> {
  const stored: Record<string, readonly Row[]> = {};
  for (const [name, rows] of Object.entries(expected)) {
    const wanted = new Set(rows.flatMap((row) => Object.keys(row)));
    const columns = tables
      .find((table) => table.name === name)
      ?.columns.filter((column) => wanted.has(column.name))
      .map((column) => `${asText(`t.\`${column.name}\``, column.type)} AS \`${column.name}\``);
    const result = await clickhouse.client.query({
      query: `SELECT ${columns?.join(', ')} FROM {database: Identifier}.${name} AS t
        WHERE t.ServiceName = {service: String}`,
      query_params: { database: clickhouse.database, service },
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_denormals: 1 },
    });
    stored[name] = await result.json<Row>();
  }
  return stored;
}

function asText(column: string, type: string): string {
  if (type === 'DateTime64(9)') return `toString(toUnixTimestamp64Nano(${column}))`;
  if (type === 'Array(DateTime64(9))') {
    return `arrayMap(x -> toString(toUnixTimestamp64Nano(x)), ${column})`;
  }
  if (/^U?Int64$/.test(type)) return `toString(${column})`;
  if (/^Array\(U?Int64\)$/.test(type)) return `arrayMap(x -> toString(x), ${column})`;
  return column;
}

/** Rows in an order that does not depend on how they were stored, maps by key. */
export function canonical(rows: Rows): Rows {
  return Object.fromEntries(
    Object.entries(rows).map(([table, list]) => [
      table,
      list.map((row) => sortKeys(row) as Row).sort(byText),
    ]),
  );
}

function byText(left: Row, right: Row): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, entry]) => [key, sortKeys(entry)]));
}
