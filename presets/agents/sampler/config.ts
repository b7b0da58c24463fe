import { z } from 'zod';
import { spanMetricsOptions } from '../../span-metrics/config.ts';
import { tailSamplingOptions } from '../../tail-sampling/config.ts';
import { described, resourceOptions } from '../../words.ts';

/** Key `sampler` of the stack: a tier of its own that decides about whole traces. */
export const samplerOptions = z.strictObject({
  replicas: described(
    z.int().min(1).max(32).default(2),
    'How many share the traces, by trace id (a count).',
    3,
  ),
  resources: resourceOptions({
    cpuRequest: '200m',
    memoryRequest: '512Mi',
    memoryLimit: '2Gi',
  }),
  presets: described(
    z
      .strictObject({
        tail_sampling: described(tailSamplingOptions.prefault({}), 'Which traces are kept.', {
          keep_percent: 5,
        }),
        span_metrics: described(
          spanMetricsOptions.optional(),
          'Request counts and durations of all spans, counted before sampling.',
          {},
        ),
      })
      .prefault({}),
    'What it does, by preset.',
    { tail_sampling: { keep_percent: 5 } },
  ),
});

export type SamplerOptions = z.output<typeof samplerOptions>;
