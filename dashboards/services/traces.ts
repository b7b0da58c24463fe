/** Traces: search, list, one trace as a waterfall, and the logs of that trace. */
import { logs as logsTable } from '../../clickhouse/schema/logs.ts';
import { traceRanges, traces } from '../../clickhouse/schema/traces.ts';
import { logBodyColumns, logLinks } from '../logs/logs-parts.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { attributeKeysSql } from '../vocabulary/catalogue.ts';
import { logs, type PanelDraft, table, timeseries, traceView } from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { choiceVariable, queryVariable, textVariable } from '../vocabulary/variables.ts';
import { operationVariable, serviceVariable } from './services-parts.ts';

const t = columnsOf(traces);
const r = columnsOf(traceRanges);
const l = columnsOf(logsTable);

const listMax = 100;
const waterfallSpansMax = 20_000;

/** A trace may begin before, or end after, the span that was found. */
const traceMarginSeconds = 600;

export function tracesDashboard(): DashboardJson {
  return board({
    key: 'traces',
    title: 'Traces',
    description:
      'Find requests by service, operation, status, duration or attribute, and see where the time' +
      ' went and what failed.',
    variables: [
      serviceVariable(),
      operationVariable(),
      choiceVariable('status', {
        label: 'Status',
        description: 'Only spans that ended so.',
        choices: [
          { value: '', text: 'any' },
          { value: 'Error', text: 'Error' },
          { value: 'Ok', text: 'Ok' },
          { value: 'Unset', text: 'Unset' },
        ],
      }),
      textVariable('minDuration', {
        label: 'Longer than (ms)',
        description: 'Only spans that took at least so many milliseconds.',
      }),
      attributeKeyVariable(),
      textVariable('attributeValue', {
        label: 'Attribute is',
        description: 'The value that the chosen attribute must have; empty means any value.',
      }),
      choiceVariable('order', {
        label: 'Order',
        description: 'Which traces come first.',
        choices: [
          { value: 'newest', text: 'newest' },
          { value: 'slowest', text: 'slowest' },
        ],
      }),
      textVariable('traceId', {
        label: 'Trace id',
        description: 'The trace that the waterfall shows; a click on a trace id fills it in.',
      }),
    ],
    rows: [
      { title: '', panels: [spansOverTime(), slowOverTime()] },
      { title: '', panels: [traceList()] },
      { title: 'One trace', panels: [waterfall(), logsOfTrace()] },
    ],
  });
}

function attributeKeyVariable() {
  return queryVariable('attributeKey', {
    label: 'Attribute',
    description: 'An attribute of the span or its resource, among those found in the data.',
    rawSql: attributeKeysSql(traces.name, t.Timestamp, [t.SpanAttributes, t.ResourceAttributes]),
    initial: { text: '', value: '' },
  });
}

/** Spans that pass every filter of the dashboard. */
const matching = [
  `$__timeFilter(${t.Timestamp})`,
  `$__conditionalAll(${t.ServiceName} IN (\${service:singlequote}), $service)`,
  `$__conditionalAll(${t.SpanName} IN (\${operation:singlequote}), $operation)`,
  `$__conditionalAll(${t.StatusCode} = \${status:singlequote}, $status)`,
  `$__conditionalAll(${t.Duration} >= toFloat64OrZero(\${minDuration:singlequote}) * 1e6,` +
    ` $minDuration)`,
  `$__conditionalAll((mapContains(${t.SpanAttributes}, \${attributeKey:singlequote})` +
    ` OR mapContains(${t.ResourceAttributes}, \${attributeKey:singlequote})), $attributeKey)`,
  `$__conditionalAll((\${attributeValue:singlequote} IN` +
    ` (${t.SpanAttributes}[\${attributeKey:singlequote}],` +
    ` ${t.ResourceAttributes}[\${attributeKey:singlequote}])), $attributeValue)`,
].join('\n  AND ');

