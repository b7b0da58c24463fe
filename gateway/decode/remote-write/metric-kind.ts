/**
 * Which table a series belongs to: by its type where the sender says it (2.0), else by the suffix
 * of its name, as OpenMetrics writes them. A classic histogram or summary comes as several series,
 * and stays several: their counts and sums are cumulative, their quantiles are not.
 *
 * Hot path. Allocations per item: none. Copies: none. Owner: nobody. Watched by
 * `remote-write.bench.ts`.
 */

/** Types of both versions' metadata; others are gauges. */
const typeUnknown = 0;
const typeCounter = 1;
const typeHistogram = 3;
const typeSummary = 5;
const typeLast = 7;

/** What a series is: cumulative and only growing, a native histogram, or neither. */
export const kindSum = 1;
const kindGauge = 2;
export const kindHistogram = 3;

const suffixes: readonly Uint8Array[] = ['_total', '_bucket', '_count', '_sum'].map(
  (text) => new Uint8Array(Buffer.from(text)),
);

/** The kind of a series of `type`, its name at `start`. A type that is not known yet is none. */
export function kindOf(type: number, source: Uint8Array, start: number, length: number): number {
  if (type === typeCounter) return kindSum;
  const isUnknown = type === typeUnknown || type < 0 || type > typeLast;
  if (!isUnknown && type !== typeHistogram && type !== typeSummary) return kindGauge;
  if (isSum(source, start, length)) return kindSum;
  return type === typeHistogram ? kindHistogram : kindGauge;
}

/** Whether a name ends as those of counters, buckets, counts and sums do. */
function isSum(source: Uint8Array, start: number, length: number): boolean {
  for (let index = 0; index < suffixes.length; index += 1) {
    const suffix = suffixes[index]!;
    if (length > suffix.length && endsWith(source, start + length, suffix)) return true;
  }
  return false;
}

/** From behind: most names differ in the last letter. */
function endsWith(source: Uint8Array, end: number, suffix: Uint8Array): boolean {
  const from = end - suffix.length;
  for (let index = suffix.length - 1; index >= 0; index -= 1) {
    if (source[from + index] !== suffix[index]) return false;
  }
  return true;
}
