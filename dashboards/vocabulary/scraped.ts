/** SQL over what presets scrape: `points.ts` with names and labels of `scraped-names.ts` alone. */
import { sum } from '../../clickhouse/schema/metrics.ts';
import { histogramSteps, latest, levels, type PointsSpec, rates, steps } from './points.ts';
import type {
  LabelOf,
  ScrapedCounter,
  ScrapedGauge,
  ScrapedHistogram,
  ScrapedMetric,
} from './scraped-names.ts';
import { columnsOf } from './sql.ts';

/** Every table has these columns under the same name. */
const s = columnsOf(sum);

export type ScrapedSpec<Metric extends ScrapedMetric> = {
  readonly metric: Metric;
  /** Labels of the metric that stay apart, under their own names. */
  readonly by?: readonly LabelOf<Metric>[];
  /** Other expressions that stay apart, by their name in the result. */
  readonly and?: Readonly<Record<string, string>>;
  /** Conditions on the points, beyond metric and time. */
  readonly filter: string;
};

const label = (name: string): string => `${s.Attributes}['${name}']`;

/** A label of `metric` inside a condition. */
export function labelOf<Metric extends ScrapedMetric>(
  _metric: Metric,
  name: LabelOf<Metric>,
): string {
  return label(name);
}

function pointsOf<Metric extends ScrapedMetric>(spec: ScrapedSpec<Metric>): PointsSpec {
  const own = (spec.by ?? []).map((name) => [name, label(name)] as const);
  const { metric, filter, and = {} } = spec;
  return { metric, filter, labels: { ...Object.fromEntries(own), ...and } };
}

/** `time`, the labels, `rate`. */
export const rateOf = <Metric extends ScrapedCounter>(spec: ScrapedSpec<Metric>): string =>
  rates(pointsOf(spec));

/** The labels, `perSecond`: the mean rate of the whole time range. */
export function meanRateOf<Metric extends ScrapedCounter>(spec: ScrapedSpec<Metric>): string {
  const points = pointsOf(spec);
  const names = Object.keys(points.labels ?? {}).join(', ');
  return `(
    SELECT ${names === '' ? '' : `${names}, `}sum(grown)
      / greatest(1, dateDiff('second', $__fromTime, $__toTime)) AS perSecond
    FROM ${steps(points)}
    ${names === '' ? 'HAVING count() > 0' : `GROUP BY ${names}`}
  )`;
}

type GaugeSpec<Metric extends ScrapedMetric> = ScrapedSpec<Metric> & {
  readonly over?: 'sum' | 'max' | 'min';
};

/** `time`, the labels, `level`; a short peak is not lost in a mean. */
export const levelOf = <Metric extends ScrapedGauge>(spec: GaugeSpec<Metric>): string =>
  levels({ ...pointsOf(spec), kind: 'gauge', over: spec.over ?? 'sum', within: 'max' });

/** The labels, `level`: the newest values. */
export const latestOf = <Metric extends ScrapedGauge>(spec: GaugeSpec<Metric>): string =>
  latest({ ...pointsOf(spec), kind: 'gauge', over: spec.over ?? 'sum' });

/** `time`, the labels, `counts`, `bounds`, for {@link histogramPercentile}. */
export const bucketsOf = <Metric extends ScrapedHistogram>(spec: ScrapedSpec<Metric>): string =>
  histogramSteps(pointsOf(spec));
