import { z } from 'zod';
import { described, goDuration } from '../words.ts';

/** Options of the preset `span_metrics`. */
export const spanMetricsOptions = z.strictObject({
  dimensions: described(
    z.array(z.string().min(1)).default([]),
    'Attributes of spans or resources that become attributes of the metrics, besides ' +
      'service, span name, kind and status; each multiplies the number of series.',
    ['http.route', 'http.response.status_code'],
  ),
  buckets: described(
    z
      .array(goDuration)
      .min(1)
      .default([
        '5ms',
        '10ms',
        '25ms',
        '50ms',
        '100ms',
        '250ms',
        '500ms',
        '1s',
        '2500ms',
        '5s',
        '10s',
      ]),
    'Upper bounds of the latency histogram (durations).',
    ['10ms', '100ms', '1s'],
  ),
  flush_interval: described(
    goDuration.default('60s'),
    'How often the metrics are written (a duration).',
    '15s',
  ),
  temporality: described(
    z.enum(['delta', 'cumulative']).default('delta'),
    'delta: each point counts its own interval, so points of several agents add up; ' +
      'cumulative: since the start of the agent.',
    'cumulative',
  ),
  expiration: described(
    goDuration.default('10m'),
    'A series without new spans for this long is forgotten (a duration).',
    '1h',
  ),
  series_max: described(
    z.int().min(1).default(10_000),
    'Series per agent (a count); further ones go into one overflow series.',
    50_000,
  ),
});

export type SpanMetricsOptions = z.output<typeof spanMetricsOptions>;
