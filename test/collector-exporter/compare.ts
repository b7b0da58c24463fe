/**
 * Two databases with the Collector's tables, one filled by us and one by its exporter: which
 * columns and which values differ. Values are compared as the text the engine makes of them, after
 * ours were brought to the exporter's type where that is another one. Maps are lists of pairs.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';

/** Something that is not the same on both sides, in words that do not change from run to run. */
export type Difference = {
  readonly table: string;
  readonly column: string;
  /** The item, by its attribute `case`; absent: the column itself differs. */
  readonly item?: string;
  readonly ours: string | null;
  readonly theirs: string | null;
};

/** The exporter's tables, with the expression that names a row's case. */
const tables: Readonly<Record<string, string>> = {
  otel_traces: "SpanAttributes['case']",
  otel_traces_trace_id_ts: 'TraceId',
  otel_logs: "LogAttributes['case']",
  otel_metrics_gauge: pointCase(),
  otel_metrics_sum: pointCase(),
  otel_metrics_histogram: pointCase(),
  otel_metrics_exponential_histogram: pointCase(),
  otel_metrics_summary: pointCase(),
};

/** A table of ranges has one row a trace only after merging. */
const merged: Readonly<Record<string, string>> = {
  otel_traces_trace_id_ts:
    'SELECT TraceId, min(Start) AS Start, max(End) AS End FROM {from} GROUP BY TraceId',
};

function pointCase(): string {
  return "concat(MetricName, ': ', Attributes['case'])";
}

type Columns = ReadonlyMap<string, string>;

/** All differences, in the order of tables and columns. */
export async function compare(
  clickhouse: ClickHouse,
  ours: string,
  theirs: string,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  for (const [table, key] of Object.entries(tables)) {
    const left = await columnsOf(clickhouse, ours, table);
    const right = await columnsOf(clickhouse, theirs, table);
    for (const column of new Set([...left.keys(), ...right.keys()])) {
      const types = { ours: left.get(column) ?? null, theirs: right.get(column) ?? null };
      if (types.ours !== types.theirs) differences.push({ table, column, ...types });
    }
    const shared = new Map([...right].filter(([column]) => left.has(column)));
    const ourRows = await rowsOf(clickhouse, ours, table, key, shared);
    const theirRows = await rowsOf(clickhouse, theirs, table, key, shared);
    for (const item of new Set([...theirRows.keys(), ...ourRows.keys()])) {
      const [mine, other] = [ourRows.get(item), theirRows.get(item)];
      if (mine === undefined || other === undefined) {
        const [here, there] = [mine, other].map((row) => (row === undefined ? null : 'a row'));
        differences.push({ table, column: '*', item, ours: here ?? null, theirs: there ?? null });
      } else {
        differences.push(...valuesApart(table, item, mine, other));
      }
    }
  }
  return differences;
}

type Row = Readonly<Record<string, string>>;

function valuesApart(table: string, item: string, mine: Row, other: Row): Difference[] {
  return Object.entries(mine).flatMap(([column, ours]) => {
    const theirs = other[column] ?? null;
    return ours === theirs ? [] : [{ table, column, item, ours, theirs }];
  });
}

async function columnsOf(
  clickhouse: ClickHouse,
  database: string,
  table: string,
): Promise<Columns> {
  const query = `SELECT name, type FROM system.columns
    WHERE database = {d:String} AND table = {t:String}`;
  const result = await clickhouse.client.query({
    query,
    query_params: { d: database, t: table },
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ name: string; type: string }>();
  if (rows.length === 0) throw new Error(`there is no table ${database}.${table}`);
  return new Map(rows.map(({ name, type }) => [name, type]));
}

/** Rows by case; a case must be one row, or rows would be paired at random. */
async function rowsOf(
  clickhouse: ClickHouse,
  database: string,
  table: string,
  key: string,
  columns: Columns,
): Promise<ReadonlyMap<string, Row>> {
  const from = `\`${database}\`.\`${table}\``;
  const source = merged[table]?.replace('{from}', from) ?? `SELECT * FROM ${from}`;
  const texts = [...columns].map(
    ([name, type]) => `${textOf(`CAST(t.\`${name}\`, '${plain(type)}')`, type)} AS \`${name}\``,
  );
  const query = `SELECT t.key AS key, ${texts.join(', ')}
    FROM (SELECT *, ${key} AS key FROM (${source})) AS t`;
  const result = await clickhouse.client.query({ query, format: 'JSONEachRow' });
  const rows = await result.json<Row>();
  const byKey = new Map<string, Row>();
  for (const { key: item = '', ...row } of rows) {
    if (byKey.has(item)) throw new Error(`${table} has the case ${item} twice`);
    byKey.set(item, Object.fromEntries(Object.entries(row).map(restated)));
  }
  return byKey;
}

/** Pairs as `JSON.stringify` writes them: the engine also escapes slashes. */
function restated([column, text]: [string, string]): [string, string] {
  return [column, column.endsWith('Attributes') ? JSON.stringify(JSON.parse(text)) : text];
}

/** Of an aggregate, the type of its value. */
function plain(type: string): string {
  return type.replace(/SimpleAggregateFunction\(\w+, (.+)\)/, '$1').replaceAll("'", "\\'");
}

const map = 'Map(LowCardinality(String), String)';
const pairs = `'Array(Tuple(String, String))'`;

/** Maps as JSON lists of pairs: in their order, with keys that come twice. */
function textOf(value: string, type: string): string {
  if (type === map) return `toJSONString(CAST(${value}, ${pairs}))`;
  if (type === `Array(${map})`) return `toJSONString(arrayMap(m -> CAST(m, ${pairs}), ${value}))`;
  return `toString(${value})`;
}
