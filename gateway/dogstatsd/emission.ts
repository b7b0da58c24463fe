/** What a {@link Closing} becomes: requests of OTLP, as if a sender had sent them. */
import type { ClosedSeries } from './aggregate/closed-series.ts';
import { encodeLogs } from './encode-logs.ts';
import { encodeMetrics } from './encode-metrics.ts';
import type { Closing } from './intake.ts';
import { type WrapCounts, type Wrapper, wrapSeries } from './wrap/wrapper.ts';

export type Emission = {
  /** Bodies of ExportMetricsServiceRequest. */
  readonly metrics: readonly Uint8Array[];
  /** Bodies of ExportLogsServiceRequest. */
  readonly logs: readonly Uint8Array[];
};

/** Bodies of at most about `bytesMax` bytes each; the same closing gives the same bytes. */
export function emissionOf(
  closing: Pick<Closing, 'windows' | 'timestamped' | 'logged'>,
  wrapper: Wrapper,
  counts: WrapCounts,
  bytesMax: number,
): Emission {
  const series: ClosedSeries[] = closing.windows.flatMap((window) => window.series);
  const points = wrapSeries(wrapper, [...series, ...closing.timestamped], counts);
  return {
    metrics: encodeMetrics(points, bytesMax),
    logs: encodeLogs(closing.logged, bytesMax),
  };
}
