/**
 * Wrappers: how the values of a series in a closed window become points (H16).
 *
 * A wrapper is asked once for each series of each closed window, in the order of windows and then
 * of series. It must be pure: the same {@link ClosedSeries} must give the same points, for after a
 * crash it is asked again. What it returns is checked ({@link pointFault}); when it throws, or
 * returns something else, that costs this series its points of this window, and is counted.
 *
 * The series' resource, its attributes and its time are put on every point; `attributes` of a point
 * replaces the series' own.
 */
import type { ClosedSeries } from '../aggregate/closed-series.ts';
import type { ClosedDistribution } from '../aggregate/distribution-cell.ts';

export type Wrapper = {
  /** For messages; a few letters. */
  readonly name: string;
  readonly wrap: (series: ClosedSeries) => readonly Point[];
};

export type Point = GaugePoint | SumPoint | DistributionPoint;

type AnyPoint = {
  readonly name: string;
  /** UCUM; none when absent. */
  readonly unit?: string;
  readonly attributes?: readonly (readonly [key: string, value: string])[];
};

/** One value that is not added up. */
export type GaugePoint = AnyPoint & {
  readonly kind: 'gauge';
  readonly value: number;
  /** Hashes of a set's members, ascending: become exemplars, so that sets can be united. */
  readonly members?: Float64Array;
};

/** What was counted in the window; becomes a sum of temporality delta. */
export type SumPoint = AnyPoint & { readonly kind: 'sum'; readonly value: number };

/** Becomes an exponential histogram of temporality delta. */
export type DistributionPoint = AnyPoint & {
  readonly kind: 'distribution';
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly buckets: ClosedDistribution;
};

/** A point and whose it is. */
export type PlacedPoint = { readonly point: Point; readonly series: ClosedSeries };

/** Grows only. */
export type WrapCounts = {
  series: number;
  points: number;
  /** Series that a wrapper failed at. */
  failed: number;
  /** What the last failure said; empty without one. */
  lastFailure: string;
};

/** Points that one series may become in a window. */
export const pointsPerSeriesMax = 100;

/** Asks the wrapper for each series; what it fails at is left out and counted (H28). */
export function wrapSeries(
  wrapper: Wrapper,
  all: readonly ClosedSeries[],
  counts: WrapCounts,
): readonly PlacedPoint[] {
  const placed: PlacedPoint[] = [];
  for (const series of all) {
    counts.series += 1;
    const outcome = pointsOf(wrapper, series);
    if (typeof outcome === 'string') {
      counts.failed += 1;
      counts.lastFailure = `wrapper ${wrapper.name}, series ${series.name}: ${outcome}`;
      continue;
    }
    for (const point of outcome) placed.push({ point, series });
    counts.points += outcome.length;
  }
  return placed;
}

/** The points of a series, or why there are none. */
export function pointsOf(wrapper: Wrapper, series: ClosedSeries): readonly Point[] | string {
  let points: unknown;
  try {
    points = wrapper.wrap(series);
  } catch (error) {
    return Error.isError(error) ? error.message : String(error);
  }
  if (!Array.isArray(points)) return 'it returned no array of points';
  if (points.length > pointsPerSeriesMax)
    return `it returned more than ${pointsPerSeriesMax} points`;
  const faults = points.map(pointFault);
  return faults.find((fault) => fault !== undefined) ?? (points as readonly Point[]);
}

/** What is wrong with a point that a wrapper returned; undefined when nothing is. */
function pointFault(point: unknown): string | undefined {
  if (typeof point !== 'object' || point === null) return 'a point is no object';
  const { kind, name, unit, attributes } = point as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') return 'a point has no name';
  if (unit !== undefined && typeof unit !== 'string') return `the unit of ${name} is no text`;
  if (attributes !== undefined && !areAttributes(attributes)) {
    return `the attributes of ${name} are no list of pairs of texts`;
  }
  const { value, members } = point as Record<string, unknown>;
  if (kind === 'gauge' || kind === 'sum') {
    const areMembers = members === undefined || members instanceof Float64Array;
    if (!areMembers || (kind === 'sum' && members !== undefined)) return `wrong members of ${name}`;
    return Number.isFinite(value) ? undefined : `the value of ${name} is no finite number`;
  }
  if (kind !== 'distribution') return `the kind of ${name} is none of gauge, sum, distribution`;
  return distributionFault(name, point as Partial<DistributionPoint>);
}

function distributionFault(name: string, point: Partial<DistributionPoint>): string | undefined {
  const { count, sum, min, max, buckets } = point;
  if (![count, sum, min, max].every(Number.isFinite)) {
    return `count, sum, min or max of ${name} is no finite number`;
  }
  const lists = [buckets?.positive?.counts, buckets?.negative?.counts];
  const offsets = [buckets?.scale, buckets?.positive?.offset, buckets?.negative?.offset];
  if (!lists.every(Array.isArray) || !offsets.every(Number.isInteger)) {
    return `the buckets of ${name} have no scale, offsets or counts`;
  }
  const counts = [buckets?.zeroCount, ...lists.flat()];
  if (!counts.every((one) => Number.isSafeInteger(one) && Number(one) >= 0)) {
    return `the buckets of ${name} have counts that are no whole numbers`;
  }
  const total = counts.reduce<number>((all, one) => all + Number(one), 0);
  return total === count ? undefined : `the buckets of ${name} do not add up to its count`;
}

function areAttributes(value: unknown): boolean {
  const isPair = (pair: unknown): boolean =>
    Array.isArray(pair) && pair.length === 2 && pair.every((text) => typeof text === 'string');
  return Array.isArray(value) && value.every(isPair);
}
