import { z } from 'zod';
import { described, goDuration } from '../words.ts';

/** Options of the preset `cadvisor`. */
export const cadvisorOptions = z.strictObject({
  scrape_interval: described(
    goDuration.default('60s'),
    "How often each kubelet's cAdvisor is read (a duration).",
    '30s',
  ),
  keep: described(
    z
      .array(z.string().min(1))
      .default([
        'container_cpu_usage_seconds_total',
        'container_cpu_cfs_periods_total',
        'container_cpu_cfs_throttled_periods_total',
        'container_cpu_cfs_throttled_seconds_total',
        'container_memory_working_set_bytes',
        'container_memory_rss',
        'container_memory_usage_bytes',
        'container_oom_events_total',
        'container_network_receive_bytes_total',
        'container_network_transmit_bytes_total',
        'container_network_receive_packets_dropped_total',
        'container_network_transmit_packets_dropped_total',
        'container_fs_reads_bytes_total',
        'container_fs_writes_bytes_total',
        'container_fs_usage_bytes',
        'container_fs_limit_bytes',
        'machine_cpu_cores',
        'machine_memory_bytes',
      ]),
    'Names of the metrics that are kept (regular expressions, anchored); all others are ' +
      'dropped before they leave the agent. An empty list keeps everything.',
    ['container_cpu_.*', 'container_memory_working_set_bytes'],
  ),
  verify_certificate: described(
    z.boolean().default(false),
    "Checks the kubelet's serving certificate against the cluster's CA. Off by default, " +
      'because kubelets sign their own certificate unless serverTLSBootstrap is on.',
    true,
  ),
});

export type CadvisorOptions = z.output<typeof cadvisorOptions>;
