/** `/metrics`: the combined counters as Prometheus text (exposition format 0.0.4). */
import { type MetricDef, prometheusName } from './catalog.ts';
import { counterLayout, type Series } from './counters.ts';

export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

export function prometheusText(values: Float64Array): string {
  const lines: string[] = [];
  let previous: MetricDef | undefined;
  for (const series of counterLayout().series) {
    const { metric } = series;
    const name = prometheusName(metric);
    if (Number.isNaN(values[series.slot])) continue;
    if (metric !== previous) {
      lines.push(`# HELP ${name} ${metric.description}`, `# TYPE ${name} ${metric.kind}`);
      previous = metric;
    }
    if (metric.kind === 'histogram') lines.push(...histogramLines(name, series, values));
    else lines.push(`${name}${labels(series.attributes)} ${values[series.slot] ?? 0}`);
  }
  return `${lines.join('\n')}\n`;
}

function histogramLines(name: string, series: Series, values: Float64Array): readonly string[] {
  const bounds = series.metric.bounds ?? [];
  const lines: string[] = [];
  let count = 0;
  for (let index = 0; index <= bounds.length; index += 1) {
    count += values[series.slot + index] ?? 0;
    const le = index < bounds.length ? String(bounds[index]) : '+Inf';
    lines.push(`${name}_bucket${labels({ ...series.attributes, le })} ${count}`);
  }
  const sum = values[series.slot + bounds.length + 1] ?? 0;
  lines.push(`${name}_sum${labels(series.attributes)} ${sum}`);
  lines.push(`${name}_count${labels(series.attributes)} ${count}`);
  return lines;
}

function labels(attributes: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(attributes).map(
    ([name, value]) => `${name.replaceAll('.', '_')}="${value}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
