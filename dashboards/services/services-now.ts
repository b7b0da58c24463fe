/** The line of *Services* that says where to begin: worst calls, what changed, what burns. */
import { patternOfBody } from '../../clickhouse/schema/log-patterns.ts';
import { logs as logsTable } from '../../clickhouse/schema/logs.ts';
import { gauge } from '../../clickhouse/schema/metrics.ts';
import { badMin, burns, type Objective } from '../alerts/slo.ts';
import { part, restartSteps, workload } from '../infrastructure/kubernetes-points.ts';
import { clusterMetrics } from '../vocabulary/names.ts';
import { type PanelDraft, table } from '../vocabulary/panel.ts';
import { isError, red, withRed, withWindowBefore } from '../vocabulary/red.ts';
import { attribute, columnsOf, sql } from '../vocabulary/sql.ts';
import { toServices } from './service-map-edges.ts';
import { edgeStates, withEdges } from './service-map-parts.ts';
import { errorSteps } from './services-parts.ts';
import { allowedShare, defaultAllowed } from './slo-report.ts';

const l = columnsOf(logsTable);
const g = columnsOf(gauge);
/** All three stand in one line. */
const sizes = {
  calls: { width: 8, height: 7 },
  changes: { width: 9, height: 7 },
  budgets: { width: 7, height: 7 },
} as const;
const worstMax = 5;
const changesMax = 50;
/** Grave lines that are looked at for new ones; where there are more, nothing is called new. */
const linesMax = 20_000;

const inService = (name: string): string =>
  `$__conditionalAll(${name} IN (\${service:singlequote}), $service)`;

export function worstCalls(): PanelDraft {
  const states = Object.values(edgeStates);
  return table({
    title: 'Worst calls',
    description:
      'The calls between services with the most trouble: they fail, or became slower than in the' +
      ' window before. The last name of a chain of failing calls is where to look.',
    source: 'edges',
    query: sql(`
      WITH ${withEdges()}
      SELECT concat(caller, ' → ', callee) AS "Call", state AS "State", ratio AS "Failed",
        most AS "p95", caller AS "caller"
      FROM edges ORDER BY trouble DESC, rate DESC, caller, callee LIMIT ${worstMax}`),
    ...sizes.calls,
    noValue: 'no service called another one in this time range',
    fields: {
      Call: { links: toServices('caller') },
      State: {
        widthPx: 120,
        cell: 'text',
        values: Object.fromEntries(states.map(({ text, colour }) => [text, { colour }])),
      },
      Failed: {
        unit: 'percentunit',
        decimals: 1,
        cell: 'text',
        thresholds: errorSteps,
        widthPx: 70,
      },
      p95: { unit: 's', decimals: 1, widthPx: 75 },
      caller: { hidden: true },
    },
  });
}

const before = `${red.time} < $__fromTime`;

/** Services that are new or fell silent, and operations that did not fail before. */
function ofRequests(): string {
  const lastOf = `max(${red.time})`;
  return `
        SELECT min(${red.time}) AS at, 'new service' AS what, ${red.service} AS service,
          '' AS detail
        FROM red GROUP BY service HAVING at >= $__fromTime AND known
        UNION ALL
        SELECT ${lastOf} AS at, 'no requests any more', ${red.service} AS service, ''
        FROM red GROUP BY service HAVING at < $__fromTime
        UNION ALL
        SELECT minIf(${red.time}, ${isError}) AS at, 'new errors', ${red.service} AS service,
          ${red.operation} AS detail
        FROM red GROUP BY service, detail
        HAVING countIf(${isError}) > 0 AND at >= $__fromTime AND countIf(${before}) > 0`;
}

const named = (owner: string): string => `splitByChar('/', ${owner})[2]`;

/** An image of a workload that had another one before, and containers that were started again. */
function ofCluster(): string {
  const image = attribute(g.ResourceAttributes, 'container.image.name');
  const tag = attribute(g.ResourceAttributes, 'container.image.tag');
  return `
        SELECT first AS at, 'deployed', ${named('workload')} AS service, image
        FROM (
          SELECT ${part.cluster} AS cluster, ${part.namespace} AS namespace,
            ${workload} AS workload, concat(${image}, ':', ${tag}) AS image,
            toDateTime(min(${g.TimeUnix})) AS first,
            min(first) OVER (PARTITION BY cluster, namespace, workload) AS oldest
          FROM ${gauge.name}
          WHERE ${withWindowBefore(g.TimeUnix)} AND ${image} != ''
            AND ${g.MetricName} = '${clusterMetrics.containerRestarts}'
          GROUP BY cluster, namespace, workload, image
        )
        WHERE first >= $__fromTime AND oldest < first
        UNION ALL
        SELECT toDateTime(max(at)), 'restarted', ${named('workload')} AS service,
          concat(workload, ', ', toString(sum(restarted)), ' times')
        FROM ${restartSteps('1')} WHERE restarted > 0 GROUP BY namespace, workload`;
}

/** Grave lines of a kind that nobody wrote in the window before. */
const ofLogs = `
        SELECT toDateTime(min(at)) AS first, 'new error line', service, pattern FROM lines
        GROUP BY service, pattern
        HAVING first >= $__fromTime AND (SELECT min(at) FROM lines) < $__fromTime`;

