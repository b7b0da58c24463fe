/** Options of the preset `persistent_queue`. */
import { z } from 'zod';
import { byteSize, onByDefault } from '../options.ts';

export const persistentQueueOptions = onByDefault(
  z.strictObject({
    queue_size: byteSize()
      .default('512Mi')
      .describe('Bytes that may wait for the gateway, for each signal.')
      .meta({ examples: ['2Gi'] }),
    fsync: z
      .boolean()
      .default(true)
      .describe(
        'Whether each change of the queue is synced, so that a crash of the node loses none.',
      )
      .meta({ examples: [false] }),
  }),
);

export type PersistentQueueOptions = z.output<typeof persistentQueueOptions>;
