import { z } from 'zod';
import { described, goDuration } from '../words.ts';

/** Options of the preset `kubernetes_events`. */
export const kubernetesEventsOptions = z.strictObject({
  namespaces: described(
    z.array(z.string().min(1)).default([]),
    'Only events of these namespaces; empty means all.',
    ['shop'],
  ),
  dedup_interval: described(
    goDuration.optional(),
    'Repeats of an event within this time are one log record (a duration). Needs Collector ' +
      '0.154; with an older one it is left out with a warning.',
    '1m',
  ),
});

export type KubernetesEventsOptions = z.output<typeof kubernetesEventsOptions>;
