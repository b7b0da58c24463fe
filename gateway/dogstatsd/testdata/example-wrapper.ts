// wrapper.ts: of durations the mean and the 99th percentile, counts and gauges as they are, nothing else.
import type { ClosedSeries, Point, Wrapper } from 'obsctl';

export const wrapper: Wrapper = {
  name: 'durations',
  wrap(series: ClosedSeries): readonly Point[] {
    const { name } = series;
    switch (series.type) {
      case 'timer':
      case 'histogram':
        return [
          { kind: 'gauge', name: `${name}.mean`, unit: 'ms', value: series.sum / series.count },
          { kind: 'gauge', name: `${name}.p99`, unit: 'ms', value: series.quantile(0.99) },
        ];
      case 'count':
        return [{ kind: 'sum', name, value: series.sum }];
      case 'gauge':
        return [{ kind: 'gauge', name, value: series.last }];
      default:
        return [];
    }
  },
};
