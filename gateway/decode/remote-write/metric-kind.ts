/**
 * Which table a series belongs to: by its type where the sender says it (2.0), else by the suffix
 * of its name, as OpenMetrics writes them. A classic histogram or summary comes as several series,
 * and stays several: their counts and sums are cumulative, their quantiles are not.
 *
 * Hot path. Allocations per item: none. Copies: none. Owner: nobody. Watched by
 * `remote-write.bench.ts`.
 */

/** Types of both versions' metadata. */
const kindUnknown = 0;
export const kindCumulative = 1;
const kindGauge = 2;
export const kindHistogram = 3;
const kindSummary = 5;
const kindLast = 7;

const suffixes: readonly Uint8Array[] = ['_total', '_bucket', '_count', '_sum'].map(
  (text) => new Uint8Array(Buffer.from(text)),
);

/** A type that is not known yet is none. */
export function knownKind(type: number): number {
  return type < 0 || type > kindLast ? kindUnknown : type;
}

/** Whether a series of `kind` with this name is a sum: cumulative, and only growing. */
export function isCumulative(
  kind: number,
  source: Uint8Array,
  start: number,
  length: number,
): boolean {
  if (kind === kindCumulative) return true;
  if (kind === kindGauge) return false;
  const bySuffix = kind === kindUnknown || kind === kindHistogram || kind === kindSummary;
  return bySuffix && isSum(source, start, length);
}

/** Whether a name ends as those of counters, buckets, counts and sums do. */
export function isSum(source: Uint8Array, start: number, length: number): boolean {
  for (const suffix of suffixes) {
    if (length > suffix.length && endsWith(source, start + length, suffix)) return true;
  }
  return false;
}

function endsWith(source: Uint8Array, end: number, suffix: Uint8Array): boolean {
  const from = end - suffix.length;
  for (let index = 0; index < suffix.length; index += 1) {
    if (source[from + index] !== suffix[index]) return false;
  }
  return true;
}
