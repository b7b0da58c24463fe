import { z } from 'zod';
import { described, goDuration } from '../words.ts';

/** Options of the preset `prometheus_annotations`. */
export const prometheusAnnotationsOptions = z.strictObject({
  prefix: described(
    z
      .string()
      .regex(/^[a-z0-9.-]+$/, 'a DNS name such as prometheus.io')
      .default('prometheus.io'),
    'Prefix of the annotations scrape, port, path and scheme.',
    'prometheus.io',
  ),
  scrape_interval: described(
    goDuration.default('60s'),
    'How often each target is read (a duration).',
    '15s',
  ),
  scrape_timeout: described(
    goDuration.default('10s'),
    'How long one reading may take; at most the interval (a duration).',
    '5s',
  ),
  namespaces: described(
    z.array(z.string().min(1)).default([]),
    'Only pods of these namespaces; empty means all.',
    ['shop'],
  ),
  exclude_pod_labels: described(
    z.record(z.string(), z.string()).default({}),
    'Pods with one of these labels are left out, because another preset reads them ' +
      'already: label to a regular expression of its value, anchored.',
    { 'k8s-app': 'cilium|calico-node|aws-node' },
  ),
  sample_limit: described(
    z.int().min(0).default(50_000),
    'A target that shows more samples than this is not stored at all and counts as down; 0 ' +
      'means no limit.',
    10_000,
  ),
  keep: described(
    z.array(z.string().min(1)).default([]),
    'Names of the metrics that are kept (regular expressions, anchored); an empty list ' +
      'keeps everything.',
    ['http_.*', 'process_.*'],
  ),
});

export type PrometheusAnnotationsOptions = z.output<typeof prometheusAnnotationsOptions>;