export function whatChanged(): PanelDraft {
  return table({
    title: 'What changed',
    description:
      'What is there now and was not in the window before, of the same length: services, failing' +
      ' operations, error lines, images of workloads; and what fell silent or was restarted. Most' +
      ' incidents begin with one of these.',
    source: 'requests',
    empty: 'fine',
    query: sql(`
      WITH ${withRed('1', withWindowBefore)},
      (SELECT min(${red.time}) FROM red) < $__fromTime AS known,
      lines AS (
        SELECT ${l.Timestamp} AS at, ${l.ServiceName} AS service, ${patternOfBody} AS pattern
        FROM ${logsTable.name}
        WHERE ${withWindowBefore(l.Timestamp)} AND ${l.SeverityNumber} >= 17
        ORDER BY ${l.Timestamp} DESC LIMIT ${linesMax}
      )
      SELECT greatest(0, dateDiff('second', at, $__toTime)) AS "Ago", what AS "What",
        service AS "Service", detail AS "Detail"
      FROM (${ofRequests()}
        UNION ALL${ofLogs}
        UNION ALL${ofCluster()}
      )
      WHERE ${inService('service')}
      ORDER BY "Ago", "What", "Service", "Detail" LIMIT ${changesMax}`),
    ...sizes.changes,
    noValue: 'nothing is new against the window before',
    fields: {
      Ago: { unit: 's', decimals: 0, widthPx: 70 },
      What: {
        widthPx: 120,
        cell: 'text',
        values: {
          'new errors': { colour: 'red' },
          'no requests any more': { colour: 'red' },
          'new error line': { colour: 'orange' },
          restarted: { colour: 'orange' },
          deployed: { colour: 'blue' },
          'new service': { colour: 'blue' },
        },
      },
      Service: {
        widthPx: 110,
        links: [
          { title: 'Only this service', to: 'services', set: { service: { field: 'Service' } } },
          {
            title: 'Its failed traces',
            to: 'traces',
            set: { service: { field: 'Service' }, status: { text: 'Error' } },
          },
          { title: 'Its logs', to: 'logs', set: { service: { field: 'Service' } } },
        ],
      },
    },
  });
}

const longestSeconds = Math.max(...burns.map(({ long }) => long.seconds));
const recent = (column: string): string =>
  `${column} > $__toTime - ${longestSeconds} AND ${column} <= $__toTime`;

const inLast = (seconds: number): string => `${red.time} > $__toTime - ${seconds}`;
const requestsIn = (seconds: number): string => `sumIf(${red.count}, ${inLast(seconds)})`;
const badIn = (seconds: number): string => `sumIf(${red.count}, ${isError} AND ${inLast(seconds)})`;
const burnIn = (seconds: number): string =>
  `ifNotFinite(${badIn(seconds)} / ${requestsIn(seconds)} / any(allowed), 0)`;

/** As in the rule: fewer minutes with requests are not enough to judge. */
const isHalfSeen = (seconds: number): string =>
  `uniqExactIf(toStartOfMinute(${red.time}), ${inLast(seconds)}) * 120 >= ${seconds}`;

/** Whether an alert rule of the objectives would hold now. */
const fires = burns
  .map(
    ({ times, long, short }) =>
      `(${requestsIn(long.seconds)} >= ${long.min} AND ${badIn(long.seconds)} >= ${badMin}` +
      ` AND ${requestsIn(short.seconds)} >= ${short.min}` +
      ` AND ${isHalfSeen(long.seconds)} AND ${isHalfSeen(short.seconds)}` +
      ` AND ${burnIn(long.seconds)} >= ${times} AND ${burnIn(short.seconds)} >= ${times})`,
  )
  .join('\n          OR ');

export function burningBudgets(objectives: readonly Objective[]): PanelDraft {
  return table({
    title: 'Objectives that burn',
    description:
      'Services that use up their error budget faster than their objective allows, at the end of' +
      ' this time range. `fires`: the alert rule holds, over a long and a short window at once;' +
      ' `burns`: faster than allowed, but not so fast or not so long.',
    source: 'requests',
    empty: 'fine',
    query: sql(`
      WITH ${withRed(inService(red.service), recent)}
      SELECT service AS "Service", if(${fires}, 'fires', 'burns') AS "State",
        ${burnIn(3600)} AS "Burn 1 h", ${burnIn(longestSeconds)} AS "Burn 6 h"
      FROM (
        SELECT *, ${red.service} AS service,
          ${allowedShare(objectives, defaultAllowed)} AS allowed
        FROM red
      )
      GROUP BY service HAVING "State" = 'fires' OR "Burn 1 h" >= 1
      ORDER BY "State" DESC, "Burn 1 h" DESC, service LIMIT ${changesMax}`),
    ...sizes.budgets,
    interval: '1m',
    noValue: 'no budget burns faster than its objective allows',
    fields: {
      Service: {
        links: [
          { title: 'Its objective', to: 'sloReport', set: { service: { field: 'Service' } } },
          { title: 'This service', to: 'services', set: { service: { field: 'Service' } } },
        ],
      },
      State: {
        widthPx: 75,
        cell: 'text',
        values: { fires: { colour: 'red' }, burns: { colour: 'orange' } },
      },
      'Burn 1 h': { unit: 'none', decimals: 1, widthPx: 85 },
      'Burn 6 h': { unit: 'none', decimals: 1, widthPx: 85 },
    },
  });
}
