/** Points as the Collector's `prometheus` receiver makes them of a page that it reads. */
import { gaugeRow, type Labels, seconds, sumRow } from './seed-points.ts';

const stepMs = 30_000;

export type ScrapedTarget = {
  /** Becomes the service. */
  readonly job: string;
  readonly instance: string;
  readonly resource?: Labels;
  /** Name, labels, growth a second. */
  readonly counters?: readonly (readonly [string, Labels, number])[];
  /** Name, labels, value. */
  readonly gauges?: readonly (readonly [string, Labels, number])[];
  /** Name, labels, growth of the count a second, what every value is. */
  readonly histograms?: readonly (readonly [string, Labels, number, number])[];
};

const bounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What the targets say every 30 s. */
export function scrapedPoints(targets: readonly ScrapedTarget[], fromMs: number, toMs: number) {
  const sums: object[] = [];
  const gauges: object[] = [];
  const histograms: object[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += stepMs) {
    const elapsed = (atMs - fromMs) / 1000 + 3600;
    const startMs = fromMs - 3_600_000;
    for (const target of targets) {
      const { job } = target;
      const resource = {
        'k8s.cluster.name': 'shop',
        'service.instance.id': target.instance,
        ...target.resource,
      };
      gauges.push(gaugeRow(job, resource, 'up', atMs, 1, {}));
      for (const [name, labels, value] of target.gauges ?? []) {
        gauges.push(gaugeRow(job, resource, name, atMs, value, labels));
      }
      for (const [name, labels, perSecond] of target.counters ?? []) {
        const value = perSecond * elapsed;
        sums.push(sumRow(job, resource, name, startMs, atMs, value, labels, true));
      }
      for (const [name, labels, perSecond, each] of target.histograms ?? []) {
        const count = Math.round(perSecond * elapsed);
        const bucket = bounds.findIndex((bound) => each <= bound);
        histograms.push({
          ...gaugeRow(job, resource, name, atMs, 0, labels),
          Value: undefined,
          StartTimeUnix: seconds(startMs),
          AggregationTemporality: 2,
          Count: count,
          Sum: count * each,
          BucketCounts: [...bounds, Number.POSITIVE_INFINITY].map((_, index) =>
            index === bucket ? count : 0,
          ),
          ExplicitBounds: bounds,
        });
      }
    }
  }
  return { sums, gauges, histograms };
}
