/**
 * The simple wrapper: counts and gauges, nothing else (H26, H27). Every type but count becomes a
 * gauge of its mean and a count of its values; a set's gauge is how many members are distinct.
 */
import { assertNever } from '../../../core/assert.ts';
import type { ClosedSeries } from '../aggregate/closed-series.ts';
import type { Point, Wrapper } from './wrapper.ts';

export const simpleWrapper: Wrapper = { name: 'simple', wrap };

function wrap(series: ClosedSeries): readonly Point[] {
  const { name } = series;
  if (series.type === 'count') return [{ kind: 'sum', name, value: series.sum }];
  return [
    { kind: 'gauge', name, value: gaugeOf(series) },
    { kind: 'sum', name: `${name}.count`, value: series.count },
  ];
}

function gaugeOf(series: Exclude<ClosedSeries, { readonly type: 'count' }>): number {
  switch (series.type) {
    case 'gauge':
      return series.mean;
    case 'set':
      return series.distinct;
    case 'histogram':
    case 'timer':
    case 'distribution':
      return series.sum / series.count;
    default:
      return assertNever(series);
  }
}
