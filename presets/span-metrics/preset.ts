/** Request counts and durations out of spans, counted before anything is sampled away. */

import { escapeDollars } from '../../collector/escape.ts';
import type { PipelineId } from '../../collector/types.ts';
import type { Preset } from '../preset.ts';
import type { SpanMetricsOptions } from './config.ts';

/** Where a sampler receives all spans; the pipeline `traces` behind it has the kept ones. */
export const unsampledPipeline: PipelineId = 'traces/in';

export const spanMetrics: Preset<SpanMetricsOptions> = {
  name: 'span_metrics',
  summary: 'Counts requests, errors and durations out of spans.',
  agents: ['node-agent', 'sampler'],
  build: (options, context) => ({
    piece: {
      preset: 'span_metrics',
      components: [
        {
          kind: 'connector',
          id: 'span_metrics',
          config: {
            namespace: 'traces.span.metrics',
            histogram: { unit: 's', explicit: { buckets: options.buckets } },
            ...(options.dimensions.length > 0 && {
              dimensions: options.dimensions.map((name) => ({ name: escapeDollars(name) })),
            }),
            aggregation_temporality: `AGGREGATION_TEMPORALITY_${options.temporality.toUpperCase()}`,
            aggregation_cardinality_limit: options.series_max,
            metrics_flush_interval: options.flush_interval,
            metrics_expiration: options.expiration,
            // Without these a restarted process would be a new set of series.
            resource_metrics_key_attributes: [
              'service.name',
              'service.namespace',
              'telemetry.sdk.language',
            ],
          },
        },
      ],
      attachments: [
        {
          pipeline: context.agent === 'sampler' ? unsampledPipeline : 'traces',
          as: 'exporter',
          id: 'span_metrics',
        },
        { pipeline: 'metrics/span_metrics', as: 'receiver', id: 'span_metrics' },
      ],
    },
  }),
};
