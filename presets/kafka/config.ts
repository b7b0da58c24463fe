import { z } from 'zod';
import { described, secretRef } from '../words.ts';

const topic = z.strictObject({
  topic: described(z.string().min(1), 'Topic that is read.', 'otlp_spans'),
  encoding: described(
    z
      .enum(['otlp_proto', 'otlp_json', 'text', 'json', 'raw', 'zipkin_json', 'jaeger_proto'])
      .default('otlp_proto'),
    'How messages are encoded. Logs may also be text, json or raw; traces also zipkin_json ' +
      'or jaeger_proto.',
    'otlp_json',
  ),
});

/** Options of the preset `kafka`. */
export const kafkaOptions = z.strictObject({
  brokers: described(
    z.array(z.string().regex(/^.+:\d+$/, 'host:port')).min(1),
    'Brokers to start from, as host:port.',
    ['kafka-0.kafka.svc:9092'],
  ),
  group_id: described(
    z.string().min(1).default('obsctl'),
    'Consumer group; replicas share the partitions, so each message is read by one of them.',
    'obsctl',
  ),
  initial_offset: described(
    z.enum(['latest', 'earliest']).default('earliest'),
    'Where a new group starts.',
    'latest',
  ),
  traces: described(topic.optional(), 'Topic with traces.', { topic: 'otlp_spans' }),
  metrics: described(topic.optional(), 'Topic with metrics.', { topic: 'otlp_metrics' }),
  logs: described(topic.optional(), 'Topic with logs.', { topic: 'otlp_logs' }),
  tls: described(z.boolean().default(false), 'Connects with TLS.', true),
  sasl: described(
    z
      .strictObject({
        mechanism: described(
          z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).default('SCRAM-SHA-512'),
          'Mechanism of SASL.',
          'PLAIN',
        ),
        username: described(secretRef, 'Key of a Secret with the user.', {
          secret: 'kafka',
          key: 'user',
        }),
        password: described(secretRef, 'Key of a Secret with the password.', {
          secret: 'kafka',
          key: 'password',
        }),
      })
      .optional(),
    'Credentials.',
    { username: { secret: 'kafka', key: 'user' }, password: { secret: 'kafka', key: 'password' } },
  ),
});

export type KafkaOptions = z.output<typeof kafkaOptions>;
