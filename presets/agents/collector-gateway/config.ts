import { z } from 'zod';
import { described, goDuration, quantity, resourceOptions } from '../../words.ts';

/**
 * The part of the stack's key `gateway` that a gateway of the flavor `collector` reads: the stock
 * contrib Collector with the ClickHouse exporter.
 */
export const collectorGatewayOptions = z.strictObject({
  replicas: described(
    z.int().min(1).max(32).default(2),
    'How many run (a count), each with a volume of its own.',
    3,
  ),
  volume: described(
    quantity.default('10Gi'),
    'Size of the volume that holds the queue of one replica, in bytes.',
    '20Gi',
  ),
  resources: resourceOptions({
    cpuRequest: '250m',
    memoryRequest: '512Mi',
    memoryLimit: '1Gi',
  }),
  queue_size: described(
    quantity.default('8Gi'),
    'Bytes that wait on the volume while ClickHouse is away; when it is full senders are ' +
      'told to retry. Keep it under four fifths of the volume.',
    '16Gi',
  ),
  batch_rows: described(
    z.int().min(1000).default(10_000),
    'Rows from which on a batch is inserted (a count).',
    50_000,
  ),
  flush_interval: described(
    goDuration.default('5s'),
    'Age at which a smaller batch is inserted too (a duration).',
    '1s',
  ),
});

export type CollectorGatewayOptions = z.output<typeof collectorGatewayOptions>;
