/** Log records counted by minute and pattern, and since when each pattern is known. */
import type { logs } from './logs.ts';
import type { ColumnOf, TableDef } from './types.ts';

const zstd = 'ZSTD(1)';

type LogColumn = ColumnOf<typeof logs>;

/** How much of a text is looked at; what follows is left out of the pattern. */
const patternCharactersMax = 300;

/** Patterns a minute, service, severity and tenant; the rarer ones are counted together. */
export const patternsMax = 100;

/** The pattern of records that have none of the {@link patternsMax} most frequent ones. */
export const otherPatterns = '…';

const wordWithDigit = '[A-Za-z_]*[0-9][A-Za-z0-9_]*';
const uuid = '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';

/**
 * What a pattern is: the beginning of the text with every UUID, and every word that has a digit in
 * it, replaced by `#`; words that `.`, `,`, `:` or `-` join become one. SQL over `otel_logs`.
 */
export const patternOfBody =
  `replaceRegexpAll(substringUTF8(${'Body' satisfies LogColumn}, 1, ${patternCharactersMax}),` +
  ` '${uuid}|${wordWithDigit}([.,:-]${wordWithDigit})*', '#')`;

type Severity = {
  readonly name: string;
  /** Severity numbers of OpenTelemetry, both included. */
  readonly from: number;
  readonly to: number;
};

/** Gravest first. A record without a number is judged by its text. */
export const severityRanges = [
  { name: 'fatal', from: 21, to: 255 },
  { name: 'error', from: 17, to: 20 },
  { name: 'warn', from: 13, to: 16 },
  { name: 'info', from: 9, to: 12 },
  { name: 'debug', from: 5, to: 8 },
  { name: 'trace', from: 1, to: 4 },
] as const satisfies readonly Severity[];

/** The severity of a record as one of the words above, or `unknown`. SQL over `otel_logs`. */
export const severityWord = `multiIf(${severityRanges
  .map(({ name, from, to }) => `SeverityNumber BETWEEN ${from} AND ${to}, '${name}'`)
  .join(', ')}, ${severityRanges
  .map(({ name }) => `startsWith(lower(SeverityText), '${name}'), '${name}'`)
  .join(', ')}, 'unknown')`;

// biome-ignore format: a table reads as a table, one column a line
const keyColumns = [
  { name: 'ServiceName', type: 'LowCardinality(String)', codec: zstd, source: 'ServiceName', comment: 'Service', origin: 'ours' },
  { name: 'Severity', type: 'LowCardinality(String)', codec: zstd, source: 'SeverityNumber, else SeverityText', comment: 'fatal, error, warn, info, debug, trace or unknown', origin: 'ours' },
  { name: 'Pattern', type: 'String', codec: zstd, source: 'Body', comment: 'Its beginning, words with digits replaced by #; … for all that are too rare to be told apart', origin: 'ours' },
  { name: 'Tenant', type: 'LowCardinality(String)', codec: zstd, source: 'Tenant', comment: 'Empty without tenants', origin: 'ours' },
] as const;

// biome-ignore format: a table reads as a table, one column a line
const minuteColumns = [
  { name: 'Time', type: 'DateTime', codec: 'Delta(4), ZSTD(1)', source: 'Timestamp, cut to the minute', comment: 'Start of the minute', origin: 'ours' },
  ...keyColumns,
  { name: 'Rows', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'stored rows', comment: 'Records that are stored, without weights', origin: 'ours' },
  { name: 'Records', type: 'Float64', codec: zstd, source: 'sum of SamplingWeight', comment: 'Records; an estimate where they are sampled', origin: 'ours' },
  { name: 'FirstSeen', type: 'DateTime64(9)', codec: zstd, source: 'min of Timestamp', comment: 'First record of the minute', origin: 'ours' },
  { name: 'LastSeen', type: 'DateTime64(9)', codec: zstd, source: 'max of Timestamp', comment: 'Last record of the minute', origin: 'ours' },
] as const;

/** Volume and patterns by minute, rebuilt from stored records (`clickhouse/log-patterns.ts`). */
export const logPatternMinutes: TableDef<(typeof minuteColumns)[number]['name']> = {
  name: 'otel_log_patterns_1m',
  comment: 'Log records by minute, service, severity and pattern',
  columns: minuteColumns,
  engine: 'MergeTree',
  partitionBy: "toStartOfHour(Time, 'UTC')",
  orderBy: '(ServiceName, Severity, Pattern, Time)',
  ttlFrom: 'Time',
  retention: 'rollups',
  indexes: [],
  inDoubt: 'idempotent',
};

// biome-ignore format: a table reads as a table, one column a line
const seenColumns = [
  ...keyColumns,
  { name: 'FirstSeen', type: 'SimpleAggregateFunction(min, DateTime64(9))', codec: zstd, source: 'min of Timestamp', comment: 'First record; ask min(FirstSeen)', origin: 'ours' },
  { name: 'LastSeen', type: 'SimpleAggregateFunction(max, DateTime64(9))', codec: zstd, source: 'max of Timestamp', comment: 'Last record; ask max(LastSeen)', origin: 'ours' },
] as const;

/** Since when a pattern is known: least and greatest, so inserting again changes nothing. */
export const logPatterns: TableDef<(typeof seenColumns)[number]['name']> = {
  name: 'otel_log_patterns',
  comment: 'First and last record of each log pattern',
  columns: seenColumns,
  engine: 'AggregatingMergeTree',
  partitionBy: 'tuple()',
  orderBy: '(ServiceName, Severity, Pattern, Tenant)',
  ttlFrom: 'toDateTime(LastSeen)',
  retention: 'hours',
  indexes: [],
  inDoubt: 'idempotent',
};
