/**
 * SQL over metric points, shared by the dashboards that draw metrics.
 *
 * A cumulative sum becomes a rate series by series, before anything is added up: the step between
 * two points is the new value alone when the counter began again (its value fell, or it says that
 * it started after the previous point). The previous point may lie a little before the range. A
 * first point counts from its start time when that lies in the range, and not at all otherwise. A
 * delta sum is its own step.
 */
import { gauge, histogram, sum } from '../../clickhouse/schema/metrics.ts';
import type { MetricName } from '../../gateway/telemetry/catalog.ts';
import type { HostMetric, KubernetesGauge, KubernetesSum } from './names.ts';
import type { ScrapedMetric } from './scraped-names.ts';
import { columnsOf } from './sql.ts';
import { type UnitsSpec, unitSteps, units } from './units.ts';

const s = columnsOf(sum);
const g = columnsOf(gauge);
const h = columnsOf(histogram);

/** A metric that the visitor chose: a SQL expression. */
type ChosenMetric = { readonly sql: string };

export type PointsSpec = {
  readonly metric:
    | MetricName
    | HostMetric
    | KubernetesGauge
    | KubernetesSum
    | ScrapedMetric
    | ChosenMetric;
  /** Labels to keep, by their name in the result. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Steps of a histogram's count and not of a sum. */
  readonly ofHistogram?: boolean;
  /** Conditions on the points, beyond metric and time. */
  readonly filter?: string;
};

const seriesOf = (c: typeof s | typeof g | typeof h): string =>
  `cityHash64(${c.ServiceName}, ${c.ResourceAttributes}, ${c.Attributes})`;

const labelList = (spec: PointsSpec): string =>
  Object.entries(spec.labels ?? {})
    .map(([name, expression]) => `${expression} AS ${name}, `)
    .join('');

const labelNames = (spec: PointsSpec): string =>
  Object.keys(spec.labels ?? {})
    .map((name) => `${name}, `)
    .join('');

const nameOf = ({ metric }: PointsSpec): string =>
  typeof metric === 'string' ? `'${metric}'` : metric.sql;

function where(c: typeof s | typeof g | typeof h, spec: PointsSpec, lookBack = 0): string {
  const named = `${c.MetricName} = ${nameOf(spec)}`;
  const timed =
    `${c.TimeUnix} >= $__fromTime - ${lookBack} AND ${c.TimeUnix} <= $__toTime` +
    ` AND bitAnd(${c.Flags}, 1) = 0${spec.filter === undefined ? '' : ` AND ${spec.filter}`}`;
  return typeof spec.metric === 'string' ? `${named} AND ${timed}` : `${timed} AND ${named}`;
}

const window = (series: string): string =>
  `OVER (PARTITION BY ${series} ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)`;

const secondsBetween = (from: string, to: string): string =>
  `(toUnixTimestamp64Nano(${to}) - toUnixTimestamp64Nano(${from})) / 1e9`;

/** How far before the range the point is looked for that the first step starts from. */
const lookBackSeconds = 300;

/**
 * A table expression with a row a point: `at`, `series`, the labels, `grown` (by how much the sum
 * grew) and `elapsed` (in how many seconds).
 */
export function steps(spec: PointsSpec): string {
  const value = spec.ofHistogram ? `toFloat64(${h.Count})` : s.Value;
  const isFromZero = absentIsZero(spec);
  const fromStart = secondsBetween('began', 'at');
  const first = isFromZero ? `least(${fromStart}, $__interval_s)` : fromStart;
  return `(
    SELECT at, series, ${labelNames(spec)}
      assumeNotNull(multiIf(temporality = 1, value, isNull(previous), value,
        value < previous OR began >= before, value, value - previous)) AS grown,
      multiIf(temporality = 1, ${fromStart}, isNull(before), ${first},
        ${secondsBetween('assumeNotNull(before)', 'at')}) AS elapsed
    FROM (
      SELECT ${s.TimeUnix} AS at, ${s.StartTimeUnix} AS began, ${value} AS value,
        ${s.AggregationTemporality} AS temporality, ${seriesOf(s)} AS series, ${labelList(spec)}
        lagInFrame(toNullable(value)) ${window('series')} AS previous,
        lagInFrame(toNullable(at)) ${window('series')} AS before
      FROM ${spec.ofHistogram ? histogram.name : sum.name}
      WHERE ${where(s, spec, lookBackSeconds)}
    )
    WHERE elapsed > 0 AND at >= $__fromTime
      AND (${isFromZero ? 1 : 0} OR isNotNull(before) OR began >= $__fromTime OR temporality = 1)
  )`;
}

/** `time`, the labels, `rate`: growth a second, added over series. */
export function rates(spec: PointsSpec): string {
  const names = labelNames(spec);
  const group = groupOf(spec);
  const steps = unitSteps(
    { ...unitsOf(spec), kind: spec.ofHistogram ? 'histogram' : 'sum', lookBackSeconds },
    absentIsZero(spec),
  );
  return `(
    SELECT time, ${names} sum(rate) AS rate
    FROM (
      SELECT $__timeInterval(at) AS time, series, ${names}
        sum(grown) / if(sum(elapsed) > 0, sum(elapsed), $__interval_s) AS rate
      FROM ${steps}
      GROUP BY time, series${group}
    )
    GROUP BY time${group}
  )`;
}

