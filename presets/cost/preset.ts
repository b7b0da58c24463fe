/**
 * The few metrics from which costs are computed, as CloudZero's agent keeps them: what nodes have,
 * what containers asked for, and what they used. cAdvisor is read once a node and
 * kube-state-metrics once.
 */
import { cadvisorJob, certificateWarning } from '../cadvisor/preset.ts';
import { stateJob, stateProgram } from '../kube-state-metrics/preset.ts';
import type { Preset } from '../preset.ts';
import { scrapePiece, sharingEnv } from '../scraping.ts';
import type { CostOptions } from './config.ts';

const usage: readonly string[] = [
  'container_cpu_usage_seconds_total',
  'container_memory_working_set_bytes',
  'container_network_receive_bytes_total',
  'container_network_transmit_bytes_total',
];

const state: readonly string[] = [
  'kube_node_info',
  'kube_node_status_capacity',
  'kube_pod_info',
  'kube_pod_labels',
  'kube_pod_container_resource_limits',
  'kube_pod_container_resource_requests',
];

export const cost: Preset<CostOptions> = {
  name: 'cost',
  summary: 'Keeps the few metrics from which costs are computed.',
  agents: ['prometheus-agent'],
  needsKubernetes: true,
  build: (options, context) => ({
    piece: scrapePiece('cost', [
      cadvisorJob('cost-cadvisor', { ...options, keep: usage }, context),
      stateJob('cost-kube-state-metrics', { ...options, keep: state }, context),
    ]),
    needs: { env: sharingEnv(context) },
    programs: stateProgram('cost', options, ['nodes', 'pods']),
    warnings: certificateWarning(options.verify_certificate),
  }),
};