function spansOverTime(): PanelDraft {
  return timeseries({
    title: 'Spans that match',
    description:
      'Spans a bucket that pass the filters above, failed ones in red. Drag over a peak to zoom' +
      ' in.',
    source: 'spans',
    empty: 'fine',
    query: sql(`
      SELECT $__timeInterval(${t.Timestamp}) AS time,
        sumIf(${t.SamplingWeight}, ${t.StatusCode} != 'Error') AS "not failed",
        sumIf(${t.SamplingWeight}, ${t.StatusCode} = 'Error') AS failed
      FROM ${traces.name}
      WHERE ${matching}
      GROUP BY time ORDER BY time`),
    width: 12,
    height: 6,
    unit: 'short',
    noValue: 'no span matches these filters',
    interval: '10s',
    draw: 'bars',
    stack: true,
    fields: { 'not failed': { colour: 'blue' }, failed: { colour: 'red' } },
  });
}

function slowOverTime(): PanelDraft {
  return timeseries({
    title: 'Duration of matching spans',
    description: 'Median, p95 and longest duration of the spans that pass the filters above.',
    source: 'spans',
    empty: 'fine',
    query: sql(`
      SELECT $__timeInterval(${t.Timestamp}) AS time, quantile(0.5)(${t.Duration}) / 1e9 AS p50,
        quantile(0.95)(${t.Duration}) / 1e9 AS p95, max(${t.Duration}) / 1e9 AS longest
      FROM ${traces.name}
      WHERE ${matching}
      GROUP BY time ORDER BY time`),
    width: 12,
    height: 6,
    unit: 's',
    decimals: 1,
    noValue: 'no span matches these filters',
    interval: '10s',
    fields: {
      p50: { colour: 'green' },
      p95: { colour: 'yellow' },
      longest: { colour: 'red' },
    },
  });
}

function traceList(): PanelDraft {
  return table({
    title: 'Traces',
    description:
      `The ${listMax} newest or slowest traces with at least one span that passes the filters.` +
      ' Click a trace id to open it below; click a service for its numbers.',
    source: 'spans',
    empty: 'fine',
    query: sql(`
      WITH hits AS (
        SELECT ${t.TraceId} AS id, count() AS matches, max(${t.Timestamp}) AS newest,
          max(${t.Duration}) AS slowest
        FROM ${traces.name}
        WHERE ${matching}
        GROUP BY id
        ORDER BY if(\${order:singlequote} = 'slowest', toFloat64(slowest), toFloat64(newest)) DESC
        LIMIT ${listMax}
      )
      SELECT min(${t.Timestamp}) AS "Start", ${t.TraceId} AS "Trace",
        argMin(${t.ServiceName}, (${t.ParentSpanId} != '', ${t.Timestamp})) AS "Service",
        argMin(${t.SpanName}, (${t.ParentSpanId} != '', ${t.Timestamp})) AS "Operation",
        (max(toUnixTimestamp64Nano(${t.Timestamp}) + ${t.Duration})
          - min(toUnixTimestamp64Nano(${t.Timestamp}))) / 1e9 AS "Duration",
        count() AS "Spans", countIf(${t.StatusCode} = 'Error') AS "Errors",
        uniqExact(${t.ServiceName}) AS "Services", any(matches) AS "Matching spans"
      FROM ${traces.name} INNER JOIN hits ON ${t.TraceId} = hits.id
      WHERE ${t.TraceId} IN (SELECT id FROM hits)
        AND ${t.Timestamp} >= $__fromTime - ${traceMarginSeconds}
        AND ${t.Timestamp} <= $__toTime + ${traceMarginSeconds}
      GROUP BY "Trace"
      ORDER BY if(\${order:singlequote} = 'slowest', "Duration", toFloat64("Start")) DESC`),
    width: 24,
    height: 10,
    noValue: 'no trace matches these filters; widen the time range or clear a filter',
    fields: {
      Start: { unit: 'dateTimeAsLocal', widthPx: 190 },
      Trace: {
        widthPx: 290,
        links: [
          { title: 'Open this trace', to: 'traces', set: withFilters({ field: 'Trace' }) },
          { title: 'Logs of this trace', to: 'logs', set: { traceId: { field: 'Trace' } } },
        ],
      },
      Service: {
        links: [
          { title: 'This service', to: 'services', set: { service: { field: 'Service' } } },
          { title: 'Service map', to: 'map', set: { service: { field: 'Service' } } },
        ],
      },
      Duration: { unit: 's', decimals: 1, widthPx: 100 },
      Spans: { unit: 'none', decimals: 0, widthPx: 80 },
      Errors: {
        unit: 'none',
        decimals: 0,
        widthPx: 80,
        cell: 'text',
        thresholds: [
          { from: 0, colour: 'text', text: 'nothing failed' },
          { from: 1, colour: 'red', text: 'a span of the trace failed' },
        ],
      },
      Services: { unit: 'none', decimals: 0, widthPx: 90 },
      'Matching spans': { unit: 'none', decimals: 0, widthPx: 130 },
    },
  });
}

