/** Options of the preset `log_dedup`. */
import { z } from 'zod';
import { goDuration } from '../words.ts';

export const logDedupOptions = z.strictObject({
  interval: goDuration
    .default('10s')
    .describe('Time over which equal records become one, as a duration.')
    .meta({ examples: ['1m'] }),
  count_attribute: z
    .string()
    .min(1)
    .default('log_count')
    .describe('Attribute that says how many records one stands for.')
    .meta({ examples: ['log_count'] }),
  exclude_fields: z
    .array(z.string().regex(/^(body|attributes)\./, 'a field below body. or attributes.'))
    .default([])
    .describe('Fields that may differ between records that count as equal.')
    .meta({ examples: [['attributes.request_id']] }),
  conditions: z
    .array(z.string().min(1))
    .default([])
    .describe('OTTL conditions on a log record; only records that match one are looked at.')
    .meta({ examples: [['severity_number >= SEVERITY_NUMBER_ERROR']] }),
});

export type LogDedupOptions = z.output<typeof logDedupOptions>;
