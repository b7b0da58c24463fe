/**
 * What the engine bench compares: the same rows in our tables and in those that the Collector's
 * exporter makes, each inserted with all that comes with a row on that side. Ours: trace ranges,
 * rates and receipts as units of their own. The exporter's: a view over each insert of spans.
 */
import { readFileSync } from 'node:fs';
import { createTable, defaultRetentionDays, defaultTableOptions } from '../../clickhouse/ddl.ts';
import type { ProfileName } from '../../clickhouse/schema/profiles.ts';
import { tables } from '../../clickhouse/schema/tables.ts';

/** `text` and `bloom` are the exporter's skip indexes for servers since 26.2 and before. */
type SideName = 'ours' | 'text' | 'bloom';

export type Side = {
  readonly name: SideName;
  /** Statements that make the tables in the database `otel`. */
  readonly ddl: readonly string[];
  /** Tables that are filled, the one with the rows first, and how many rows each for a batch. */
  readonly fills: readonly Fill[];
};

type Fill = {
  readonly table: string;
  readonly rows: (batchRows: number) => number;
  /** Attributes that repeat come as dictionary indexes, as our gateway sends them. */
  readonly dictionaries: boolean;
};

export type Query = {
  readonly name: string;
  /** Finds the value that stands for `{value}`; outside of the measured query. */
  readonly value?: string;
  readonly sql: string;
};

export type EngineCase = {
  readonly signal: 'traces' | 'logs' | 'metrics';
  readonly items: string;
  readonly table: string;
  readonly sides: readonly Side[];
  readonly queries: readonly Query[];
};

const keepDays = 20_000;
const spansATrace = 8;
const redRowsASeal = 500;

/** With days enough for the fixed dates of the data set. */
function ourDdl(names: readonly string[], profile: ProfileName): string[] {
  const retentionDays = { ...defaultRetentionDays, traces: keepDays, logs: keepDays };
  const options = {
    ...defaultTableOptions,
    profile,
    flavour: 'embedded',
    retentionDays: { ...retentionDays, metrics: keepDays, rollups: keepDays, receipts: keepDays },
  } as const;
  return tables
    .filter(({ name }) => names.includes(name))
    .map((table) => createTable(table, options));
}

/** As the exporter 0.161 made it on the newest engine; test/collector-exporter holds it to that. */
function exporterDdl(table: string): string {
  const path = new URL(`../../clickhouse/testdata/collector-0.161/${table}.sql`, import.meta.url);
  return readFileSync(path, 'utf8').replace(/toIntervalDay\(\d+\)/, `toIntervalDay(${keepDays})`);
}

/** The same table with other skip indexes. */
function withIndexes(ddl: string, indexes: readonly string[]): string {
  const lines = ddl.split('\n');
  const last = lines.findLastIndex((line) => line.startsWith('    INDEX '));
  const closing = last + 1;
  const kept = lines.slice(0, closing).filter((line) => !line.startsWith('    INDEX '));
  const added = indexes.map((index) => `    INDEX ${index}`).join(',\n');
  return [...kept, added, ...lines.slice(closing)].join('\n');
}

const text = "text(tokenizer = 'array')";
const itemsOf = (column: string): string =>
  `arrayMap(kv -> concat(kv.1, '=', kv.2), CAST(${column}, 'Array(Tuple(String, String))'))`;
const bloom = (name: string, column: string): string[] => [
  `${name}_key mapKeys(${column}) TYPE bloom_filter(0.01) GRANULARITY 1`,
  `${name}_value mapValues(${column}) TYPE bloom_filter(0.01) GRANULARITY 1`,
];

/** What the exporter's newest release makes for spans; 0.161 still makes blooms for them. */
const spanText = [
  `idx_trace_id TraceId TYPE ${text}`,
  `idx_res_attr_key mapKeys(ResourceAttributes) TYPE ${text}`,
  `idx_res_attr_items ${itemsOf('ResourceAttributes')} TYPE ${text}`,
  `idx_span_attr_key mapKeys(SpanAttributes) TYPE ${text}`,
  `idx_span_attr_items ${itemsOf('SpanAttributes')} TYPE ${text}`,
  'idx_duration Duration TYPE minmax GRANULARITY 1',
  'idx_lower_span_name lower(SpanName) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8',
];

/** What 0.161 makes for log records on a server before 26.2. */
const logBloom = [
  'idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1',
  ...bloom('idx_res_attr', 'ResourceAttributes'),
  ...bloom('idx_scope_attr', 'ScopeAttributes'),
  ...bloom('idx_log_attr', 'LogAttributes'),
  'idx_lower_body lower(Body) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8',
];

