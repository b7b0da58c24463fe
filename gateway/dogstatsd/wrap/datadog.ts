/** The default wrapper: the points that DogStatsD's agent makes of each type (H17 to H25). */
import { assertNever } from '../../../core/assert.ts';
import type { ClosedHistogram, ClosedSeries } from '../aggregate/closed-series.ts';
import type { AggregateName, WrapSettings } from './settings.ts';
import type { Point, Wrapper } from './wrapper.ts';

/** What a timer's values are in (DSD-3). */
const timerUnit = 'ms';

export function datadogWrapper(settings: WrapSettings): Wrapper {
  return { name: 'datadog', wrap: (series) => wrap(series, settings) };
}

function wrap(series: ClosedSeries, settings: WrapSettings): readonly Point[] {
  const { name } = series;
  switch (series.type) {
    case 'count':
      return countPoints(name, series.sum, series.windowSeconds, settings);
    case 'gauge':
      return [{ kind: 'gauge', name, value: series.last }];
    case 'set':
      return [{ kind: 'gauge', name, value: series.distinct, members: series.members }];
    case 'histogram':
    case 'timer':
      return histogramPoints(series, settings);
    case 'distribution': {
      const { count, sum, min, max, buckets } = series;
      return [{ kind: 'distribution', name, count, sum, min, max, buckets }];
    }
    default:
      return assertNever(series);
  }
}

/** The count, and its rate where asked for and where there was a window (H18, H20). */
function countPoints(
  name: string,
  value: number,
  windowSeconds: number,
  { hasRates }: WrapSettings,
): readonly Point[] {
  const sum: Point = { kind: 'sum', name, value };
  if (!hasRates || windowSeconds === 0) return [sum];
  return [sum, { kind: 'gauge', name: `${name}.rate`, unit: '1/s', value: value / windowSeconds }];
}

function histogramPoints(
  series: ClosedSeries & ClosedHistogram,
  settings: WrapSettings,
): readonly Point[] {
  const { name, windowSeconds } = series;
  const unit = series.type === 'timer' ? { unit: timerUnit } : {};
  const points: Point[] = [];
  for (const aggregate of settings.aggregates) {
    if (aggregate === 'count') {
      points.push(...countPoints(`${name}.count`, series.count, windowSeconds, settings));
      continue;
    }
    const value = aggregateOf(series, aggregate);
    points.push({ kind: 'gauge', name: `${name}.${aggregate}`, ...unit, value });
  }
  for (const { p, name: suffix } of settings.percentiles) {
    const value = series.quantile(p);
    points.push({ kind: 'gauge', name: `${name}.${suffix}`, ...unit, value });
  }
  return points;
}

function aggregateOf(series: ClosedHistogram, aggregate: Exclude<AggregateName, 'count'>): number {
  switch (aggregate) {
    case 'max':
      return series.max;
    case 'min':
      return series.min;
    case 'avg':
      return series.sum / series.count;
    case 'sum':
      return series.sum;
    case 'median':
      return series.quantile(0.5);
    default:
      return assertNever(aggregate);
  }
}
