/**
 * What is known of one series when its window is closed. This is what wrappers are given
 * (`wrap/wrapper.ts`), the user's own among them, so a change here is a change of that contract.
 */
import type { Attribute } from '../identity.ts';
import type { ClosedDistribution } from './distribution-cell.ts';

export type ClosedSeries = Place & ClosedValues;

/** Whose values they are, and when. */
export type Place = {
  readonly name: string;
  /** Tags, without those that name the resource; ascending by key. */
  readonly attributes: readonly Attribute[];
  /** Service, host, container: who sent them. */
  readonly resource: readonly Attribute[];
  /** Equal for equal resources. */
  readonly resourceKey: string;
  /** The window's start; of a value with a timestamp of its own that timestamp. */
  readonly startNs: bigint;
  /** The window's length; 0 for a value with a timestamp of its own, which has no window. */
  readonly windowSeconds: number;
};

export type ClosedValues =
  | ClosedCount
  | ClosedGauge
  | ClosedSet
  | ClosedHistogram
  | (ClosedSummary & { readonly type: 'distribution'; readonly buckets: ClosedDistribution });

type ClosedCount = {
  readonly type: 'count';
  /** Sum of value/rate. */
  readonly sum: number;
};

type ClosedGauge = {
  readonly type: 'gauge';
  /** The last value by event time. */
  readonly last: number;
  /** Values received. */
  readonly count: number;
  readonly mean: number;
};

type ClosedSet = {
  readonly type: 'set';
  /** Distinct members. */
  readonly distinct: number;
  /** Members received, repeated ones too. */
  readonly count: number;
  /** Hashes of the distinct members, ascending: the same in every gateway. */
  readonly members: Float64Array;
};

/** `count` and `sum` have each value 1/rate times. */
type ClosedSummary = {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
};

export type ClosedHistogram = ClosedSummary & {
  readonly type: 'histogram' | 'timer';
  /**
   * The least value at which the weights, counted from the least value, reach `p` (above 0, at
   * most 1) of all: the nearest rank, as in the Datadog agent; 0.5 is the median.
   */
  readonly quantile: (p: number) => number;
};