const rangeView = `CREATE MATERIALIZED VIEW otel.otel_traces_trace_id_ts_mv
  TO otel.otel_traces_trace_id_ts AS SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End
  FROM otel.otel_traces WHERE TraceId != '' GROUP BY TraceId`;

const receipts: Fill = { table: 'obsctl_receipts', rows: () => 1, dictionaries: false };

function ourSide(signal: EngineCase['signal'], table: string, profile: ProfileName): Side {
  const more: readonly Fill[] =
    signal === 'traces'
      ? [
          {
            table: 'otel_traces_trace_id_ts',
            rows: (rows) => rows / spansATrace,
            dictionaries: false,
          },
          { table: 'otel_red_1s', rows: () => redRowsASeal, dictionaries: false },
          { ...receipts, rows: () => 3 },
        ]
      : [receipts];
  const fills = [{ table, rows: (rows: number) => rows, dictionaries: true }, ...more];
  return {
    name: 'ours',
    ddl: ourDdl(
      fills.map((fill) => fill.table),
      profile,
    ),
    fills,
  };
}

function theirSide(name: SideName, table: string, ddl: readonly string[]): Side {
  return { name, ddl, fills: [{ table, rows: (rows) => rows, dictionaries: false }] };
}

const spansTable = 'otel_traces';
const logsTable = 'otel_logs';
const ranges = [exporterDdl('otel_traces_trace_id_ts'), rangeView];

export const engineCases: readonly EngineCase[] = [
  {
    signal: 'traces',
    items: 'spans',
    table: spansTable,
    sides: [
      ourSide('traces', spansTable, 'balanced'),
      theirSide('text', spansTable, [withIndexes(exporterDdl(spansTable), spanText), ...ranges]),
      theirSide('bloom', spansTable, [exporterDdl(spansTable), ...ranges]),
    ],
    queries: [
      {
        name: 'trace by id',
        value: 'SELECT TraceId FROM otel.otel_traces LIMIT 1 OFFSET 300000',
        sql: `SELECT Timestamp, SpanId, SpanName, Duration FROM otel.otel_traces
          WHERE TraceId = '{value}'`,
      },
      {
        name: 'attribute equality',
        sql: `SELECT count(), max(Duration) FROM otel.otel_traces
          WHERE SpanAttributes['http.route'] = '/checkout'`,
      },
      {
        name: 'rare value',
        sql: `SELECT TraceId, Duration FROM otel.otel_traces
          WHERE SpanAttributes['enduser.id'] = '4711'`,
      },
    ],
  },
  {
    signal: 'logs',
    items: 'log_records',
    table: logsTable,
    sides: [
      ourSide('logs', logsTable, 'balanced'),
      theirSide('text', logsTable, [exporterDdl(logsTable)]),
      theirSide('bloom', logsTable, [withIndexes(exporterDdl(logsTable), logBloom)]),
    ],
    queries: [
      {
        name: 'trace by id',
        value: "SELECT TraceId FROM otel.otel_logs WHERE TraceId != '' LIMIT 1 OFFSET 300000",
        sql: `SELECT Timestamp, Body FROM otel.otel_logs WHERE TraceId = '{value}'`,
      },
      {
        name: 'attribute equality',
        sql: `SELECT count(), max(Timestamp) FROM otel.otel_logs
          WHERE LogAttributes['thread.id'] = '7'`,
      },
      {
        name: 'rare value',
        value: "SELECT LogAttributes['request.id'] FROM otel.otel_logs LIMIT 1 OFFSET 300000",
        sql: `SELECT Timestamp, Body FROM otel.otel_logs
          WHERE LogAttributes['request.id'] = '{value}'`,
      },
      {
        name: 'rare word',
        sql: `SELECT Timestamp, Body FROM otel.otel_logs WHERE hasToken(lower(Body), '31415')`,
      },
    ],
  },
  {
    signal: 'metrics',
    items: 'data_points',
    table: 'otel_metrics_sum',
    sides: [
      ourSide('metrics', 'otel_metrics_sum', 'balanced'),
      theirSide('bloom', 'otel_metrics_sum', [exporterDdl('otel_metrics_sum')]),
    ],
    queries: [
      {
        name: 'series over time',
        sql: `SELECT toStartOfMinute(TimeUnix) AS t, max(Value) FROM otel.otel_metrics_sum
          WHERE ServiceName = 'cart' AND MetricName = 'requests.7' GROUP BY t`,
      },
      {
        name: 'attribute equality',
        sql: `SELECT count(), max(Value) FROM otel.otel_metrics_sum
          WHERE Attributes['http.route'] = '/checkout'`,
      },
      {
        name: 'rare value',
        sql: `SELECT TimeUnix, Value FROM otel.otel_metrics_sum WHERE Attributes['series'] = '17'`,
      },
    ],
  },
];
