/** Native histograms of tests. */
import { nowMs } from './times.ts';
import { bitsOf, type Histogram } from './write-request.ts';

/** Two values at 1, schema 0. */
export const plainHistogram: Histogram = {
  count: 2,
  sumBits: bitsOf(2),
  schema: 0,
  timeMs: nowMs,
  positive: { spans: [{ offset: 0, length: 1 }], counts: [2] },
};

/** The same with bounds of its own. */
export const customHistogram: Histogram = { ...plainHistogram, schema: -53, bounds: [0.5, 2.5] };
