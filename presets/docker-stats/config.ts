/** Options of the preset `docker_stats`. */
import { z } from 'zod';
import { goDuration } from '../words.ts';

export const dockerStatsOptions = z.strictObject({
  socket: z
    .string()
    .startsWith('/')
    .default('/var/run/docker.sock')
    .describe("Path of the Docker daemon's socket.")
    .meta({ examples: ['/run/user/1000/docker.sock'] }),
  collection_interval: goDuration
    .default('30s')
    .describe('How often the daemon is asked, as a duration.')
    .meta({ examples: ['10s'] }),
  exclude_images: z
    .array(z.string().min(1))
    .default([])
    .describe('Images whose containers are left out: names, `/regular expressions/` or globs.')
    .meta({ examples: [['/.*pause.*/']] }),
  labels: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe('Container labels that become attributes: label to attribute.')
    .meta({ examples: [{ 'com.docker.compose.service': 'service.name' }] }),
  per_core: z
    .boolean()
    .default(false)
    .describe('Whether CPU time is kept for each core.')
    .meta({ examples: [true] }),
});

export type DockerStatsOptions = z.output<typeof dockerStatsOptions>;
