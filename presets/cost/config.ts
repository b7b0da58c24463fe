import { z } from 'zod';
import { kubeStateMetricsOptions } from '../kube-state-metrics/config.ts';
import { described, goDuration } from '../words.ts';

/** Options of the preset `cost`. */
export const costOptions = z.strictObject({
  scrape_interval: described(
    goDuration.default('60s'),
    'How often cAdvisor and kube-state-metrics are read (a duration).',
    '120s',
  ),
  verify_certificate: described(
    z.boolean().default(false),
    "Checks the kubelet's serving certificate against the cluster's CA.",
    true,
  ),
  install: kubeStateMetricsOptions.shape.install,
  image: kubeStateMetricsOptions.shape.image,
  selector: kubeStateMetricsOptions.shape.selector,
  container: kubeStateMetricsOptions.shape.container,
});

export type CostOptions = z.output<typeof costOptions>;
