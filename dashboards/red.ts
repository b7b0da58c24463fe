/**
 * SQL over the RED rollups (rate, errors, duration), shared by the dashboards that show services.
 *
 * Buckets under a minute are read from the seconds. Wider ones are read from the minutes as far as
 * these have been rebuilt, and from the seconds after that: the two never overlap.
 *
 * A request is a span of kind Server or Consumer. A service that has none (a script, a browser) is
 * counted by all its spans, so that a first span is never invisible.
 */
import { latencyBucketsPerDoubling, redMinute, redSecond } from '../clickhouse/schema/ours.ts';
import { columnsOf } from './sql.ts';

const s = columnsOf(redSecond);
const m = columnsOf(redMinute);

/** Names inside the `red` table expression. */
export const red = {
  time: s.Time,
  service: s.ServiceName,
  operation: s.SpanName,
  kind: s.SpanKind,
  status: s.StatusCode,
  count: s.Count,
  durationSum: s.DurationSum,
  durationMax: s.DurationMax,
  bucketIndex: 'BucketIndex',
  bucketCount: 'BucketCount',
} as const;

const widthMinuteSeconds = 60;
const timeFilter = (column: string): string => `$__timeFilter(${column})`;

/** The window of the dashboard and one of the same length before it. */
export const withWindowBefore = (column: string): string =>
  `${column} >= $__fromTime - toIntervalSecond(dateDiff('second', $__fromTime, $__toTime))` +
  ` AND ${column} <= $__toTime`;

const chosen = (column: string, variable: string): string =>
  `$__conditionalAll(${column} IN (\${${variable}:singlequote}), $${variable})`;

/** Filters by the variables `service` and `operation`. */
export const byVariables = [chosen(s.ServiceName, 'service'), chosen(s.SpanName, 'operation')].join(
  ' AND ',
);

/**
 * The body of a WITH clause that defines `red`: requests in the window that pass `filter`.
 */
export function withRed(filter: string, window: (column: string) => string = timeFilter): string {
  const requests = `${s.SpanKind} IN ('Server', 'Consumer')`;
  const from = (table: string, c: typeof s | typeof m): string =>
    `SELECT ${c.Time}, ${c.ServiceName}, ${c.SpanName}, ${c.SpanKind}, ${c.StatusCode},` +
    ` ${c.Count}, ${c.DurationSum}, ${c.DurationMax}, ${c['Buckets.Index']} AS` +
    ` ${red.bucketIndex}, ${c['Buckets.Count']} AS ${red.bucketCount} FROM ${table}`;
  return [
    'spans AS (',
    `  ${from(redSecond.name, s)} WHERE ${window(s.Time)}`,
    `    AND ($__interval_s < ${widthMinuteSeconds} OR ${s.Time} >`,
    `      (SELECT max(${m.Time}) + ${widthMinuteSeconds - 1} FROM ${redMinute.name}` +
      ` WHERE ${window(m.Time)}))`,
    '  UNION ALL',
    `  ${from(redMinute.name, m)} WHERE ${window(m.Time)} AND $__interval_s >=` +
      ` ${widthMinuteSeconds}`,
    '),',
    'red AS (',
    `  SELECT * FROM spans WHERE (${requests} OR ${s.ServiceName} NOT IN`,
    `    (SELECT ${s.ServiceName} FROM spans WHERE ${requests}))`,
    `    AND ${filter}`,
    ')',
  ].join('\n');
}

/** Seconds of the bucket `time` that lie inside the chosen range. */
export const coveredSeconds =
  "greatest(1, dateDiff('second', greatest(time, $__fromTime)," +
  ' least(time + toIntervalSecond($__interval_s), $__toTime + 1)))';

/** Leaves out the bucket that is still filling: it would look like a sudden drop. */
export const bucketClosed = 'time + toIntervalSecond($__interval_s) <= now()';

/** Seconds of the chosen range, from the first span on when that came later. */
export const rangeSeconds =
  `greatest(1, dateDiff('second', greatest($__fromTime, (SELECT min(${s.Time}) FROM spans)),` +
  ' $__toTime))';

/** Whether a row counts as an error. */
export const isError = `${red.status} = 'Error'`;

/** Share of requests that failed, 0 to 1. */
export const errorRatio = `sumIf(${red.count}, ${isError}) / sum(${red.count})`;

/** A bucket index as seconds: its geometric middle, within 4.4 % of the true duration. */
export const bucketSeconds = (index: string): string =>
  `exp2((${index} + 0.5) / ${latencyBucketsPerDoubling}) / 1e9`;

/** A percentile in seconds. */
export const percentile = (share: number): string =>
  bucketSeconds(`quantileExactWeightedArray(${share})(${red.bucketIndex}, ${red.bucketCount})`);

/** A percentile in seconds of the rows for which `condition` holds. */
export const percentileIf = (share: number, condition: string): string =>
  bucketSeconds(
    `quantileExactWeightedArrayIf(${share})` +
      `(${red.bucketIndex}, ${red.bucketCount}, ${condition})`,
  );

/** Upper bounds of the heat map's rows in seconds: 262 µs to 17 s, two to a doubling. */
const heatmapBoundsSeconds: readonly number[] = Array.from(
  { length: 33 },
  (_, index) => 2 ** (18 + index / 2) / 1e9,
);

/** Columns of the heat map: requests by bucket of duration, each named by its upper bound. */
export function heatmapColumns(): string {
  const perRow = latencyBucketsPerDoubling / 2;
  const first = 18 * latencyBucketsPerDoubling;
  return heatmapBoundsSeconds
    .map((bound, row) => {
      const until = first + row * perRow;
      const range =
        row === 0
          ? `index < ${until}`
          : row === heatmapBoundsSeconds.length - 1
            ? `index >= ${until - perRow}`
            : `index >= ${until - perRow} AND index < ${until}`;
      return `sumIf(spans, ${range}) AS "${Number(bound.toPrecision(3))}"`;
    })
    .join(',\n  ');
}
