/**
 * The open blocks of the five metric tables for one day: their columns by field, as the metric
 * decoder writes them.
 *
 * Hot path by its users. Allocations per item: none. Copies: none. Owner: the lane. Watched by
 * `decode.bench.ts`.
 */

import type { Fixed, Level, Text } from '../../clickhouse/native/buffers.ts';
import {
  FixedColumn,
  type LowCardinalityColumn,
  MapColumn,
  type Offsets,
} from '../../clickhouse/native/columns.ts';
import {
  exponentialHistogram,
  gauge,
  histogram,
  sum,
  summary,
} from '../../clickhouse/schema/metrics.ts';
import type { TableDef } from '../../clickhouse/schema/types.ts';
import { assert } from '../../core/assert.ts';
import type { Days } from './days.ts';
import { type BlockOptions, SignalBlock } from './signal-block.ts';
import { elementFixed, elementText } from './trace-block.ts';

/** Metrics of one request that take turns and are found without looking them up; 2^n. */
export const recentMetricsMax = 256;

/** Keys of the attributes of one request, found by where they lie in its body; 2^n. */
export const recentKeysMax = 256;

/** What all data points have. */
export class PointBlock extends SignalBlock {
  readonly metricName: LowCardinalityColumn;
  readonly metricDescription: LowCardinalityColumn;
  readonly metricUnit: LowCardinalityColumn;
  readonly attributes: MapColumn;
  readonly start: Fixed;
  readonly flags: Fixed;
  /** The metric whose dictionary indexes these are. */
  metricSerial = 0;
  nameIndex = 0;
  descriptionIndex = 0;
  unitIndex = 0;
  /** Of metrics that came lately: serials, which are never used again, and the three indexes. */
  readonly recentMetrics = new Float64Array(recentMetricsMax);
  readonly recentIndexes = new Int32Array(3 * recentMetricsMax);
  /** By place in the body of the request {@link keysRequest}: the place and the key's index. */
  readonly recentKeys = new Int32Array(2 * recentKeysMax);
  keysRequest = 0;

  constructor(table: TableDef, options: BlockOptions) {
    super(table, 'TimeUnix', options, () => ({}));
    this.metricName = this.lowCardinality('MetricName');
    this.metricDescription = this.lowCardinality('MetricDescription');
    this.metricUnit = this.lowCardinality('MetricUnit');
    this.attributes = this.map('Attributes');
    this.start = this.fixed('StartTimeUnix');
    this.flags = this.fixed('Flags');
  }
}

/** The exemplars of a block's rows. */
export class Exemplars {
  readonly level: Level;
  readonly offsets: Offsets;
  readonly attributes: MapColumn;
  readonly time: Fixed;
  readonly value: Fixed;
  readonly spanId: Text;
  readonly traceId: Text;

  constructor(block: SignalBlock) {
    const { offsets, elements } = block.array('Exemplars.FilteredAttributes');
    assert(elements instanceof MapColumn, 'filtered attributes to be maps');
    this.level = elements.offsets.level;
    this.offsets = offsets;
    this.attributes = elements;
    this.time = elementFixed(block, 'Exemplars.TimeUnix');
    this.value = elementFixed(block, 'Exemplars.Value');
    this.spanId = elementText(block, 'Exemplars.SpanId');
    this.traceId = elementText(block, 'Exemplars.TraceId');
  }
}

/** An array of 64-bit values a row. */
export type Numbers = { readonly level: Level; readonly offsets: Offsets; readonly values: Fixed };

function numbersOf(block: SignalBlock, name: string): Numbers {
  const { offsets, elements } = block.array(name);
  assert(elements instanceof FixedColumn, `${name} to be numbers`);
  return { level: elements.level, offsets, values: elements.values };
}

/** Gauges and sums; a sum has two columns more. */
export class NumberBlock extends PointBlock {
  readonly value: Fixed;
  readonly valueInt: Fixed;
  readonly valueType: Fixed;
  readonly exemplars: Exemplars;
  readonly temporality: Fixed | undefined;
  readonly isMonotonic: Fixed | undefined;

  constructor(kind: 'gauge' | 'sum', options: BlockOptions) {
    super(kind === 'gauge' ? gauge : sum, options);
    this.value = this.fixed('Value');
    this.valueInt = this.fixed('ValueInt');
    this.valueType = this.fixed('ValueType');
    this.exemplars = new Exemplars(this);
    this.temporality = kind === 'sum' ? this.fixed('AggregationTemporality') : undefined;
    this.isMonotonic = kind === 'sum' ? this.fixed('IsMonotonic') : undefined;
  }
}

/** What both kinds of histogram have. */
export class DistributionBlock extends PointBlock {
  readonly count: Fixed;
  readonly sum: Fixed;
  readonly min: Fixed;
  readonly max: Fixed;
  readonly hasSum: Fixed;
  readonly hasMin: Fixed;
  readonly hasMax: Fixed;
  readonly temporality: Fixed;
  readonly exemplars: Exemplars;
  readonly floatCounts: Numbers;

  constructor(table: TableDef, options: BlockOptions) {
    super(table, options);
    this.count = this.fixed('Count');
    this.sum = this.fixed('Sum');
    this.min = this.fixed('Min');
    this.max = this.fixed('Max');
    this.hasSum = this.fixed('HasSum');
    this.hasMin = this.fixed('HasMin');
    this.hasMax = this.fixed('HasMax');
    this.temporality = this.fixed('AggregationTemporality');
    this.exemplars = new Exemplars(this);
    this.floatCounts = numbersOf(this, 'FloatCounts');
  }
}

export class HistogramBlock extends DistributionBlock {
  readonly bucketCounts: Numbers;
  readonly explicitBounds: Numbers;

  constructor(options: BlockOptions) {
    super(histogram, options);
    this.bucketCounts = numbersOf(this, 'BucketCounts');
    this.explicitBounds = numbersOf(this, 'ExplicitBounds');
  }
}

export class ExponentialBlock extends DistributionBlock {
  readonly scale: Fixed;
  readonly zeroCount: Fixed;
  readonly zeroThreshold: Fixed;
  readonly positiveOffset: Fixed;
  readonly positiveCounts: Numbers;
  readonly negativeOffset: Fixed;
  readonly negativeCounts: Numbers;

  constructor(options: BlockOptions) {
    super(exponentialHistogram, options);
    this.scale = this.fixed('Scale');
    this.zeroCount = this.fixed('ZeroCount');
    this.zeroThreshold = this.fixed('ZeroThreshold');
    this.positiveOffset = this.fixed('PositiveOffset');
    this.positiveCounts = numbersOf(this, 'PositiveBucketCounts');
    this.negativeOffset = this.fixed('NegativeOffset');
    this.negativeCounts = numbersOf(this, 'NegativeBucketCounts');
  }
}

export class SummaryBlock extends PointBlock {
  readonly count: Fixed;
  readonly sum: Fixed;
  readonly quantiles: Numbers;
  readonly quantileValues: Fixed;

  constructor(options: BlockOptions) {
    super(summary, options);
    this.count = this.fixed('Count');
    this.sum = this.fixed('Sum');
    this.quantiles = numbersOf(this, 'ValueAtQuantiles.Quantile');
    this.quantileValues = elementFixed(this, 'ValueAtQuantiles.Value');
  }
}

/** The open days of the five metric tables. */
export type MetricDays = {
  readonly gauge: Days<NumberBlock>;
  readonly sum: Days<NumberBlock>;
  readonly histogram: Days<HistogramBlock>;
  readonly exponential: Days<ExponentialBlock>;
  readonly summary: Days<SummaryBlock>;
};
