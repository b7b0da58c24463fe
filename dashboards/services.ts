/**
 * Services: the landing page. Which service is wrong, since when, and which operation; one click
 * from there to its failing traces and its error logs.
 */
import { logs as logsTable } from '../clickhouse/schema/logs.ts';
import { traces } from '../clickhouse/schema/traces.ts';
import { board, type DashboardJson } from './board.ts';
import type { Link } from './links.ts';
import { heatmap, type PanelDraft, stat, table, timeseries } from './panel.ts';
import {
  bucketClosed,
  bucketSeconds,
  byVariables,
  coveredSeconds,
  errorRatio,
  heatmapColumns,
  isError,
  percentile,
  percentileIf,
  rangeSeconds,
  red,
  withRed,
  withWindowBefore,
} from './red.ts';
import {
  errorStarts,
  errorSteps,
  latencySteps,
  operationVariable,
  scanBounds,
  serviceVariable,
} from './services-parts.ts';
import { columnsOf, sql } from './sql.ts';
import { choiceVariable } from './variables.ts';

const t = columnsOf(traces);
const l = columnsOf(logsTable);

/** Services beyond this many are left out of charts; the table has more. */
const chartSeriesMax = 12;
const tableRowsMax = 200;

export function servicesDashboard(): DashboardJson {
  return board({
    key: 'services',
    title: 'Services',
    description:
      'Start here. Services sorted by trouble, how often they are called, how often they fail and' +
      ' how long they take.',
    variables: [
      serviceVariable(),
      operationVariable(),
      choiceVariable('by', {
        label: 'Split by',
        description: 'Draw one line a service, or one line an operation.',
        choices: [
          { value: 'service', text: 'service' },
          { value: 'operation', text: 'operation' },
        ],
      }),
      choiceVariable('percentile', {
        label: 'Latency',
        description: 'Which percentile the latency chart shows.',
        initial: 'p95',
        choices: [
          { value: 'p50', text: 'p50' },
          { value: 'p95', text: 'p95' },
          { value: 'p99', text: 'p99' },
        ],
      }),
    ],
    rows: [
      { title: '', panels: [failingServices(), requestRate(), errorShare(), slowest()] },
      { title: '', panels: [serviceTable()] },
      { title: '', panels: [rateOverTime(), errorsOverTime(), latencyOverTime()] },
      { title: 'Where it starts', panels: [errorStarts(), worstOperations()] },
      { title: 'How long requests take', panels: [latencyHeatmap(), percentilesOverTime()] },
    ],
  });
}