const unitsOf = (spec: PointsSpec): Omit<UnitsSpec, 'kind'> => ({
  metric: nameOf(spec),
  labels: spec.labels ?? {},
  filter: spec.filter ?? '1',
});

/** Our gateway reports a counter from its first event on: a new series grew from nothing. */
const absentIsZero = (spec: PointsSpec): boolean => nameOf(spec).startsWith("'obsctl.");

type LevelsSpec = PointsSpec & {
  readonly kind: 'gauge' | 'sum';
  /** How series become one; amounts add, an age or a state of several gateways does not. */
  readonly over?: 'sum' | 'max' | 'min';
  /** What a bucket shows of its points; short peaks vanish in a mean. */
  readonly within?: 'avg' | 'max';
};

/** `time`, the labels, `level`: each series in the bucket as one value, added over series. */
export function levels(spec: LevelsSpec): string {
  const group = groupOf(spec);
  const one = spec.within === 'max' ? 'max(high)' : 'sum(total) / sum(points)';
  return `(
    SELECT time${group}, ${spec.over ?? 'sum'}(one) AS level
    FROM (
      SELECT $__timeInterval(at) AS time, series${group}, ${one} AS one
      FROM ${units({ ...unitsOf(spec), kind: spec.kind })}
      GROUP BY time, series${group}
    )
    GROUP BY time${group}
  )`;
}

const groupOf = (spec: PointsSpec): string =>
  Object.keys(spec.labels ?? {})
    .map((name) => `, ${name}`)
    .join('');

/** As {@link levels}, of points alone: for short ranges. */
export function pointLevels(spec: LevelsSpec): string {
  const c = spec.kind === 'gauge' ? g : s;
  const names = labelNames(spec).replace(/, $/, '');
  const group = names === '' ? '' : `, ${names}`;
  return `(
    SELECT time${group}, ${spec.over ?? 'sum'}(one) AS level
    FROM (
      SELECT $__timeInterval(${c.TimeUnix}) AS time, ${seriesOf(c)} AS series,
        ${labelList(spec)} ${spec.within ?? 'avg'}(${c.Value}) AS one
      FROM ${spec.kind === 'gauge' ? gauge.name : sum.name}
      WHERE ${where(c, spec)}
      GROUP BY time, series${group}
    )
    GROUP BY time${group}
  )`;
}

/** The labels and `level`: the newest value of each series, added over series. */
export function latest(spec: LevelsSpec): string {
  const c = spec.kind === 'gauge' ? g : s;
  const names = labelNames(spec).replace(/, $/, '');
  const over = spec.over ?? 'sum';
  return `(
    SELECT ${names === '' ? '' : `${names}, `}${over}(newest) AS level, max(newestAt) AS at
    FROM (
      SELECT ${seriesOf(c)} AS series, ${labelList(spec)}
        argMax(${c.Value}, ${c.TimeUnix}) AS newest, max(${c.TimeUnix}) AS newestAt
      FROM ${spec.kind === 'gauge' ? gauge.name : sum.name}
      WHERE ${where(c, spec)} AND ${c.TimeUnix} >= $__toTime - ${newestWithinSeconds}
      GROUP BY series${names === '' ? '' : `, ${names}`}
    )
    ${names === '' ? 'HAVING count() > 0' : `GROUP BY ${names}`}
  )`;
}

/** A series that was silent for longer than this belongs to something that is gone. */
const newestWithinSeconds = 180;

/** `time`, the labels, `counts`, `bounds`: how many values fell into each bucket. */
export function histogramSteps(spec: PointsSpec): string {
  return `(
    SELECT $__timeInterval(at) AS time, ${labelNames(spec)}sumForEach(grown) AS counts,
      any(bounds) AS bounds
    FROM (
      SELECT at, ${labelNames(spec)}bounds,
        multiIf(temporality = 1 OR length(previous) = 0, values,
          arrayExists((a, b) -> a < b, values, previous), values,
          arrayMap((a, b) -> a - b, values, previous)) AS grown
      FROM (
        SELECT ${h.TimeUnix} AS at, ${h.StartTimeUnix} AS began, arrayMap(c -> toFloat64(c),
          ${h.BucketCounts}) AS values,
          ${h.ExplicitBounds} AS bounds, ${h.AggregationTemporality} AS temporality,
          ${seriesOf(h)} AS series, ${labelList(spec)}
          lagInFrame(values) ${window('series')} AS previous
        FROM ${histogram.name}
        WHERE ${where(h, spec)}
      )
      WHERE length(previous) > 0 OR began >= $__fromTime OR temporality = 1
    )
    GROUP BY time${labelNames(spec) === '' ? '' : `, ${labelNames(spec).replace(/, $/, '')}`}
  )`;
}

/** A percentile out of `counts` and `bounds`, straight between two bounds. */
export function histogramPercentile(share: number): string {
  const rank = `${share} * arraySum(counts)`;
  const index = `arrayFirstIndex(c -> c >= ${rank}, arrayCumSum(counts))`;
  const below = `arrayCumSum(counts)[${index}] - counts[${index}]`;
  const lower = `if(${index} = 1, 0, bounds[${index} - 1])`;
  const upper = `if(${index} > length(bounds), bounds[-1], bounds[${index}])`;
  return (
    `if(arraySum(counts) = 0, NULL, ${lower} + (${upper} - ${lower})` +
    ` * (${rank} - (${below})) / greatest(1, counts[${index}]))`
  );
}
