/** The reference page of the gateway's metrics, drawn from the catalog. See tools/reference.ts. */
import { generatedNote, markdownTable } from '../../core/markdown.ts';
import { catalog, gatewayServiceName, type MetricDef, prometheusName } from './catalog.ts';

const kinds: Readonly<Record<MetricDef['kind'], string>> = {
  counter: 'cumulative and monotonic; since the start of the process',
  gauge: 'the value now',
  histogram: 'cumulative; Prometheus has `_bucket`, `_sum` and `_count`',
};

/** `docs/reference/gateway-metrics.md`, whole. */
export function gatewayMetricsReference(): string {
  return `${[
    '# Metrics of the gateway',
    generatedNote('gateway/telemetry/catalog.ts'),
    'The same figures in two forms: as Prometheus text at `/metrics` of the admin listener' +
      ' (`127.0.0.1:8890` unless `--admin` says otherwise), and as OpenTelemetry metrics that the' +
      ` gateway sends into itself with \`service.name\` \`${gatewayServiceName}\` (see` +
      ' `--telemetry-interval`). All lanes of a gateway are one series, but for the delay of each' +
      ' worker.',
    markdownTable(
      ['OpenTelemetry', 'Prometheus', 'kind', 'unit', 'attributes', 'meaning'],
      catalog.map(metricRow),
    ),
    '## Kinds',
    Object.entries(kinds)
      .map(([kind, meaning]) => `- ${kind}: ${meaning}`)
      .join('\n'),
    '## Attribute values',
    'The sets are closed, so the number of series does not grow with traffic. Metrics without' +
      ' attributes are left out.',
    markdownTable(
      ['metric', 'attribute', 'values'],
      catalog.flatMap((metric: MetricDef) =>
        metric.attributes.map(({ name, values }) => [
          `\`${metric.name}\``,
          `\`${name}\``,
          valuesText(values),
        ]),
      ),
    ),
    '## Buckets of the histograms',
    catalog.flatMap(bucketsLine).join('\n'),
  ].join('\n\n')}\n`;
}

function metricRow(metric: MetricDef): readonly string[] {
  return [
    `\`${metric.name}\``,
    `\`${prometheusName(metric)}\``,
    metric.kind,
    `\`${metric.unit}\``,
    metric.attributes.map(({ name }) => `\`${name}\``).join(', '),
    metric.description,
  ];
}

/** A long row of numbers by its ends. */
function valuesText(values: readonly string[]): string {
  const isNumbered = values.every((value, index) => value === String(index));
  if (isNumbered) return `\`0\` to \`${values.length - 1}\`, those that there are`;
  return values.map((value) => `\`${value}\``).join(', ');
}

function bucketsLine(metric: MetricDef): readonly string[] {
  if (metric.bounds === undefined) return [];
  return [`- \`${metric.name}\`, upper bounds in ${metric.unit}: ${metric.bounds.join(', ')}`];
}
