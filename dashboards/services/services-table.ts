/** The tables of *Services*: services sorted by trouble, and the worst operations. */
import { logs as logsTable } from '../../clickhouse/schema/logs.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import type { Link } from '../vocabulary/links.ts';
import { type PanelDraft, table } from '../vocabulary/panel.ts';
import {
  byVariables,
  errorRatio,
  isError,
  percentile,
  percentileIf,
  rangeSeconds,
  red,
  withRed,
  withWindowBefore,
} from '../vocabulary/red.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { errorSteps, scanBounds } from './services-parts.ts';

const t = columnsOf(traces);
const l = columnsOf(logsTable);
const tableRowsMax = 200;

const toService: Link = {
  title: 'Show only this service',
  to: 'services',
  set: { service: { field: 'Service' } },
};
const toMap: Link = {
  title: 'Who calls it, whom it calls',
  to: 'map',
  set: { service: { field: 'Service' } },
};
const toTraces: Link = {
  title: 'Traces of this service',
  to: 'traces',
  set: { service: { field: 'Service' } },
};
const toFailedTraces: Link = {
  title: 'Failed traces of this service',
  to: 'traces',
  set: { service: { field: 'Service' }, status: { text: 'Error' } },
};
const toSlowTraces: Link = {
  title: 'Slow traces of this service',
  to: 'traces',
  set: { service: { field: 'Service' }, minDuration: { field: 'SlowMs' } },
};
const toErrorLogs: Link = {
  title: 'Error logs of this service',
  to: 'logs',
  set: { service: { field: 'Service' }, severity: { text: 'error' } },
};

export function serviceTable(): PanelDraft {
  return table({
    title: 'Services by trouble',
    description:
      'The service at the top is the one to look at. Trouble is the share of failed requests,' +
      ' plus three times the share of errors that begin in the service itself rather than in one' +
      ' it calls, plus a little when its p95 grew against the window before. Click the name to' +
      ' see only that service, the errors for its failed traces, the latency for its slow' +
      ' traces, the error logs for its log lines.',
    source: 'requests',
    query: serviceTableSql(),
    width: 24,
    height: 9,
    noValue: 'no requests in this time range',
    fields: {
      Service: { links: [toService, toTraces, toMap], widthPx: 200 },
      State: {
        widthPx: 170,
        cell: 'text',
        links: [toFailedTraces],
        values: {
          'errors start here': { colour: 'red' },
          'fails with others': { colour: 'orange' },
          'slower than before': { colour: 'yellow' },
          healthy: { colour: 'green' },
        },
      },
      Requests: { unit: 'reqps', decimals: 1, links: [toTraces] },
      Failed: {
        unit: 'percentunit',
        decimals: 1,
        cell: 'text',
        thresholds: errorSteps,
        links: [toFailedTraces],
      },
      'Starts here': { unit: 'percentunit', decimals: 1, links: [toFailedTraces] },
      p50: { unit: 's', decimals: 1 },
      p95: { unit: 's', decimals: 1, links: [toSlowTraces] },
      p99: { unit: 's', decimals: 1, links: [toSlowTraces] },
      'p95 before': { unit: 's', decimals: 1 },
      'Error logs': { unit: 'none', decimals: 0, links: [toErrorLogs] },
      SlowMs: { hidden: true },
      Trouble: { hidden: true },
    },
  });
}

function serviceTableSql(): string {
  const now = `${red.time} >= $__fromTime`;
  return sql(`
    WITH ${withRed(byVariables, withWindowBefore)},
    failed AS (
      SELECT ${t.ServiceName} AS service, ${t.TraceId} AS trace, ${t.SpanId} AS id,
        ${t.ParentSpanId} AS parent, ${t.SamplingWeight} AS weight
      FROM ${traces.name}
      WHERE $__timeFilter(${t.Timestamp}) AND ${t.StatusCode} = 'Error'
      ORDER BY ${t.Timestamp} DESC LIMIT ${scanBounds.errorSpansMax}
    ),
    starts AS (
      SELECT service, sum(weight) AS begun FROM failed
      WHERE (trace, id) NOT IN (SELECT trace, parent FROM failed) GROUP BY service
    ),
    lines AS (
      SELECT ${l.ServiceName} AS service, count() AS errorLines FROM ${logsTable.name}
      WHERE $__timeFilter(${l.Timestamp}) AND ${l.SeverityNumber} >= 17 GROUP BY service
    ),
    services AS (
      SELECT ${red.service} AS service, sumIf(${red.count}, ${now}) AS requests,
        sumIf(${red.count}, ${now} AND ${isError}) / requests AS ratio,
        ${percentileIf(0.5, now)} AS half, ${percentileIf(0.95, now)} AS most,
        ${percentileIf(0.99, now)} AS nearly,
        if(countIf(NOT (${now})) = 0, NULL, ${percentileIf(0.95, `NOT (${now})`)}) AS before
      FROM red GROUP BY service HAVING requests > 0
    )
    SELECT service AS "Service",
      multiIf(least(1, begun / requests) > 0.01, 'errors start here', ratio > 0.01,
          'fails with others',
        most > 1.5 * before AND most > 0.02, 'slower than before', 'healthy') AS "State",
      requests / ${rangeSeconds} AS "Requests", ratio AS "Failed",
      least(1, begun / requests) AS "Starts here", half AS "p50", most AS "p95", nearly AS "p99",
      before AS "p95 before", errorLines AS "Error logs", floor(most * 1000) AS "SlowMs",
      ratio + 3 * least(1, begun / requests)
        + 0.2 * greatest(0, log2(most / ifNull(before, most))) AS "Trouble"
    FROM services LEFT JOIN starts USING (service) LEFT JOIN lines USING (service)
    ORDER BY "Trouble" DESC, requests DESC, service LIMIT ${tableRowsMax}`);
}

export function worstOperations(): PanelDraft {
  return table({
    title: 'Worst operations',
    description:
      'Operations sorted by failed requests, then by the time that was spent in them. Click an' +
      ' operation for its traces.',
    source: 'requests',
    query: sql(`
      WITH ${withRed(byVariables)}
      SELECT ${red.service} AS "Service", ${red.operation} AS "Operation",
        sum(${red.count}) / ${rangeSeconds} AS "Requests", ${errorRatio} AS "Failed",
        ${percentile(0.5)} AS "p50", ${percentile(0.95)} AS "p95",
        max(${red.durationMax}) / 1e9 AS "Longest",
        sum(${red.durationSum}) / 1e9 / ${rangeSeconds} AS "Busy"
      FROM red GROUP BY ${red.service}, ${red.operation}
      ORDER BY sumIf(${red.count}, ${isError}) DESC, "Busy" DESC LIMIT 50`),
    width: 24,
    height: 9,
    noValue: 'no requests in this time range',
    fields: {
      Service: { links: [toService], widthPx: 180 },
      Operation: {
        links: [
          {
            title: 'Traces of this operation',
            to: 'traces',
            set: { service: { field: 'Service' }, operation: { field: 'Operation' } },
          },
        ],
      },
      Requests: { unit: 'reqps', decimals: 1 },
      Failed: {
        unit: 'percentunit',
        decimals: 1,
        cell: 'text',
        thresholds: errorSteps,
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
      p50: { unit: 's', decimals: 1 },
      p95: { unit: 's', decimals: 1 },
      Longest: { unit: 's', decimals: 1 },
      Busy: { unit: 'none', decimals: 2, title: 'Requests at work' },
    },
  });
}
