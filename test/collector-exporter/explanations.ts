/**
 * Every difference between our rows and those of the Collector's exporter 0.161, each with the
 * exact values it covers. `clickhouse/schema/README.md` says the same in words, by `id`; what no
 * entry covers fails the test, and so does an entry that covers nothing any more.
 */
import { tables } from '../../clickhouse/schema/tables.ts';
import type { Difference } from './compare.ts';

type Explanation = {
  readonly id: string;
  readonly covers: (difference: Difference) => boolean;
};

const epoch = /^1970-01-01 00:00:00(\.0{9})?$/;
const seconds = /^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{9})?$/;

const metricTypes: Readonly<Record<string, readonly [ours: string, theirs: string]>> = {
  ResourceSchemaUrl: ['LowCardinality(String)', 'String'],
  ScopeName: ['LowCardinality(String)', 'String'],
  ScopeVersion: ['LowCardinality(String)', 'String'],
  ScopeSchemaUrl: ['LowCardinality(String)', 'String'],
  MetricDescription: ['LowCardinality(String)', 'String'],
  MetricUnit: ['LowCardinality(String)', 'String'],
  StartTimeUnix: ['DateTime64(9)', 'DateTime'],
  TimeUnix: ['DateTime64(9)', 'DateTime'],
  'Exemplars.TimeUnix': ['Array(DateTime64(9))', 'Array(DateTime)'],
};

export const explanations: readonly Explanation[] = [
  {
    id: 'our-columns',
    covers: ({ table, column, theirs }) =>
      theirs === null &&
      tables.find(({ name }) => name === table)?.columns.find(({ name }) => name === column)
        ?.origin === 'ours',
  },
  {
    id: 'materialized',
    covers: ({ table, column, ours }) =>
      table === 'otel_logs' && ours === null && column.startsWith('__otel_materialized_'),
  },
  {
    id: 'seconds',
    covers: (difference) => isMetricType(difference) && difference.column.endsWith('TimeUnix'),
  },
  {
    id: 'low-cardinality',
    covers: (difference) => isMetricType(difference) && !difference.column.endsWith('TimeUnix'),
  },
  {
    id: 'ranges-merge',
    covers: ({ table, column, item, ours, theirs }) =>
      table === 'otel_traces_trace_id_ts' &&
      item === undefined &&
      theirs === 'DateTime' &&
      ours === `SimpleAggregateFunction(${column === 'Start' ? 'min' : 'max'}, DateTime)`,
  },
  {
    id: 'order-of-keys',
    covers: (difference) => {
      const { item, ours, theirs } = difference;
      if (item === undefined || ours === null || theirs === null) return false;
      return isMap(difference) && ordered(ours, rawText) === theirs;
    },
  },
  {
    id: 'order-in-json',
    covers: (difference) => {
      const { item, ours, theirs } = difference;
      if (item === undefined || ours === null || theirs === null) return false;
      if (difference.column === 'Body') return goJson(ours) === theirs && ours !== theirs;
      if (!isMap(difference) || ordered(ours, rawText) === theirs) return false;
      return ordered(ours, goJson) === theirs;
    },
  },
  {
    id: 'a-key-twice',
    covers: ({ item, ours, theirs }) =>
      item === 'a key twice' &&
      ours === '[["case","a key twice"],["key","second"]]' &&
      theirs === '[["case","a key twice"],["key","first"],["key","second"]]',
  },
  {
    id: 'no-id',
    covers: ({ table, column, item, ours, theirs }) =>
      table === 'otel_traces' &&
      column === '*' &&
      (item === 'no trace id' || item === 'no span id') &&
      ours === null &&
      theirs === 'a row',
  },
  {
    id: 'too-old',
    covers: ({ column, item, ours, theirs }) =>
      column === '*' &&
      (item === 'older than the retention' || item === 'b'.repeat(32)) &&
      ours === null &&
      theirs === 'a row',
  },
  {
    id: 'no-time',
    covers: ({ table, column, item, ours, theirs }) =>
      /^(no start|no time at all|gauge: no time|sum: no time)$/.test(item ?? '') &&
      column === (table.includes('metrics') ? 'TimeUnix' : 'Timestamp') &&
      seconds.test(ours ?? '') &&
      epoch.test(theirs ?? ''),
  },
  {
    // The trace whose only span has no start.
    id: 'no-time-range',
    covers: ({ table, item, ours, theirs }) =>
      table === 'otel_traces_trace_id_ts' &&
      item === 'a'.repeat(32) &&
      seconds.test(ours ?? '') &&
      epoch.test(theirs ?? ''),
  },
  {
    id: 'negative-duration',
    covers: ({ column, item, ours, theirs }) =>
      column === 'Duration' &&
      /^(no end|ends before it starts|later)$/.test(item ?? '') &&
      ours === '0' &&
      BigInt(theirs ?? 0) > 2n ** 63n,
  },
  {
    id: 'duration-without-start',
    covers: ({ column, item, ours, theirs }) =>
      column === 'Duration' &&
      item === 'no start' &&
      ours === '0' &&
      // Nanoseconds since 1970.
      BigInt(theirs ?? 0) > 1_700_000_000n * 10n ** 9n &&
      BigInt(theirs ?? 0) < 2n ** 63n,
  },
  {
    id: 'unknown-number',
    covers: ({ column, item, ours, theirs }) =>
      theirs === '' &&
      ((item === 'kind 99' && column === 'SpanKind' && ours === 'Unspecified') ||
        (item === 'status 7' && column === 'StatusCode' && ours === 'Unset')),
  },
  {
    id: 'severity-text',
    covers: ({ column, item, ours, theirs }) =>
      item === 'no severity text' && column === 'SeverityText' && ours === 'INFO' && theirs === '',
  },
  {
    id: 'severity-wraps',
    covers: ({ column, item, ours, theirs }) =>
      item === 'severity beyond a byte' &&
      column === 'SeverityNumber' &&
      ours === '0' &&
      theirs === String(300 - 256),
  },
  {
    id: 'exemplar-ids',
    covers: ({ column, ours, theirs }) =>
      (column === 'Exemplars.SpanId' || column === 'Exemplars.TraceId') &&
      ours?.replaceAll("''", `'${'0'.repeat(column === 'Exemplars.SpanId' ? 16 : 32)}'`) === theirs,
  },
];

