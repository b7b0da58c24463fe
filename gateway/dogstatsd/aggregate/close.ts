/** What a cell says when its window is closed. */
import { metricType } from '../parse/metric-types.ts';
import type { Cell } from './cells.ts';
import type { ClosedSeries, ClosedValues } from './closed-series.ts';
import type { DistributionCell } from './distribution-cell.ts';
import type { HistogramCell } from './histogram-cell.ts';
import type { CountCell, GaugeCell, SetCell } from './plain-cells.ts';
import type { Series } from './series.ts';

/** The series with the values of its cell; gauges of plain StatsD are carried on. */
export function closeSeries(
  series: Series,
  cell: Cell,
  startNs: bigint,
  windowSeconds: number,
  isPlain: boolean,
): ClosedSeries {
  return placed(series, startNs, windowSeconds, closeCell(series, cell, isPlain));
}

/** A count or gauge that brought its own time: it has a window of its own, of no length (DSD-6). */
export function timestampedSeries(
  series: Series,
  timestampSeconds: number,
  value: number,
  rate: number,
): ClosedSeries {
  const values: ClosedValues =
    series.type === metricType.count
      ? { type: 'count', sum: value / rate }
      : { type: 'gauge', last: value, count: 1, mean: value };
  return placed(series, BigInt(timestampSeconds) * 1_000_000_000n, 0, values);
}

function placed(
  series: Series,
  startNs: bigint,
  windowSeconds: number,
  values: ClosedValues,
): ClosedSeries {
  const { name, attributes, resource, resourceKey } = series;
  return { name, attributes, resource, resourceKey, startNs, windowSeconds, ...values };
}

function closeCell(series: Series, cell: Cell, isPlain: boolean): ClosedValues {
  switch (series.type) {
    case metricType.count:
      return { type: 'count', sum: (cell as CountCell).total() };
    case metricType.gauge:
      return closeGauge(series, cell as GaugeCell, isPlain);
    case metricType.set: {
      const set = cell as SetCell;
      return { type: 'set', distinct: set.distinct, count: set.count, members: set.members() };
    }
    case metricType.distribution:
      return closeDistribution(cell as DistributionCell);
    default:
      return closeHistogram(series, cell as HistogramCell);
  }
}

function closeGauge(series: Series, cell: GaugeCell, isPlain: boolean): ClosedValues {
  const last = cell.last(series.carried ?? 0);
  if (isPlain) series.carried = last;
  const mean = cell.count === 0 ? last : cell.total() / cell.count;
  return { type: 'gauge', last, count: cell.received(), mean };
}

function closeHistogram(series: Series, cell: HistogramCell): ClosedValues {
  const samples = cell.closed();
  return {
    type: series.type === metricType.timer ? 'timer' : 'histogram',
    count: cell.weight,
    sum: samples.sum(),
    min: samples.min,
    max: samples.max,
    quantile: (p) => samples.quantile(p),
  };
}

function closeDistribution(cell: DistributionCell): ClosedValues {
  return {
    type: 'distribution',
    count: Math.round(cell.weight),
    sum: cell.total(),
    min: cell.min,
    max: cell.max,
    buckets: cell.closed(),
  };
}
