/**
 * `otel_metrics_1m`: least, greatest, sum, count, last and growth of the points of each series by
 * minute, and the buckets of histograms, made of stored points. Buckets of delta histograms add
 * up; of cumulative ones the last say all. Points with other bounds are another row.
 *
 * Growth inside a minute is counted in it; what a counter grew from the last point of one minute
 * to the first of the next is in neither row: whoever joins rows adds it (`point-growth.ts`). So a
 * minute is made of its own points alone, and a late row changes one minute.
 *
 * What it costs is one hash of the labels a point, a group by fixed keys, and a short array a
 * group; an aggregate function for each column took twice that (`docs/performance.md`).
 */
import type { HourRollup, RawPart } from './hour-rollup.ts';
import { inSlice, rebuildSettings, type Slice, unitOf } from './hours.ts';
import { isDelta, pointSteps } from './point-growth.ts';
import { gauge, histogram, sum } from './schema/metrics.ts';
import { metricMinutes } from './schema/points.ts';
import { pointParts, seriesOf } from './series.ts';
import { quoteText } from './sql.ts';
import type { Stored } from './stored.ts';

/** Rows of an older schema have no growth: they count as nothing and are made again. */
export const countedPoints = 'sumIf(Rows, Count = 0 OR FirstSeen > toDateTime64(0, 9))';

/**
 * Minutes of hours that are over: what is newer is read from the points themselves. Points are
 * sorted by hour and then by series, so a minute costs what its hour costs.
 */
export const pointMinutes: HourRollup = {
  table: metricMinutes,
  grainSeconds: 60,
  overSeconds: 600,
  overTogetherSeconds: 3600,
  raw: pointParts([gauge, sum, histogram]),
  partColumn: '`Table`',
  counted: countedPoints,
  fill: (target, stored, raw, slice) => [fillPoints(target, stored, raw, slice)],
};

/** In this order both the minutes and the hours are inserted. */
export const pointColumns =
  'Time, `Table`, Tenant, MetricName, ServiceName, Series, AggregationTemporality, Rows, Count,' +
  ' Min, Max, Sum, Last, LastSeen, `Values`, ExplicitBounds, BucketCounts, Ranged, First,' +
  ' FirstSeen, FirstStart, Grown, Elapsed';

type Kind = {
  readonly temporality: string;
  /** What two rows of a series and minute differ in. */
  readonly bounds: string;
  /** What is kept of a point after time, the value that grows and the start. */
  readonly more: string;
  /** Min to BucketCounts but LastSeen, and Ranged, of `points`, a sorted array of tuples. */
  readonly of: Readonly<Record<'min' | 'max' | 'sum' | 'last' | 'values' | 'buckets', string>>;
  readonly ranged: string;
  /** Whether the values of the table are counters. */
  readonly grows: boolean;
};

const ofNumbers = (temporality: string, grows: boolean): Kind => ({
  temporality,
  bounds: 'emptyArrayFloat64()',
  more: '',
  of: {
    min: 'arrayMin(points.2)',
    max: 'arrayMax(points.2)',
    sum: 'arraySum(points.2)',
    last: 'points[-1].2',
    values: 'toUInt64(0)',
    buckets: 'emptyArrayUInt64()',
  },
  ranged: 'length(points)',
  grows,
});

const ofDelta = (column: string): string => `arraySum(if(${isDelta}, points.${column}, []))`;

/** A point is (time, count, start, sum, buckets, least, greatest, whether it has these). */
const ofHistograms: Kind = {
  temporality: 'AggregationTemporality',
  bounds: 'ExplicitBounds',
  more: ', Sum, BucketCounts, Min, Max, HasMin AND HasMax',
  of: {
    min: 'arrayMin(arrayFilter((value, has) -> has, points.6, points.8))',
    max: 'arrayMax(arrayFilter((value, has) -> has, points.7, points.8))',
    sum: `if(${isDelta}, ${ofDelta('4')}, points[-1].4)`,
    last: 'points[-1].4',
    values: `if(${isDelta}, ${ofDelta('2')}, points[-1].2)`,
    buckets:
      `if(${isDelta}, arrayReduce('sumForEach', if(${isDelta}, points.5, [])),` + ' points[-1].5)',
  },
  ranged: 'arrayCount(points.8)',
  grows: true,
};

const kinds: Readonly<Record<string, Kind>> = {
  [gauge.name]: ofNumbers('toInt32(0)', false),
  [sum.name]: ofNumbers('AggregationTemporality', true),
  [histogram.name]: ofHistograms,
};

function fillPoints(target: string, stored: Stored, raw: RawPart, slice: Slice): string {
  const kind = kinds[raw.table] ?? ofNumbers('toInt32(0)', false);
  const { min, max, sum: total, last, values, buckets } = kind.of;
  const value = kind === ofHistograms ? 'Count' : 'Value';
  const growth = kind.grows
    ? `toFloat64(points[1].2), points[1].1, points[1].3, ${pointSteps.grown}, ${pointSteps.elapsed}`
    : '0, points[1].1, toDateTime64(0, 9), 0, 0';
  const byBounds = kind === ofHistograms ? ', cityHash64(ExplicitBounds)' : '';
  return `INSERT INTO ${target} (${pointColumns})
    SELECT unit, ${quoteText(raw.table)}, tenant, metric, service, id, temporality, rows,
      length(points), ${min}, ${max}, ${total}, ${last}, points[-1].1, ${values}, bounds,
      ${buckets}, ${kind.ranged}, ${growth}
    FROM (
      SELECT ${unitOf(raw.time, 60)} AS unit, ${seriesOf(raw.table)} AS id, any(Tenant) AS tenant,
        any(MetricName) AS metric, any(ServiceName) AS service,
        any(${kind.temporality}) AS temporality, any(${kind.bounds}) AS bounds, count() AS rows,
        arraySort(groupArrayIf((TimeUnix, ${value}, StartTimeUnix${kind.more}),
          bitAnd(Flags, 1) = 0)) AS points
      FROM ${stored(raw.table)} WHERE ${inSlice(raw.time, slice)}
      GROUP BY unit, id${byBounds}
    ) ${rebuildSettings}`;
}
