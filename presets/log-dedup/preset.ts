/**
 * Preset `log_dedup`: equal records that follow within a time become one, with their count. It is
 * the last to look at a record, so records count as equal by what would be stored.
 */
import { escapeDollars } from '../../collector/escape.ts';
import type { Preset } from '../preset.ts';
import type { LogDedupOptions } from './config.ts';

const processorId = 'log_dedup';

export const logDedup: Preset<LogDedupOptions> = {
  name: 'log_dedup',
  summary: 'Makes one record of equal log records that follow within a time.',
  agents: ['node-agent', 'cluster-agent'],
  build: (options) => ({
    piece: {
      preset: 'log_dedup',
      components: [
        {
          kind: 'processor',
          id: processorId,
          config: {
            interval: options.interval,
            log_count_attribute: escapeDollars(options.count_attribute),
            ...(options.exclude_fields.length > 0 && {
              exclude_fields: options.exclude_fields.map(escapeDollars),
            }),
            ...(options.conditions.length > 0 && {
              conditions: options.conditions.map(escapeDollars),
            }),
          },
        },
      ],
      attachments: [{ pipeline: 'logs', as: 'processor', id: processorId, stage: 'reduce' }],
    },
    warnings: [
      'records wait in memory for the interval: a killed agent loses those of the last one',
    ],
  }),
};
