/** Parts of *Services* that other dashboards use too: variables, limits, where errors start. */
import { redMinute, redSecond } from '../../clickhouse/schema/ours.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import { type PanelDraft, type Threshold, table } from '../vocabulary/panel.ts';
import { attribute, columnsOf, sql } from '../vocabulary/sql.ts';
import { queryVariable } from '../vocabulary/variables.ts';

const t = columnsOf(traces);
const r = columnsOf(redSecond);
const m = columnsOf(redMinute);

/** Bounds of scans over raw spans. */
export const scanBounds = { errorSpansMax: 20_000 } as const;

export const errorSteps: readonly Threshold[] = [
  { from: 0, colour: 'green', text: 'under 1 % fails' },
  { from: 0.01, colour: 'orange', text: 'from 1 % on, somebody notices' },
  { from: 0.05, colour: 'red', text: 'from 5 % on, many notice' },
];

export const latencySteps: readonly Threshold[] = [
  { from: 0, colour: 'green', text: 'under 1 s' },
  { from: 1, colour: 'orange', text: 'from 1 s on people wait' },
  { from: 5, colour: 'red', text: 'from 5 s on people leave' },
];

/** Which services; All by default. */
export function serviceVariable() {
  return queryVariable('service', {
    label: 'Service',
    description: 'Show only these services.',
    multi: true,
    all: true,
    rawSql: sql(`
      SELECT ${r.ServiceName} FROM (
        SELECT ${r.ServiceName} FROM ${redSecond.name}
        WHERE $__timeFilter(${r.Time}) AND $__toTime - $__fromTime <= 86400
        UNION ALL
        SELECT ${m.ServiceName} FROM ${redMinute.name} WHERE $__timeFilter(${m.Time})
      )
      GROUP BY ${r.ServiceName} ORDER BY ${r.ServiceName} LIMIT 1000`),
  });
}

/** Which operations of the chosen services; All by default. */
export function operationVariable() {
  const service = `$__conditionalAll(${r.ServiceName} IN (\${service:singlequote}), $service)`;
  return queryVariable('operation', {
    label: 'Operation',
    description: 'Show only these operations.',
    multi: true,
    all: true,
    rawSql: sql(`
      SELECT ${r.SpanName} FROM (
        SELECT ${r.SpanName} FROM ${redSecond.name}
        WHERE $__timeFilter(${r.Time}) AND $__toTime - $__fromTime <= 86400 AND ${service}
        UNION ALL
        SELECT ${m.SpanName} FROM ${redMinute.name} WHERE $__timeFilter(${m.Time}) AND ${service}
      )
      GROUP BY ${r.SpanName} ORDER BY ${r.SpanName} LIMIT 1000`),
  });
}

/** Error spans none of whose children failed: the place to look, not the places that suffer. */
export function errorStarts(): PanelDraft {
  const reason =
    `coalesce(nullIf(${t.StatusMessage}, ''),` +
    ` nullIf(${attribute(t.SpanAttributes, 'error.type')}, ''), nullIf(concat('HTTP ',` +
    ` ${attribute(t.SpanAttributes, 'http.response.status_code')}), 'HTTP '), '')`;
  return table({
    title: 'Where errors start',
    description:
      'Failed spans that have no failed child: the cause rather than its echo in the callers.' +
      ' Click the trace to see one example from beginning to end.',
    source: 'spans',
    empty: 'fine',
    query: sql(`
      WITH failed AS (
        SELECT ${t.Timestamp}, ${t.TraceId}, ${t.SpanId}, ${t.ParentSpanId}, ${t.ServiceName},
          ${t.SpanName}, ${t.SamplingWeight}, ${reason} AS reason
        FROM ${traces.name}
        WHERE $__timeFilter(${t.Timestamp}) AND ${t.StatusCode} = 'Error'
        ORDER BY ${t.Timestamp} DESC LIMIT ${scanBounds.errorSpansMax}
      )
      SELECT ${t.ServiceName} AS "Service", ${t.SpanName} AS "Operation", reason AS "Reason",
        round(sum(${t.SamplingWeight})) AS "Errors", max(${t.Timestamp}) AS "Last seen",
        argMax(${t.TraceId}, ${t.Timestamp}) AS "Trace"
      FROM failed
      WHERE (${t.TraceId}, ${t.SpanId}) NOT IN (SELECT ${t.TraceId}, ${t.ParentSpanId} FROM failed)
        AND $__conditionalAll(${t.ServiceName} IN (\${service:singlequote}), $service)
      GROUP BY ${t.ServiceName}, ${t.SpanName}, reason
      ORDER BY "Errors" DESC, "Service", "Operation" LIMIT 50`),
    width: 24,
    height: 8,
    noValue: 'nothing failed in this time range',
    fields: {
      Service: {
        widthPx: 180,
        links: [
          { title: 'Only this service', to: 'services', set: { service: { field: 'Service' } } },
        ],
      },
      Operation: {
        links: [
          {
            title: 'Failed traces of this operation',
            to: 'traces',
            set: {
              service: { field: 'Service' },
              operation: { field: 'Operation' },
              status: { text: 'Error' },
            },
          },
        ],
      },
      Errors: { unit: 'short', decimals: 0, widthPx: 90 },
      'Last seen': { unit: 'dateTimeAsLocal', widthPx: 190 },
      Trace: {
        widthPx: 290,
        links: [
          { title: 'Open this trace', to: 'traces', set: { traceId: { field: 'Trace' } } },
          { title: 'Logs of this trace', to: 'logs', set: { traceId: { field: 'Trace' } } },
        ],
      },
    },
  });
}
