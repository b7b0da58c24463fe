import { z } from 'zod';
import { described, goDuration, resourceOptions } from '../words.ts';

const matchLabels = z.record(z.string(), z.string());

/** Options of the preset `monitors`. */
export const monitorsOptions = z.strictObject({
  service_monitors: described(
    z.boolean().default(true),
    'Follows ServiceMonitor objects of monitoring.coreos.com.',
    false,
  ),
  pod_monitors: described(
    z.boolean().default(true),
    'Follows PodMonitor objects of monitoring.coreos.com.',
    false,
  ),
  match_labels: described(
    matchLabels.default({}),
    'Only monitors with these labels; empty means all of them.',
    { release: 'prometheus' },
  ),
  namespaces: described(
    matchLabels.default({}),
    'Only monitors in namespaces with these labels; empty means all namespaces.',
    { team: 'shop' },
  ),
  scrape_interval: described(
    goDuration.default('60s'),
    'Interval of monitors that name none (a duration).',
    '30s',
  ),
  authenticated_monitors: described(
    z.boolean().default(false),
    'Lets the target allocator read Secrets, which monitors with credentials need. Its ' +
      'answers to the agents then carry them over plain HTTP inside the cluster.',
    true,
  ),
  image: described(
    z
      .string()
      .min(1)
      .default('ghcr.io/open-telemetry/opentelemetry-operator/target-allocator:v0.149.0'),
    'Image of the target allocator, with tag or digest.',
    'ghcr.io/open-telemetry/opentelemetry-operator/target-allocator:v0.149.0',
  ),
  container: resourceOptions({
    cpuRequest: '50m',
    memoryRequest: '128Mi',
    memoryLimit: '256Mi',
  }),
});

export type MonitorsOptions = z.output<typeof monitorsOptions>;
