/**
 * SQL over points of metrics and what was counted of them by minute and hour.
 *
 * Each stretch of time is read from the coarsest of points, minutes and hours that fits into a
 * bucket and has been counted; where the window begins or ends inside one, from what is finer. A
 * row is a *unit*: a point, or the points of a series in a minute or an hour. Levels come from the
 * units as they are. Counters also grow from one unit to the next, so units are put in order series
 * by series, as points would be, and joined; the numbers are those that points alone give.
 *
 * A unit of counted rows has its labels from the catalogue of series.
 */
import { catalogueSeconds, seriesCatalogue } from '../../clickhouse/schema/catalogue.ts';
import { gauge, histogram, sum } from '../../clickhouse/schema/metrics.ts';
import { metricHours, metricMinutes } from '../../clickhouse/schema/points.ts';
import { reachOf } from './reach.ts';
import { columnsOf } from './sql.ts';

const s = columnsOf(sum);
const h = columnsOf(histogram);
const m = columnsOf(metricMinutes);
const c = columnsOf(seriesCatalogue);

type UnitKind = 'gauge' | 'sum' | 'histogram';

export type UnitsSpec = {
  readonly kind: UnitKind;
  /** A SQL expression. */
  readonly metric: string;
  /** Labels to keep, by their name in the result. */
  readonly labels: Readonly<Record<string, string>>;
  /** A condition on series: on labels and columns that the catalogue of series has too. */
  readonly filter: string;
  /** Seconds of points before the range, which growth begins from. */
  readonly lookBackSeconds?: number;
};

const tables = { gauge, sum, histogram } as const;

type Level = {
  readonly name: string;
  readonly seconds: number;
  /** First second and end of the rows of this level inside the window. */
  readonly reach: string;
};

/** The coarsest first. */
const levels: readonly Level[] = [
  { name: metricHours.name, seconds: 3600, reach: 'hourReach' },
  { name: metricMinutes.name, seconds: 60, reach: 'minuteReach' },
];

/** Times that no coarser level has; `before` says how many levels are coarser. */
const uncovered = (column: string, before: number): string =>
  levels
    .slice(0, before)
    .map(({ reach }) => ` AND (${column} < ${reach}.1 OR ${column} >= ${reach}.2)`)
    .join('');

/** Rows of a level where it is counted on every shard. */
const reached = (place: number): string => {
  const reach = levels[place]?.reach;
  return ` AND ${m.Time} >= ${reach}.1 AND ${m.Time} < ${reach}.2`;
};

/** Rows of a level that lie in the window, and in a bucket, as a whole. */
const usable = ({ kind, metric }: UnitsSpec, place: number): string => {
  const seconds = levels[place]?.seconds ?? 1;
  return (
    `${m.Time} >= $__fromTime AND ${m.Time} <= $__toTime - ${seconds - 1}` +
    ` AND ${m.MetricName} = ${metric} AND \`${m.Table}\` = '${tables[kind].name}'` +
    ` AND $__interval_s % ${seconds} = 0${uncovered(m.Time, place)}`
  );
};

/** What tells series apart; those of a plain Collector's tables too. */
const identity = [c.ServiceName, c.ResourceAttributes, c.ScopeName, c.MetricUnit, c.Attributes];
const identityHash = `cityHash64(${identity.join(', ')})`;

const labelsOf = ({ labels }: UnitsSpec): string =>
  Object.entries(labels)
    .map(([name, expression]) => `, ${expression} AS ${name}`)
    .join('');

const namesOf = ({ labels }: UnitsSpec): string =>
  Object.keys(labels)
    .map((name) => `, ${name}`)
    .join('');

/**
 * A table expression with a row a unit: `at` (its first point), `series`, the labels,
 * `temporality`, `points`, `total`, `low`, `high`, and of what grows (the value of a sum, the count
 * of a histogram) `first`, `began`, `last`, `lastAt`, `grown`, `elapsed`; `bounds` of histograms
 * hashed.
 */
export function units(spec: UnitsSpec): string {
  const reaches = levels.map(({ name, seconds, reach }, place) => {
    const of = { table: name, time: m.Time, tailSeconds: seconds };
    return `${reachOf({ ...of, where: usable(spec, place) })} AS ${reach},`;
  });
  const names = namesOf(spec);
  return `(
    WITH ${reaches.join('\n      ')}
    named AS (
      SELECT ${c.Series} AS id, any(${identityHash}) AS series${anyOf(spec)}
      FROM ${seriesCatalogue.name}
      WHERE ${c.Time} > $__fromTime - ${catalogueSeconds} AND ${c.Time} <= $__toTime
        AND ${c.MetricName} = ${spec.metric} AND \`${c.Table}\` = '${tables[spec.kind].name}'
        AND $__interval_s % 60 = 0 AND ${spec.filter}
      GROUP BY id
    )
    ${points(spec)}
    ${levels.map((_, place) => `UNION ALL ${counted(spec, place, names)}`).join('\n    ')}
  )`;
}

/** A series has one value of each label. */
const anyOf = ({ labels }: UnitsSpec): string =>
  Object.entries(labels)
    .map(([name, expression]) => `, any(${expression}) AS ${name}`)
    .join('');

