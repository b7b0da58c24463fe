/** The charts of *Services*: the same measures over time, by service or by operation. */
import type { Link } from '../vocabulary/links.ts';
import { heatmap, type PanelDraft, timeseries } from '../vocabulary/panel.ts';
import {
  bucketClosed,
  bucketSeconds,
  byVariables,
  coveredSeconds,
  errorRatio,
  heatmapColumns,
  percentile,
  red,
  withRed,
} from '../vocabulary/red.ts';
import { sql } from '../vocabulary/sql.ts';
import { slowRequests } from './exemplars.ts';
import { errorSteps } from './services-parts.ts';

/** Series beyond this many are left out of charts; the table has more. */
const chartSeriesMax = 12;

/** One number a bucket, over everything that is chosen. */
export function overTime(measure: string): string {
  return sql(`
    WITH ${withRed(byVariables)}
    SELECT $__timeInterval(${red.time}) AS time, ${measure}
    FROM red
    GROUP BY time
    HAVING ${bucketClosed}
    ORDER BY time`);
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

export function rateOverTime(): PanelDraft {
  return timeseries({
    title: 'Requests',
    description:
      `Requests a second, the ${chartSeriesMax} busiest. A line that drops to nothing is a` +
      ` service` +
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

export function errorsOverTime(): PanelDraft {
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

export function latencyOverTime(): PanelDraft {
  const buckets = `${red.bucketIndex}, ${red.bucketCount}`;
  const index = `quantilesExactWeightedArray(0.5, 0.95, 0.99)(${buckets})`;
  const which = `greatest(1, indexOf(['p50', 'p95', 'p99'], \${percentile:singlequote}))`;
  return timeseries({
    title: 'Latency at the chosen percentile',
    description:
      'How long requests take, at the chosen percentile, within 4.4 %. A service that waits for' +
      ' another rises with it: the one that rose by the larger factor is the cause. On our own' +
      ' page each dot is a slow request: click it for its trace.',
    source: 'requests',
    query: bySeries(`${bucketSeconds(`${index}[${which}]`)} AS latency`),
    exemplars: slowRequests,
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

export function latencyHeatmap(): PanelDraft {
  return heatmap({
    title: 'Latency of all requests',
    description:
      'How many requests took how long. Two separate bands mean two kinds of requests, for' +
      ' example with and without a cache; a band that splits off upwards is the slow part.' +
      ' On our own page, drag over a part of it and ask what is different there.',
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
    regionLink: {
      title: 'What is different here?',
      to: 'different',
      set: {
        service: 'same',
        operation: 'same',
        compare: { text: 'region' },
        minDuration: { region: 'minMs' },
        maxDuration: { region: 'maxMs' },
        since: { region: 'since' },
        until: { region: 'until' },
      },
    },
  });
}

export function percentilesOverTime(): PanelDraft {
  return timeseries({
    title: 'p50, p95 and p99',
    description:
      'Half, 95 and 99 of 100 requests were faster than this, over everything that is chosen,' +
      ' within 4.4 %. When only p99 rises, a few requests are slow; when p50 rises, all are. On' +
      ' our own page each dot is a slow request: click it for its trace.',
    source: 'requests',
    query: overTime(
      `${percentile(0.5)} AS p50, ${percentile(0.95)} AS p95, ${percentile(0.99)} AS p99`,
    ),
    exemplars: slowRequests,
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
