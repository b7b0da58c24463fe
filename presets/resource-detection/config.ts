/** Options of the preset `resource_detection`. */
import { z } from 'zod';
import { onByDefault } from '../options.ts';
import { goDuration } from '../words.ts';

export const resourceDetectionOptions = onByDefault(
  z.strictObject({
    cloud: z
      .enum([
        'none',
        'ec2',
        'eks',
        'gcp',
        'azure',
        'aks',
        'openshift',
        'digitalocean',
        'hetzner',
        'oraclecloud',
      ])
      .optional()
      .describe('Cloud whose metadata service is asked; by platform when absent, else none.')
      .meta({ examples: ['eks'] }),
    node: z
      .boolean()
      .default(false)
      .describe('Whether the uid of the node is asked of the API server (right: nodes get).')
      .meta({ examples: [true] }),
    timeout: goDuration
      .default('5s')
      .describe('How long one detector may take, as a duration.')
      .meta({ examples: ['2s'] }),
  }),
);

export type ResourceDetectionOptions = z.output<typeof resourceDetectionOptions>;