function counted(spec: UnitsSpec, place: number, names: string): string {
  const end = spec.kind === 'histogram' ? `toFloat64(${m.Values})` : m.Last;
  return `SELECT ${m.FirstSeen} AS at, series${names}, ${m.AggregationTemporality} AS temporality,
      ${m.Count} AS points, ${m.Sum} AS total, ${m.Min} AS low, ${m.Max} AS high,
      ${m.First} AS first, ${m.FirstStart} AS began, ${end} AS last, ${m.LastSeen} AS lastAt,
      ${m.Grown} AS grown, ${m.Elapsed} AS elapsed, cityHash64(${m.ExplicitBounds}) AS bounds
    FROM ${levels[place]?.name} INNER JOIN named ON named.id = ${m.Series}
    WHERE ${usable(spec, place)}${reached(place)} AND ${m.Count} > 0`;
}

const seconds = (from: string, to: string): string =>
  `(toUnixTimestamp64Nano(${to}) - toUnixTimestamp64Nano(${from})) / 1e9`;

const unknownTime = 'toDateTime64(0, 9)';

function points(spec: UnitsSpec): string {
  const { kind, metric, filter, lookBackSeconds = 0 } = spec;
  const isHistogram = kind === 'histogram';
  const value = isHistogram ? `toFloat64(${h.Count})` : s.Value;
  const temporality = kind === 'gauge' ? 'toInt32(0)' : s.AggregationTemporality;
  const lookBack = lookBackSeconds === 0 ? '' : ` - ${lookBackSeconds}`;
  return `SELECT ${s.TimeUnix} AS at, ${identityHash} AS series${labelsOf(spec)},
      ${temporality} AS temporality, toUInt64(1) AS points,
      ${isHistogram ? h.Sum : s.Value} AS total, ${isHistogram ? h.Min : s.Value} AS low,
      ${isHistogram ? h.Max : s.Value} AS high, ${value} AS first, ${s.StartTimeUnix} AS began,
      ${value} AS last, at AS lastAt, ${ownGrowth(kind, value)},
      cityHash64(${isHistogram ? h.ExplicitBounds : 'emptyArrayFloat64()'}) AS bounds
    FROM ${tables[kind].name}
    WHERE ${s.TimeUnix} >= $__fromTime${lookBack} AND ${s.TimeUnix} <= $__toTime
      AND ${s.MetricName} = ${metric} AND bitAnd(${s.Flags}, 1) = 0 AND ${filter}
      ${uncovered(s.TimeUnix, levels.length)}`;
}

/** What a point grew by on its own: a delta by its value, anything else by nothing. */
function ownGrowth(kind: UnitKind, value: string): string {
  if (kind === 'gauge') return 'toFloat64(0) AS grown, toFloat64(0) AS elapsed';
  const isDelta = `${s.AggregationTemporality} = 1`;
  const since = `if(${s.StartTimeUnix} > ${unknownTime},
        greatest(0, ${seconds(s.StartTimeUnix, s.TimeUnix)}), 0)`;
  return `if(${isDelta}, ${value}, 0) AS grown, if(${isDelta}, ${since}, 0) AS elapsed`;
}

/** A row of the window before: `ORDER BY` settles points of the same time. */
const before = (column: string): string =>
  `lagInFrame(toNullable(${column})) OVER (PARTITION BY series, temporality, bounds` +
  ' ORDER BY at, first ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)';

/**
 * A table expression with a row a unit: `at`, `series`, the labels, `grown` (by how much the
 * counter grew since the unit before) and `elapsed` (in how many seconds).
 *
 * The counter began again when its value fell, or when it says that it began after the point
 * before (`clickhouse/point-growth.ts` has the same inside of units). A first point counts from
 * its start when that lies in the range, and not at all otherwise; with `absentIsZero` always.
 */
export function unitSteps(spec: UnitsSpec, absentIsZero: boolean): string {
  const names = namesOf(spec);
  const fromStart = seconds('began', 'at');
  const firstTook = absentIsZero ? `least(${fromStart}, $__interval_s)` : fromStart;
  const firstCounts = absentIsZero ? `${fromStart} > 0` : `began >= $__fromTime AND began < at`;
  const step = (first: string, next: string): string =>
    `multiIf(temporality = 1, 0, isNull(before), if(${firstCounts}, ${first}, 0), ${next})`;
  const grownNext =
    'multiIf(at <= assumeNotNull(before), 0,' +
    ' first < assumeNotNull(previous) OR began >= assumeNotNull(before), first,' +
    ' first - assumeNotNull(previous))';
  return `(
    SELECT at, series${names}, temporality, grownInside + ${step('first', grownNext)} AS grown,
      elapsedInside + ${step(firstTook, seconds('assumeNotNull(before)', 'at'))} AS elapsed
    FROM (
      SELECT at, series${names}, temporality, first, began, grown AS grownInside,
        elapsed AS elapsedInside, ${before('last')} AS previous, ${before('lastAt')} AS before
      FROM ${units(spec)}
    )
    WHERE at >= $__fromTime AND (elapsed > 0 OR temporality = 1)
  )`;
}
