/** Native blocks into a real engine, and rows back out of it. For tests. */
import { tables } from '../../../clickhouse/schema/tables.ts';
import type { EncodedUnit } from '../decode-types.ts';
import type { Row } from './expected.ts';

/** How values print, so that nothing is lost on the way. */
const settings = {
  output_format_json_quote_64bit_integers: '1',
  output_format_json_quote_denormals: '1',
  date_time_output_format: 'unix_timestamp',
  session_timezone: 'UTC',
  input_format_skip_unknown_fields: '0',
  allow_suspicious_low_cardinality_types: '1',
};

/** Runs SQL, with a body appended when given, and returns what came back. */
export async function ask(url: string, sql: string, body?: Uint8Array): Promise<string> {
  const query = new URLSearchParams({ query: sql, ...settings });
  const response = await fetch(`${url}/?${query}`, {
    method: 'POST',
    body: body === undefined ? '' : Buffer.from(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`engine: ${text}`);
  return text;
}

/** A table of engine Memory with the real columns: keeps the order of rows. */
export async function createMemoryTables(url: string, database: string): Promise<void> {
  await ask(url, `CREATE DATABASE IF NOT EXISTS ${database}`);
  for (const table of tables) {
    const columns = table.columns.map(({ name, type }) => `\`${name}\` ${type}`).join(', ');
    await ask(url, `CREATE TABLE ${database}.${table.name} (${columns}) ENGINE = Memory`);
  }
}

/** The one body of a unit. */
export function unitBytes(unit: Pick<EncodedUnit, 'chunks'>): Uint8Array {
  return new Uint8Array(Buffer.concat(unit.chunks));
}

/** Replaces the rows of `table` by those of `unit` and reads them back, maps as lists of pairs. */
export async function roundTrip(
  url: string,
  database: string,
  unit: Pick<EncodedUnit, 'table' | 'chunks'>,
  format: 'Native' | 'Parquet' = 'Native',
): Promise<Row[]> {
  await ask(url, `TRUNCATE TABLE ${database}.${unit.table}`);
  await ask(url, `INSERT INTO ${database}.${unit.table} FORMAT ${format}`, unitBytes(unit));
  return readRows(url, database, unit.table);
}

/** All rows of a table, maps as lists of pairs. */
export async function readRows(url: string, database: string, name: string): Promise<Row[]> {
  const table = tables.find((one) => one.name === name);
  if (table === undefined) throw new Error(`no table ${name}`);
  const list = table.columns.map(({ name: column, type }) => {
    const quoted = `\`${column}\``;
    const zip = (map: string): string => `arrayZip(mapKeys(${map}), mapValues(${map}))`;
    if (type.startsWith('Map(')) return `${zip(quoted)} AS ${quoted}`;
    if (type.startsWith('Array(Map(')) return `arrayMap(m -> ${zip('m')}, ${quoted}) AS ${quoted}`;
    return quoted;
  });
  const text = await ask(
    url,
    `SELECT ${list.join(', ')} FROM ${database}.${name} FORMAT JSONEachRow`,
  );
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => sortMaps(JSON.parse(line)));
}

/** Maps have no order: pairs by key, so that rows compare. */
export function sortMaps(row: Row): Row {
  const sorted = Object.entries(row).map(([name, value]) => {
    if (!name.endsWith('Attributes')) return [name, value];
    const maps = value as [string, string][] | [string, string][][];
    const isArray = name.includes('.');
    return [name, isArray ? (maps as [string, string][][]).map(sortPairs) : sortPairs(maps)];
  });
  return Object.fromEntries(sorted);
}

function sortPairs(pairs: unknown): [string, string][] {
  return (pairs as [string, string][]).toSorted(([left], [right]) => (left < right ? -1 : 1));
}
