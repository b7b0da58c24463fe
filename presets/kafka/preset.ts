/** Telemetry that others put into Kafka; the replicas of the agent share the partitions. */
import { escapeDollars } from '../../collector/escape.ts';
import type { Attachment } from '../../collector/types.ts';
import type { EnvVar } from '../../collector/workload.ts';
import type { JsonObject } from '../../core/json.ts';
import { fromEnv } from '../from-env.ts';
import type { Preset } from '../preset.ts';
import type { KafkaOptions } from './config.ts';

const userVariable = 'KAFKA_USERNAME';
const passwordVariable = 'KAFKA_PASSWORD';

export const kafka: Preset<KafkaOptions> = {
  name: 'kafka',
  summary: 'Reads traces, metrics and logs out of Kafka topics.',
  agents: ['cluster-agent'],
  build: (options) => {
    const signals = (['traces', 'metrics', 'logs'] as const).filter(
      (signal) => options[signal] !== undefined,
    );
    const attachments: readonly Attachment[] = signals.map((signal) => ({
      pipeline: signal,
      as: 'receiver',
      id: 'kafka',
    }));
    return {
      piece: {
        preset: 'kafka',
        components:
          signals.length === 0
            ? []
            : [{ kind: 'receiver', id: 'kafka', config: receiver(options) }],
        attachments,
      },
      needs: { env: credentials(options) },
      warnings: signals.length === 0 ? ['no topic is named, so nothing is read'] : [],
    };
  },
};

function receiver(options: KafkaOptions): JsonObject {
  return {
    brokers: options.brokers.map(escapeDollars),
    group_id: escapeDollars(options.group_id),
    initial_offset: options.initial_offset,
    ...topics(options),
    // A message counts as read when the pipeline has it, and is read again when it refused.
    message_marking: { after: true, on_error: false, on_permanent_error: true },
    error_backoff: { enabled: true, max_elapsed_time: '0s' },
    ...(options.tls && { tls: { insecure: false } }),
    ...(options.sasl !== undefined && {
      auth: {
        sasl: {
          mechanism: options.sasl.mechanism,
          username: fromEnv(userVariable),
          password: fromEnv(passwordVariable),
        },
      },
    }),
  };
}

function topics(options: KafkaOptions): JsonObject {
  const of = (named: KafkaOptions['traces']) =>
    named && { topics: [escapeDollars(named.topic)], encoding: named.encoding };
  const { traces, metrics, logs } = options;
  return {
    ...(traces && { traces: of(traces) ?? {} }),
    ...(metrics && { metrics: of(metrics) ?? {} }),
    ...(logs && { logs: of(logs) ?? {} }),
  };
}

function credentials({ sasl }: KafkaOptions): readonly EnvVar[] {
  if (sasl === undefined) return [];
  const of = (ref: { readonly secret: string; readonly key: string }) => ({
    name: ref.secret,
    key: ref.key,
  });
  return [
    { name: userVariable, secret: of(sasl.username) },
    { name: passwordVariable, secret: of(sasl.password) },
  ];
}
