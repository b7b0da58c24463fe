/** The cell of a series in a window, by type. */
import { assert } from '../../../core/assert.ts';
import { metricType } from '../parse/metric-types.ts';
import { DistributionCell } from './distribution-cell.ts';
import { HistogramCell } from './histogram-cell.ts';
import { CountCell, GaugeCell, SetCell } from './plain-cells.ts';

export type Cell = CountCell | GaugeCell | SetCell | HistogramCell | DistributionCell;

/** An empty cell; `type` is a place in `typeNames`. */
export function createCell(type: number): Cell {
  switch (type) {
    case metricType.count:
      return new CountCell();
    case metricType.gauge:
      return new GaugeCell();
    case metricType.set:
      return new SetCell();
    case metricType.distribution:
      return new DistributionCell();
    default:
      assert(type === metricType.histogram || type === metricType.timer, 'a known type');
      return new HistogramCell();
  }
}
