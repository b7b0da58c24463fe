/** Which whole traces are kept; only where all spans of a trace meet, in the tier `sampler`. */
import { escapeDollars, escapeDollarsIn } from '../../collector/escape.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { parseDurationMs } from '../../core/units.ts';
import type { Preset } from '../preset.ts';
import type { TailSamplingOptions } from './config.ts';

/** Decisions that are remembered, for each trace in memory, so that late spans follow them. */
const decisionsPerTrace = 4;

export const tailSampling: Preset<TailSamplingOptions> = {
  name: 'tail_sampling',
  summary: 'Decides about whole traces: errors, slow ones, and a share of the rest are kept.',
  agents: ['sampler'],
  build: (options) => ({
    piece: {
      preset: 'tail_sampling',
      components: [
        {
          kind: 'processor',
          id: 'tail_sampling',
          config: {
            decision_wait: options.decision_wait,
            num_traces: options.traces_max,
            decision_cache: {
              sampled_cache_size: options.traces_max * decisionsPerTrace,
              non_sampled_cache_size: options.traces_max * decisionsPerTrace,
            },
            policies: policies(options),
          },
        },
      ],
      attachments: [{ pipeline: 'traces', as: 'processor', id: 'tail_sampling', stage: 'sample' }],
    },
  }),
};

function policies(options: TailSamplingOptions): readonly JsonValue[] {
  const list: JsonObject[] = [];
  if (options.keep_errors) {
    list.push({ name: 'errors', type: 'status_code', status_code: { status_codes: ['ERROR'] } });
  }
  if (options.keep_slower_than !== undefined) {
    const thresholdMs = parseDurationMs(options.keep_slower_than) ?? 0;
    list.push({ name: 'slow', type: 'latency', latency: { threshold_ms: thresholdMs } });
  }
  for (const { key, values } of options.keep_attributes) {
    list.push({
      name: `attribute ${escapeDollars(key)}`,
      type: 'string_attribute',
      string_attribute: { key: escapeDollars(key), values: values.map(escapeDollars) },
    });
  }
  list.push({
    name: 'share',
    type: 'probabilistic',
    probabilistic: { sampling_percentage: options.keep_percent },
  });
  return [...list, ...options.policies.map((policy) => escapeDollarsIn(policy as JsonObject))];
}