/** The same search, with a trace opened: Back leads to the list as it was. */
function withFilters(traceId: { readonly field: string }) {
  return {
    service: 'same',
    operation: 'same',
    status: 'same',
    minDuration: 'same',
    attributeKey: 'same',
    attributeValue: 'same',
    order: 'same',
    traceId,
  } as const;
}

/**
 * When the chosen trace happened, from the table of ranges; the dashboard's range when a writer
 * without that table stored it.
 */
const traceWindow = `
  (SELECT if(count() = 0, $__fromTime, min(${r.Start})) FROM ${traceRanges.name}
    WHERE ${r.TraceId} = \${traceId:singlequote}) AS traceStart,
  (SELECT if(count() = 0, $__toTime, max(${r.End}) + 1) FROM ${traceRanges.name}
    WHERE ${r.TraceId} = \${traceId:singlequote}) AS traceEnd`;

function waterfall(): PanelDraft {
  const tags = (column: string) =>
    `arrayMap(k -> map('key', k, 'value', ${column}[k]), mapKeys(${column}))`;
  return traceView({
    title: 'Waterfall',
    description:
      'The chosen trace: every span under the one that called it. Look for the deepest red span,' +
      ' or for the long bar with nothing below it.',
    source: 'selected_trace',
    query: sql(`
      WITH ${traceWindow.trim()}
      SELECT ${t.TraceId} AS traceID, ${t.SpanId} AS spanID, ${t.ParentSpanId} AS parentSpanID,
        ${t.ServiceName} AS serviceName, ${t.SpanName} AS operationName,
        toUnixTimestamp64Micro(${t.Timestamp}) / 1000 AS startTime, ${t.Duration} / 1e6 AS duration,
        ${tags(t.SpanAttributes)} AS tags,
        ${tags(t.ResourceAttributes)} AS serviceTags,
        if(${t.StatusCode} = 'Error', 2, if(${t.StatusCode} = 'Ok', 1, 0)) AS statusCode,
        ${t.StatusMessage} AS statusMessage, ${t.SpanKind} AS kind,
        ${t.ScopeName} AS instrumentationLibraryName,
        ${t.ScopeVersion} AS instrumentationLibraryVersion, ${t.TraceState} AS traceState,
        arrayMap((name, at, attributes) -> tuple(name, toString(toUnixTimestamp64Milli(at)),
          ${tags('attributes')})::Tuple(name String, timestamp String, fields Array(Map(String,
            String))),
          ${t['Events.Name']}, ${t['Events.Timestamp']}, ${t['Events.Attributes']}) AS logs,
        arrayMap((trace, span, attributes) -> tuple(trace, span,
          ${tags('attributes')})::Tuple(traceID String, spanID String, tags Array(Map(String,
            String))),
          ${t['Links.TraceId']}, ${t['Links.SpanId']}, ${t['Links.Attributes']}) AS references
      FROM ${traces.name}
      WHERE ${t.TraceId} = \${traceId:singlequote}
        AND ${t.Timestamp} >= traceStart AND ${t.Timestamp} <= traceEnd
      ORDER BY ${t.Timestamp} LIMIT ${waterfallSpansMax}`),
    width: 24,
    height: 16,
    noValue: 'no span of this trace is stored',
  });
}

function logsOfTrace(): PanelDraft {
  return logs({
    title: 'Logs of this trace',
    description:
      'Log records that carry the id of the chosen trace, oldest first. None means that the' +
      ' application does not put trace ids into its log records.',
    source: 'selected_trace',
    empty: 'fine',
    query: sql(`
      WITH ${traceWindow.trim()}
      SELECT ${logBodyColumns}
      FROM ${logsTable.name}
      WHERE ${l.TraceId} = \${traceId:singlequote}
        AND ${l.Timestamp} >= traceStart - ${traceMarginSeconds}
        AND ${l.Timestamp} <= traceEnd + ${traceMarginSeconds}
      ORDER BY ${l.Timestamp} LIMIT 1000`),
    width: 24,
    height: 10,
    noValue: 'no log record carries the id of this trace',
    fields: logLinks,
  });
}