const toService: Link = {
  title: 'Show only this service',
  to: 'services',
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

function failingServices(): PanelDraft {
  return stat({
    title: 'Services that fail',
    description:
      'How many services answered more than 1 % of their requests with an error. If it is not 0,' +
      ' look at the first row of the table below.',
    source: 'requests',
    query: sql(`
      WITH ${withRed(byVariables)}
      SELECT countIf(ratio > 0.01) AS "Services that fail"
      FROM (SELECT ${errorRatio} AS ratio FROM red GROUP BY ${red.service})`),
    width: 6,
    height: 4,
    unit: 'none',
    decimals: 0,
    noValue: 'no requests',
    thresholds: [
      { from: 0, colour: 'green', text: 'no service fails' },
      { from: 1, colour: 'red', text: 'at least one service fails' },
    ],
  });
}

function requestRate(): PanelDraft {
  return stat({
    title: 'Requests',
    description: 'Requests a second over all chosen services, counted before any sampling.',
    source: 'requests',
    query: overTime(`sum(${red.count}) / ${coveredSeconds} AS "Requests"`),
    width: 6,
    height: 4,
    unit: 'reqps',
    decimals: 1,
    noValue: 'no requests',
    interval: '10s',
    sparkline: true,
  });
}

function errorShare(): PanelDraft {
  return stat({
    title: 'Failed requests',
    description:
      'Share of requests that ended with status Error, latest value. Click through to the traces.',
    source: 'requests',
    query: overTime(`${errorRatio} AS "Failed"`),
    width: 6,
    height: 4,
    unit: 'percentunit',
    decimals: 2,
    noValue: 'no requests',
    interval: '10s',
    sparkline: true,
    thresholds: errorSteps,
    links: [
      {
        title: 'Failed traces',
        to: 'traces',
        set: { service: 'same', status: { text: 'Error' } },
      },
    ],
  });
}

function slowest(): PanelDraft {
  return stat({
    title: '95 of 100 requests take less than',
    description: 'The 95th percentile of duration over all chosen services, latest value.',
    source: 'requests',
    query: overTime(`${percentile(0.95)} AS "p95"`),
    width: 6,
    height: 4,
    unit: 's',
    decimals: 1,
    noValue: 'no requests',
    interval: '10s',
    sparkline: true,
    thresholds: latencySteps,
  });
}

/** One number a bucket, over everything that is chosen. */
function overTime(measure: string): string {
  return sql(`
    WITH ${withRed(byVariables)}
    SELECT $__timeInterval(${red.time}) AS time, ${measure}
    FROM red
    GROUP BY time
    HAVING ${bucketClosed}
    ORDER BY time`);
}

function serviceTable(): PanelDraft {
  return table({
    title: 'Services by trouble',
    description:
      'The service at the top is the one to look at. Trouble is the share of failed requests, plus' +
      ' three times the share of errors that begin in the service itself rather than in one it' +
      ' calls, plus a little when its p95 grew against the window before. Click the name to see' +
      ' only that service, the errors for its failed traces, the latency for its slow traces, the' +
      ' error logs for its log lines.',
    source: 'requests',
    query: serviceTableSql(),
    width: 24,
    height: 9,
    noValue: 'no requests in this time range',
    fields: {
      Service: { links: [toService, toTraces], widthPx: 200 },
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
      multiIf(least(1, begun / requests) > 0.01, 'errors start here', ratio > 0.01, 'fails with others',
        most > 1.5 * before AND most > 0.02, 'slower than before', 'healthy') AS "State",
      requests / ${rangeSeconds} AS "Requests", ratio AS "Failed",
      least(1, begun / requests) AS "Starts here", half AS "p50", most AS "p95", nearly AS "p99",
      before AS "p95 before", errorLines AS "Error logs", floor(most * 1000) AS "SlowMs",
      ratio + 3 * least(1, begun / requests)
        + 0.2 * greatest(0, log2(most / ifNull(before, most))) AS "Trouble"
    FROM services LEFT JOIN starts USING (service) LEFT JOIN lines USING (service)
    ORDER BY "Trouble" DESC, requests DESC, service LIMIT ${tableRowsMax}`);
}

const seriesName = `\${__field.labels.service} \${__field.labels.operation}`;

/** A line a service or an operation: the busiest only, so that a chart stays readable. */
function bySeries(measure: string): string {
  const operation = `if(\${by:singlequote} = 'operation', ${red.operation}, '')`;
  return sql(`
    WITH ${withRed(byVariables)},
    busiest AS (
      SELECT ${red.service}, ${operation} FROM red GROUP BY 1, 2
      ORDER BY sum(${red.count}) DESC LIMIT ${chartSeriesMax}
    )
    SELECT $__timeInterval(${red.time}) AS time, ${red.service} AS service,
      ${operation} AS operation, ${measure}
    FROM red WHERE (${red.service}, ${operation}) IN busiest
    GROUP BY time, service, operation
    HAVING ${bucketClosed}
    ORDER BY time, service, operation`);
}

const seriesLinks: readonly Link[] = [
  { title: 'Traces', to: 'traces', set: { service: { label: 'service' } } },
  {
    title: 'Failed traces',
    to: 'traces',
    set: { service: { label: 'service' }, status: { text: 'Error' } },
  },
  { title: 'Logs', to: 'logs', set: { service: { label: 'service' } } },
];

function rateOverTime(): PanelDraft {
  return timeseries({
    title: 'Requests',
    description:
      `Requests a second, the ${chartSeriesMax} busiest. A line that drops to nothing is a service` +
      ' that nobody reaches any more.',
    source: 'requests',
    query: bySeries(`sum(${red.count}) / ${coveredSeconds} AS requests`),
    width: 8,
    height: 8,
    unit: 'reqps',
    decimals: 1,
    noValue: 'no requests',
    interval: '10s',
    seriesName,
    links: seriesLinks,
  });
}

function errorsOverTime(): PanelDraft {
  return timeseries({
    title: 'Failed requests',
    description:
      'Share of requests that ended with status Error. Where several lines rise together, look' +
      ' below at where the errors start. Click a line for the failed traces.',
    source: 'requests',
    query: bySeries(`${errorRatio} AS failed`),
    width: 8,
    height: 8,
    unit: 'percentunit',
    decimals: 1,
    min: 0,
    noValue: 'no requests',
    interval: '10s',
    seriesName,
    thresholds: errorSteps,
    links: seriesLinks,
  });
}

function latencyOverTime(): PanelDraft {
  const index = `quantilesExactWeightedArray(0.5, 0.95, 0.99)(${red.bucketIndex}, ${red.bucketCount})`;
  const which = `greatest(1, indexOf(['p50', 'p95', 'p99'], \${percentile:singlequote}))`;
  return timeseries({
    title: 'Latency at the chosen percentile',
    description:
      'How long requests take, at the chosen percentile, within 4.4 %. A service that waits for' +
      ' another rises with it: the one that rose by the larger factor is the cause.',
    source: 'requests',
    query: bySeries(`${bucketSeconds(`${index}[${which}]`)} AS latency`),
    width: 8,
    height: 8,
    unit: 's',
    decimals: 1,
    noValue: 'no requests',
    interval: '10s',
    seriesName,
    links: seriesLinks,
  });
}

function worstOperations(): PanelDraft {
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

function latencyHeatmap(): PanelDraft {
  return heatmap({
    title: 'Latency of all requests',
    description:
      'How many requests took how long. Two separate bands mean two kinds of requests, for example' +
      ' with and without a cache; a band that splits off upwards is the slow part.',
    source: 'requests',
    query: sql(`
      WITH ${withRed(byVariables)}
      SELECT time,
        ${heatmapColumns()}
      FROM (
        SELECT $__timeInterval(${red.time}) AS time, index, spans
        FROM red ARRAY JOIN ${red.bucketIndex} AS index, ${red.bucketCount} AS spans
      )
      GROUP BY time ORDER BY time`),
    width: 12,
    height: 9,
    unit: 's',
    noValue: 'no requests',
    interval: '10s',
  });
}

function percentilesOverTime(): PanelDraft {
  return timeseries({
    title: 'p50, p95 and p99',
    description:
      'Half, 95 and 99 of 100 requests were faster than this, over everything that is chosen,' +
      ' within 4.4 %. When only p99 rises, a few requests are slow; when p50 rises, all are.',
    source: 'requests',
    query: overTime(
      `${percentile(0.5)} AS p50, ${percentile(0.95)} AS p95, ${percentile(0.99)} AS p99`,
    ),
    width: 12,
    height: 9,
    unit: 's',
    decimals: 1,
    noValue: 'no requests',
    interval: '10s',
    fields: {
      p50: { colour: 'green' },
      p95: { colour: 'yellow' },
      p99: { colour: 'red' },
    },
  });
}
