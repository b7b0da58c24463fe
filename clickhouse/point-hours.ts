/**
 * `otel_metrics_1h`: the rows of `otel_metrics_1m` of each series, an hour as one. Made of the
 * minutes and not of the points again: labels are hashed once, and an hour costs what reading its
 * minutes costs. A minute that stands there twice, because two gateways replaced it at once,
 * counts once, with the most rows.
 */
import type { HourRollup, RawPart } from './hour-rollup.ts';
import { rebuildSettings, type Slice, unitOf, within } from './hours.ts';
import { isDelta, unitSteps } from './point-growth.ts';
import { countedPoints, pointColumns, pointMinutes } from './points.ts';
import { gauge, histogram } from './schema/metrics.ts';
import { metricHours, metricMinutes } from './schema/points.ts';
import { quoteText } from './sql.ts';
import type { Stored } from './stored.ts';

/** Hours are counted when they are over: none is counted again while it grows. */
export const pointHours: HourRollup = {
  table: metricHours,
  finer: pointMinutes,
  grainSeconds: 3600,
  partitionSeconds: 86_400,
  overSeconds: 900,
  raw: pointMinutes.raw,
  partColumn: '`Table`',
  counted: countedPoints,
  fill: (target, stored, raw, slice) => [fillHours(target, stored, raw, slice)],
};

/** What is kept of a minute, in this order; sorted, so the rows of a minute stand by `Rows`. */
const kept = [
  'Time',
  'Rows',
  'Count',
  'Min',
  'Max',
  'Sum',
  'Last',
  'LastSeen',
  'Values',
  'BucketCounts',
  'Ranged',
  'First',
  'FirstSeen',
  'FirstStart',
  'Grown',
  'Elapsed',
] as const;

const place = (column: (typeof kept)[number]): number => 1 + kept.indexOf(column);
const all = (column: (typeof kept)[number]): string => `units.${place(column)}`;
const last = (column: (typeof kept)[number]): string => `units[-1].${place(column)}`;

function fillHours(target: string, stored: Stored, raw: RawPart, slice: Slice): string {
  const isHistogram = raw.table === histogram.name;
  const steps = unitSteps({
    first: place('First'),
    firstSeen: place('FirstSeen'),
    firstStart: place('FirstStart'),
    end: place(isHistogram ? 'Values' : 'Last'),
    lastSeen: place('LastSeen'),
    grown: place('Grown'),
    elapsed: place('Elapsed'),
  });
  const ranged = (column: 'Min' | 'Max'): string =>
    `array${column}(arrayFilter((value, count) -> count > 0, ${all(column)}, ${all('Ranged')}))`;
  const added = isHistogram ? isDelta : 'true';
  const buckets = all('BucketCounts');
  const first = (column: (typeof kept)[number]): string => `units[1].${place(column)}`;
  const growth = `${first('First')}, ${first('FirstSeen')}, ${first('FirstStart')},
      ${raw.table === gauge.name ? '0, 0' : `${steps.grown}, ${steps.elapsed}`}`;
  return `INSERT INTO ${target} (${pointColumns})
    SELECT unit, ${quoteText(raw.table)}, tenant, metric, service, id, temporality,
      arraySum(minutes.${place('Rows')}), arraySum(${all('Count')}), ${ranged('Min')},
      ${ranged('Max')}, if(${added}, arraySum(${all('Sum')}), ${last('Sum')}), ${last('Last')},
      ${last('LastSeen')}, if(${added}, arraySum(${all('Values')}), ${last('Values')}), bounds,
      if(${isDelta}, arrayReduce('sumForEach', if(${isDelta}, ${buckets}, [])),
        ${last('BucketCounts')}), arraySum(${all('Ranged')}), ${growth}
    FROM (
      SELECT unit, tenant, metric, service, id, temporality, bounds,
        arrayFilter((one, next) -> one.1 != next, twice,
          arrayPushBack(arrayPopFront(twice.1), toDateTime(0, 'UTC'))) AS minutes,
        arrayFilter(one -> one.${place('Count')} > 0, minutes) AS units
      FROM (
        SELECT ${unitOf('Time', 3600)} AS unit, Series AS id, any(Tenant) AS tenant,
          any(MetricName) AS metric, any(ServiceName) AS service,
          AggregationTemporality AS temporality, any(ExplicitBounds) AS bounds,
          arraySort(groupArray((${kept.map((name) => `\`${name}\``).join(', ')}))) AS twice
        FROM ${stored(metricMinutes.name)}
        WHERE \`Table\` = ${quoteText(raw.table)} AND ${within(slice)}
        GROUP BY unit, id, temporality, cityHash64(ExplicitBounds)
      )
    ) ${rebuildSettings}`;
}
