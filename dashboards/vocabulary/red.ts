/**
 * SQL over the RED rollups (rate, errors, duration), shared by the dashboards that show services.
 *
 * Each stretch of time is read from the coarsest of seconds, minutes, hours and days that fits into
 * a bucket and has been rebuilt; where the window begins or ends inside an hour, from what is
 * finer. So the numbers of a window are exact, whatever its buckets are.
 *
 * A request is a span of kind Server or Consumer. A service that has none (a script, a browser) is
 * counted by all its spans, so that a first span is never invisible.
 *
 * A request that an SDK and an eBPF agent both tell of counts once: what the agent saw of a
 * service's requests is left out from the first request of the window that the SDK tells of to the
 * last. The same holds for its other spans.
 */
import {
  latencyBucketsPerDoubling,
  redDay,
  redHour,
  redMinute,
  redSecond,
} from '../../clickhouse/schema/ours.ts';
import { reachOf } from './reach.ts';
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

type Level = {
  readonly table: typeof redSecond | typeof redMinute;
  readonly columns: typeof s | typeof m;
  readonly seconds: number;
  /** What is known of the rows of this level inside the window: first second and last. */
  readonly reach: string;
};

const level = (table: Level['table'], seconds: number, reach: string): Level => ({
  table,
  columns: columnsOf(table),
  seconds,
  reach,
});

/** The finest first. */
const levels: readonly Level[] = [
  level(redSecond, 1, ''),
  level(redMinute, 60, 'minuteReach'),
  level(redHour, 3600, 'hourReach'),
  level(redDay, 86_400, 'dayReach'),
];

type Window = (column: string) => string;

/** Rows of a level that lie in the window as a whole, where its buckets are wide enough for it. */
const usable = ({ columns: c, seconds }: Level, window: Window): string =>
  seconds === 1
    ? window(c.Time)
    : `${window(c.Time)} AND ${c.Time} <= $__toTime - ${seconds - 1}` +
      ` AND $__interval_s >= ${seconds}`;

/** Each row of time is read from the coarsest level that has it: none twice, none left out. */
function rowsOf(one: Level, window: Window): string {
  const { columns: c, table } = one;
  const others = levels.filter(({ seconds }) => seconds > one.seconds);
  const uncovered = others.map(
    ({ reach }) => ` AND (${c.Time} < ${reach}.1 OR ${c.Time} > ${reach}.2)`,
  );
  const reached =
    one.reach === '' ? '' : ` AND ${c.Time} >= ${one.reach}.1 AND ${c.Time} <= ${one.reach}.2`;
  return (
    `  SELECT ${c.Time}, ${c.ServiceName}, ${c.SpanName}, ${c.SpanKind}, ${c.StatusCode},` +
    ` ${c.Instrumentation}, ${c.Count}, ${c.DurationSum}, ${c.DurationMax},` +
    ` ${c['Buckets.Index']} AS ${red.bucketIndex}, ${c['Buckets.Count']} AS ${red.bucketCount}` +
    ` FROM ${table.name} WHERE ${usable(one, window)}${reached}${uncovered.join('')}`
  );
}

/** When the SDK of a service first or last told of spans of `which` kind; 1970 for never. */
const told = (end: 'min' | 'max', which: string): string =>
  `${end}If(${s.Time}, ${s.Instrumentation} = '' AND ${which})`;

/**
 * The body of a WITH clause that defines `red`: requests in the window that pass `filter`.
 */
export function withRed(filter: string, window: Window = timeFilter): string {
  const requests = `${s.SpanKind} IN ('Server', 'Consumer')`;
  const rest = `NOT ${requests}`;
  const reaches = levels.slice(1).map((one) => {
    const { columns: c, seconds, table, reach } = one;
    const place = { table: table.name, time: c.Time, tailSeconds: seconds - 1 };
    return `${reachOf({ ...place, where: usable(one, window) })} AS ${reach},`;
  });
  return [
    ...reaches,
    'spans AS (',
    levels.map((one) => rowsOf(one, window)).join('\n  UNION ALL\n'),
    '),',
    'witnesses AS (',
    `  SELECT ${s.ServiceName}, max(${requests}) AS hasRequests,`,
    `    ${told('min', requests)} AS toldFrom, ${told('max', requests)} AS toldTo,`,
    `    ${told('min', rest)} AS restFrom, ${told('max', rest)} AS restTo`,
    `  FROM spans GROUP BY ${s.ServiceName}`,
    '),',
    'red AS (',
    `  SELECT spans.* FROM spans INNER JOIN witnesses USING (${s.ServiceName})`,
    `  WHERE ${filter} AND (${requests} OR NOT hasRequests) AND (${s.Instrumentation} = ''`,
    `    OR ${s.Time} < if(${requests}, toldFrom, restFrom)`,
    `    OR ${s.Time} > if(${requests}, toldTo, restTo))`,
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
export const isError = `${red.status} = 'Error'` as const;

/** Share of requests that failed, 0 to 1. */
export const errorRatio = `sumIf(${red.count}, ${isError}) / sum(${red.count})`;

/** A bucket index as seconds: its geometric middle, within 4.4 % of the true duration. */
export const bucketSeconds = (index: string): string =>
  `exp2((${index} + 0.5) / ${latencyBucketsPerDoubling}) / 1e9`;

/** A percentile in seconds. */
export const percentile = (share: number): string =>
  bucketSeconds(`quantileExactWeightedArray(${share})(${red.bucketIndex}, ${red.bucketCount})`);

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
