/** Options of the preset `cni`. */
import { z } from 'zod';
import { goDuration } from '../words.ts';

export const cniOptions = z.strictObject({
  kind: z
    .enum(['cilium', 'calico', 'aws_vpc', 'flannel'])
    .describe(
      'Network plugin of the cluster. Flannel has no metrics of its own: its interfaces ' +
        'are counted.',
    )
    .meta({ examples: ['cilium'] }),
  scrape_interval: goDuration
    .default('30s')
    .describe("How often the plugin's agent on the node is scraped, as a duration.")
    .meta({ examples: ['60s'] }),
  hubble: z
    .boolean()
    .default(false)
    .describe('Cilium only: whether flow metrics of Hubble (port 9965) are scraped too.')
    .meta({ examples: [true] }),
  envoy: z
    .boolean()
    .default(false)
    .describe("Cilium only: whether the node's Envoy (port 9964) is scraped too.")
    .meta({ examples: [true] }),
  extra_metrics: z
    .array(z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'a Prometheus metric name'))
    .default([])
    .describe('Names of metrics that are kept beside the list of the preset.')
    .meta({ examples: [['cilium_services_events_total']] }),
});

export type CniOptions = z.output<typeof cniOptions>;
