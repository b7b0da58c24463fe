import { z } from 'zod';
import { described, goDuration } from '../words.ts';

/** Options of the preset `tail_sampling`. */
export const tailSamplingOptions = z.strictObject({
  decision_wait: described(
    goDuration.default('30s'),
    'How long spans of a trace are collected before it is decided on (a duration).',
    '10s',
  ),
  traces_max: described(
    z.int().min(1000).default(50_000),
    'Traces that one replica holds in memory (a count); the oldest are decided on early.',
    100_000,
  ),
  keep_errors: described(
    z.boolean().default(true),
    'Keeps every trace that has a span with status Error.',
    false,
  ),
  keep_slower_than: described(
    goDuration.optional(),
    'Keeps every trace that takes longer than this (a duration).',
    '1s',
  ),
  keep_percent: described(
    z.number().min(0).max(100).default(10),
    'Keeps this share of all other traces, in percent.',
    5,
  ),
  keep_attributes: described(
    z
      .array(
        z.strictObject({
          key: described(z.string().min(1), 'Attribute of a span or resource.', 'http.route'),
          values: described(
            z.array(z.string().min(1)).min(1),
            'A trace with one of these values is kept.',
            ['/checkout'],
          ),
        }),
      )
      .default([]),
    'Keeps every trace that has one of these attributes.',
    [{ key: 'http.route', values: ['/checkout'] }],
  ),
  policies: described(
    z.array(z.record(z.string(), z.json())).default([]),
    'More policies, as the tail_sampling processor of the Collector takes them.',
    [{ name: 'at-most', type: 'rate_limiting', rate_limiting: { spans_per_second: 500 } }],
  ),
});

export type TailSamplingOptions = z.output<typeof tailSamplingOptions>;
