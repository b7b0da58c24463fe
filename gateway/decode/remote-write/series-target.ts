/**
 * What the decoders of one series share: where it lies, what it is written to, and how a part of it
 * that cannot be stored is counted.
 *
 * Hot path by its users. Allocations per item: none; text for the first rejection of a request.
 * Copies: none. Owner: the request under way. Watched by `remote-write.bench.ts`.
 */
import type { Context } from '../context.ts';
import type { MetricDays } from '../metric-blocks.ts';
import { describeSeries } from './labels.ts';

/** Field numbers that the two versions share not. */
export type SeriesTags = {
  readonly isV2: boolean;
  readonly histograms: number;
  readonly exemplars: number;
};

export const tagsOfV1: SeriesTags = { isV2: false, histograms: 0x22, exemplars: 0x1a };
export const tagsOfV2: SeriesTags = { isV2: true, histograms: 0x1a, exemplars: 0x22 };

export type SeriesTarget = {
  readonly days: MetricDays;
  readonly context: Context;
  readonly source: Uint8Array;
  readonly view: DataView;
  readonly tags: SeriesTags;
  /** Job and instance stay labels beside the resource; labels of a scope stay labels alone. */
  readonly keepsTarget: boolean;
};

/** Counts items that cannot be stored; the first reason of a request names its series. */
export function rejectSeries(
  context: Context,
  source: Uint8Array,
  items: number,
  reason: string,
): void {
  if (context.rejected === 0) context.reject(`${describeSeries(source)}: ${reason}`);
  else context.rejected += 1;
  context.rejected += items - 1;
}
