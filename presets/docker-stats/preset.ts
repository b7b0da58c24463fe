/** Preset `docker_stats`: what the containers of a Docker daemon use, asked over its socket. */
import { escapeDollars, escapeDollarsIn } from '../../collector/escape.ts';
import type { Preset } from '../preset.ts';
import type { DockerStatsOptions } from './config.ts';

const receiverId = 'docker_stats';

export const dockerStats: Preset<DockerStatsOptions> = {
  name: 'docker_stats',
  summary: 'Counts what the containers of a Docker daemon use.',
  agents: ['node-agent'],
  build: (options, context) => ({
    piece: {
      preset: 'docker_stats',
      components: [
        {
          kind: 'receiver',
          id: receiverId,
          config: {
            endpoint: `unix://${escapeDollars(options.socket)}`,
            collection_interval: options.collection_interval,
            ...(options.exclude_images.length > 0 && {
              excluded_images: options.exclude_images.map(escapeDollars),
            }),
            ...(Object.keys(options.labels).length > 0 && {
              container_labels_to_metric_labels: escapeDollarsIn(options.labels),
            }),
            ...(options.per_core && {
              metrics: { 'container.cpu.usage.percpu': { enabled: true } },
            }),
          },
        },
      ],
      attachments: [{ pipeline: 'metrics', as: 'receiver', id: receiverId }],
    },
    needs:
      context.target === 'kubernetes'
        ? {
            hostMounts: [
              {
                name: 'docker-socket',
                hostPath: options.socket,
                mountPath: options.socket,
                readOnly: true,
                type: 'Socket',
                reason: "socket of the Docker daemon, which gives root's rights on the node",
              },
            ],
            root: { reason: 'the socket of the Docker daemon belongs to root' },
          }
        : {},
  }),
};