function isMetricType({ table, column, item, ours, theirs }: Difference): boolean {
  const types = metricTypes[column];
  return (
    table.startsWith('otel_metrics_') &&
    item === undefined &&
    types !== undefined &&
    ours === types[0] &&
    theirs === types[1]
  );
}

function isMap({ column }: Difference): boolean {
  return column.endsWith('Attributes');
}

type Pair = readonly [key: string, value: string];

/** Our pairs in the exporter's order, values written by `text`. */
function ordered(ours: string, text: (value: string) => string): string {
  const parsed: readonly (Pair | readonly Pair[])[] = JSON.parse(ours);
  const isList = parsed.length > 0 && parsed.every((entry) => typeof entry[0] !== 'string');
  const sorted = isList
    ? (parsed as readonly (readonly Pair[])[]).map((pairs) => sortPairs(pairs, text))
    : sortPairs(parsed as readonly Pair[], text);
  return JSON.stringify(sorted);
}

/** By UTF-8 bytes, as Go compares strings. */
function sortPairs(pairs: readonly Pair[], text: (value: string) => string): readonly Pair[] {
  const sorted = pairs.toSorted(([left], [right]) => compareBytes(left, right));
  return sorted.map(([key, value]) => [key, text(value)]);
}

function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function rawText(value: string): string {
  return value;
}

/** An array or map as Go writes it: keys in order, line separators escaped; other text as it is. */
function goJson(text: string): string {
  if (!/^[[{]/.test(text)) return text;
  return JSON.stringify(sortedValue(text)).replaceAll('\u2028', '\\u2028');
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Numbers keep their digits. */
function sortedValue(text: string): unknown {
  const rawJson = (source: string): unknown =>
    (JSON as unknown as { rawJSON: (source: string) => unknown }).rawJSON(source);
  return JSON.parse(text, function revive(_key: string, value: Json, context: { source?: string }) {
    if (typeof value === 'number') return rawJson(context.source ?? '');
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    if (context.source !== undefined) return value;
    const entries = Object.entries(value).sort(([left], [right]) => compareBytes(left, right));
    return Object.fromEntries(entries);
  } as (this: unknown, key: string, value: unknown) => unknown);
}
